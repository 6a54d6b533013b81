//! Which repository a report belongs to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::concepts::Clauses;
use super::lexicon::Concept;
use super::{evidence, sureness, told};
use crate::model::{Evidence, Identity, Question, Report, Repository};
use crate::triage::routing::Routing;
use crate::triage::scan::{Clue, Mention, Scanned, distinct, scan};
use crate::triage::{LONGEST_SUMMARY, first_bytes, place_of_read, read};

/// Where a report belongs, and why.
pub(super) struct Route {
    pub destination: Repository,
    pub also: Vec<Repository>,
    pub confidence: f32,
    pub evidence: Vec<Evidence>,
    /// Whether anything pointed somewhere; else the destination is the fallback.
    pub found: bool,
}

/// What each clue weighs, and what it is called.
const WEIGHTS: &[(Clue, f32, &str)] = &[
    (Clue::Link, 5.0, "links the repository"),
    (Clue::Repository, 4.0, "names the repository"),
    (Clue::Package, 5.0, "names a package of it"),
    (Clue::PackagePrefix, 4.5, "names a package or import path of it"),
    (Clue::Symbol, 3.0, "holds a symbol or path of it"),
    (Clue::Component, 4.0, "names a collector component of it"),
    (Clue::Nickname, 3.5, "calls something of it by its common name"),
    (Clue::Described, 4.0, "describes a package of it by kind and language"),
    (Clue::UnclearPackage, 1.5, "names a package that several languages have"),
    (Clue::WeakName, 1.0, "uses a word for it that means other things too"),
    (Clue::Language, 0.8, "is about the language whose core repository it is"),
    (Clue::LanguageContrib, 1.2, "is about the language whose contrib repository it is"),
];

/// What a mention in the summary weighs more, because the summary says what it is about.
const IN_SUMMARY: f32 = 1.5;
/// What each further mention of another thing of one repository adds, as a share of its weight.
const FURTHER: f32 = 0.3;
/// From this weight on a second repository is named besides, when the report says that it has several findings.
const STRONG: f32 = 4.0;
/// From this weight on where the first has nothing stronger.
const FAIR: f32 = 3.0;

/// One thing in a report that points to a repository.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signal {
    pub repository: Repository,
    /// What was found, in the words of the evidence.
    pub because: &'static str,
    /// The package that is meant, where it is one.
    pub package: Option<String>,
    /// What it adds to its repository's score.
    pub weight: f32,
    /// Whether the summary says it, which is what the report is about; else the text does.
    pub in_summary: bool,
    /// The line of the text behind which it stands, counted from 1, where a name of a package, a path or a link says it.
    pub line: Option<usize>,
}

/// Why a report goes where it goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Heaviest first.
    pub signals: Vec<Signal>,
    /// Every repository that something points to, with its score, best first.
    pub ranking: Vec<(Repository, f32)>,
    /// The best one, or the fallback where nothing points anywhere.
    pub destination: Repository,
    /// Others of a report that says that it has several findings.
    pub also: Vec<Repository>,
    /// From 0 to 1.
    pub confidence: f32,
}

/// Says by which signals a report is routed: the same ones, weighed in the same way, as when it is judged.
pub fn explain(report: &Report, routing: &Routing, identity: &Identity) -> Explanation {
    let all = Scanned::of(told(report), routing);
    let (scores, route) = (Scores::of(report, &all, routing), route(report, &all, routing, identity));
    let text = report.text.expose();
    let before_text = all.text.len() - read(text).len();
    let line = |end: usize| {
        let before = text.get(..place_of_read(text, end.checked_sub(before_text)?))?;
        Some(before.matches('\n').count() + 1)
    };
    let mut signals: Vec<Signal> = scores
        .signals
        .iter()
        .filter_map(|weighed| {
            let in_summary = weighed.in_summary;
            Some(Signal {
                repository: routing.repository(weighed.mention.repository)?.clone(),
                because: weighed.because,
                package: weighed.mention.package.as_ref().map(|(_, name)| name.clone()),
                weight: weighed.weight,
                in_summary,
                line: weighed.mention.end.filter(|_| !in_summary).and_then(line),
            })
        })
        .collect();
    signals.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    let named = |(at, score): &(usize, f32)| Some((routing.repository(*at)?.clone(), *score));
    Explanation {
        signals,
        ranking: scores.ranked().iter().filter_map(named).collect(),
        destination: route.destination,
        also: route.also,
        confidence: route.confidence,
    }
}

