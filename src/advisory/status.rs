//! The gateway's own block at the top of what it files: what a maintainer must know in ten seconds.

use time::{OffsetDateTime, UtcOffset};

use super::neutral::{code_span, inline};
use crate::model::{
    Acquaintance, Authentication, Confidence, Disclosure, DraftOrder, Encryption, EncryptionFormat, Evidence, Filed,
    Identity, Kind, KnownSince, OpenedMessage, Question, Report, SignatureStatus, doubtful_sender,
};

/// The status block as a Markdown table, and a remark where people must decide.
pub(super) fn status(
    message: &OpenedMessage,
    report: &Report,
    order: &DraftOrder,
    identity: &Identity,
    received: OffsetDateTime,
) -> String {
    let mut rows = vec![
        ("Case", cell(&code_span(order.case.as_str()))),
        ("Received", utc(received)),
        ("Protection", protection(message).to_owned()),
        ("Signature", signature(message)),
        ("Sender", sender(message, identity)),
    ];
    rows.extend(certificate(message).map(|text| ("Certificate", text)));
    if message.forwarded.is_some() {
        rows.push((
            "Forwarded",
            "yes: the report is by somebody else, and the answer goes to who forwarded it".to_owned(),
        ));
    }
    if !message.doubts.is_empty() {
        let odd: Vec<&str> = message.doubts.iter().map(|doubt| doubt.explain()).collect();
        rows.push(("Shape", format!("**odd**: {}", odd.join("; "))));
    }
    if !order.same_ciphertext.is_empty() {
        let others: Vec<String> = order.same_ciphertext.iter().map(|other| code_span(other)).collect();
        let text = format!("**the same came from another address too**: {}", others.join(", "));
        rows.push(("Ciphertext", cell(&text)));
    }
    rows.push(("Judged as", judged(order)));
    if !order.comment {
        rows.push(("Disclosure", disclosure(order)));
        rows.push(("Routed to", routed(order)));
        rows.extend(others(order).map(|text| ("Each filed", text)));
        rows.extend(severity(report).map(|text| ("Severity stated", text)));
        rows.extend(cves(report).map(|text| ("CVE", text)));
        if report.embargo {
            rows.push(("Embargo", "the report asks that nothing is published for now".to_owned()));
        }
    }
    if let Some((repository, why)) = &order.refused {
        let why: String = why.chars().take(200).collect();
        rows.push(("Refused by", cell(&format!("{}: {}", code_span(repository.as_str()), code_span(&why)))));
    }
    rows.push(("Reference", code_span(order.marker.as_str())));
    let lines: Vec<String> = rows.into_iter().map(|(name, value)| format!("| {name} | {value} |")).collect();
    let head = format!("| {} | Received by mail |", identity_cell(&identity.name));
    let mut block = format!("{head}\n| --- | --- |\n{}", lines.join("\n"));
    for remark in remarks(message, order) {
        block.push_str("\n\n");
        block.push_str(remark);
    }
    block
}

/// What people must see or decide, in the gateway's words.
fn remarks(message: &OpenedMessage, order: &DraftOrder) -> Vec<&'static str> {
    let remarks = [
        (
            order.verdict.kind == Kind::NotAVulnerability,
            "**People must decide.** What is described seems to lie outside of the published security model (for example, only an \
             authenticated client, or who configures the software, can do it). It was filed all the same, since a program may be wrong.",
        ),
        (
            order.verdict.disclosure == Some(Disclosure::Public) && !order.comment,
            "**Public already**, as far as the mail tells: anyone may read about it now.",
        ),
        (
            message.encryption == Encryption::Partial,
            "**Mixed mail.** A part of it was encrypted and a part was not. They are shown apart, because somebody on the way can \
             have added the clear part.",
        ),
        (
            message.signature.status == SignatureStatus::Bad,
            "**Bad signature.** The text may not be what its author wrote.",
        ),
    ];
    let held = remarks.into_iter().filter(|(holds, _)| *holds).map(|(_, remark)| remark);
    held.chain(doubtful_sender(&message.sender)).collect()
}

fn utc(time: OffsetDateTime) -> String {
    let time = time.to_offset(UtcOffset::UTC);
    let (date, hour, minute) = (time.date(), time.hour(), time.minute());
    format!("{date} {hour:02}:{minute:02} UTC")
}

fn protection(message: &OpenedMessage) -> &'static str {
    match (message.encryption, message.format) {
        (Encryption::Whole, Some(EncryptionFormat::PgpMime)) => "encrypted as a whole (PGP/MIME)",
        (Encryption::Whole, Some(EncryptionFormat::Inline)) => "encrypted as a whole (inline OpenPGP)",
        (Encryption::Whole, _) => "encrypted as a whole",
        (Encryption::Partial, _) => "**encrypted in part only**",
        (Encryption::Failed, _) => "**encrypted, and could not be opened**",
        (Encryption::None, _) => "not encrypted",
    }
}

fn signature(message: &OpenedMessage) -> String {
    let signer = message.signature.signer.as_ref();
    let by = signer.map(|fingerprint| format!(", by `{}`", fingerprint.spaced())).unwrap_or_default();
    match message.signature.status {
        SignatureStatus::Good => format!("good{by}"),
        SignatureStatus::Bad => format!("**bad**{by}"),
        SignatureStatus::UnknownKey => format!("by a certificate that is not known here{by}"),
        SignatureStatus::Partial => {
            let shortfall = message.signature.shortfall.as_deref().unwrap_or("something is missing");
            format!("valid, but {}{by}", cell(&inline(shortfall)))
        }
        SignatureStatus::None => "none".to_owned(),
    }
}

