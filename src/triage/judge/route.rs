//! Which repository a report belongs to.

use std::collections::BTreeMap;

use super::concepts::Clauses;
use super::lexicon::Concept;
use super::{evidence, sureness};
use crate::model::{Evidence, Identity, Question, Report, Repository};
use crate::triage::routing::Routing;
use crate::triage::scan::{Clue, Mention, distinct, scan};
use crate::triage::{LONGEST_SUMMARY, first_bytes, read};

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

/// Routes a report by everything that its text names.
pub(super) fn route(report: &Report, routing: &Routing, identity: &Identity) -> Route {
    let (summary, text) = (first_bytes(report.summary.expose(), LONGEST_SUMMARY), read(report.text.expose()));
    // One scan for both, so that the language which the text shows holds for the summary too.
    let all = scan(&format!("{summary}\n\n{text}"), routing);
    let of_summary = scan(summary, routing);
    let mut scores: BTreeMap<usize, f32> = BTreeMap::new();
    let mut found: BTreeMap<(usize, Clue), f32> = BTreeMap::new();
    for mention in distinct(&all) {
        let Some((clue, weight, _)) = WEIGHTS.iter().find(|(clue, _, _)| *clue == mention.clue) else { continue };
        let again = found.contains_key(&(mention.repository, *clue));
        let mut weight = if again { weight * FURTHER } else { *weight };
        if of_summary.iter().any(|m| same(m, mention)) {
            weight *= IN_SUMMARY;
        }
        *scores.entry(mention.repository).or_default() += weight;
        *found.entry((mention.repository, *clue)).or_default() += weight;
    }
    let mut ranked: Vec<(usize, f32)> = scores.into_iter().collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut evidence = evidence_of(&found, routing);
    let Some((best, top)) = ranked.first().and_then(|(at, score)| Some((routing.repository(*at)?.clone(), *score)))
    else {
        let fallback = identity.fallback_repository.clone();
        evidence.push(super::evidence(
            Question::Repository,
            fallback.as_str(),
            0.1,
            "nothing points to a repository: the fallback",
        ));
        return Route { destination: fallback, also: Vec::new(), confidence: 0.0, evidence, found: false };
    };
    let next = ranked.get(1).map_or(0.0, |(_, score)| *score);
    let several = Clauses::of(summary, text).message(&[Concept::Several], &[]);
    let others = ranked.iter().skip(1).filter(|(at, _)| several && strongest(&found, *at) >= STRONG);
    let also = others.filter_map(|(at, _)| routing.repository(*at).cloned()).collect();
    Route { destination: best, also, confidence: sureness(top - next), evidence, found: true }
}

fn same(a: &Mention, b: &Mention) -> bool {
    a.repository == b.repository && a.clue == b.clue && a.package == b.package
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