/// A mention with what it weighs.
struct Weighed {
    mention: Mention,
    weight: f32,
    in_summary: bool,
    because: &'static str,
}

struct Scores {
    signals: Vec<Weighed>,
}

impl Scores {
    /// `all` is summary and text together, so that the language which the text shows holds for the summary too.
    fn of(report: &Report, all: &Scanned, routing: &Routing) -> Self {
        let summary = first_bytes(report.summary.expose(), LONGEST_SUMMARY);
        let of_summary = scan(summary, routing);
        let mut seen: BTreeSet<(usize, Clue)> = BTreeSet::new();
        let mut signals = Vec::new();
        for mention in distinct(&all.mentions) {
            let Some((clue, weight, because)) = WEIGHTS.iter().find(|(clue, _, _)| *clue == mention.clue) else {
                continue;
            };
            let again = !seen.insert((mention.repository, *clue));
            let in_summary = of_summary.iter().any(|m| same(m, mention));
            let weight = weight * if again { FURTHER } else { 1.0 } * if in_summary { IN_SUMMARY } else { 1.0 };
            signals.push(Weighed { mention: mention.clone(), weight, in_summary, because });
        }
        Scores { signals }
    }

    /// Repositories with their scores, best first.
    fn ranked(&self) -> Vec<(usize, f32)> {
        let mut scores: BTreeMap<usize, f32> = BTreeMap::new();
        for signal in &self.signals {
            *scores.entry(signal.mention.repository).or_default() += signal.weight;
        }
        let mut ranked: Vec<(usize, f32)> = scores.into_iter().collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked
    }

    /// What each kind of signal adds to each repository.
    fn by_clue(&self) -> BTreeMap<(usize, Clue), f32> {
        let mut found = BTreeMap::new();
        for signal in &self.signals {
            *found.entry((signal.mention.repository, signal.mention.clue)).or_default() += signal.weight;
        }
        found
    }
}

/// Routes a report by everything that its summary and text, which are `all`, name.
pub(super) fn route(report: &Report, all: &Scanned, routing: &Routing, identity: &Identity) -> Route {
    let scores = Scores::of(report, all, routing);
    let (ranked, found) = (scores.ranked(), scores.by_clue());
    let mut evidence = evidence_of(&found, routing);
    let Some((best, top)) = ranked.first().and_then(|(at, score)| Some((routing.repository(*at)?.clone(), *score)))
    else {
        let fallback = identity.fallback_repository.clone();
        let because = "nothing points to a repository: the fallback";
        evidence.push(super::evidence(Question::Repository, fallback.as_str(), 0.1, because));
        return Route { destination: fallback, also: Vec::new(), confidence: 0.0, evidence, found: false };
    };
    let next = ranked.get(1).map_or(0.0, |(_, score)| *score);
    let summary = first_bytes(report.summary.expose(), LONGEST_SUMMARY);
    let several = Clauses::of(summary, &all.reading).message(&[Concept::Several], &[]);
    // Where the first is named by no more than that, so may the others be.
    let of_first = |best: usize| found.keys().filter(move |(at, _)| *at == best).map(|(_, clue)| weight_of(*clue));
    let enough = ranked.first().map_or(STRONG, |(best, _)| of_first(*best).fold(FAIR, f32::max).min(STRONG));
    let others = ranked.iter().skip(1).filter(|(at, _)| several && strongest(&found, *at) >= enough);
    let also = others.filter_map(|(at, _)| routing.repository(*at).cloned()).collect();
    Route { destination: best, also, confidence: sureness(top - next), evidence, found: true }
}

