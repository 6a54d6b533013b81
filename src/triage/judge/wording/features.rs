//! Windows of a text, and the words and pairs of words in each.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::LazyLock;

use crate::triage::judge::lexicon::{Concept, phrases};
use crate::triage::reading::Reading;

/// One sentence, or two in a row.
pub(super) struct Window<'a> {
    words: Vec<(Scope, Cow<'a, str>)>,
}

/// What stands before a word in its sentence and changes what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    Plain,
    Negated,
    Future,
}

/// How many words behind a negation, or a word about the future, are in its scope.
const NEGATION: usize = 6;
const FUTURE: usize = 8;

static NEGATIONS: LazyLock<HashSet<&str>> = LazyLock::new(|| words_of(Concept::Negation));
static FUTURES: LazyLock<HashSet<&str>> = LazyLock::new(|| words_of(Concept::Future));

fn words_of(concept: Concept) -> HashSet<&'static str> {
    phrases().filter(|(of, phrase)| *of == concept && !phrase.contains([' ', '*'])).map(|(_, phrase)| phrase).collect()
}

/// The windows of `text`.
pub(super) fn windows(text: &str) -> impl Iterator<Item = Window<'static>> {
    let sentences = sentences(text);
    let pairs: Vec<Window> = sentences
        .windows(2)
        .map(|pair| Window { words: pair.iter().flat_map(|sentence| sentence.words.iter().cloned()).collect() })
        .collect();
    sentences.into_iter().chain(pairs)
}

/// The features of all sentences of `text` together.
pub(super) fn of_all(text: &str) -> HashSet<String> {
    let together = Window { words: sentences(text).into_iter().flat_map(|sentence| sentence.words).collect() };
    together.features().map(Cow::into_owned).collect()
}

/// The sentences of `text` as windows.
fn sentences(text: &str) -> Vec<Window<'static>> {
    let reading = Reading::of(text);
    let mut sentences: Vec<Vec<String>> = Vec::new();
    let mut clause = None;
    for at in 0..reading.len() {
        if clause != Some(reading.clause(at)) {
            clause = Some(reading.clause(at));
            sentences.push(Vec::new());
        }
        if let Some(sentence) = sentences.last_mut() {
            sentence.push(general(reading.word(at)));
        }
    }
    sentences.into_iter().map(scoped).collect()
}

/// A word without what is particular: numbers and names of hosts are all the same.
fn general(word: &str) -> String {
    let particular = word.chars().any(|c| c.is_ascii_digit()) || word.trim_matches('.').contains('.');
    if particular { "0".to_owned() } else { word.replace('’', "'") }
}

fn scoped(words: Vec<String>) -> Window<'static> {
    let (mut negation, mut future) = (None, None);
    let scoped = words.into_iter().enumerate().map(|(at, word)| {
        let within = |begun: Option<usize>, reach: usize| begun.is_some_and(|begun| at - begun <= reach);
        let scope = match (within(negation, NEGATION), within(future, FUTURE)) {
            (true, _) => Scope::Negated,
            (false, true) => Scope::Future,
            (false, false) => Scope::Plain,
        };
        if NEGATIONS.contains(word.as_str()) || word.ends_with("n't") {
            negation = Some(at);
        }
        if FUTURES.contains(word.as_str()) {
            future = Some(at);
        }
        (scope, Cow::Owned(word))
    });
    Window { words: scoped.collect() }
}

impl Window<'_> {
    /// Each word and each pair of neighbours once, marked by what it stands behind.
    pub fn features(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let mut seen = HashSet::new();
        let words = self.words.iter().map(|(scope, word)| marked(*scope, word));
        let pairs = self.words.windows(2).filter_map(|pair| match pair {
            [(scope, first), (_, second)] => Some(marked(*scope, &format!("{first} {second}"))),
            _ => None,
        });
        words.chain(pairs).filter(move |feature| seen.insert(feature.clone())).map(Cow::Owned)
    }
}

fn marked(scope: Scope, word: &str) -> String {
    match scope {
        Scope::Plain => word.to_owned(),
        Scope::Negated => format!("N:{word}"),
        Scope::Future => format!("F:{word}"),
    }
}
