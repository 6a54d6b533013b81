/// Deepest quote that is shown as such.
const DEEPEST_QUOTE: usize = 6;
/// Widest indent of lists, in columns.
const WIDEST_INDENT: usize = 12;

/// Writes lines: white space collapsed, marks of quotes and lists before each.
#[derive(Debug, Default)]
pub(super) struct Writer {
    text: String,
    /// Where the current line begins, where its text begins behind the marks, and where writing stood before it.
    line: usize,
    content: usize,
    before: usize,
    /// The current line has its marks.
    begun: bool,
    /// White space stands before the next word.
    space: bool,
    /// An empty line stands before the next one.
    gap: bool,
    /// The mark of a list item that has no text yet.
    bullet: Option<String>,
    quotes: usize,
    indent: usize,
    /// Depth of the last line that was written.
    last_quotes: usize,
    /// Text beyond which marks are left out: so that many short lines in deep quotes are not made many times as long.
    full: usize,
}

impl Writer {
    pub fn new(full: usize) -> Self {
        Writer { full, ..Writer::default() }
    }

    /// Quotes and columns before each of the lines that follow.
    pub fn place(&mut self, quotes: usize, indent: usize) {
        if quotes != self.quotes && self.begun {
            self.end_line();
        }
        (self.quotes, self.indent) = (quotes.min(DEEPEST_QUOTE), indent.min(WIDEST_INDENT));
    }

    /// Bytes written.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// What was written from byte `from` on.
    pub fn since(&self, from: usize) -> &str {
        self.text.get(self.behind_marks(from)..).unwrap_or_default()
    }

    /// Text that was to begin where a line had not begun yet begins behind its marks.
    fn behind_marks(&self, from: usize) -> usize {
        if from == self.before && self.begun { self.content } else { from }
    }

    /// Cuts off what was written from byte `from` on, if it is on the current line.
    pub fn take_since(&mut self, from: usize) -> Option<String> {
        let from = self.behind_marks(from);
        let within = self.begun && from >= self.content && self.text.is_char_boundary(from);
        within.then(|| self.text.split_off(from))
    }

    /// Text in which white space collapses; non-breaking spaces stay, as ordinary ones.
    pub fn flow(&mut self, text: &str) {
        for (at, run) in text.split([' ', '\t', '\n', '\r', '\x0c']).enumerate() {
            self.space |= at > 0;
            if !run.is_empty() {
                self.word(run);
            }
        }
    }

    fn word(&mut self, word: &str) {
        let space = self.space && self.begun;
        self.begin();
        if space && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
        self.space = false;
        let mut pieces = word.split('\u{a0}');
        self.text.extend(pieces.next());
        pieces.for_each(|piece| self.text.extend([" ", piece]));
    }

    /// Text as it is, without a line break in it.
    pub fn push(&mut self, text: &str) {
        if !text.is_empty() {
            self.word(text);
        }
    }

    /// Text that belongs to what stands before it.
    pub fn append(&mut self, text: &str) {
        self.begin();
        self.text.push_str(text);
    }

    /// A line as it is, white space at its beginning included.
    pub fn whole_line(&mut self, line: &str) {
        self.end_line();
        self.begin();
        self.text.push_str(line);
        self.feed();
    }

    /// `<br>`: ends a line, or makes an empty one.
    pub fn line_break(&mut self) {
        if self.begun {
            self.end_line();
        } else {
            self.gap = true;
        }
    }

    /// Ends the current line, if there is one.
    pub fn end_line(&mut self) {
        if self.begun && self.text.get(self.content..).is_some_and(|text| text.trim().is_empty()) {
            // Nothing but a non-breaking space: how mail programs write an empty line.
            self.text.truncate(self.line);
            (self.begun, self.gap) = (false, true);
        } else if self.begun {
            self.feed();
        }
        self.space = false;
    }

    fn feed(&mut self) {
        let end = self.line + self.text.get(self.line..).unwrap_or_default().trim_end().len();
        self.text.truncate(end);
        self.text.push('\n');
        self.line = self.text.len();
        (self.begun, self.space, self.last_quotes) = (false, false, self.quotes);
    }

    /// Ends the current line; an empty one follows.
    pub fn end_block(&mut self) {
        self.end_line();
        self.gap = true;
    }

    /// The next line is a list item's or a heading's first.
    pub fn bullet(&mut self, mark: String) {
        self.end_line();
        self.bullet = Some(mark);
    }

    /// Forgets the mark of what had no text.
    pub fn without_bullet(&mut self) {
        self.bullet = None;
    }

    /// White space stands before the next word.
    pub fn space(&mut self) {
        self.space = true;
    }

    fn begin(&mut self) {
        if self.begun {
            return;
        }
        self.before = self.text.len();
        if self.gap && !self.text.is_empty() {
            self.text.push_str(&"> ".repeat(self.quotes.min(self.last_quotes)));
            self.text.truncate(self.text.trim_end_matches(' ').len());
            self.text.push('\n');
        }
        (self.gap, self.begun, self.space) = (false, true, false);
        self.line = self.text.len();
        let bullet = self.bullet.take().unwrap_or_default();
        if self.text.len() < self.full {
            self.text.push_str(&"> ".repeat(self.quotes));
            self.text.push_str(&" ".repeat(self.indent.saturating_sub(bullet.len())));
        } else if self.quotes > 0 {
            self.text.push_str("> ");
        }
        self.text.push_str(&bullet);
        self.content = self.text.len();
    }

    /// Everything, without empty lines at the end.
    pub fn finish(mut self) -> String {
        self.end_line();
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}
