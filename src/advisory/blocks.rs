//! Cuts text from mail into prose, quotes and code.

use std::borrow::Cow;

use memchr::memchr_iter;

use super::shapes;

/// A piece of text that is shown in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub kind: Kind<'a>,
    pub lines: Lines<'a>,
}

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Prose,
    /// What the mail quotes, and the signature at its end: set apart, in full.
    Quote,
    Code {
        language: &'a str,
    },
}

/// Lines that follow each other in a text, which is not copied for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lines<'a> {
    text: Cow<'a, str>,
    mark: Mark,
    /// The first line has lost its mark already.
    within: bool,
}

/// What stands before each line and is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// So many spaces, or less in a blank line.
    Indent(usize),
    /// A quote's `>` and a space.
    Quote,
}

impl<'a> Lines<'a> {
    fn new(text: impl Into<Cow<'a, str>>, mark: Mark) -> Self {
        Lines { text: text.into(), mark, within: false }
    }

    /// Each line without its mark; one at least.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let lines = self.text.split('\n').enumerate();
        lines.map(|(at, line)| if at == 0 && self.within { line } else { self.mark.without(line) })
    }

    /// Bytes, marks included.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// The same lines in groups of at most `most` characters, line breaks included. A longer line is cut, at spaces where there
    /// are some.
    pub fn groups(&self, most: usize) -> impl Iterator<Item = Lines<'_>> {
        let begin = self.text.as_ptr().addr();
        let mut pieces = self.iter().flat_map(move |line| short(line, most)).map(move |piece| {
            let at = piece.as_ptr().addr() - begin;
            (at..at + piece.len(), piece.chars().count() + 1)
        });
        let mut next = pieces.next();
        std::iter::from_fn(move || {
            let (mut group, mut size) = next.take()?;
            loop {
                next = pieces.next();
                match &next {
                    Some((piece, more)) if size + more <= most => (group.end, size) = (piece.end, size + more),
                    _ => break,
                }
            }
            let text = self.text.get(group).unwrap_or_default();
            Some(Lines { text: Cow::Borrowed(text), mark: self.mark, within: true })
        })
    }
}

impl Mark {
    fn without(self, line: &str) -> &str {
        // What is empty has a place in its line all the same.
        let end = line.get(line.len()..).unwrap_or_default();
        match self {
            Mark::Indent(columns) => line.get(columns..).unwrap_or(end),
            Mark::Quote => {
                let bare = line.strip_prefix('>').unwrap_or(line);
                bare.strip_prefix(' ').unwrap_or(bare)
            }
        }
    }
}

/// `line` in pieces of less than `most` characters.
fn short(line: &str, most: usize) -> Vec<&str> {
    let (mut pieces, mut from, mut size, mut at) = (Vec::new(), 0, 0, 0);
    let mut cut = |from: &mut usize, at: usize| {
        pieces.push(line.get(*from..at).unwrap_or_default());
        *from = at;
    };
    for word in line.split_inclusive(' ') {
        if size > 0 && size + word.chars().count() >= most {
            cut(&mut from, at);
            size = 0;
        }
        for (inner, _) in word.char_indices() {
            if size + 1 >= most {
                cut(&mut from, at + inner);
                size = 0;
            }
            size += 1;
        }
        at += word.len();
    }
    cut(&mut from, line.len());
    pieces
}

/// Cuts `text`, whose lines end in `\n` alone, into prose, quotes and code. Lines are kept whole.
pub(super) fn blocks(text: &str) -> Blocks<'_> {
    let (body, signature) = text.split_at_checked(signature(text).unwrap_or(text.len())).unwrap_or_default();
    Blocks { body, signature, next: None }
}

/// See [`blocks`].
pub(super) struct Blocks<'a> {
    /// What has not been looked at.
    body: &'a str,
    /// What stands behind the body.
    signature: &'a str,
    /// Stands behind the prose that was given last.
    next: Option<Block<'a>>,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        if let Some(block) = self.next.take() {
            return Some(block);
        }
        let (begin, mut last) = (self.body, None);
        while !self.body.is_empty() {
            let rest = self.body;
            if let Some((block, taken)) = begins(rest, last) {
                self.body = behind(rest, taken.max(1));
                let before = begin.get(..begin.len() - rest.len()).unwrap_or_default();
                let Some(prose) = prose(before) else { return Some(block) };
                self.next = Some(block);
                return Some(prose);
            }
            last = rest.lines().next();
            self.body = behind(rest, 1);
        }
        prose(begin).or_else(|| {
            let signature = std::mem::take(&mut self.signature);
            Some(block(Kind::Quote, signature)).filter(|_| !signature.trim().is_empty())
        })
    }
}

fn prose(text: &str) -> Option<Block<'_>> {
    (!text.trim().is_empty()).then(|| block(Kind::Prose, text))
}

