//! Makes text from mail harmless in Markdown as GitHub renders it (GitHub Flavored Markdown and GitHub's autolinks).

use super::shapes;
use crate::model::{is_hidden, shown};

/// `text` as Markdown that shows it and does nothing else.
///
/// What stands in a fence or is indented by four columns becomes a fenced block, and so do tables (which could pass for the
/// gateway's own), stack traces and changes. Quotes and the signature are set apart as quotes, in full. In the rest lines
/// keep their breaks, and everything that would act is taken its meaning: headings, lists, emphasis, HTML and images show as
/// they were typed. Words that GitHub would make links or pings of (addresses, `@name`, `#1`, `owner/name#1`, `GH-1`,
/// GHSA ids, commit hashes) become code, which stays readable and can be copied; so no link hides its target, and
/// nothing is fetched. Characters without a shape are
/// left out, those that turn text around are shown as `\u{fffd}`.
///
/// Takes time linear in the text. The result is whole in itself: no fence is left open.
pub fn neutralise(text: &str) -> String {
    blocks(text).iter().map(Block::markdown).collect::<Vec<_>>().join("\n\n")
}

/// A piece of text that is shown in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block {
    Prose(Vec<String>),
    /// What the mail quotes, and the signature at its end: set apart, in full.
    Quote(Vec<String>),
    Code {
        language: String,
        lines: Vec<String>,
    },
}

impl Block {
    /// As Markdown that stands for itself.
    pub(super) fn markdown(&self) -> String {
        match self {
            Block::Prose(lines) => prose(lines),
            Block::Quote(lines) => quote(lines),
            Block::Code { language, lines } => fenced(language, lines),
        }
    }
}

/// Cuts `text` into prose, quotes and code. Lines are kept whole.
pub(super) fn blocks(text: &str) -> Vec<Block> {
    let text = shown(text);
    let lines: Vec<&str> = text.lines().collect();
    let signature = signature(&lines).unwrap_or(lines.len());
    let (body, end) = lines.split_at_checked(signature).unwrap_or_default();
    let (mut blocks, mut prose, mut rest) = (Vec::new(), Vec::new(), body);
    while let [line, after @ ..] = rest {
        let Some((block, taken)) = begins(rest, prose.last()) else {
            prose.push((*line).to_owned());
            rest = after;
            continue;
        };
        flush(&mut prose, &mut blocks);
        blocks.push(block);
        rest = rest.get(taken.max(1)..).unwrap_or_default();
    }
    flush(&mut prose, &mut blocks);
    if end.iter().any(|line| !line.trim().is_empty()) {
        blocks.push(Block::Quote(owned(end)));
    }
    blocks
}

/// The block that the first of `lines` begins and how many lines it takes; `None`: prose.
fn begins(lines: &[&str], before: Option<&String>) -> Option<(Block, usize)> {
    let (first, rest) = lines.split_first()?;
    if let Some((fence, language)) = opens_fence(first) {
        let inside = rest.iter().take_while(|line| !closes_fence(line, &fence)).count();
        let code = owned(rest.get(..inside).unwrap_or_default());
        return Some((Block::Code { language, lines: code }, inside + 2));
    }
    if first.starts_with('>') {
        let taken = lines.iter().take_while(|line| line.starts_with('>')).count();
        let bare = |line: &&str| line.strip_prefix('>').map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned());
        return Some((Block::Quote(lines.iter().take(taken).filter_map(bare).collect()), taken));
    }
    let table = shapes::table(lines);
    if table > 0 {
        let lines = shapes::lined_up(lines.get(..table).unwrap_or_default());
        return Some((Block::Code { language: String::new(), lines }, table));
    }
    let (trace, language) = shapes::trace(lines);
    if trace > 0 {
        let lines = owned(lines.get(..trace).unwrap_or_default());
        return Some((Block::Code { language: language.to_owned(), lines }, trace));
    }
    let apart = |last: &String| last.trim().is_empty() || is_indented(last) || last.trim_end().ends_with(':');
    let nested_item = is_item(first) && before.is_some_and(|last| is_item(last));
    if is_indented(first) && before.is_none_or(apart) && !nested_item {
        let taken = lines.iter().take_while(|line| is_indented(line) || line.trim().is_empty()).count();
        let code = lines.get(..taken).unwrap_or_default();
        let end = code.iter().rposition(|line| !line.trim().is_empty()).map_or(0, |at| at + 1);
        let lines = dedent(code.get(..end).unwrap_or_default());
        return Some((Block::Code { language: String::new(), lines }, end));
    }
    None
}

