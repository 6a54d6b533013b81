//! From words to concepts: which ideas each clause of a text speaks of.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::lexicon::{Concept, phrases};
use super::phrases::Phrases;
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
    /// Reads a message whose first words are `subject`.
    pub fn of(subject: &str, both: &Reading) -> Clauses {
        let subject = Reading::of(subject);
        let in_subject = concepts(&subject).iter().flatten().map(|hit| hit.concept).collect();
        let mut clauses = concepts(both);
        clauses.retain(|clause| !clause.is_empty());
        let mut all = HashMap::new();
        for hit in clauses.iter().flatten() {
            *all.entry(hit.concept).or_default() += 1;
        }
        Clauses { subject: in_subject, clauses, all, words: both.len().saturating_sub(subject.len()) }
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

static PHRASES: LazyLock<Phrases<Concept>> = LazyLock::new(|| Phrases::of(phrases()));

/// The concepts of each clause of `reading`.
fn concepts(reading: &Reading) -> Vec<Vec<Hit>> {
    let mut clauses = vec![Vec::new(); reading.clauses()];
    for at in 0..reading.len() {
        let word = reading.word(at);
        let Some(clause) = clauses.get_mut(reading.clause(at)) else { continue };
        let (place, ideograph) = (reading.place(at), word.chars().next().is_some_and(is_ideograph));
        PHRASES.find(reading, at, |concept| clause.push(Hit { concept, place, ideograph }));
        if word.ends_with("n't") || word.ends_with("n’t") {
            clause.push(Hit { concept: Concept::Negation, place, ideograph });
        }
    }
    clauses
}