fn block<'a>(kind: Kind<'a>, text: &'a str) -> Block<'a> {
    Block { kind, lines: Lines::new(without_break(text), Mark::Indent(0)) }
}

fn code(text: &str) -> Block<'_> {
    block(Kind::Code { language: "" }, text)
}

fn without_break(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}

/// What follows the first `count` lines.
fn behind(text: &str, count: usize) -> &str {
    let end = count.checked_sub(1).and_then(|last| memchr_iter(b'\n', text.as_bytes()).nth(last));
    match (count, end) {
        (0, _) => text,
        (_, Some(end)) => text.get(end + 1..).unwrap_or_default(),
        (_, None) => "",
    }
}

/// The first `count` lines.
fn first(text: &str, count: usize) -> &str {
    text.get(..text.len() - behind(text, count).len()).unwrap_or_default()
}

/// The block that the first line of `text` begins, and how many lines it takes; `None`: prose.
fn begins<'a>(text: &'a str, last: Option<&str>) -> Option<(Block<'a>, usize)> {
    let lines = text.lines();
    let line = lines.clone().next()?;
    if let Some((fence, language)) = opens_fence(line) {
        let inside = lines.skip(1).take_while(|line| !closes_fence(line, fence)).count();
        return Some((block(Kind::Code { language }, first(behind(text, 1), inside)), inside + 2));
    }
    if line.starts_with('>') {
        let taken = lines.take_while(|line| line.starts_with('>')).count();
        let lines = Lines::new(without_break(first(text, taken)), Mark::Quote);
        return Some((Block { kind: Kind::Quote, lines }, taken));
    }
    let table = shapes::table(lines.clone());
    if table > 0 {
        let lines = Lines::new(shapes::lined_up(without_break(first(text, table))), Mark::Indent(0));
        return Some((Block { kind: Kind::Code { language: "" }, lines }, table));
    }
    let (trace, language) = shapes::trace(lines.clone());
    if trace > 0 {
        return Some((block(Kind::Code { language }, first(text, trace)), trace));
    }
    let apart = |last: &str| last.trim().is_empty() || is_indented(last) || last.trim_end().ends_with(':');
    let nested_item = is_item(line) && last.is_some_and(is_item);
    if is_indented(line) && last.is_none_or(apart) && !nested_item {
        let indented = lines.take_while(|line| is_indented(line) || line.trim().is_empty());
        let end = indented.enumerate().filter(|(_, line)| !line.trim().is_empty()).last().map_or(0, |(at, _)| at + 1);
        return Some((dedent(first(text, end)), end));
    }
    None
}

/// Most lines of a signature.
const LONGEST_SIGNATURE: usize = 20;

/// Where the signature at the end of a mail begins: at its `-- ` (RFC 3676 4.3), which some programs trim.
fn signature(text: &str) -> Option<usize> {
    let line = text.lines().rev().take(LONGEST_SIGNATURE).find(|line| matches!(*line, "-- " | "--"))?;
    let at = line.as_ptr().addr() - text.as_ptr().addr();
    // A dash inside a fence or a trace is no signature: then there is prose neither before nor behind.
    text.get(..at).is_some_and(|before| !before.trim().is_empty()).then_some(at)
}

fn is_item(line: &str) -> bool {
    let inner = line.trim_start();
    let digits = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    inner.starts_with("- ") || inner.starts_with("* ") || digits.len() < inner.len() && digits.starts_with(". ")
}

/// The fence that a line opens and the language it names.
fn opens_fence(line: &str) -> Option<(&str, &str)> {
    let trimmed = line.trim_start_matches(' ');
    let mark = trimmed.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = trimmed.trim_start_matches(mark);
    let length = trimmed.len() - rest.len();
    let language = rest.trim();
    let fits = length >= 3 && line.len() - trimmed.len() <= 3 && !(mark == '`' && rest.contains('`'));
    let plain =
        language.len() <= 20 && language.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-'));
    // GitHub draws pictures from these languages.
    let active =
        ["mermaid", "geojson", "topojson", "stl", "math"].iter().any(|name| language.eq_ignore_ascii_case(name));
    let language = if plain && !active { language } else { "" };
    fits.then(|| (trimmed.get(..length).unwrap_or_default(), language))
}

fn closes_fence(line: &str, fence: &str) -> bool {
    let trimmed = line.trim();
    trimmed.len() >= fence.len() && trimmed.chars().all(|c| fence.starts_with(c))
}

/// Indented by a tab or four columns, as code in Markdown and in mail.
fn is_indented(line: &str) -> bool {
    (line.starts_with('\t') || line.starts_with("    ")) && !line.trim().is_empty()
}

/// Code without the indent that all of it has.
fn dedent(text: &str) -> Block<'_> {
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let least = text.lines().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    Block { lines: Lines::new(without_break(text), Mark::Indent(least)), ..code("") }
}
