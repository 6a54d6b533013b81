//! What a message is, who may know about it, and where it belongs (stage 5).

mod concepts;
mod disclosure;
mod facts;
mod kind;
mod lexicon;
mod others;
mod phrases;
mod route;
mod structure;
mod wording;

use crate::model::{CaseId, Confidence, Evidence, Identity, Kind, OpenedMessage, Question, Report, Verdict};

use super::reading::Reading;
use super::routing::Routing;
use super::scan::Scanned;
use super::{LONGEST_SUMMARY, first_bytes, read};
use concepts::Clauses;
use disclosure::EXPLOITED;
pub use route::{Explanation, Signal, explain};
use wording::Worded;
pub use wording::{Example, ExamplesError, Wording, WordingError, examples_of_mail, learn, read_sentences};

/// Judges a message by adding up weighted signals.
///
/// Structure is asked first (delivery reports, automatic replies, ciphertext that did not open, the name of a case), then
/// the content. Thin evidence makes a report, and doubt about the disclosure makes it private. The evidence names signals
/// of this program's tables and repositories of `routing`, and never quotes the mail, because verdicts are stored. The
/// beginning and the end of the text decide, 256 KiB together.
pub fn judge(
    message: &OpenedMessage,
    report: &Report,
    routing: &Routing,
    wording: &Wording,
    identity: &Identity,
) -> Verdict {
    if let Some(decided) = structure::decide(message, report, identity) {
        let routed = (decided.kind == Kind::FollowUp)
            .then(|| route::route(report, &Scanned::of(told(report), routing), routing, identity));
        let verdict = decided.into_verdict(routed);
        return match verdict.kind {
            Kind::Unreadable => beside_ciphertext(verdict, message, report, routing, wording, identity),
            _ => verdict,
        };
    }
    let summary = first_bytes(report.summary.expose(), LONGEST_SUMMARY);
    let all = Scanned::of(told(report), routing);
    // Most mail quotes nothing, and one look is enough.
    let own = own_words(message, report).map(|text| Scanned::of(format!("{summary}\n\n{text}"), routing));
    let own = own.as_ref().unwrap_or(&all);
    let clauses = Clauses::of(summary, &own.reading);
    let kind = kind::judge(message, report, &clauses, &own.mentions, identity);
    let mut evidence = kind.evidence;
    let mut verdict = Verdict {
        kind: kind.answer,
        disclosure: None,
        destination: None,
        also: Vec::new(),
        case: None,
        confidence: Confidence { kind: kind.confidence, ..Confidence::default() },
        evidence: Vec::new(),
    };
    if matches!(verdict.kind, Kind::Report | Kind::NotAVulnerability) {
        let disclosure = disclosure::judge(message, report, &clauses, &worded(own, wording), identity);
        let route = route::route(report, &all, routing, identity);
        verdict.disclosure = Some(disclosure.answer);
        verdict.confidence.disclosure = disclosure.confidence;
        verdict.confidence.repository = route.confidence;
        verdict.destination = Some(route.destination);
        verdict.also = route.also;
        evidence.extend(disclosure.evidence);
        evidence.extend(route.evidence);
    }
    verdict.evidence = strongest_first(evidence);
    verdict
}

/// The verdict on what did not open, with the disclosure of the finding that is told in clear beside the ciphertext: the team
/// reads it at once then, and does not wait for a key.
fn beside_ciphertext(
    mut verdict: Verdict,
    message: &OpenedMessage,
    report: &Report,
    routing: &Routing,
    wording: &Wording,
    identity: &Identity,
) -> Verdict {
    let text = own_words(message, report).unwrap_or_else(|| read(report.text.expose()).into_owned());
    let summary = first_bytes(report.summary.expose(), LONGEST_SUMMARY);
    let beside = Scanned::of(text, routing);
    let clauses = Clauses::of("", &beside.reading);
    if kind::tells_a_finding(message, report, &clauses, &beside.mentions) {
        let with_summary = format!("{summary}\n\n{}", without_footer(&beside.text));
        let public = wording.read(&Reading::of(&with_summary));
        let disclosure = disclosure::judge(message, report, &clauses, &public, identity);
        verdict.disclosure = Some(disclosure.answer);
        verdict.confidence.disclosure = disclosure.confidence;
        verdict.evidence.extend(disclosure.evidence);
        verdict.evidence = strongest_first(verdict.evidence);
    }
    verdict
}

