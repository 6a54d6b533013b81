//! What people write when something is public already: weights of words, pairs of words and classes of words, learned
//! from examples.
//!
//! Keywords tell public from private badly, because "public" in a report is mostly about something else: an endpoint, a
//! package, another product's CVE. What tells is which words stand together in a sentence. `weights.tsv` holds those
//! weights; `advisory-intake evaluate --learn` makes it afresh from `fixtures/triage`. `classes.txt` holds words of many
//! languages by what they mean here ("a place anyone reads"), so that what was learned holds for words that no example has.

mod examples;
mod features;
mod learn;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use self::examples::{Example, ExamplesError, examples_of_mail, read_examples, read_sentences};
pub use self::learn::learn;

use features::{CLASSES, Feature, Sentence, Vocabulary};

use crate::triage::reading::Reading;

/// The learned weights: how much a word, a pair of words, or a class of words speaks for a sentence about something
/// public.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wording {
    vocabulary: Vocabulary,
    weights: HashMap<Feature, f32>,
    bias: f32,
}

/// What the wording of a message says.
pub(super) struct Worded {
    /// The logarithm of the odds that a sentence of it speaks of something public.
    pub odds: f32,
    /// The classes of words that speak most for it, the first first.
    pub classes: Vec<&'static str>,
}

/// A line of weights that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line} of the weights is no weight and feature, with a tab between; make the file again with evaluate --learn"
)]
pub struct WordingError {
    line: usize,
}

/// The feature that every window has.
const BIAS: &str = "(always)";

static BUILT_IN: LazyLock<Wording> = LazyLock::new(|| Wording::parse(include_str!("weights.tsv")).unwrap_or_default());

impl Wording {
    /// The weights that come with the program.
    pub fn built_in() -> &'static Wording {
        &BUILT_IN
    }

    /// Reads weights: a line each, the weight, a tab, and the feature.
    ///
    /// # Errors
    ///
    /// The first line that does not read.
    pub fn parse(text: &str) -> Result<Wording, WordingError> {
        let mut wording = Wording::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty()) {
            let read = line.split_once('\t').and_then(|(weight, feature)| Some((weight.parse::<f32>().ok()?, feature)));
            let (weight, feature) = read.ok_or(WordingError { line: at + 1 })?;
            if feature == BIAS {
                wording.bias = weight;
            } else {
                let feature = wording.vocabulary.read(feature).ok_or(WordingError { line: at + 1 })?;
                wording.weights.insert(feature, weight);
            }
        }
        Ok(wording)
    }

    /// The weights as [`Wording::parse`] reads them, the heaviest first.
    pub fn to_text(&self) -> String {
        let written = self.weights.iter().map(|(feature, weight)| (*weight, self.vocabulary.write(*feature)));
        let mut lines: Vec<(f32, String)> = written.collect();
        lines.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then_with(|| a.1.cmp(&b.1)));
        let lines = std::iter::once((self.bias, BIAS.to_owned())).chain(lines);
        lines.map(|(weight, feature)| format!("{weight:.2}\t{feature}\n")).collect()
    }

    /// What the sentences of a text say together: their odds add up, so that many faint hints are one.
    pub(super) fn of_public(&self, reading: &Reading) -> Worded {
        let sentences = features::sentences(reading, |word| self.vocabulary.number(word));
        let (mut sum, mut best, mut most) = (0.0_f32, None, f32::NEG_INFINITY);
        for sentence in &sentences {
            let odds = self.odds(sentence);
            sum += odds.min(MOST).exp();
            if odds > most {
                (best, most) = (Some(sentence), odds);
            }
        }
        let odds = if sum > 0.0 { sum.ln() } else { self.bias };
        Worded { odds, classes: best.map(|sentence| self.classes(sentence)).unwrap_or_default() }
    }

    fn odds(&self, sentence: &Sentence) -> f32 {
        let weight = |feature: &Feature| self.weights.get(feature).copied().unwrap_or_default();
        sentence.features().iter().map(weight).sum::<f32>() + self.bias
    }

    /// The classes that speak most for `sentence`.
    fn classes(&self, sentence: &Sentence) -> Vec<&'static str> {
        let mut shares: HashMap<usize, f32> = HashMap::new();
        for feature in sentence.features() {
            let weight = self.weights.get(&feature).copied().unwrap_or_default();
            match feature {
                Feature::Class(class) => *shares.entry(class).or_default() += weight,
                Feature::Classes(a, b) => [a, b].iter().for_each(|c| *shares.entry(*c).or_default() += weight / 2.0),
                Feature::Word(..) | Feature::Pair(..) => {}
            }
        }
        let mut shares: Vec<(usize, f32)> = shares.into_iter().filter(|(_, share)| *share > 0.0).collect();
        shares.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        shares.into_iter().take(TOLD).map(|(class, _)| CLASSES.name(class)).collect()
    }
}

/// The odds of one sentence beyond which more would say nothing.
const MOST: f32 = 10.0;
/// How many classes are told as evidence.
const TOLD: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_survive_their_file() {
        let wording = Wording::parse("-1.50\t(always)\n2.25\tposted\n-0.50\tN:posted\n").unwrap();
        assert_eq!(Wording::parse(&wording.to_text()).unwrap(), wording);
        assert_eq!(Wording::parse("1.0 posted").unwrap_err().line, 1);
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
            let odds = Wording::built_in().of_public(&Reading::of(sentence)).odds;
            assert_eq!(odds > 0.0, public, "{odds}: {sentence}");
        }
    }
}
