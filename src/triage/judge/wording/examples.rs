//! Sentences to learn from: written ones, made of patterns, and those of mails whose disclosure is known.

use std::collections::BTreeMap;

/// A sentence, and whether it says that the finding is public.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    pub text: String,
    pub public: bool,
    /// How often it counts.
    pub weight: f32,
}

/// A line of examples that does not read.
#[derive(Debug, thiserror::Error)]
#[error(
    "line {line} of the examples is neither a sentence (+ or -, a tab, text), nor a list (NAME = a | b), nor a pattern (+ or - and words), nor a remark (#)"
)]
pub struct ExamplesError {
    line: usize,
}

/// Sentences made of each kind of pattern, public and not.
const MADE: usize = 4_000;
/// What a made sentence counts, and a written one.
const OF_PATTERN: f32 = 0.15;
const WRITTEN: f32 = 1.5;
/// What a sentence of a mail that is known to be private counts against a made one.
const REAL: f32 = 3.0;

/// Reads patterns and makes sentences of them, the same ones each time.
///
/// A line `NAME = a | b` is a list; a line that begins with `+` is a pattern for what is public, with `-` for what is
/// not. A word of a pattern that names a list stands for any of its entries.
///
/// # Errors
///
/// The first line that is none of these.
pub fn read_examples(text: &str) -> Result<Vec<Example>, ExamplesError> {
    let mut lists: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut patterns: [Vec<Vec<&str>>; 2] = [Vec::new(), Vec::new()];
    for (at, line) in text.lines().map(str::trim).enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match (line.strip_prefix("+ "), line.strip_prefix("- "), line.split_once(" = ")) {
            (Some(pattern), ..) => patterns[1].push(pattern.split_whitespace().collect()),
            (_, Some(pattern), _) => patterns[0].push(pattern.split_whitespace().collect()),
            (.., Some((name, entries))) => {
                lists.insert(name.trim(), entries.split('|').map(str::trim).collect());
            }
            _ => return Err(ExamplesError { line: at + 1 }),
        }
    }
    let mut dice = Dice(1);
    let mut examples = Vec::new();
    for (public, patterns) in [(false, &patterns[0]), (true, &patterns[1])] {
        // Every plain sentence once at least; the rest by the dice.
        for round in 0..MADE.max(patterns.len()) {
            let pattern = match patterns.get(round) {
                Some(pattern) => pattern,
                None => match dice.pick(patterns) {
                    Some(pattern) => pattern,
                    None => break,
                },
            };
            let words = pattern.iter().map(|word| lists.get(word).and_then(|list| dice.pick(list)).unwrap_or(word));
            let text = words.copied().collect::<Vec<_>>().join(" ");
            examples.push(Example { text, public, weight: OF_PATTERN });
        }
    }
    Ok(examples)
}

/// Reads written sentences: a line each, `+` for what is public or `-` for what is not, a tab, and the text.
///
/// # Errors
///
/// The first line that is neither that, nor empty, nor a remark (`#`).
pub fn read_sentences(text: &str) -> Result<Vec<Example>, ExamplesError> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let read = lines.map(|(at, line)| {
        let (public, text) = match line.split_once('\t') {
            Some(("+", text)) => (true, text),
            Some(("-", text)) => (false, text),
            _ => return Err(ExamplesError { line: at + 1 }),
        };
        Ok(Example { text: text.to_owned(), public, weight: WRITTEN })
    });
    read.collect()
}

/// The sentences of a mail about a finding that is not public, and each two in a row: examples of what does not say so.
pub fn examples_of_mail(text: &str) -> Vec<Example> {
    let sentences: Vec<&str> = text.split_inclusive(['.', '!', '?', ';', '。', '！', '？']).collect();
    let pairs = sentences.windows(2).map(|pair| (pair.concat(), 1.0));
    let single = sentences.iter().map(|sentence| ((*sentence).to_owned(), REAL));
    let examples = single.chain(pairs).filter(|(text, _)| !text.trim().is_empty());
    examples.map(|(text, weight)| Example { text, public: false, weight }).collect()
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

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.next() % (list.len().max(1) as u64);
        list.get(at as usize)
    }
}
