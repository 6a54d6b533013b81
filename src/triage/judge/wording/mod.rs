//! What people write when something is public already: weights of words, pairs of words and classes of words, learned
//! from examples.
//!
//! Keywords tell public from private badly, because "public" in a report is mostly about something else: an endpoint, a
//! package, another product's CVE. What tells is which words stand together in a sentence. Two questions are put to each
//! sentence: whether it says that this finding is public, and whether it says that few know of it. `weights.tsv` holds the
//! weights; `advisory-intake evaluate --learn` makes it afresh from `fixtures/triage`. `classes.txt` holds words of many
//! languages by what they mean here ("a place to post"), so that what was learned holds for words that no example has.

mod examples;
mod features;
mod learn;

use std::collections::HashMap;
use std::ops::Add;
use std::sync::LazyLock;

pub use self::examples::{Example, ExamplesError, examples_of_mail, read_sentences};
pub use self::learn::learn;

use features::{CLASSES, Feature, Sentence, Vocabulary};

use crate::triage::reading::Reading;

/// The learned weights: how much a word, a pair of words, or a class of words speaks for each answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wording {
    vocabulary: Vocabulary,
    weights: HashMap<Feature, Odds>,
    /// What holds for every sentence.
    always: Odds,
}

/// Logarithms of the odds of what a sentence says, or what a feature of it adds to them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Odds {
    /// That this finding is public.
    public: f32,
    /// That few know of it.
    closed: f32,
}

impl Odds {
    fn heaviest(self) -> f32 {
        self.public.abs().max(self.closed.abs())
    }
}

impl Add for Odds {
    type Output = Odds;

    fn add(self, other: Odds) -> Odds {
        Odds { public: self.public + other.public, closed: self.closed + other.closed }
    }
}

/// What the wording of a message says.
pub(super) struct Worded {
    /// The logarithm of the odds that a sentence says that this finding is public.
    pub public: f32,
    /// The logarithm of the odds that a sentence says that few know.
    pub closed: f32,
    /// The classes of words that speak most for public, the first first.
    pub classes: Vec<&'static str>,
}

/// A line of weights that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line} of the weights is not two weights and a feature, with tabs between; make the file again with evaluate --learn"
)]
pub struct WordingError {
    line: usize,
}

/// The feature that every sentence has.
const ALWAYS: &str = "(always)";

static BUILT_IN: LazyLock<Wording> = LazyLock::new(|| Wording::parse(include_str!("weights.tsv")).unwrap_or_default());

impl Wording {
    /// The weights that come with the program.
    pub fn built_in() -> &'static Wording {
        &BUILT_IN
    }

    /// Reads weights: a line each, the two weights and the feature, with tabs between.
    ///
    /// # Errors
    ///
    /// The first line that does not read.
    pub fn parse(text: &str) -> Result<Wording, WordingError> {
        let mut wording = Wording::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let (odds, feature) = weights(line).ok_or(WordingError { line: at + 1 })?;
            if feature == ALWAYS {
                wording.always = odds;
            } else {
                let feature = wording.vocabulary.read(feature).ok_or(WordingError { line: at + 1 })?;
                wording.weights.insert(feature, odds);
            }
        }
        Ok(wording)
    }

    /// The weights as [`Wording::parse`] reads them, the heaviest first.
    pub fn to_text(&self) -> String {
        let written = self.weights.iter().map(|(feature, odds)| (*odds, self.vocabulary.write(*feature)));
        let mut lines: Vec<(Odds, String)> = written.collect();
        lines.sort_by(|a, b| b.0.heaviest().total_cmp(&a.0.heaviest()).then_with(|| a.1.cmp(&b.1)));
        let lines = std::iter::once((self.always, ALWAYS.to_owned())).chain(lines);
        lines.map(|(Odds { public, closed }, feature)| format!("{public:.2}\t{closed:.2}\t{feature}\n")).collect()
    }

    /// What the sentences of a text say.
    pub(super) fn read(&self, reading: &Reading) -> Worded {
        let sentences = features::sentences(reading, |word| self.vocabulary.number(word));
        let mut worded = Worded { public: f32::NEG_INFINITY, closed: f32::NEG_INFINITY, classes: Vec::new() };
        let mut best = None;
        for sentence in &sentences {
            let odds = self.odds(sentence);
            if odds.public > worded.public {
                (worded.public, best) = (odds.public, Some(sentence));
            }
            worded.closed = worded.closed.max(odds.closed);
        }
        worded.classes = best.map(|sentence| self.classes(sentence)).unwrap_or_default();
        worded
    }

    fn odds(&self, sentence: &Sentence) -> Odds {
        let features = sentence.features();
        let weights = features.iter().filter_map(|feature| self.weights.get(feature));
        weights.fold(self.always, |odds, weight| odds + *weight)
    }

    /// The classes that speak most for `sentence` being about what is public.
    fn classes(&self, sentence: &Sentence) -> Vec<&'static str> {
        let mut shares: HashMap<usize, f32> = HashMap::new();
        for feature in sentence.features() {
            let weight = self.weights.get(&feature).map_or(0.0, |odds| odds.public);
            match feature {
                Feature::Class(class) => *shares.entry(class).or_default() += weight,
                Feature::Classes(a, b) | Feature::Order(a, b) => {
                    [a, b].iter().for_each(|class| *shares.entry(*class).or_default() += weight / 2.0);
                }
                Feature::Word(..) | Feature::Pair(..) => {}
            }
        }
        let mut shares: Vec<(usize, f32)> = shares.into_iter().filter(|(_, share)| *share > 0.0).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        shares.into_iter().take(TOLD).map(|(class, _)| CLASSES.name(class)).collect()
    }
}

fn weights(line: &str) -> Option<(Odds, &str)> {
    let (public, rest) = line.split_once('\t')?;
    let (closed, feature) = rest.split_once('\t')?;
    Some((Odds { public: public.parse().ok()?, closed: closed.parse().ok()? }, feature))
}

/// How many classes are told as evidence.
const TOLD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_their_file() {
        let text = "-1.50\t0.25\t(always)\n2.25\t0\tposted\n-0.50\t1.00\tN:posted\n1.00\t0\t[not] > [only]\n";
        let wording = Wording::parse(text).unwrap();
        assert_eq!(Wording::parse(&wording.to_text()).unwrap(), wording);
        assert_eq!(Wording::parse("1.0\tposted").unwrap_err().line, 1);
        assert!(Wording::built_in().weights.len() > 1_000);
    }

    #[test]
    fn tells_sentences_about_the_public_from_others() {
        let cases = [
            (true, "Our honeypots record this exact request since last night."),
            (true, "A stranger pasted the crash, input included, into a forum thread that anybody can open."),
            (true, "Der Exploit steht seit gestern auf GitHub und wird geteilt."),
            (false, "The endpoint is open to the public internet in most set-ups."),
            (false, "We have not posted the exploit anywhere and will wait for your fix."),
            (false, "Version 1.2.3, published last week, still has it."),
            (false, "A similar hole in another product was exploited widely last year."),
        ];
        for (public, sentence) in cases {
            let odds = Wording::built_in().read(&Reading::of(sentence)).public;
            assert_eq!(odds > 0.0, public, "{odds}: {sentence}");
        }
    }
}
