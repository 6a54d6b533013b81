//! What people write when something is public already: weights of words and pairs of words, learned from examples.
//!
//! Keywords tell public from private badly, because "public" in a report is mostly about something else: an endpoint, a
//! package, another product's CVE. What tells is which words stand together in a sentence. `weights.tsv` holds those
//! weights; `advisory-intake evaluate --learn` makes it afresh from `fixtures/triage`.

mod examples;
mod features;
mod learn;

use std::collections::HashMap;
use std::sync::LazyLock;

pub use self::examples::{Example, ExamplesError, examples_of_mail, read_examples};
pub use self::learn::learn;

use features::Window;

/// The learned weights: how much a word, or a pair of words, speaks for a sentence about something public.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Wording {
    weights: HashMap<String, f32>,
    bias: f32,
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
            match feature {
                BIAS => wording.bias = weight,
                _ => _ = wording.weights.insert(feature.to_owned(), weight),
            }
        }
        Ok(wording)
    }

    /// The weights as [`Wording::parse`] reads them, the heaviest first.
    pub fn to_text(&self) -> String {
        let mut lines: Vec<(f32, &str)> =
            self.weights.iter().map(|(feature, weight)| (*weight, feature.as_str())).collect();
        lines.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()).then_with(|| a.1.cmp(b.1)));
        let lines = std::iter::once((self.bias, BIAS)).chain(lines);
        lines.map(|(weight, feature)| format!("{weight:.2}\t{feature}\n")).collect()
    }

    /// How much the sentence of `text` that speaks most of something public does so: the logarithm of the odds, below
    /// zero where none does. Windows of one and of two sentences are looked at.
    pub fn of_public(&self, text: &str) -> f32 {
        let best = features::windows(text).map(|window| self.odds(&window)).max_by(f32::total_cmp);
        best.unwrap_or(self.bias)
    }

    fn odds(&self, window: &Window) -> f32 {
        window.features().map(|feature| self.weights.get(feature.as_ref()).copied().unwrap_or_default()).sum::<f32>()
            + self.bias
    }
}

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
            let odds = Wording::built_in().of_public(sentence);
            assert_eq!(odds > 0.0, public, "{odds}: {sentence}");
        }
    }
}
