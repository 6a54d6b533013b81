//! From words to concepts: which ideas each clause of a text speaks of.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::lexicon::{Concept, LEXICON};
use crate::triage::reading::Reading;

/// The clauses of a message with the concepts in each.
pub(super) struct Clauses {
    subject: HashSet<Concept>,
    clauses: Vec<HashSet<Concept>>,
    all: HashSet<Concept>,
    words: usize,
}

impl Clauses {
    /// Reads the subject and the text.
    pub fn of(subject: &str, text: &str) -> Clauses {
        let (subject, text) = (Reading::of(subject), Reading::of(text));
        let in_subject = concepts(&subject).into_iter().flatten().collect::<HashSet<_>>();
        let mut clauses = concepts(&subject);
        clauses.extend(concepts(&text));
        clauses.retain(|clause| !clause.is_empty());
        let all = clauses.iter().flatten().copied().collect();
        Clauses { subject: in_subject, clauses, all, words: text.len() }
    }

    /// Whether one clause speaks of all of `all` and of none of `none`.
    pub fn clause(&self, all: &[Concept], none: &[Concept]) -> bool {
        self.clauses
            .iter()
            .any(|clause| all.iter().all(|c| clause.contains(c)) && !none.iter().any(|c| clause.contains(c)))
    }

    /// Whether two clauses in a row speak of all of `all` and of none of `none`.
    pub fn pair(&self, all: &[Concept], none: &[Concept]) -> bool {
        self.clauses.windows(2).any(|pair| {
            let has = |c: &Concept| pair.iter().any(|clause| clause.contains(c));
            all.iter().all(has) && !none.iter().any(has)
        })
    }

    /// Whether the subject speaks of all of `all` and of none of `none`.
    pub fn subject(&self, all: &[Concept], none: &[Concept]) -> bool {
        all.iter().all(|c| self.subject.contains(c)) && !none.iter().any(|c| self.subject.contains(c))
    }

    /// Whether the message as a whole speaks of all of `all` and of none of `none`.
    pub fn message(&self, all: &[Concept], none: &[Concept]) -> bool {
        all.iter().all(|c| self.all.contains(c)) && !none.iter().any(|c| self.all.contains(c))
    }

    /// Words in the text.
    pub fn words(&self) -> usize {
        self.words
    }
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
    for (concept, phrases) in LEXICON {
        for phrase in phrases.split('|').map(str::trim).filter(|phrase| !phrase.is_empty()) {
            let words: Vec<String> = phrase.split_whitespace().flat_map(split_word).collect();
            let Some((first, rest)) = words.split_first() else { continue };
            let map = if first.ends_with('*') { &mut index.stems } else { &mut index.whole };
            let first = first.trim_end_matches('*').to_owned();
            map.entry(first).or_default().push((rest.to_vec(), *concept));
        }
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
fn concepts(reading: &Reading) -> Vec<HashSet<Concept>> {
    let mut clauses = vec![HashSet::new(); reading.clauses()];
    for at in 0..reading.len() {
        let word = reading.word(at);
        let Some(clause) = clauses.get_mut(reading.clause(at)) else { continue };
        let mut add = |entries: Option<&Vec<(Vec<String>, Concept)>>| {
            let fitting = entries.into_iter().flatten().filter(|(rest, _)| follows(reading, at + 1, rest));
            clause.extend(fitting.map(|(_, concept)| *concept));
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
