//! DomainKeys Identified Mail (RFC 6376), as far as it can be read without the DNS.

use super::HeaderSection;
use crate::model::{DnsQuestion, Outline};

/// Signatures of one mail that are looked at; a mail that came through a list has two or three.
const MOST_SIGNATURES: usize = 8;

/// The names whose TXT records hold the keys of the DKIM signatures of a mail (RFC 6376 3.6.2.1), each once.
pub fn questions(header: &HeaderSection) -> Vec<DnsQuestion> {
    let mut found = Vec::new();
    for value in header.values("dkim-signature").take(MOST_SIGNATURES) {
        if let Some(question) = question(value)
            && found.len() < Outline::MOST_QUESTIONS
            && !found.contains(&question)
        {
            found.push(question);
        }
    }
    found
}

fn question(value: &[u8]) -> Option<DnsQuestion> {
    let (selector, domain) = (tag(value, "s")?, tag(value, "d")?);
    format!("{selector}._domainkey.{domain}").parse().ok()
}

/// The value of a tag, folds and spaces removed (RFC 6376 3.2).
fn tag(value: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(value);
    text.split(';').find_map(|tag| {
        let (found, value) = tag.split_once('=')?;
        (found.trim() == name).then(|| value.split_whitespace().collect())
    })
}
