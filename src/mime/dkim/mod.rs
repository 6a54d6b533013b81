//! DomainKeys Identified Mail (RFC 6376): whether the domain of the author answers for all that a reader of a mail sees.
//!
//! Stricter than the standard, which leaves much to local policy (its section 6.1): what is unsigned could be anybody's.
//! The header section is the one that is shown, read by the same code, so that a signature never covers another text than
//! people see. Keys come with the mail as answers of the DNS; nothing here asks for anything.

mod coverage;
mod flaw;
mod key;
mod signature;
mod tags;
mod verify;

use super::HeaderSection;
use crate::model::{Address, DnsQuestion, Outline};

pub use flaw::Flaw;
pub use verify::verify;

use signature::Signature;

/// Signatures of one mail that are looked at; a mail that came through a list has two or three.
const MOST_SIGNATURES: usize = 16;

/// The names whose TXT records hold the keys of the DKIM signatures that could speak for the author of a mail (RFC 6376
/// 3.6.2.1), each once. Signatures of other domains are not looked up: they show nothing here.
pub fn questions(header: &HeaderSection, author: &Address) -> Vec<DnsQuestion> {
    let mut found = Vec::new();
    for signature in signatures(header).into_iter().flatten().filter(|signature| signature.is_aligned(author)) {
        if found.len() < Outline::MOST_QUESTIONS && !found.contains(&signature.question) {
            found.push(signature.question);
        }
    }
    found
}

/// The author's domain has a signature in `header` that covers what it must, whether it is right or not: for one whose
/// mathematics a server has checked that is believed. `domain` is the one that the server names.
pub(super) fn covering(header: &HeaderSection, body: &[u8], domain: &str) -> Result<(), Flaw> {
    let mut result = Err(Flaw::NotAligned);
    for signature in signatures(header) {
        match signature {
            // The server does not say which of several it means: all must do.
            Ok(signature) if signature.domain == domain || signature.identity == domain => {
                coverage::check(header, body, &signature)?;
                result = Ok(());
            }
            _ => {}
        }
    }
    result
}

/// Whether every signature that could speak for `author` covers the only field `name` of `header`, or that there is none.
/// For fields that change nothing of what people see: whether a signature is right is another question.
pub fn covers(header: &HeaderSection, author: &Address, name: &str) -> bool {
    let aligned = signatures(header).into_iter().flatten().filter(|signature| is_aligned(&signature.domain, author));
    let mut covered = aligned.map(|signature| signature.covered.iter().any(|covered| covered == name)).peekable();
    header.count(name) == 1 && covered.peek().is_some() && covered.all(|covered| covered)
}

/// Whether a signature of `domain` speaks for `author`: it is the domain of the address, or one above it (whoever has
/// `example.org` decides what is below). Not the other way round: without a list of public suffixes `evil.co.uk` would
/// speak for `co.uk`, and such a list is out of date when it is built in.
pub(super) fn is_aligned(domain: &str, author: &Address) -> bool {
    let Some(of_author) = ascii(author.domain()) else { return false };
    let below = of_author.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    below && domain.contains('.')
}

/// A domain in the form of the DNS (RFC 5891).
fn ascii(domain: &str) -> Option<String> {
    if domain.is_ascii() {
        return Some(domain.to_ascii_lowercase());
    }
    match url::Host::parse(domain) {
        Ok(url::Host::Domain(domain)) => Some(domain),
        _ => None,
    }
}

fn signatures<'h>(header: &'h HeaderSection<'_>) -> Vec<Result<Signature<'h>, Flaw>> {
    header
        .fields_named("dkim-signature")
        .take(MOST_SIGNATURES)
        .map(|(name, value)| Signature::parse(name, value))
        .collect()
}
