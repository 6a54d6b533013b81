//! Any mail, the whole way to what would be filed.

use advisory_intake::model::{AdvisoryDraft, Draft, DraftOrder, Known, Marker};
use advisory_intake::worker::InspectOptions;

use super::{BENCH, NOW, neutral, raw};

/// Whatever comes, it is judged, shown as JSON, and drafted within GitHub's limits with one status block and nothing from the
/// mail that acts.
pub fn check(mail: &[u8]) {
    let message = raw(mail);
    let (assessment, _) = BENCH.desk.inspect(&message, &Known::default(), InspectOptions { show_text: true }, NOW);
    let destination = assessment.verdict.destination.clone();
    let order = DraftOrder {
        case: "OTEL-SEC-2026-0001".parse().expect("a case"),
        destination: destination.unwrap_or_else(|| BENCH.settings.identity.fallback_repository.clone()),
        verdict: assessment.verdict,
        facts: assessment.facts,
        marker: "intake-00112233445566778899aabbccddeeff".parse::<Marker>().expect("a marker"),
        refused: None,
        comment: mail.len().is_multiple_of(2),
        same_ciphertext: Vec::new(),
        others: Default::default(),
        online: None,
    };
    match BENCH.desk.draft(&message, &Known::default(), &order, NOW) {
        Draft::Advisory(draft) => {
            assert!(draft.summary.expose().chars().count() <= AdvisoryDraft::MAX_SUMMARY);
            assert!(super::is_one_line(draft.summary.expose()), "title {:?}", draft.summary.expose());
            page(draft.description.expose());
            draft.continued.iter().for_each(|text| page(text.expose()));
        }
        Draft::Comment(draft) => {
            page(draft.body.expose());
            draft.continued.iter().for_each(|text| page(text.expose()));
        }
    }
}

/// The gateway's own words may have headings, lists and a table, and one comment that marks them; never more.
fn page(markdown: &str) {
    assert!(markdown.chars().count() <= AdvisoryDraft::MAX_DESCRIPTION);
    let own = ["Heading", "Table", "TableRow", "TableCell", "List", "Item", "Strong", "Emph", "ThematicBreak", "Link"];
    let acts: Vec<String> = neutral::acts(markdown);
    let foreign: Vec<&String> = acts.iter().filter(|act| !own.iter().any(|name| act.starts_with(name))).collect();
    let marks = foreign.iter().filter(|act| act.starts_with("HtmlBlock")).count();
    assert!(marks <= 1 && foreign.len() == marks, "{foreign:?} in {markdown:?}");
}
