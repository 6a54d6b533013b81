use memchr::memchr;

/// The lines of a text, ended by LF or CRLF, as ranges: nothing is copied.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// A line: where it begins, where its text ends, where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub start: usize,
    pub end: usize,
    pub next: usize,
}

impl Line {
    /// The line without its line break.
    pub fn text<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start..self.end).unwrap_or_default()
    }
}

impl<'a> Lines<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Lines { bytes, at: 0 }
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        let rest = self.bytes.get(self.at..).filter(|rest| !rest.is_empty())?;
        let start = self.at;
        let (end, next) = match memchr(b'\n', rest) {
            Some(at) if at > 0 && rest.get(at - 1) == Some(&b'\r') => (start + at - 1, start + at + 1),
            Some(at) => (start + at, start + at + 1),
            None => (self.bytes.len(), self.bytes.len()),
        };
        self.at = next;
        Some(Line { start, end, next })
    }
}