fn same(a: &Mention, b: &Mention) -> bool {
    a.repository == b.repository && a.clue == b.clue && a.package == b.package
}

fn weight_of(clue: Clue) -> f32 {
    WEIGHTS.iter().find(|(known, _, _)| *known == clue).map_or(0.0, |(_, weight, _)| *weight)
}

fn strongest(found: &BTreeMap<(usize, Clue), f32>, repository: usize) -> f32 {
    found.iter().filter(|((at, _), _)| *at == repository).map(|(_, weight)| *weight).fold(0.0, f32::max)
}

fn evidence_of(found: &BTreeMap<(usize, Clue), f32>, routing: &Routing) -> Vec<Evidence> {
    let named = |clue: Clue| WEIGHTS.iter().find(|(c, _, _)| *c == clue).map_or("", |(_, _, because)| *because);
    found
        .iter()
        .filter_map(|((at, clue), weight)| {
            let repository = routing.repository(*at)?;
            Some(evidence(Question::Repository, repository.as_str(), *weight, named(*clue)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triage::tests::identity;

    #[test]
    fn a_route_is_explained_by_what_decided_it() {
        let (routing, identity) = (Routing::built_in(), identity());
        let text =
            "Seen with Tomcat.\n\nThe import is go.opentelemetry.io/collector/pdata; the filelog receiver has it too.";
        let report = |summary: &str, text: &str| Report {
            summary: summary.to_owned().into(),
            text: text.to_owned().into(),
            ..Report::default()
        };
        let both = report("XXE in the Java agent", text);
        let (why, route) = (
            explain(&both, &routing, &identity),
            route(&both, &Scanned::of(told(&both), &routing), &routing, &identity),
        );
        assert_eq!((&why.destination, why.confidence.to_bits()), (&route.destination, route.confidence.to_bits()));
        let seen: Vec<_> = why.signals.iter().map(|s| (s.repository.name(), s.in_summary, s.line)).collect();
        for expected in [
            ("opentelemetry-java-instrumentation", true, None),
            ("opentelemetry-collector", false, Some(3)),
            ("opentelemetry-collector-contrib", false, None),
        ] {
            assert!(seen.contains(&expected), "{expected:?} of {seen:?}");
        }
        for (repository, score) in &why.ranking {
            let sum: f32 = why.signals.iter().filter(|s| s.repository == *repository).map(|s| s.weight).sum();
            assert!((sum - score).abs() < 0.001, "{repository}: {sum} of {score}");
        }
        let also = |text: &str| {
            let why = explain(&report("Findings", text), &routing, &identity);
            why.also.iter().map(|repository| repository.name().to_owned()).collect::<Vec<_>>().join(" ")
        };
        let (java, rust) = ("io.opentelemetry:opentelemetry-api 1.57.0", "opentelemetry_sdk crate 0.31.0");
        for (text, expected) in [
            (format!("Three items:\n1. {java}\n2. {rust}"), true),
            (format!("Voici trois constats : {java}, {rust}"), true),
            (format!("Seen with {java} behind a service with {rust}."), false),
        ] {
            assert_eq!(!also(&text).is_empty(), expected, "{text}");
        }
        // Of a long text the middle is not read, and counts all the same.
        let filler = "all is well\n";
        for lines in [10_000, 100_000] {
            let long = filler.repeat(lines) + "go.opentelemetry.io/collector/pdata\n";
            let why = explain(&report("Hello", &long), &routing, &identity);
            assert_eq!(why.signals.iter().find_map(|signal| signal.line), Some(lines + 1));
        }
        let why = explain(&report("Hello", "Nothing that the table knows."), &routing, &identity);
        assert_eq!((why.destination, why.ranking.len()), (identity.fallback_repository, 0));
    }
}
