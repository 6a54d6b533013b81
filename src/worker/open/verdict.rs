use super::keys::in_model;
use super::walk::{Seen, SeenSignature, Walk};
use crate::model::{
    Address, Certificate, Doubt, Encryption, Fingerprint, KnownCertificate, KnownSince, Signature, SignatureStatus,
};
use crate::openpgp::{self, Trouble};
use crate::trust::{self, Settled, Worth};

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

/// The one verdict about all signatures of the message, and what it rests on.
pub(super) struct Judged {
    pub signature: Signature,
    /// Which signature is the good one: an index into [`Walk::signatures`].
    pub good: Option<usize>,
    /// The certificate of the author that made a right signature over the whole message, good or not.
    pub author_signed: Option<Fingerprint>,
    pub worth: Option<Worth>,
}

impl Judged {
    /// One that has nothing to do with a certificate of the author.
    fn plain(status: SignatureStatus, signer: Option<Fingerprint>, shortfall: Option<String>) -> Self {
        let signature = Signature { status, signer, shortfall };
        Judged { signature, good: None, author_signed: None, worth: None }
    }
}

/// Judges all signatures of the message. `known` is what was learned about the author before it.
pub(super) fn signature(
    walk: &Walk,
    author: Option<&Address>,
    settled: &Settled,
    known: &[KnownCertificate],
) -> Judged {
    let own: Vec<(usize, &SeenSignature)> = walk.signatures.iter().enumerate().filter(|(_, s)| !s.forwarded).collect();
    let good: Vec<_> = own.iter().filter(|(_, s)| s.checked.trouble.is_none()).collect();
    let mut short: Option<Judged> = None;
    for (at, signature) in good {
        let signer = signer(signature);
        let judged = match cover(walk, *at, signature, author) {
            Err(reason) => Judged::plain(SignatureStatus::Partial, signer, Some(reason.to_owned())),
            Ok((author, fingerprint)) => {
                let worth = trust::worth(author, &fingerprint, settled, known);
                worthy(*at, fingerprint, worth, is_valid(walk, signature))
            }
        };
        if judged.signature.status == SignatureStatus::Good {
            return judged;
        }
        short.get_or_insert(judged);
    }
    if let Some(judged) = short {
        return judged;
    }
    let worst = own.iter().max_by_key(|(_, s)| match &s.checked.trouble {
        Some(Trouble::Bad) => 4,
        Some(Trouble::Unacceptable(_)) => 3,
        Some(Trouble::UnknownKey) => 2,
        Some(Trouble::Unreadable) => 1,
        None => 0,
    });
    let Some((_, worst)) = worst else {
        return Judged::plain(SignatureStatus::None, None, None);
    };
    let (status, shortfall) = match &worst.checked.trouble {
        Some(Trouble::Bad) => (SignatureStatus::Bad, "the signature does not fit the content"),
        Some(Trouble::UnknownKey) => (SignatureStatus::UnknownKey, "the signer's certificate is not known"),
        Some(Trouble::Unreadable) => (SignatureStatus::UnknownKey, "the signature cannot be read"),
        Some(Trouble::Unacceptable(reason)) => (SignatureStatus::Partial, reason.as_str()),
        None => (SignatureStatus::None, ""),
    };
    Judged::plain(status, signer(worst), Some(shortfall.to_owned()))
}

fn signer(signature: &SeenSignature) -> Option<Fingerprint> {
    signature.checked.signer.clone()
}

/// Whether a right signature covers the whole message and its certificate carries the author's address; else what is
/// missing.
fn cover<'a>(
    walk: &Walk,
    at: usize,
    signature: &SeenSignature,
    author: Option<&'a Address>,
) -> Result<(&'a Address, Fingerprint), &'static str> {
    let hidden = walk.doubts.contains(&Doubt::HiddenCiphertext);
    if !walk.seen.iter().all(|seen| seen.signers.contains(&at)) || !walk.shut.is_empty() || hidden {
        return Err("it covers only a part of what a reader sees");
    }
    let (Some(cert), Some(fingerprint)) = (&signature.checked.certificate, signer(signature)) else {
        return Err("its certificate is not at hand");
    };
    let Some(author) = author else { return Err("the mail does not name one sender") };
    if !openpgp::claimed_addresses(cert, walk.now).iter().any(|address| address.same_mailbox(author)) {
        return Err("its certificate does not carry the sender's address");
    }
    Ok((author, fingerprint))
}

/// Whether the certificate is valid now. Sequoia asks whether it was so when the signature says that it was made, which
/// its maker can choose.
fn is_valid(walk: &Walk, signature: &SeenSignature) -> bool {
    let certificate = signature.checked.certificate.as_ref();
    certificate.is_some_and(|cert| openpgp::unusable(cert, walk.now).is_none())
}

/// The verdict on a right signature over everything by a certificate with the author's address. Anybody can attach one
/// with somebody else's address, or add one to a certificate that is known here: what counts is what is known about it.
fn worthy(at: usize, signer: Fingerprint, worth: Worth, valid: bool) -> Judged {
    let day = |since: KnownSince| since.at.date();
    let (status, shortfall) = match worth {
        Worth::Configured | Worth::Learned(_) if !valid => {
            let reason = "its certificate has expired, is revoked or is not valid yet";
            (SignatureStatus::Partial, Some(reason.to_owned()))
        }
        Worth::Configured | Worth::Learned(_) => (SignatureStatus::Good, None),
        Worth::Displaced => {
            (SignatureStatus::Partial, Some("another certificate is configured for the sender's address".to_owned()))
        }
        Worth::Unvouched(since) => {
            let reason = "but nothing has ever shown that it is the sender's";
            (SignatureStatus::UnknownKey, Some(format!("its certificate has been seen since {}, {reason}", day(since))))
        }
        Worth::Unknown => {
            let reason =
                "only this mail says that its certificate is the sender's, and anybody can make one in that name";
            (SignatureStatus::UnknownKey, Some(reason.to_owned()))
        }
    };
    let good = (status == SignatureStatus::Good).then_some(at);
    let signature = Signature { status, signer: Some(signer.clone()), shortfall };
    Judged { signature, good, author_signed: Some(signer), worth: Some(worth) }
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
