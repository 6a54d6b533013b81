//! Reading and judging any text.

use advisory_intake::model::{OpenedMessage, Secret};
use advisory_intake::triage::{Routing, Wording, extract, judge};
use std::sync::LazyLock;

use super::{BENCH, opening};

static ROUTING: LazyLock<Routing> = LazyLock::new(Routing::built_in);

/// How much of a text is read; a repetition up to it shows what is not linear.
const READ: usize = 256 << 10;

/// No word of the mail that the tables do not hold.
const CANARY: &str = "zqcanaryqz";

/// Any text is judged, in time that its length explains; the verdict names repositories of the table only, and its
/// evidence never quotes.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (subject, body) = text.split_once('\n').unwrap_or(("", &text));
    let body = match data.len() % 64 {
        63 if !body.is_empty() => body.repeat(READ / 4 / body.len() + 1),
        _ => format!("{body}\n{CANARY}"),
    };
    judged(&with_text(subject, &body));
}

fn with_text(subject: &str, body: &str) -> OpenedMessage {
    let head = "From: Mira <mira@halden-labs.example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
    let opened = opening(format!("{head}{body}").as_bytes());
    OpenedMessage { subject: Secret::new(format!("{subject} {CANARY}")), ..opened }
}

pub(super) fn judged(opened: &OpenedMessage) {
    let identity = &BENCH.settings.identity;
    let report = extract(opened, &ROUTING);
    let verdict = judge(opened, &report, &ROUTING, Wording::built_in(), identity);
    for part in [verdict.confidence.kind, verdict.confidence.disclosure, verdict.confidence.repository] {
        assert!((0.0..=1.0).contains(&part), "confidence {part}");
    }
    for repository in verdict.destination.iter().chain(&verdict.also) {
        let known = ROUTING.repositories().contains(repository) || *repository == identity.fallback_repository;
        assert!(known, "{repository} is in no table");
    }
    for evidence in &verdict.evidence {
        assert!(evidence.weight.is_finite());
        assert!(!evidence.because.contains(CANARY) && !evidence.says.contains(CANARY), "quotes: {evidence:?}");
    }
    assert!(report.packages.len() <= 100 && report.references.len() <= 1_000 && report.cvss.len() <= 100);
}