/// Summary and text, as far as they are read.
fn told(report: &Report) -> String {
    format!("{}\n\n{}", first_bytes(report.summary.expose(), LONGEST_SUMMARY), read(report.text.expose()))
}

/// What the reporter says, without quotes of earlier mail and with what stands in the clear beside ciphertext; nothing if
/// that is the whole text.
fn own_words(message: &OpenedMessage, report: &Report) -> Option<String> {
    let whole = read(report.text.expose());
    let quoted = |line: &&str| line.starts_with('>') && message.forwarded.is_none();
    if report.clear_text.is_none() && !whole.lines().any(|line| quoted(&line)) {
        return None;
    }
    let mut own = whole.lines().filter(|line| !quoted(line)).collect::<Vec<_>>().join("\n");
    if let Some(clear) = &report.clear_text {
        own.push_str("\n\n");
        own.push_str(&read(clear.expose()));
    }
    Some(own)
}

/// What the wording says about who knows. A footer says it about somebody's web site, or about the list.
fn worded(own: &Scanned, wording: &Wording) -> Worded {
    let text = without_footer(&own.text);
    if text.len() == own.text.len() { wording.read(&own.reading) } else { wording.read(&Reading::of(text)) }
}

/// Most lines of a signature or of what a list adds. Behind more there is something to read.
const FOOTER_LINES: usize = 12;

/// `text` without its signature (RFC 3676, 4.3) and without the footer of a mailing list.
fn without_footer(text: &str) -> &str {
    let mut at = text.len();
    let mut end = text.len();
    for line in text.split_inclusive('\n').rev().take(FOOTER_LINES) {
        at -= line.len();
        let line = line.trim_end();
        let rule = line.len() >= 20 && line.bytes().all(|byte| byte == b'_');
        if line == "--" || rule {
            end = at;
        }
    }
    text.get(..end).unwrap_or(text)
}

/// An answer to one question, with how sure it is and what spoke for it.
struct Answer<T> {
    answer: T,
    confidence: f32,
    evidence: Vec<Evidence>,
}

/// What the structure of a message decides alone.
struct Decided {
    kind: Kind,
    case: Option<CaseId>,
    confidence: f32,
    because: &'static str,
}

impl Decided {
    fn into_verdict(self, routed: Option<route::Route>) -> Verdict {
        let mut evidence = vec![evidence(Question::Kind, self.kind.as_str(), 10.0, self.because)];
        let confidence = Confidence { kind: self.confidence, ..Confidence::default() };
        let mut verdict = Verdict {
            kind: self.kind,
            disclosure: None,
            destination: None,
            also: Vec::new(),
            case: self.case,
            confidence,
            evidence: Vec::new(),
        };
        // A follow-up goes to its case's advisory; the repository helps only where the case is not known.
        if let Some(route) = routed.filter(|route| route.found) {
            verdict.destination = Some(route.destination);
            verdict.confidence.repository = route.confidence;
            evidence.extend(route.evidence);
        }
        verdict.evidence = strongest_first(evidence);
        verdict
    }
}

fn evidence(question: Question, says: &str, weight: f32, because: &str) -> Evidence {
    Evidence { question, says: says.to_owned(), weight, because: because.to_owned() }
}

/// Exploitation first, because it decides what people do at once; then by weight.
fn strongest_first(mut evidence: Vec<Evidence>) -> Vec<Evidence> {
    let exploited = |evidence: &Evidence| evidence.question == Question::Disclosure && evidence.because == EXPLOITED;
    evidence.sort_by(|a, b| exploited(b).cmp(&exploited(a)).then_with(|| b.weight.abs().total_cmp(&a.weight.abs())));
    evidence
}

/// From the lead of one answer over the next to how sure it is, between one half and nearly one.
fn sureness(lead: f32) -> f32 {
    1.0 / (1.0 + (-lead.max(0.0)).exp())
}