/// Since when the sender's certificate is known, and a warning when it is another one than before.
fn certificate(message: &OpenedMessage) -> Option<String> {
    let Acquaintance { since, change } = &message.acquaintance;
    let change = change.as_ref().map(|change| format!("**Warning:** {}", change.explain()));
    let parts: Vec<String> = since.map(KnownSince::explain).into_iter().chain(change).collect();
    (!parts.is_empty()).then(|| cell(&parts.join(". ")))
}

fn sender(message: &OpenedMessage, identity: &Identity) -> String {
    let shown = message.sender.address.as_ref().filter(|_| identity.show_reporter);
    let who = shown.map(|address| format!("{}, ", code_span(address.as_str()))).unwrap_or_default();
    let proof = match message.sender.authenticated {
        Authentication::Signature => "authenticated by the signature",
        Authentication::Dkim => "authenticated by the mail domain (DKIM)",
        Authentication::None => "not authenticated: anyone could have written this",
    };
    let shortfall = message.sender.shortfall.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    cell(&format!("{who}{proof}{shortfall}"))
}

fn judged(order: &DraftOrder) -> String {
    format!("{} ({})", order.verdict.kind, percent(order.verdict.confidence.kind))
}

fn disclosure(order: &DraftOrder) -> String {
    let Confidence { disclosure, .. } = order.verdict.confidence;
    let (answer, shown) = match order.verdict.disclosure {
        Some(Disclosure::Public) => ("public", "**public**"),
        _ => ("private", "private"),
    };
    let why = because(order, Question::Disclosure, answer).unwrap_or("nothing tells that anyone else knows");
    cell(&format!("{shown} ({}): {why}", percent(disclosure)))
}

fn routed(order: &DraftOrder) -> String {
    let sure = percent(order.verdict.confidence.repository);
    let destination = order.destination.as_str();
    let why = because(order, Question::Repository, destination).unwrap_or("no signal for it: a person should look");
    let verdict = &order.verdict;
    // Seen from one of the others, the first is another.
    let first = verdict.destination.iter().filter(|_| verdict.also.contains(&order.destination));
    let also = first.chain(&verdict.also).filter(|other| **other != order.destination);
    let also: Vec<String> = also.map(|r| code_span(r.as_str())).collect();
    let also = if also.is_empty() { String::new() } else { format!("; **also concerns** {}", also.join(", ")) };
    cell(&format!("{} ({sure}): {why}{also}", code_span(destination)))
}

/// The advisories that other repositories have of the same report, as far as they are filed; and who has none yet.
fn others(order: &DraftOrder) -> Option<String> {
    let others = &order.others;
    let filed = |filed: &Filed| format!("{} in {}", filed.ghsa_id, code_span(filed.repository.as_str()));
    let first = others.first.as_ref().map(|first| format!("{}, where what the reporter adds goes", filed(first)));
    let next: Vec<String> = others.left.iter().map(|next| code_span(next.as_str())).collect();
    let next = (!next.is_empty()).then(|| format!("{} next", next.join(", ")));
    let all: Vec<String> = first.into_iter().chain(others.filed.iter().map(filed)).chain(next).collect();
    (!all.is_empty()).then(|| cell(&format!("**each repository has an advisory of its own**: {}", all.join("; "))))
}

/// The strongest signal for an answer, in the table's words.
fn because<'a>(order: &'a DraftOrder, question: Question, answer: &str) -> Option<&'a str> {
    let fits = |e: &&Evidence| e.question == question && e.says == answer;
    let strongest = order.verdict.evidence.iter().filter(fits).max_by(|a, b| a.weight.abs().total_cmp(&b.weight.abs()));
    strongest.map(|evidence| evidence.because.as_str())
}

/// Vectors with their computed scores.
fn severity(report: &Report) -> Option<String> {
    let vectors = report.cvss.iter().take(4).map(|stated| {
        let score = match (stated.score, stated.disagreeing()) {
            (None, _) => "**does not parse**".to_owned(),
            (Some(score), None) => format!("computed score {score:.1}"),
            (Some(score), Some(other)) => format!("computed score {score:.1}, **not {other:.1} as stated**"),
        };
        format!("{} ({score})", code_span(&stated.vector))
    });
    let words = report.severity.map(|severity| format!("{severity:?}").to_lowercase());
    let all: Vec<String> = words.into_iter().chain(vectors).collect();
    (!all.is_empty()).then(|| cell(&all.join(", ")))
}

/// Which CVEs the report names, and whose they are as far as it says.
fn cves(report: &Report) -> Option<String> {
    const MOST: usize = 10;
    let (own, others): (Vec<&String>, Vec<&String>) = report.cve.iter().partition(|id| report.own_cve.contains(id));
    let listed = |ids: &[&String]| ids.iter().take(MOST).map(|id| code_span(id)).collect::<Vec<_>>().join(", ");
    let own = (!own.is_empty()).then(|| format!("{} for this, says the report", listed(&own)));
    let others = (!others.is_empty()).then(|| format!("{} mentioned", listed(&others)));
    let all: Vec<String> = own.into_iter().chain(others).collect();
    (!all.is_empty()).then(|| cell(&all.join("; ")))
}

fn percent(confidence: f32) -> String {
    format!("{:.0} % sure", confidence.clamp(0.0, 1.0) * 100.0)
}

/// A table cell ends at a bar, even in code (GFM 4.10), unless a backslash stands before it; and one before that would take
/// the backslash its meaning, so behind one stands another bar.
pub(super) fn cell(text: &str) -> String {
    text.replace("\\|", "\\¦").replace('|', "\\|")
}

/// The configured name, which the operator may have written in any way.
fn identity_cell(name: &str) -> String {
    cell(&name.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '.')).collect::<String>())
}
