//! Opens a mail (stage 3): finds ciphertext by structure, decrypts, verifies, and says of every part what protected it.

mod ciphertext;
mod forward;
mod inline;
mod keys;
mod verdict;
mod walk;

use time::OffsetDateTime;

use self::walk::{Seen, Walk};
use crate::mime::{self, Entity};
use crate::model::{
    Authentication, Encryption, Identity, Limits, OpenedMessage, Part, PartContent, Protection, RawMessage, Secret,
    Sender, Signature, SignatureStatus, Unreadable,
};
use crate::openpgp::Keyring;

/// Opens `raw`. Whatever its bytes are, the answer is an [`OpenedMessage`]: what could not be opened stands in its
/// `failure`, and its headers are read as far as they can be.
pub fn open(
    raw: &RawMessage,
    keyring: &Keyring,
    limits: &Limits,
    identity: &Identity,
    now: OffsetDateTime,
) -> OpenedMessage {
    let mut walk = Walk::new(keyring, limits, now);
    match mime::parse(&raw.bytes, limits) {
        Ok(mail) if !raw.is_truncated() => {
            walk.mail(&mail);
            opened(&mail, walk, identity)
        }
        _ => {
            walk.failure = Some(Unreadable::TooLarge);
            let mail = Entity::headers_only(&raw.bytes, limits);
            let encrypted = mail.media_type() == "multipart/encrypted";
            let encryption = if encrypted { Encryption::Failed } else { Encryption::None };
            OpenedMessage { encryption, ..opened(&mail, walk, identity) }
        }
    }
}

fn opened(mail: &Entity, mut walk: Walk, identity: &Identity) -> OpenedMessage {
    let author = mime::author(&mail.header);
    let encryption = verdict::encryption(&walk);
    let signature = verdict::signature(&walk, author.address.as_ref());
    let reply_certificate = verdict::reply_certificate(&walk);
    let failure = walk.failure.filter(|_| walk.opened == 0);
    let (subject, subject_protected) = match walk.subject.take() {
        Some(subject) => (subject.text, subject.encrypted),
        None => (mail.header.text("subject").unwrap_or_default(), false),
    };
    OpenedMessage {
        headers: mime::headers(&mail.header, identity),
        subject: Secret::new(subject),
        subject_protected,
        sender: Sender { address: author.address, name: author.name, authenticated: authentication(&signature) },
        encryption,
        format: walk.format,
        decryption_key: walk.decryption_key.take(),
        failure,
        forwarded: walk.forwarded.take(),
        signature,
        certificates: walk.keys.in_model(),
        reply_certificate,
        ciphertext: walk.digest,
        automatic: mime::automatic(mail, identity),
        private_key_attached: walk.keys.private_key_attached,
        parts: parts(walk),
    }
}

fn authentication(signature: &Signature) -> Authentication {
    match signature.status {
        SignatureStatus::Good => Authentication::Signature,
        _ => Authentication::None,
    }
}

/// What a reader sees; a ciphertext that stayed shut beside one that opened is passed on as the file that it is.
fn parts(walk: Walk) -> Vec<Part> {
    let shut = if walk.opened > 0 { walk.shut } else { Vec::new() };
    let shut = shut.into_iter().map(|file| Part {
        protection: Protection { encrypted: false, signed: false },
        content: PartContent::Attachment(file),
    });
    walk.seen.into_iter().map(|Seen { part, .. }| part).chain(shut).collect()
}

#[cfg(test)]
mod tests;
