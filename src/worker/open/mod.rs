//! Opens a mail (stage 3): finds ciphertext by structure, decrypts, verifies, and says of every part what protected it.

mod alternative;
mod ciphertext;
mod encrypted;
mod forward;
mod hidden;
mod inline;
mod keys;
mod learn;
mod outline;
mod outside;
mod sender;
mod shape;
mod signed;
mod text;
mod tnef;
mod verdict;
mod walk;

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};
use time::OffsetDateTime;

use self::learn::{ByDomain, Manner, Memory};
pub use self::outline::outline;
use self::walk::{Seen, Walk};
use crate::mime::{self, Entity};
use crate::model::{
    Address, Encryption, Known, OpenedMessage, Outside, Part, PartContent, Protection, RawMessage, Secret, Unreadable,
    WorkerSettings,
};
use crate::openpgp::Keyring;
use crate::trust::Settled;

/// Opens `raw` with what is `known` beside it. Whatever its bytes are, the answer is an [`OpenedMessage`]: what could not
/// be opened stands in its `failure`, and its headers are read as far as they can be.
pub fn open(
    raw: &RawMessage,
    keyring: &Keyring,
    settings: &WorkerSettings,
    known: &Known,
    now: OffsetDateTime,
) -> OpenedMessage {
    let limits = &settings.limits;
    let mut walk = Walk::new(keyring, limits, now);
    let settled = |address: &Address| learn::settled(keyring, &settings.identity, &settings.team_addresses, address);
    let memory = Memory::new(known, settled, now);
    walk.keys.recall(&memory.known);
    let bytes = with_line_breaks(&raw.bytes);
    match mime::parse(&bytes, limits) {
        Ok(mail) if !raw.is_truncated() => {
            walk.mail(&mail);
            opened(raw, &mail, walk, memory, settings, known)
        }
        _ => {
            walk.failure = Some(Unreadable::TooLarge);
            let mail = Entity::headers_only(&bytes, limits);
            let encrypted = mail.media_type() == "multipart/encrypted";
            let encryption = if encrypted { Encryption::Failed } else { Encryption::None };
            walk.outside = Some(Outside { too_large: true, ..Outside::default() });
            OpenedMessage { encryption, ..opened(raw, &mail, walk, memory, settings, known) }
        }
    }
}

/// A mail whose lines all end in a bare CR, or in CR twice and LF, which no standard allows, with LF instead; any other as it
/// is. A mark of UTF-8 or blank lines before the header section are no part of it.
fn with_line_breaks(bytes: &[u8]) -> Cow<'_, [u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let begin = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n')).unwrap_or(0);
    let bytes = bytes.get(begin..).filter(|rest| ciphertext::is_mail(rest)).unwrap_or(bytes);
    let doubled = || memchr_iter(b'\n', bytes).all(|at| bytes.get(..at).is_some_and(|line| line.ends_with(b"\r\r")));
    let only = |byte: &u8| if *byte == b'\r' { b'\n' } else { *byte };
    match (memchr(b'\n', bytes), memchr(b'\r', bytes)) {
        (None, Some(_)) => Cow::Owned(bytes.iter().map(only).collect()),
        (Some(_), Some(_)) if doubled() => Cow::Owned(bytes.iter().copied().filter(|byte| *byte != b'\r').collect()),
        _ => Cow::Borrowed(bytes),
    }
}

fn opened(
    raw: &RawMessage,
    mail: &Entity,
    mut walk: Walk,
    memory: Memory,
    settings: &WorkerSettings,
    known: &Known,
) -> OpenedMessage {
    let identity = &settings.identity;
    let author = mime::author(&mail.header);
    let automatic = mime::automatic(mail, identity);
    let encryption = verdict::encryption(&walk);
    let settled = author
        .address
        .as_ref()
        .map_or(Settled::Not, |address| learn::settled(walk.keyring, identity, &settings.team_addresses, address));
    let judged = verdict::signature(&walk, author.address.as_ref(), &settled, &memory.known);
    let sender = sender::sender(raw, mail, &judged.signature, settings, known);
    let manner = Manner { by_domain: ByDomain::of(mail, &sender), automatic: automatic.is_some() };
    let (learned, acquaintance) = learn::lessons(&walk, memory, author.address.as_ref(), &judged, &settled, manner);
    let signature = judged.signature;
    let reply_certificate = verdict::reply_certificate(&walk);
    let doubts = shape::doubts(&walk, author.address.as_ref());
    let failure = walk.failure.filter(|_| walk.opened == 0);
    let (subject, subject_protected) = match walk.subject.take() {
        Some(subject) => (subject.text, subject.encrypted),
        None => (mail.header.text("subject").unwrap_or_default(), false),
    };
    OpenedMessage {
        headers: mime::headers(&mail.header, identity),
        subject: Secret::new(subject),
        subject_protected,
        sender,
        encryption,
        format: walk.format,
        decryption_key: walk.decryption_key.take(),
        failure,
        named_recipients: std::mem::take(&mut walk.named),
        forwarded: walk.forwarded.take(),
        signature,
        certificates: walk.keys.in_model(),
        acquaintance,
        learned,
        reply_certificate,
        outside: outside::of(&mail.header, failure, walk.outside.take()),
        ciphertexts: std::mem::take(&mut walk.ciphertexts),
        automatic,
        private_key_attached: walk.keys.private_key_attached,
        doubts,
        parts: parts(walk),
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
