//! The draft itself: fields, status block, sections, pages.

use std::borrow::Cow;

use time::OffsetDateTime;

use super::blocks::blocks;
use super::neutral::code_span;
use super::online::{self, checked};
use super::pages::{Item, length, pages};
use super::status::{cell, status};
use crate::model::{
    AdvisoryDraft, AdvisorySeverity, AttachmentSummary, CommentDraft, Disclosure, Draft, DraftOrder, Identity,
    OpenedMessage, Package, Report, Secret, Vulnerability, shown,
};

/// Room that every page keeps for the line that tells where it continues.
const MARGIN: usize = 400;
/// What the first page keeps free for the gateway's own words, however many there are, so that a retry which knows more or
/// less than the attempt before cuts the mail's text at the same places.
const OWN_WORDS: usize = 12_000;
/// Most packages that an advisory lists.
const MOST_PACKAGES: usize = 20;

/// Drafts what is filed for `message`: a new advisory, or a comment where the order says so.
///
/// It begins with the gateway's status block, which nothing from the mail can imitate: mail text is made harmless by
/// [`neutralise`](super::neutralise) and cannot make headings or tables. What exceeds GitHub's limits continues in comments,
/// in order and marked, with nothing cut.
pub fn draft(
    message: &OpenedMessage,
    report: &Report,
    order: &DraftOrder,
    identity: &Identity,
    received: OffsetDateTime,
) -> Draft {
    let head = status(message, report, order, identity, received);
    let summary = title(report, order);
    let similar = online::similar(report, order);
    let head = match checked(report, order, &similar) {
        Some(checked) => format!("{head}\n\n{checked}"),
        None => head,
    };
    let texts = Texts {
        // The title may be made of other words.
        subject: (report.title != report.summary && !report.summary.expose().trim().is_empty())
            .then(|| shown(&format!("Subject: {}", report.summary.expose())).into_owned()),
        text: shown(report.text.expose()),
        clear: report.clear_text.as_ref().map(|clear| shown(clear.expose())),
    };
    let items = sections(report, order, &texts);
    let page = AdvisoryDraft::MAX_DESCRIPTION - MARGIN;
    let mut texts = pages(items, page.saturating_sub((length(&head) + 2).max(OWN_WORDS)), page);
    let count = texts.len();
    // By the reference a retry sees how many comments are there already.
    let reference = format!(", reference {}", code_span(order.marker.as_str()));
    let mark = |at: usize| {
        let case = code_span(order.case.as_str());
        format!("_Continued from above: part {} of {count}, case {case}{reference}._", at + 1)
    };
    let first = if texts.is_empty() { String::new() } else { texts.remove(0) };
    let more = if count > 1 {
        format!("\n\n_Continues in {} below, nothing is left out._", comments(count - 1))
    } else {
        String::new()
    };
    let body = format!("{head}\n\n{first}{more}").into();
    let marked = |(at, text)| Secret::new(format!("{}\n\n{text}", mark(at + 1)));
    let continued = texts.into_iter().enumerate().map(marked).collect();
    if order.comment {
        return Draft::Comment(CommentDraft { body, continued, marker: order.marker.clone() });
    }
    Draft::Advisory(AdvisoryDraft {
        summary: summary.into(),
        description: body,
        continued,
        vulnerabilities: vulnerabilities(report),
        severity: severity(report),
        cwe_ids: report.cwe.clone(),
        credits: report.github_login.iter().cloned().collect(),
        marker: order.marker.clone(),
        similar,
    })
}

fn comments(count: usize) -> String {
    if count == 1 { "a comment".to_owned() } else { format!("{count} comments") }
}

/// The title in one line within GitHub's limit.
fn title(report: &Report, order: &DraftOrder) -> String {
    let mark = if order.verdict.disclosure == Some(Disclosure::Public) { "[public] " } else { "" };
    let stated = shown(report.title.expose()).split_whitespace().collect::<Vec<_>>().join(" ");
    if stated.is_empty() {
        return format!("{mark}Report {}", order.case);
    }
    // A character takes two units at most.
    let most = AdvisoryDraft::MAX_SUMMARY / 2 - mark.len();
    format!("{mark}{}", stated.chars().take(most).collect::<String>())
}

/// What a draft shows of the mail.
struct Texts<'a> {
    /// What the mail calls itself, where the title is another.
    subject: Option<String>,
    text: Cow<'a, str>,
    clear: Option<Cow<'a, str>>,
}

