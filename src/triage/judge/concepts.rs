//! From words to concepts: which ideas each clause of a text speaks of.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::lexicon::{Concept, phrases};
use crate::triage::reading::{Reading, is_ideograph};

/// The clauses of a message with the concepts in each.
pub(super) struct Clauses {
    subject: HashSet<Concept>,
    clauses: Vec<Vec<Hit>>,
    /// How many phrases express each concept.
    all: HashMap<Concept, usize>,
    words: usize,
}

/// A phrase that expresses a concept.
#[derive(Clone, Copy)]
struct Hit {
    concept: Concept,
    place: usize,
    /// A word of a script in which negations come behind the verb.
    ideograph: bool,
}

/// How far before a phrase a negation may stand to be about it, and how far behind: "has not yet been published",
/// "told nobody", and in Japanese behind the verb.
const BEFORE: usize = 7;
const BEHIND: usize = 3;
const FAR_BEHIND: usize = 10;

impl Clauses {
    /// Reads the subjects and the text.
    pub fn of(subject: &str, text: &str) -> Clauses {
        let (subject, text) = (Reading::of(subject), Reading::of(text));
        let mut clauses = concepts(&subject);
        let in_subject = clauses.iter().flatten().map(|hit| hit.concept).collect();
        clauses.extend(concepts(&text));
        clauses.retain(|clause| !clause.is_empty());
        let mut all = HashMap::new();
        for hit in clauses.iter().flatten() {
            *all.entry(hit.concept).or_default() += 1;
        }
        Clauses { subject: in_subject, clauses, all, words: text.len() }
    }

    /// Whether one clause speaks of all of `all` and of none of `none`. A negation counts only near what it would negate.
    pub fn clause(&self, all: &[Concept], none: &[Concept]) -> bool {
        self.clauses.iter().any(|clause| speaks(clause, all, none))
    }

    /// Whether two clauses in a row speak of all of `all` and of none of `none`.
    pub fn pair(&self, all: &[Concept], none: &[Concept]) -> bool {
        self.clauses.windows(2).any(|pair| {
            let has = |c: &Concept| pair.iter().flatten().any(|hit| hit.concept == *c);
            all.iter().all(has) && !none.iter().any(has)
        })
    }

    /// Whether the subject speaks of all of `all` and of none of `none`.
    pub fn subject(&self, all: &[Concept], none: &[Concept]) -> bool {
        all.iter().all(|c| self.subject.contains(c)) && !none.iter().any(|c| self.subject.contains(c))
    }

    /// Whether the message as a whole speaks of all of `all` and of none of `none`.
    pub fn message(&self, all: &[Concept], none: &[Concept]) -> bool {
        all.iter().all(|c| self.all.contains_key(c)) && !none.iter().any(|c| self.all.contains_key(c))
    }

    /// How many phrases in the message express `concept`.
    pub fn count(&self, concept: Concept) -> usize {
        self.all.get(&concept).copied().unwrap_or_default()
    }

    /// Words in the text.
    pub fn words(&self) -> usize {
        self.words
    }
}

fn speaks(clause: &[Hit], all: &[Concept], none: &[Concept]) -> bool {
    let has = |c: &Concept| clause.iter().any(|hit| hit.concept == *c);
    let (negation, others): (Vec<&Concept>, Vec<&Concept>) = all.iter().partition(|c| **c == Concept::Negation);
    if !others.iter().all(|c| has(c)) || none.iter().any(|c| *c != Concept::Negation && has(c)) {
        return false;
    }
    let negated = |hit: &&Hit| clause.iter().any(|other| other.concept == Concept::Negation && about(other, hit));
    let mut wanted = clause.iter().filter(|hit| all.contains(&hit.concept) && hit.concept != Concept::Negation);
    match (negation.is_empty(), none.contains(&Concept::Negation)) {
        (false, _) => wanted.any(|hit| negated(&hit)),
        (true, true) => !wanted.any(|hit| negated(&hit)),
        (true, false) => true,
    }
}

/// Whether `negation` stands near enough to `hit` to be about it.
fn about(negation: &Hit, hit: &Hit) -> bool {
    let behind = if negation.ideograph { FAR_BEHIND } else { BEHIND };
    (negation.place..=negation.place + BEFORE).contains(&hit.place)
        || (hit.place..=hit.place + behind).contains(&negation.place)
}

/// The lexicon by its first word; a word that ends in `*` is a beginning.
struct Index {
    whole: HashMap<String, Vec<(Vec<String>, Concept)>>,
    stems: HashMap<String, Vec<(Vec<String>, Concept)>>,
}

/// Shortest and longest beginning in the lexicon, in characters.
const STEMS: std::ops::RangeInclusive<usize> = 3..=16;

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut index = Index { whole: HashMap::new(), stems: HashMap::new() };
    for (concept, phrase) in phrases() {
        let words: Vec<String> = phrase.split_whitespace().flat_map(split_word).collect();
        let Some((first, rest)) = words.split_first() else { continue };
        let map = if first.ends_with('*') { &mut index.stems } else { &mut index.whole };
        let first = first.trim_end_matches('*').to_owned();
        map.entry(first).or_default().push((rest.to_vec(), concept));
    }
    index
});

/// As the reading cuts it, with the `*` kept: an ideograph is a word of its own, "e-mail" two.
fn split_word(word: &str) -> Vec<String> {
    let stem = word.ends_with('*');
    let reading = Reading::of(word.trim_end_matches('*'));
    let mut words: Vec<String> = reading.window(0, reading.len()).into_iter().map(str::to_owned).collect();
    if let Some(last) = words.last_mut().filter(|_| stem) {
        last.push('*');
    }
    words
}

/// The concepts of each clause of `reading`.
fn concepts(reading: &Reading) -> Vec<Vec<Hit>> {
    let mut clauses = vec![Vec::new(); reading.clauses()];
    for at in 0..reading.len() {
        let word = reading.word(at);
        let Some(clause) = clauses.get_mut(reading.clause(at)) else { continue };
        let (place, ideograph) = (reading.place(at), word.chars().next().is_some_and(is_ideograph));
        let mut add = |entries: Option<&Vec<(Vec<String>, Concept)>>| {
            let fitting = entries.into_iter().flatten().filter(|(rest, _)| follows(reading, at + 1, rest));
            clause.extend(fitting.map(|(_, concept)| Hit { concept: *concept, place, ideograph }));
        };
        add(INDEX.whole.get(word));
        for (count, (end, c)) in word.char_indices().enumerate().take(*STEMS.end()) {
            if count + 1 >= *STEMS.start() {
                add(word.get(..end + c.len_utf8()).and_then(|stem| INDEX.stems.get(stem)));
            }
        }
        if word.ends_with("n't") || word.ends_with("n’t") {
            add(INDEX.whole.get("not"));
        }
    }
    clauses
}

/// Whether the words from `at` on are `rest`.
fn follows(reading: &Reading, at: usize, rest: &[String]) -> bool {
    rest.iter().enumerate().all(|(offset, wanted)| {
        let word = reading.word(at + offset);
        match wanted.strip_suffix('*') {
            Some(stem) => word.starts_with(stem),
            None => word == wanted,
        }
    })
}
