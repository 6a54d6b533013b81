//! What a sentence is made of: words, pairs of words, and classes of words.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::triage::judge::phrases::Phrases;
use crate::triage::reading::Reading;

/// Something that a sentence has or has not. Words are numbers of a [`Vocabulary`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Feature {
    Word(Scope, u32),
    /// Two words in a row.
    Pair(Scope, u32, u32),
    /// A word of a class, wherever it stands.
    Class(usize),
    /// Words of two classes, in any order.
    Classes(usize, usize),
    /// A word of one class and, few words behind it, one of another.
    Order(usize, usize),
}

/// What stands before a word in its sentence and changes what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Scope {
    Plain,
    Negated,
    Future,
}

/// How many words behind a negation, or a word about the future, are in its scope.
const NEGATION: usize = 6;
const FUTURE: usize = 8;
/// How far apart two words may stand for their order to say something.
const NEAR: usize = 8;

/// The classes whose words open a scope, as `classes.txt` names them.
const NOT: &str = "not";
const TO_COME: &str = "the future";

/// Classes of words in many languages: what generalises beyond the words that there are examples of.
pub(super) struct Classes {
    names: Vec<&'static str>,
    phrases: Phrases<usize>,
    negation: usize,
    future: usize,
}

/// The classes of `classes.txt`; at most 64.
pub(super) static CLASSES: LazyLock<Classes> = LazyLock::new(|| {
    let lines = include_str!("classes.txt").lines().filter(|line| !line.starts_with('#'));
    let classes: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(" = ")).take(64).collect();
    let names: Vec<&str> = classes.iter().map(|(name, _)| *name).collect();
    let phrases = classes.iter().enumerate().flat_map(|(at, (_, phrases))| {
        phrases.split('|').map(str::trim).filter(|phrase| !phrase.is_empty()).map(move |phrase| (at, phrase))
    });
    let class = |wanted: &str| names.iter().position(|name| *name == wanted).unwrap_or(usize::MAX);
    Classes { phrases: Phrases::of(phrases), negation: class(NOT), future: class(TO_COME), names }
});

impl Classes {
    pub fn name(&self, class: usize) -> &'static str {
        self.names.get(class).copied().unwrap_or_default()
    }

    pub fn named(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }
}

/// One sentence, by numbers.
#[derive(Default)]
pub(super) struct Sentence {
    words: Vec<(Scope, Option<u32>)>,
    /// Which word is of which class, by their places.
    hits: Vec<(usize, usize)>,
}

/// The sentences of a text; `number` gives a word's number, or nothing for a word that no feature has.
pub(super) fn sentences(reading: &Reading, mut number: impl FnMut(&str) -> Option<u32>) -> Vec<Sentence> {
    let mut sentences: Vec<Sentence> = Vec::new();
    let mut now = None;
    let (mut negation, mut future) = (0_usize, 0_usize);
    let mut at = 0;
    while at < reading.len() {
        if now != Some(reading.sentence(at)) {
            now = Some(reading.sentence(at));
            sentences.push(Sentence::default());
            (negation, future) = (0, 0);
        }
        let Some(sentence) = sentences.last_mut() else { break };
        if reading.begins_link(at) {
            // Links are judged by where they lead; their words say nothing.
            sentence.words.push((Scope::Plain, number(LINK)));
            while reading.touches_next(at) {
                at += 1;
            }
            at += 1;
            continue;
        }
        let scope = match (negation, future) {
            (0, 0) => Scope::Plain,
            (0, _) => Scope::Future,
            _ => Scope::Negated,
        };
        (negation, future) = (negation.saturating_sub(1), future.saturating_sub(1));
        sentence.words.push((scope, number(general(reading.word(at)))));
        let place = sentence.words.len();
        CLASSES.phrases.find(reading, at, |class| {
            sentence.hits.push((place, class));
            if class == CLASSES.negation {
                negation = NEGATION;
            } else if class == CLASSES.future {
                future = FUTURE;
            }
        });
        at += 1;
    }
    sentences
}

/// The sentences of `text` as one: an example is looked at as a whole.
pub(super) fn whole(text: &str, number: impl FnMut(&str) -> Option<u32>) -> Sentence {
    sentences(&Reading::of(text), number).into_iter().fold(Sentence::default(), |mut whole, sentence| {
        let behind = whole.words.len();
        whole.words.extend(sentence.words);
        whole.hits.extend(sentence.hits.into_iter().map(|(place, class)| (behind + place, class)));
        whole
    })
}

