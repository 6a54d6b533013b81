//! The labelled mails of fixtures/triage are judged within the floors that the gateway promises.

use std::path::Path;

use advisory_intake::app::{self, Evaluation, Share};

fn evaluated(folder: &str) -> Evaluation {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let settings = app::inspector_settings(None, Vec::new(), Vec::new(), Vec::new()).unwrap();
    app::evaluate(&folder, settings).unwrap()
}

#[test]
fn labelled_mails_are_judged_within_the_floors() {
    let evaluation = evaluated("fixtures/triage");
    let field = |name: &str| evaluation.fields.get(name).copied().unwrap_or_default();
    let floors: [(&str, Share, f64, usize); 13] = [
        ("reports filed or held", evaluation.kept, 100.0, 40),
        ("precision of report", evaluation.precision, 95.0, 40),
        ("kinds", evaluation.kinds, 92.0, 70),
        ("disclosure", evaluation.disclosure, 95.0, 40),
        ("public ones found", evaluation.public_found, 100.0, 10),
        ("repository", evaluation.repository, 95.0, 40),
        ("repository in three", evaluation.repository_in_three, 100.0, 40),
        ("cvss", field("cvss"), 95.0, 40),
        ("cwe", field("cwe"), 95.0, 40),
        ("package", field("package"), 95.0, 40),
        ("ecosystem", field("ecosystem"), 95.0, 40),
        ("deadline", field("deadline"), 95.0, 40),
        ("case", field("case"), 100.0, 3),
    ];
    let short = floors.into_iter().filter(|(_, share, floor, least)| share.per_cent() < *floor || share.of < *least);
    let short: Vec<String> = short.map(|(name, share, floor, _)| format!("{name}: {share:?}, floor {floor}")).collect();
    assert!(short.is_empty(), "{short:#?}\n{:#?}", evaluation.misses);
}

/// What is read out of the mails of `further`, as far as it was reached.
#[test]
fn fields_of_mails_that_others_wrote_are_read_as_well_as_before() {
    let evaluation = evaluated("fixtures/triage/further");
    let floors = [
        ("package", 96.0, 156),
        ("ecosystem", 98.0, 157),
        ("deadline", 98.0, 160),
        ("cvss", 99.0, 160),
        ("cwe", 99.0, 160),
    ];
    let field = |name: &str| evaluation.fields.get(name).copied().unwrap_or_default();
    let short = floors.into_iter().map(|(name, floor, least)| (name, field(name), floor, least));
    let short = short.filter(|(_, share, floor, least)| share.per_cent() < *floor || share.of < *least);
    let short: Vec<String> = short.map(|(name, share, floor, _)| format!("{name}: {share:?}, floor {floor}")).collect();
    assert!(short.is_empty(), "{short:#?}\n{:#?}", evaluation.misses);
}

/// Mails that were written apart from the rules: what is reached on them, so that it does not fall unseen. Misses of `unread`
/// and `apart` were looked at later on; of `further` those of kinds, packages and deadlines, and the score from which a finding
/// counts as public.
#[test]
fn mails_that_the_rules_were_not_made_with_are_judged_as_well_as_before() {
    for (folder, floors) in [
        ("fixtures/triage/unread", [(100.0, 39), (95.0, 39), (96.0, 54), (92.0, 38), (91.0, 24), (100.0, 41)]),
        ("fixtures/triage/apart", [(100.0, 108), (95.0, 111), (96.0, 130), (87.0, 102), (88.0, 52), (98.0, 110)]),
        ("fixtures/triage/further", [(100.0, 156), (95.0, 156), (96.0, 194), (87.0, 146), (89.0, 68), (98.0, 160)]),
    ] {
        let evaluation = evaluated(folder);
        let shares: [(&str, Share); 6] = [
            ("reports filed or held", evaluation.kept),
            ("precision of report", evaluation.precision),
            ("kinds", evaluation.kinds),
            ("disclosure", evaluation.disclosure),
            ("public ones found", evaluation.public_found),
            ("repository", evaluation.repository),
        ];
        let short = shares
            .into_iter()
            .zip(floors)
            .filter(|((_, share), (floor, least))| share.per_cent() < *floor || share.of < *least);
        let short: Vec<String> =
            short.map(|((name, share), (floor, _))| format!("{name}: {share:?}, floor {floor}")).collect();
        assert!(short.is_empty(), "{folder}: {short:#?}\n{:#?}", evaluation.misses);
    }
}
