//! The real program dies at every instant that matters, and at random ones, between real servers: nothing is lost, nothing
//! is filed twice, everybody is answered.

mod ending;
mod round;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use round::{Need, Round};

use crate::support::soak::bound;

/// Every commit, before and after it; before each effect of a state, and after those that are no commit themselves: the
/// points of `src/engine/fail.rs`. What is looked for after a lost attempt has to settle first, so attempts are lost early,
/// and the rest is done meanwhile.
const INSTANTS: &[(&str, Need)] = &[
    ("record/before", Need::Foreign),
    ("record/after", Need::Foreign),
    ("filed in part/before", Need::Long),
    ("filed in part/after", Need::Long),
    ("claimed/completing", Need::Nothing),
    ("completed/before", Need::Nothing),
    ("completed/after", Need::Long),
    ("unknown/before", Need::Lost { stored: true }),
    ("unknown/after", Need::Lost { stored: false }),
    ("later/before", Need::Busy),
    ("later/after", Need::Busy),
    ("begun/before", Need::Mix),
    ("begun/after", Need::Mix),
    ("filed/before", Need::Mix),
    ("refused/before", Need::Refused),
    ("claimed/filing-check", Need::Released),
    ("not found/before", Need::Nothing),
    ("not found/after", Need::Released),
    ("refused/after", Need::Refused),
    ("filed/after", Need::Mix),
    ("commented/before", Need::FollowUp),
    ("commented/after", Need::FollowUp),
    ("claimed/opening", Need::Mix),
    ("case/after", Need::Mix),
    ("assessed/before", Need::Mix),
    ("assessed/after", Need::Mix),
    ("claimed/urgent-alert", Need::Public),
    ("composed/before", Need::Public),
    ("composed/after", Need::Public),
    ("claimed/filing", Need::Mix),
    ("spend/before", Need::Mix),
    ("spend/after", Need::Mix),
    ("claimed/answer", Need::Mix),
    ("send/before", Need::Mix),
    ("sent/before", Need::Mix),
    ("sent/after", Need::Mix),
    ("claimed/move", Need::Mix),
    ("moved/before", Need::Mix),
    ("moved/after", Need::Mix),
    ("duplicate/before", Need::Copy),
    ("duplicate/after", Need::Copy),
    ("copied/before", Need::Stolen),
    ("copied/after", Need::Stolen),
    ("over budget/before", Need::Flood),
    ("over budget/after", Need::Flood),
    ("claimed/late-alert", Need::Flood),
];

/// Those of a gateway that has never lived.
const FIRST: &[(&str, Need)] = &[
    ("take over/before", Need::Nothing),
    ("take over/after", Need::Nothing),
    ("digest/before", Need::Nothing),
    ("digest/after", Need::Nothing),
];

/// What has no such point, and why.
const WITHOUT: &[(&str, &str)] = &[
    ("worker died", "no mail of ours kills a worker; its commit is like that of `later`"),
    ("reopen", "one commit, and no effect"),
    ("release", "a command's one commit"),
    ("hold", "a command's one commit"),
    ("drop", "a command's one commit"),
    ("retry", "a command's one commit"),
    ("nothing", "nobody works on it"),
];

#[test]
fn every_event_and_every_state_has_its_instants() {
    let words = |file: &str| {
        let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        let (_, names) = source.split_once("pub fn name(&self) -> &'static str {").unwrap();
        let names = names.split("\n    }\n").next().unwrap();
        names.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let known: BTreeSet<&str> = INSTANTS.iter().map(|(instant, _)| *instant).collect();
    let is_exempt = |name: &String| WITHOUT.iter().any(|(without, _)| without == name);
    let (events, states) = (words("src/case/event.rs"), words("src/case/step.rs"));
    assert!(events.len() > 15 && states.len() > 7, "{events:?} {states:?}");
    let events = events.iter().filter(|name| !is_exempt(name));
    let wanted = events
        .flat_map(|event| [format!("{event}/before"), format!("{event}/after")])
        .chain(states.iter().filter(|name| !is_exempt(name)).map(|state| format!("claimed/{state}")));
    let missing: Vec<String> = wanted.filter(|instant| !known.contains(instant.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn dies_at_every_instant_and_a_few_others_and_loses_nothing_and_does_nothing_twice() {
    let mut round = Round::new();
    round.die_at(FIRST);
    round.die_at_random(4, Duration::from_secs(3));
    round.die_between_comments();
    round.die_at(INSTANTS);
    assert!(round.delivered >= 50, "{} messages", round.delivered);
    round.finish();
}

#[test]
#[ignore = "takes a quarter of an hour: make soak"]
fn soak_dies_at_random_times_and_loses_nothing_and_does_nothing_twice() {
    let mut round = Round::new();
    round.die_at_random(bound("ROUNDS"), Duration::from_secs(7));
    round.finish();
}
