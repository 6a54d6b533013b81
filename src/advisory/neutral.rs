//! Makes text from mail harmless in Markdown as GitHub renders it (GitHub Flavored Markdown and GitHub's autolinks).

use super::blocks::{Block, Kind, Lines, blocks};
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
/// Takes time linear in the text, and no memory to speak of beyond the result. The result is whole in itself: no fence is
/// left open.
pub fn neutralise(text: &str) -> String {
    let text = shown(text);
    let mut out = String::with_capacity(text.len());
    for block in blocks(&text) {
        if !out.is_empty() {
            out.push_str("\n\n");
        }
        write(&block, &mut out);
    }
    out
}

/// Writes `block` as Markdown that stands for itself.
pub(super) fn write(block: &Block<'_>, out: &mut String) {
    match block.kind {
        Kind::Prose => prose(&block.lines, "", out),
        Kind::Quote => prose(&block.lines, "> ", out),
        Kind::Code { language } => fenced(language, &block.lines, out),
    }
}

/// Writes a fenced block whose fence is longer than any run of backticks inside, so nothing inside can close it.
fn fenced(language: &str, lines: &Lines<'_>, out: &mut String) {
    let longest = lines.iter().map(longest_run).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    out.extend([&fence, language, "\n"]);
    for line in lines.iter() {
        out.extend([line, "\n"]);
    }
    out.push_str(&fence);
}

/// The longest run of backticks in `text`.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Writes prose line by line, each behind `mark`, without blank lines around it. Two spaces at a line's end would be eaten by
/// some editors, so a backslash keeps the break. Nothing in it begins a block, so no line can leave a quote or make another of it.
fn prose(lines: &Lines<'_>, mark: &str, out: &mut String) {
    let blank = |line: &&str| line.trim().is_empty();
    let begin = out.len();
    let mut end = begin;
    let mut rest = lines.iter().skip_while(blank).peekable();
    while let Some(line) = rest.next() {
        out.push_str(mark);
        let text = out.len();
        one_line(line.trim_end(), out);
        if out.len() > text {
            if rest.peek().is_some_and(|next| !blank(next)) {
                out.push('\\');
            }
            end = out.len();
        } else {
            out.truncate(out.trim_end_matches(' ').len());
        }
        out.push('\n');
    }
    out.truncate(end);
    if end == begin {
        out.push_str(mark.trim_end());
    }
}

/// `text` as Markdown within a line of the gateway's own.
pub(super) fn inline(text: &str) -> String {
    let mut out = String::new();
    one_line(&shown(text).split_whitespace().collect::<Vec<_>>().join(" "), &mut out);
    out
}

/// Deepest indent of a prose line that is kept, in columns.
const DEEPEST: usize = 8;

/// Writes one line with all that acts escaped.
fn one_line(line: &str, out: &mut String) {
    let body = line.trim_start();
    (0..(line.len() - body.len()).min(DEEPEST)).for_each(|_| out.push_str("&nbsp;"));
    let mut first = true;
    for (text, code) in spans(body) {
        if code {
            push_code(text, out);
        } else {
            words(text, first, out);
        }
        first = false;
    }
}

/// Most runs of backticks in a line that are looked at for inline code; further ones show as they are.
const MOST_RUNS: usize = 10_000;

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
        let most = runs.len() == MOST_RUNS;
        match runs.last_mut() {
            Some((start, length)) if *start + *length == at => *length += 1,
            _ if most => break,
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
    let holds = |name: &str| places(word, name).next().is_some();
    let hash_number = word.split('#').skip(1).any(|after| after.starts_with(|c: char| c.is_ascii_alphanumeric()));
    let number = places(word, "gh-").any(starts_with_digit);
    let reference = number || holds("ghsa-");
    // Also without any digit: a commit whose hash begins so can be looked for.
    let commit = word
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|part| (7..=64).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit()));
    // GitHub draws pictures for `:names:`.
    let shortcode = word.rsplit_once(':').is_some_and(|(before, _)| before.split(':').skip(1).any(is_shortcode));
    let link = ["://", "www.", "mailto:", "xmpp:"].into_iter().any(holds);
    let named = word.chars().any(|c| c == '@' || c == '＠');
    let content = word.contains(char::is_alphanumeric);
    content && (hash_number || reference || commit || link || named || shortcode)
}

fn is_shortcode(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
}

/// What stands behind each `name` in `word`, in capitals or not.
fn places<'w>(word: &'w str, name: &str) -> impl Iterator<Item = &'w [u8]> {
    let found = word.as_bytes().windows(name.len()).enumerate();
    let found = found.filter(move |(_, there)| there.eq_ignore_ascii_case(name.as_bytes()));
    found.filter_map(move |(at, there)| word.as_bytes().get(at + there.len()..))
}

fn starts_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

/// Writes a code span that does not grow together with one before it.
fn push_code(text: &str, out: &mut String) {
    if out.ends_with('`') {
        out.push_str("&#8203;");
    }
    write_code_span(text, out);
}

/// Most backticks that begin a code span in cmark-gfm, which GitHub renders with; more of them are text.
const LONGEST_TICKS: usize = 80;

/// `text` in a code span that it cannot end (CommonMark 6.1). A run of backticks that no span can hold is broken up.
pub(super) fn code_span(text: &str) -> String {
    let mut out = String::new();
    write_code_span(text, &mut out);
    out
}

fn write_code_span(text: &str, out: &mut String) {
    let ticks = "`".repeat(longest_run(text).min(LONGEST_TICKS - 1) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') || text.trim() != text { " " } else { "" };
    out.extend([&ticks, pad]);
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        if run == LONGEST_TICKS {
            out.push('\u{fffd}');
            run = 1;
        }
        // A line break or a bar would end a table cell around it.
        out.push(if is_hidden(c) { '\u{fffd}' } else { c });
    }
    out.extend([pad, &ticks]);
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