/// Everything below the status block.
fn sections<'a>(report: &'a Report, order: &DraftOrder, texts: &'a Texts<'_>) -> impl Iterator<Item = Item<'a>> {
    let own = |text: &str| Item::Own(text.to_owned());
    let head = own(if order.comment { "### What the sender adds" } else { "### Report" });
    let mut text = mail(&texts.text).peekable();
    let none = text.peek().is_none().then(|| own("_No text._"));
    let outside = texts.clear.iter().flat_map(move |clear| {
        let head = own(
            "### Outside of the encryption\n\nThis stood in the clear beside the encrypted text. Anybody on the way can have read, changed \
             or added it.",
        );
        std::iter::once(head).chain(mail(clear))
    });
    let deadline = report
        .deadline
        .map(|deadline| Item::Own(format!("### Deadline\n\nThe reporter means to publish after **{deadline}**.")));
    let files = (!report.attachments.is_empty()).then(|| files(&report.attachments));
    std::iter::once(head)
        .chain(texts.subject.iter().flat_map(|subject| mail(subject)))
        .chain(none)
        .chain(text)
        .chain(outside)
        .chain(deadline)
        .chain(files.into_iter().flatten())
}

fn mail(text: &str) -> impl Iterator<Item = Item<'_>> {
    blocks(text).map(Item::Mail)
}

/// Attachments as tables of what they are; their content goes to people by encrypted mail only.
fn files(attachments: &[AttachmentSummary]) -> Vec<Item<'static>> {
    const HEAD: &str = "| Name | Type | Bytes | SHA-256 |\n| --- | --- | ---: | --- |";
    let row = |file: &AttachmentSummary| {
        let name: String = file.name.expose().chars().take(200).collect();
        let kind: String = file.media_type.chars().take(100).collect();
        format!("| {} | {} | {} | `{}` |", cell(&named(&name)), cell(&named(&kind)), file.bytes, file.sha256)
    };
    let intro = "### Attachments\n\nThey cannot be attached here; the team got them by mail.".to_owned();
    let rows: Vec<String> = attachments.iter().map(row).collect();
    let mut items = vec![Item::Own(intro)];
    items.extend(rows.chunks(20).map(|rows| Item::Own(format!("{HEAD}\n{}", rows.join("\n")))));
    items
}

fn named(text: &str) -> String {
    if text.trim().is_empty() { "(no name)".to_owned() } else { code_span(text.trim()) }
}

/// The packages. A range that GitHub's grammar does not have stays in the text alone, where people can read it.
fn vulnerabilities(report: &Report) -> Vec<Vulnerability> {
    let named = report.packages.iter().take(MOST_PACKAGES);
    let vulnerability = |package: &Package| Vulnerability {
        package: Package {
            affected: package.affected.clone().filter(|range| is_range(range)),
            patched: package.patched.clone().filter(|version| is_version(version)),
            ..package.clone()
        },
        functions: Vec::new(),
    };
    named.map(vulnerability).collect()
}

/// Whether this is a range as GitHub's advisories write it: `= 1.2`, `<= 1.0.8`, `>= 4.3.0, < 4.3.5`.
fn is_range(range: &str) -> bool {
    let operator =
        |bound: &str| bound.split_once(' ').map(|(operator, version)| (operator.to_owned(), is_version(version)));
    match range.split(", ").map(operator).collect::<Option<Vec<_>>>().as_deref() {
        Some([(only, true)]) => matches!(only.as_str(), "=" | "<" | "<=" | ">" | ">="),
        Some([(from, true), (to, true)]) => matches!(from.as_str(), ">" | ">=") && matches!(to.as_str(), "<" | "<="),
        _ => false,
    }
}

/// One version: begins with a digit, and has nothing that could be an operator or a second one.
fn is_version(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | '!'))
}

/// The first vector of a version that GitHub takes, else the words.
fn severity(report: &Report) -> AdvisorySeverity {
    let mut parsed = report.cvss.iter().filter(|stated| stated.score.is_some());
    let taken = parsed.find(|stated| ["CVSS:3.1/", "CVSS:4.0/"].iter().any(|v| stated.vector.starts_with(v)));
    match (taken, report.severity) {
        (Some(stated), _) => AdvisorySeverity::Vector(stated.vector.clone()),
        (None, Some(words)) => AdvisorySeverity::Words(words),
        (None, None) => AdvisorySeverity::NotStated,
    }
}
