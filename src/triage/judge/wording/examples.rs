//! Sentences to learn from: written ones, and those of mails whose disclosure is known.

/// What a sentence of a report says about who knows of the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    /// This finding can be read by people in general, or is being exploited.
    Public,
    /// This finding is known to few, or is to be published later.
    Closed,
    /// Something else is public: another vulnerability, a fix of last year, a document.
    Elsewhere,
    /// Nothing about it.
    Neutral,
    /// Anything but that it is public: a sentence of a mail that is known to be private.
    NotPublic,
}

impl Saying {
    /// The mark of a line of written sentences.
    fn of_mark(mark: &str) -> Option<Saying> {
        match mark {
            "+" => Some(Saying::Public),
            "-" => Some(Saying::Closed),
            "~" => Some(Saying::Elsewhere),
            "." => Some(Saying::Neutral),
            _ => None,
        }
    }

    /// Whether it says that this finding is public.
    pub(super) fn public(self) -> bool {
        self == Saying::Public
    }

    /// Whether it says that few know, where that is known.
    pub(super) fn closed(self) -> Option<bool> {
        (self != Saying::NotPublic).then_some(self == Saying::Closed)
    }
}

/// A sentence, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub text: String,
    pub says: Saying,
    /// How often it counts.
    pub weight: f32,
}

/// A line of examples that does not read.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line} of the sentences is neither a mark (+ - ~ or .), a tab and text, nor a remark (#): mark what is public with +, what few know with -, what else is public with ~, and what says nothing about it with ."
)]
pub struct ExamplesError {
    line: usize,
}

/// What a written sentence counts, and one of a mail that is known to be private.
const WRITTEN: f32 = 1.5;
const REAL: f32 = 2.0;

/// Reads written sentences: a line each, the mark of what it says, a tab, and the text.
///
/// # Errors
///
/// The first line that is neither that, nor empty, nor a remark (`#`).
pub fn read_sentences(text: &str) -> Result<Vec<Example>, ExamplesError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|(at, line)| {
        let (mark, text) = line.split_once('\t').ok_or(ExamplesError { line: at + 1 })?;
        let says = Saying::of_mark(mark).ok_or(ExamplesError { line: at + 1 })?;
        Ok(Example { text: text.to_owned(), says, weight: WRITTEN })
    });
    read.collect()
}

/// The sentences of a mail about a finding that is not public: examples of what does not say that it is.
pub fn examples_of_mail(text: &str) -> Vec<Example> {
    let sentences = text.split_inclusive(['.', '!', '?', ';', '。', '！', '？']).filter(|text| !text.trim().is_empty());
    sentences.map(|text| Example { text: text.to_owned(), says: Saying::NotPublic, weight: REAL }).collect()
}

/// Numbers that are the same each time (splitmix64, Steele, Lea and Flood 2014).
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
