use super::keys::in_model;
use super::walk::{Seen, SeenSignature, Walk};
use crate::model::{Address, Certificate, Doubt, Encryption, Fingerprint, Signature, SignatureStatus};
use crate::openpgp::{self, Trouble};

/// What of the message was encrypted.
pub(super) fn encryption(walk: &Walk) -> Encryption {
    let clear =
        walk.seen.iter().any(|seen| !seen.part.protection.encrypted) || walk.doubts.contains(&Doubt::HiddenCiphertext);
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
    let mut short: Option<(Option<Fingerprint>, Shortfall)> = None;
    for (signer, shortfall) in verdicts {
        match shortfall {
            None => return Signature { status: SignatureStatus::Good, signer, shortfall: None },
            Some(shortfall) => {
                short.get_or_insert((signer, shortfall));
            }
        }
    }
    if let Some((signer, Shortfall { status, reason })) = short {
        return Signature { status, signer, shortfall: Some(reason.to_owned()) };
    }
    let worst = own.iter().max_by_key(|(_, s)| match &s.checked.trouble {
        Some(Trouble::Bad) => 4,
        Some(Trouble::Unacceptable(_)) => 3,
        Some(Trouble::UnknownKey) => 2,
        Some(Trouble::Unreadable) => 1,
        None => 0,
    });
    let Some((_, worst)) = worst else {
        return Signature { status: SignatureStatus::None, signer: None, shortfall: None };
    };
    let (status, shortfall) = match &worst.checked.trouble {
        Some(Trouble::Bad) => (SignatureStatus::Bad, "the signature does not fit the content"),
        Some(Trouble::UnknownKey) => (SignatureStatus::UnknownKey, "the signer's certificate is not known"),
        Some(Trouble::Unreadable) => (SignatureStatus::UnknownKey, "the signature cannot be read"),
        Some(Trouble::Unacceptable(reason)) => (SignatureStatus::Partial, reason.as_str()),
        None => (SignatureStatus::None, ""),
    };
    Signature { status, signer: signer(worst), shortfall: Some(shortfall.to_owned()) }
}

fn signer(signature: &SeenSignature) -> Option<Fingerprint> {
    signature.checked.signer.clone()
}

/// What keeps a right signature from being good for the message.
struct Shortfall {
    status: SignatureStatus,
    reason: &'static str,
}

fn shortfall(walk: &Walk, at: usize, signature: &SeenSignature, author: Option<&Address>) -> Option<Shortfall> {
    let partial = |reason| Some(Shortfall { status: SignatureStatus::Partial, reason });
    let hidden = walk.doubts.contains(&Doubt::HiddenCiphertext);
    if !walk.seen.iter().all(|seen| seen.signers.contains(&at)) || !walk.shut.is_empty() || hidden {
        return partial("it covers only a part of what a reader sees");
    }
    let Some(cert) = &signature.checked.certificate else {
        return partial("its certificate is not at hand");
    };
    // Sequoia asks whether it was valid when the signature says that it was made, which its maker can choose.
    if openpgp::unusable(cert, walk.now).is_some() {
        return partial("its certificate has expired, is revoked or is not valid yet");
    }
    let Some(author) = author else {
        return partial("the mail does not name one sender");
    };
    if !openpgp::claimed_addresses(cert, walk.now).iter().any(|address| address.same_mailbox(author)) {
        return partial("its certificate does not carry the sender's address");
    }
    // Anybody can attach a certificate with somebody else's address, or add one to a certificate that is known here.
    let mut configured = walk.keyring.known_for(author).peekable();
    let known = configured.peek().is_some();
    if configured.any(|known| known.fingerprint() == cert.fingerprint()) {
        return None;
    }
    if known {
        return partial("another certificate is configured for the sender's address");
    }
    let reason = "only this mail says that its certificate is the sender's, and anybody can make one in that name";
    Some(Shortfall { status: SignatureStatus::UnknownKey, reason })
}

/// The certificate that a reply with decrypted content may be encrypted to: it made a good signature inside the ciphertext
/// that covers everything that was decrypted, the subject too, and it can be encrypted to now.
///
/// A signature around a foreign ciphertext does not count, nor one beside it: its maker need not know what is inside. So
/// one ciphertext is all that may be there, since an empty one leaves nothing that a signature had to cover.
pub(super) fn reply_certificate(walk: &Walk) -> Option<Certificate> {
    if walk.opened != 1 {
        return None;
    }
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
