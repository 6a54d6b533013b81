use super::keys::in_model;
use super::walk::{Seen, SeenSignature, Walk};
use crate::model::{Address, Certificate, Encryption, Fingerprint, Signature, SignatureStatus};
use crate::openpgp::{self, Trouble};

/// What of the message was encrypted.
pub(super) fn encryption(walk: &Walk) -> Encryption {
    let clear = walk.seen.iter().any(|seen| !seen.part.protection.encrypted);
    match (walk.opened > 0, walk.failure.is_some()) {
        (true, _) if clear || !walk.shut.is_empty() => Encryption::Partial,
        (true, _) => Encryption::Whole,
        (false, true) => Encryption::Failed,
        (false, false) => Encryption::None,
    }
}

/// The one verdict about all signatures of the message.
pub(super) fn signature(walk: &Walk, author: Option<&Address>) -> Signature {
    let own: Vec<(usize, &SeenSignature)> = walk.signatures.iter().enumerate().filter(|(_, s)| !s.forwarded).collect();
    let good: Vec<_> = own.iter().filter(|(_, s)| s.checked.trouble.is_none()).collect();
    let verdicts = good.iter().map(|(at, s)| (signer(s), shortfall(walk, *at, s, author)));
    let mut short = None;
    for (signer, shortfall) in verdicts {
        match shortfall {
            None => return Signature { status: SignatureStatus::Good, signer, shortfall: None },
            Some(shortfall) => {
                short.get_or_insert((signer, shortfall));
            }
        }
    }
    if let Some((signer, shortfall)) = short {
        return Signature { status: SignatureStatus::Partial, signer, shortfall: Some(shortfall) };
    }
    let worst = own.iter().max_by_key(|(_, s)| match &s.checked.trouble {
        Some(Trouble::Bad) => 3,
        Some(Trouble::Unacceptable(_)) => 2,
        Some(Trouble::UnknownKey) => 1,
        None => 0,
    });
    let Some((_, worst)) = worst else {
        return Signature { status: SignatureStatus::None, signer: None, shortfall: None };
    };
    let (status, shortfall) = match &worst.checked.trouble {
        Some(Trouble::Bad) => (SignatureStatus::Bad, "the signature does not fit the content"),
        Some(Trouble::UnknownKey) => (SignatureStatus::UnknownKey, "the signer's certificate is not known"),
        Some(Trouble::Unacceptable(reason)) => (SignatureStatus::Partial, reason.as_str()),
        None => (SignatureStatus::None, ""),
    };
    Signature { status, signer: signer(worst), shortfall: Some(shortfall.to_owned()) }
}

fn signer(signature: &SeenSignature) -> Option<Fingerprint> {
    signature.checked.signer.clone()
}

/// What keeps a right signature from being good for the message.
fn shortfall(walk: &Walk, at: usize, signature: &SeenSignature, author: Option<&Address>) -> Option<String> {
    if !walk.seen.iter().all(|seen| seen.signers.contains(&at)) || !walk.shut.is_empty() {
        return Some("it covers only a part of what a reader sees".to_owned());
    }
    let Some(cert) = &signature.checked.certificate else {
        return Some("its certificate is not at hand".to_owned());
    };
    let Some(author) = author else {
        return Some("the mail does not name one sender".to_owned());
    };
    if !openpgp::claimed_addresses(cert, walk.now).iter().any(|address| address.same_mailbox(author)) {
        return Some("its certificate does not carry the sender's address".to_owned());
    }
    // Anybody can attach a certificate with somebody else's address.
    let mut configured = walk.keyring.known_for(author).peekable();
    if configured.peek().is_some() && !configured.any(|known| known.fingerprint() == cert.fingerprint()) {
        return Some("another certificate is configured for the sender's address".to_owned());
    }
    None
}

/// The certificate that a reply with decrypted content may be encrypted to: it made a good signature inside the ciphertext
/// that covers everything that was decrypted, the subject too, and it can be encrypted to now.
///
/// A signature around a foreign ciphertext does not count, nor one beside it: its maker need not know what is inside.
pub(super) fn reply_certificate(walk: &Walk) -> Option<Certificate> {
    let decrypted: Vec<&Seen> = walk.seen.iter().filter(|seen| seen.part.protection.encrypted).collect();
    if decrypted.is_empty() {
        return None;
    }
    let subject = walk.subject.as_ref().filter(|subject| subject.encrypted);
    let covers = |at: usize| {
        decrypted.iter().all(|seen| seen.signers.contains(&at))
            && subject.is_none_or(|subject| subject.signers.contains(&at))
    };
    walk.signatures.iter().enumerate().find_map(|(at, signature)| {
        let cert = signature.checked.certificate.as_ref()?;
        let good = signature.checked.trouble.is_none() && signature.encrypted && !signature.forwarded;
        let usable = good && covers(at) && openpgp::unusable_for_encryption(cert, walk.now).is_none();
        usable.then(|| in_model(cert, walk.keys.learned_from(cert))).flatten()
    })
}