/// Most lines of a signature.
const LONGEST_SIGNATURE: usize = 20;

/// Where the signature at the end of a mail begins: at its `-- ` (RFC 3676 4.3), which some programs trim.
fn signature(lines: &[&str]) -> Option<usize> {
    let from = lines.len().saturating_sub(LONGEST_SIGNATURE);
    let found = lines.iter().skip(from).rposition(|line| matches!(*line, "-- " | "--"))? + from;
    // A dash inside a fence or a trace is no signature: then there is prose neither before nor behind.
    lines.iter().take(found).any(|line| !line.trim().is_empty()).then_some(found)
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn is_item(line: &str) -> bool {
    let inner = line.trim_start();
    let digits = inner.trim_start_matches(|c: char| c.is_ascii_digit());
    inner.starts_with("- ") || inner.starts_with("* ") || digits.len() < inner.len() && digits.starts_with(". ")
}

fn flush(prose: &mut Vec<String>, blocks: &mut Vec<Block>) {
    let lines = std::mem::take(prose);
    if lines.iter().any(|line| !line.trim().is_empty()) {
        blocks.push(Block::Prose(lines));
    }
}

/// The fence that a line opens and the language it names.
fn opens_fence(line: &str) -> Option<(String, String)> {
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
    let language = if plain && !active { language.to_owned() } else { String::new() };
    fits.then(|| (trimmed.get(..length).unwrap_or_default().to_owned(), language))
}

fn closes_fence(line: &str, fence: &str) -> bool {
    let trimmed = line.trim();
    trimmed.len() >= fence.len() && trimmed.chars().all(|c| fence.starts_with(c))
}

/// Indented by a tab or four columns, as code in Markdown and in mail.
fn is_indented(line: &str) -> bool {
    (line.starts_with('\t') || line.starts_with("    ")) && !line.trim().is_empty()
}

fn dedent(lines: &[&str]) -> Vec<String> {
    let indent = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let least = lines.iter().filter(|line| !line.trim().is_empty()).map(indent).min().unwrap_or(0);
    lines.iter().map(|line| line.get(least..).unwrap_or_default().to_owned()).collect()
}

/// A fenced block whose fence is longer than any run of backticks inside, so nothing inside can close it.
fn fenced(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", lines.join("\n"))
}

/// The longest run of backticks in `text`.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Prose line by line. Two spaces at a line's end would be eaten by some editors, so a backslash keeps the break.
fn prose(lines: &[String]) -> String {
    let blank = |line: &String| line.trim().is_empty();
    let mut out = String::new();
    let mut rest = lines.iter().skip_while(|line| blank(line)).peekable();
    while let Some(line) = rest.next() {
        let text = one_line(line.trim_end());
        out.push_str(&text);
        if !text.is_empty() && rest.peek().is_some_and(|next| !blank(next)) {
            out.push('\\');
        }
        out.push('\n');
    }
    out.truncate(out.trim_end_matches('\n').len());
    out
}

/// Prose behind the mark of a quote. Nothing in it begins a block, so no line can leave it or make another of it.
fn quote(lines: &[String]) -> String {
    let text = prose(lines);
    text.split('\n').map(|line| format!("> {line}").trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// `text` as Markdown within a line of the gateway's own.
pub(super) fn inline(text: &str) -> String {
    one_line(shown(text).split_whitespace().collect::<Vec<_>>().join(" ").as_str())
}

/// Deepest indent of a prose line that is kept, in columns.
const DEEPEST: usize = 8;

/// One line with all that acts escaped.
fn one_line(line: &str) -> String {
    let body = line.trim_start();
    let mut out = "&nbsp;".repeat((line.len() - body.len()).min(DEEPEST));
    let mut first = true;
    for (text, code) in spans(body) {
        if code {
            push_code(text, &mut out);
        } else {
            words(text, first, &mut out);
        }
        first = false;
    }
    out
}

/// A line cut at its inline code: runs of backticks that another run of the same length closes (CommonMark 6.1).
fn spans(line: &str) -> Vec<(&str, bool)> {
    let runs: Vec<(usize, usize)> = backtick_runs(line);
    let mut last_of = std::collections::HashMap::new();
    let mut closes = vec![None; runs.len()];
    for (index, (_, length)) in runs.iter().enumerate().rev() {
        if let Some(next) = last_of.insert(*length, index) {
            closes[index] = Some(next);
        }
    }
    let (mut spans, mut from, mut index) = (Vec::new(), 0, 0);
    while let Some((at, length)) = runs.get(index) {
        let Some((end, _)) = closes.get(index).copied().flatten().and_then(|close: usize| runs.get(close)) else {
            index += 1;
            continue;
        };
        let inner = line.get(at + length..*end).unwrap_or_default();
        if inner.trim().is_empty() {
            index += 1;
            continue;
        }
        spans.push((line.get(from..*at).unwrap_or_default(), false));
        spans.push((inner.trim(), true));
        from = end + length;
        index = closes.get(index).copied().flatten().map_or(index, |close| close) + 1;
    }
    spans.push((line.get(from..).unwrap_or_default(), false));
    spans
}

/// Start and length of every run of backticks.
fn backtick_runs(line: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in line.match_indices('`') {
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ => runs.push((at, 1)),
        }
    }
    runs
}

/// Writes `text` word by word: words that GitHub would act on as code, the others escaped.
fn words(text: &str, starts_line: bool, out: &mut String) {
    let mut first = starts_line;
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let space = piece.get(word.len()..).unwrap_or_default();
        if acts(word) {
            let edge = |c: char| {
                matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '(' | ')' | '<' | '>' | '[' | ']' | '"' | '\'' | '*')
            };
            let start = word.len() - word.trim_start_matches(edge).len();
            let inner = word.trim_matches(edge);
            escape(word.get(..start).unwrap_or_default(), first, out);
            push_code(inner, out);
            escape(word.get(start + inner.len()..).unwrap_or_default(), false, out);
        } else {
            escape(word, first, out);
        }
        out.push_str(if space.is_empty() { "" } else { " " });
        first &= word.is_empty();
    }
}

