//! What is wrong with a routing table, for the person who edits it.

use std::fmt;

/// Something in a routing table that should be changed, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line of the file, counted from 1, where one line is to blame.
    pub line: Option<usize>,
    /// Whether the table is refused for it. Otherwise the table works, and this part of it does nothing.
    pub is_error: bool,
    pub sentence: String,
}

impl Problem {
    pub(super) fn error(sentence: impl Into<String>) -> Self {
        Problem { line: None, is_error: true, sentence: sentence.into() }
    }

    pub(super) fn warning(sentence: impl Into<String>) -> Self {
        Problem { line: None, is_error: false, sentence: sentence.into() }
    }

    pub(super) fn at(self, line: Option<usize>) -> Self {
        Problem { line, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.sentence),
            None => f.write_str(&self.sentence),
        }
    }
}

/// `message` in one line.
pub(super) fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
