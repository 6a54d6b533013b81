//! What a message says about a vulnerability (stage 4).

mod claims;
mod dates;
mod packages;
mod severity;
mod stated;
#[cfg(test)]
mod tests;
mod text;

use crate::model::{AttachmentSummary, OpenedMessage, PartContent, Report, Secret};

use super::routing::Routing;

pub(super) use stated::without_links;
pub(super) use text::{bare_subject, first_sentence};

/// Reads the report out of an opened message. A field that the mail does not state stays empty.
///
/// When the mail is encrypted in part, [`Report::text`] is what came out of the ciphertext and all other fields are read
/// from it alone; what stood beside it in the clear is in [`Report::clear_text`]. Dates that are told in relation to now
/// ("in 90 days") count from the mail's `Date`. [`Report::text`] holds everything; the other fields are read from its
/// beginning and its end, 256 KiB together, which take time linear in their length.
pub fn extract(message: &OpenedMessage, routing: &Routing) -> Report {
    let (text, clear_text) = text::readable(message);
    let subject = text::subject(message);
    let summary = if subject.is_empty() { first_sentence(&text) } else { subject.clone() };
    let read = &*super::read(&text);
    let both = format!("{}\n\n{read}", super::first_bytes(&summary, super::LONGEST_SUMMARY));
    let sent = message.headers.date.map(|date| date.date());
    let (cvss, rest) = stated::cvss(&both);
    let cve = stated::cve(&both);
    let mut report = Report {
        title: Secret::default(),
        linked: Vec::new(),
        packages: packages::packages(&both, routing),
        severity: severity::severity(&rest),
        cvss,
        cwe: stated::cwe(&both),
        own_cve: claims::own_cves(&both, &cve),
        cve,
        embargo: claims::asks_for_silence(read),
        deadline: sent.and_then(|sent| dates::deadline(read, sent)),
        references: stated::references(read).into_iter().map(Secret::new).collect(),
        github_login: stated::github_login(read),
        attachments: attachments(message),
        summary: summary.into(),
        text: text.into(),
        clear_text: clear_text.map(Secret::new),
    };
    report.title = super::title::title(&subject, &report, routing).into();
    report
}

fn attachments(message: &OpenedMessage) -> Vec<AttachmentSummary> {
    let summary = |content: &PartContent| match content {
        PartContent::Text(_) => None,
        PartContent::Attachment(attachment) => Some(AttachmentSummary {
            name: attachment.name.clone(),
            media_type: attachment.media_type.clone(),
            bytes: attachment.bytes.expose().len() as u64,
            sha256: attachment.sha256,
        }),
    };
    message.parts.iter().filter_map(|part| summary(&part.content)).collect()
}