/// Whether GitHub would make a link, a ping or a reference of a word: then it holds more than punctuation, too.
fn acts(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let hash_number = word.split('#').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let number = lower.match_indices("gh-").any(|(at, _)| lower.get(at + 3..).is_some_and(starts_with_digit));
    let reference = number || lower.contains("ghsa-");
    // Also without any digit: a commit whose hash begins so can be looked for.
    let commit = word
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| (7..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit()));
    // GitHub draws pictures for `:names:`.
    let shortcode = word.rsplit_once(':').is_some_and(|(before, _)| before.split(':').skip(1).any(is_shortcode));
    let link = lower.contains("://") || lower.contains("www.") || lower.contains("mailto:") || lower.contains("xmpp:");
    let named = word.chars().any(|c| c == '@' || c == '＠');
    let content = word.contains(char::is_alphanumeric);
    content && (hash_number || reference || commit || link || named || shortcode)
}

fn is_shortcode(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Writes a code span that does not grow together with one before it.
fn push_code(text: &str, out: &mut String) {
    if out.ends_with('`') {
        out.push_str("&#8203;");
    }
    out.push_str(&code_span(text));
}

/// Most backticks that begin a code span in cmark-gfm, which GitHub renders with; more of them are text.
const LONGEST_TICKS: usize = 80;

/// `text` in a code span that it cannot end (CommonMark 6.1). A run of backticks that no span can hold is broken up.
pub(super) fn code_span(text: &str) -> String {
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim() != text { " " } else { "" };
    let (mut inner, mut run) = (String::with_capacity(text.len()), 0);
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        if run == LONGEST_TICKS {
            inner.push('\u{fffd}');
            run = 1;
        }
        // A line break or a bar would end a table cell around it.
        inner.push(if is_hidden(c) { '\u{fffd}' } else { c });
    }
    let ticks = "`".repeat(longest_run(&inner) + 1);
    format!("{ticks}{pad}{inner}{pad}{ticks}")
}

/// Escapes what Markdown gives a meaning to (CommonMark 2.4), and at a line's beginning what begins a block.
fn escape(text: &str, starts_line: bool, out: &mut String) {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let next = text.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let inner = previous.is_alphanumeric() && next.is_some_and(char::is_alphanumeric);
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '_' if inner => out.push(c),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '@' => out.extend(['\\', c]),
            '#' | '-' | '+' | '=' | ':' if starts_line && at == 0 => out.extend(['\\', c]),
            '.' | ')' if starts_line && at == digits && digits > 0 => out.extend(['\\', c]),
            _ => out.push(c),
        }
        previous = c;
    }
}

#[cfg(test)]
pub(in crate::advisory) mod tests;
