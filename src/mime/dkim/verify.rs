use std::borrow::Cow;

use mail_auth::AuthenticatedMessage;
use mail_auth::common::crypto::HashAlgorithm;
use memchr::{memchr, memchr_iter};
use time::OffsetDateTime;

use super::signature::Signature;
use super::{Flaw, coverage, key, signatures};
use crate::mime::HeaderSection;
use crate::model::{Address, DnsAnswer, Limits, Outline};

/// Whether the domain of `author` signed the mail `raw`, all of it that a reader sees, judged at the time it was
/// `received`. `None`: it is not signed at all.
///
/// # Errors
///
/// Why its best signature does not count.
pub fn verify(
    raw: &[u8],
    author: &Address,
    answers: &[DnsAnswer],
    limits: &Limits,
    received: OffsetDateTime,
) -> Option<Result<(), Flaw>> {
    let bytes = with_mail_breaks(raw);
    let (header, start) = HeaderSection::parse(&bytes, limits).ok()?;
    let body = bytes.get(start..).unwrap_or_default();
    let mut worst: Option<Flaw> = None;
    let mut verified = 0;
    for signature in signatures(&header) {
        let checked = signature.and_then(|signature| {
            prepare(&header, body, &signature, author, received)?;
            verified += 1;
            // Each costs a hash of the whole message.
            if verified > Outline::MOST_QUESTIONS {
                Err(Flaw::NotLookedUp)
            } else {
                fits(&header, body, &bytes, &signature, answers)
            }
        });
        match checked {
            Ok(()) => return Some(Ok(())),
            Err(flaw) => worst = worst.max(Some(flaw)),
        }
    }
    worst.map(Err)
}

/// Everything that can be said without a key.
fn prepare(
    header: &HeaderSection,
    body: &[u8],
    signature: &Signature,
    author: &Address,
    received: OffsetDateTime,
) -> Result<(), Flaw> {
    if !signature.is_aligned(author) {
        return Err(Flaw::NotAligned);
    }
    coverage::check(header, body, signature)?;
    signature.check_time(received)
}

fn fits(
    header: &HeaderSection,
    body: &[u8],
    bytes: &[u8],
    signature: &Signature,
    answers: &[DnsAnswer],
) -> Result<(), Flaw> {
    if !has_mail_breaks(bytes) {
        return Err(Flaw::LineBreaks);
    }
    let key = key::find(signature, answers)?;
    let hash = HashAlgorithm::Sha256.hash(signature.body_form.canonical_body(body, 0));
    if hash.as_ref() != signature.body_hash {
        return Err(Flaw::BodyChanged);
    }
    let message = AuthenticatedMessage {
        headers: header.fields().map(|(name, value)| (name.as_bytes(), value)).collect(),
        ..AuthenticatedMessage::default()
    };
    let unsigned = signature.unsigned();
    let mut signed = message.signed_headers(&signature.covered, signature.name.as_bytes(), &unsigned);
    key.p.verify(&mut signed, &signature.signature, signature.header_form, signature.algorithm).map_err(|_| Flaw::Bad)
}

/// Mail as some mailboxes keep it, with LF alone at the end of every line, has CRLF again.
fn with_mail_breaks(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\r', raw).is_some() {
        return Cow::Borrowed(raw);
    }
    let mut bytes = Vec::with_capacity(raw.len() + raw.len() / 32);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(text) => bytes.extend([text, b"\r\n"].concat()),
            None => bytes.extend(line),
        }
    }
    Cow::Owned(bytes)
}

/// Whether CR and LF stand together everywhere (RFC 5322 2.2). Signing programs read others in different ways.
fn has_mail_breaks(bytes: &[u8]) -> bool {
    memchr_iter(b'\n', bytes).all(|at| at > 0 && bytes[at - 1] == b'\r')
        && memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'))
}