const LINK: &str = "://";

/// A word without what is particular: numbers and names of hosts are all the same.
fn general(word: &str) -> &str {
    let particular = word.bytes().any(|c| c.is_ascii_digit()) || word.trim_matches('.').contains('.');
    if particular { "0" } else { word }
}

impl Sentence {
    /// Everything that the sentence has, each once and in an order that does not change: sums of weights depend on it.
    pub fn features(&self) -> Vec<Feature> {
        let words = self.words.iter().filter_map(|(scope, word)| Some(Feature::Word(*scope, (*word)?)));
        let pairs = self.words.windows(2).filter_map(|pair| match pair {
            [(scope, Some(first)), (_, Some(second))] => Some(Feature::Pair(*scope, *first, *second)),
            _ => None,
        });
        let mut features: Vec<Feature> = words.chain(pairs).chain(self.classes()).collect();
        features.sort_unstable();
        features.dedup();
        features
    }

    /// The classes of its words, each two of them, and each two near each other in their order.
    fn classes(&self) -> impl Iterator<Item = Feature> {
        let set = self.hits.iter().fold(0_u64, |set, (_, class)| set | 1 << class);
        let classes = move |from: usize| (from..64).filter(move |class| set >> class & 1 == 1);
        let together = classes(0).flat_map(move |class| {
            let pairs = classes(class + 1).map(move |other| Feature::Classes(class, other));
            std::iter::once(Feature::Class(class)).chain(pairs)
        });
        let in_order = self.hits.iter().enumerate().flat_map(|(at, (place, class))| {
            let behind = self.hits.iter().skip(at + 1).skip_while(move |(other, _)| other == place);
            let near = behind.take_while(move |(other, _)| other - place <= NEAR);
            near.map(move |(_, other)| Feature::Order(*class, *other))
        });
        together.chain(in_order)
    }
}

/// Words with numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Vocabulary {
    numbers: HashMap<String, u32>,
    words: Vec<String>,
}

impl Vocabulary {
    /// The number of `word`, if it has one.
    pub fn number(&self, word: &str) -> Option<u32> {
        self.numbers.get(word).copied()
    }

    /// The number of `word`, a new one if it has none.
    pub fn add(&mut self, word: &str) -> u32 {
        self.number(word).unwrap_or_else(|| {
            let number = self.words.len() as u32;
            self.numbers.insert(word.to_owned(), number);
            self.words.push(word.to_owned());
            number
        })
    }

    fn word(&self, number: u32) -> &str {
        self.words.get(number as usize).map_or("", String::as_str)
    }

    /// How the file of weights writes a feature: `N:` for what is negated, `F:` for what is to come, classes in brackets, with
    /// `>` between them where their order counts.
    pub fn write(&self, feature: Feature) -> String {
        let mark = |scope| match scope {
            Scope::Plain => "",
            Scope::Negated => "N:",
            Scope::Future => "F:",
        };
        match feature {
            Feature::Word(scope, word) => format!("{}{}", mark(scope), self.word(word)),
            Feature::Pair(scope, a, b) => format!("{}{} {}", mark(scope), self.word(a), self.word(b)),
            Feature::Class(class) => format!("[{}]", CLASSES.name(class)),
            Feature::Classes(a, b) => format!("[{}] [{}]", CLASSES.name(a), CLASSES.name(b)),
            Feature::Order(a, b) => format!("[{}] > [{}]", CLASSES.name(a), CLASSES.name(b)),
        }
    }

    /// Reads a feature as [`Vocabulary::write`] writes it.
    pub fn read(&mut self, text: &str) -> Option<Feature> {
        if let Some(classes) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            let two = |(a, b)| Some((CLASSES.named(a)?, CLASSES.named(b)?));
            return match (classes.split_once("] > ["), classes.split_once("] [")) {
                (Some(order), _) => two(order).map(|(a, b)| Feature::Order(a, b)),
                (_, Some(both)) => two(both).map(|(a, b)| Feature::Classes(a, b)),
                _ => CLASSES.named(classes).map(Feature::Class),
            };
        }
        let (scope, words) = match (text.strip_prefix("N:"), text.strip_prefix("F:")) {
            (Some(words), _) => (Scope::Negated, words),
            (_, Some(words)) => (Scope::Future, words),
            _ => (Scope::Plain, text),
        };
        Some(match words.split_once(' ') {
            Some((a, b)) => Feature::Pair(scope, self.add(a), self.add(b)),
            None => Feature::Word(scope, self.add(words)),
        })
    }
}
