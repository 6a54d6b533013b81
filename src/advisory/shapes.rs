//! Shapes in plain text that are shown as code: tables, stack traces, changes.

use std::borrow::Cow;

/// Widest column that cells are padded to.
const WIDEST: usize = 60;
/// Most columns of a table that is lined up.
const MOST_COLUMNS: usize = 32;

/// How many times larger than as it was typed, and how many bytes more, a table that is lined up may be.
const MOST_GROWTH: (usize, usize) = (8, 1_024);

/// How many of the lines from the first on are a table with bars (GFM 4.10); 0: none.
pub(super) fn table<'a>(mut lines: impl Iterator<Item = &'a str> + Clone) -> usize {
    let barred = |line: &&str| line.trim().starts_with('|') && line.trim().len() > 1;
    let delimiter = |line: &&str| {
        let line = line.trim();
        line.contains('-') && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
    };
    let all = lines.clone();
    let begins = lines.next().is_some_and(|head| barred(&head))
        && lines.next().is_some_and(|rule| barred(&rule) && delimiter(&rule));
    if begins { all.take_while(barred).count() } else { 0 }
}

/// A table with its columns lined up, to be read in letters of one width; as it was typed where that would be too wide.
pub(super) fn lined_up(text: &str) -> Cow<'_, str> {
    let (mut widths, mut rows) = (Vec::new(), 0);
    for (at, line) in text.lines().enumerate() {
        let cells = cells(line);
        if cells.len() > MOST_COLUMNS {
            return Cow::Borrowed(text);
        }
        widths.resize(cells.len().max(widths.len()), 3);
        if at != 1 {
            let shown = |cell: &String| cell.chars().count().min(WIDEST);
            widths.iter_mut().zip(&cells).for_each(|(width, cell)| *width = shown(cell).max(*width));
        }
        rows += 1;
    }
    let room = rows * (widths.iter().sum::<usize>() + 3 * widths.len() + 2);
    let (times, more) = MOST_GROWTH;
    if room > times * text.len() + more {
        return Cow::Borrowed(text);
    }
    let line = |(at, line): (usize, &str)| {
        let row = if at == 1 { Vec::new() } else { cells(line) };
        let cells = widths.iter().enumerate().map(|(column, width)| {
            let cell = row.get(column).map(String::as_str).unwrap_or_default();
            if at == 1 { "-".repeat(*width) } else { format!("{cell:width$}") }
        });
        format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
    };
    let mut out = String::with_capacity(room + text.len());
    for line in text.lines().enumerate().map(line) {
        out.push_str(if out.is_empty() { "" } else { "\n" });
        out.push_str(&line);
    }
    Cow::Owned(out)
}

/// The cells of a row, and no more than one too many; a bar behind a backslash belongs to its cell.
fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_start_matches('|');
    let (mut cells, mut cell, mut escaped) = (Vec::new(), String::new(), false);
    for c in inner.chars() {
        match c {
            '|' if escaped => {
                cell.pop();
                cell.push('|');
            }
            '|' if cells.len() > MOST_COLUMNS => return cells,
            '|' => cells.push(std::mem::take(&mut cell).trim().to_owned()),
            c => cell.push(c),
        }
        escaped = c == '\\';
    }
    if !cell.trim().is_empty() {
        cells.push(cell.trim().to_owned());
    }
    cells
}

/// How many of the lines from the first on are a stack trace, a change or a raw request, and the language of it; 0: none.
pub(super) fn trace<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> (usize, &'static str) {
    let Some(first) = lines.clone().next().filter(|first| begins_trace(first)) else { return (0, "") };
    if first.starts_with("diff --git ") || first.starts_with("--- a/") {
        let diff = |line: &&str| {
            line.starts_with(['+', '-', ' ', '@', '\\'])
                || ["diff ", "index ", "new "].iter().any(|s| line.starts_with(s))
        };
        return (lines.take_while(diff).count(), "diff");
    }
    let rest = lines.clone().skip(1).take_while(|line| goes_on(line)).count();
    let alone = first.starts_with("goroutine ") || first.starts_with("Traceback ") || is_request(first);
    let sure = lines.take(rest + 1).filter(|line| begins_trace(line)).count() >= 2;
    if sure || alone && rest > 0 { (rest + 1, "") } else { (0, "") }
}

/// Whether a line begins, or surely belongs to, a trace.
fn begins_trace(line: &str) -> bool {
    let inner = line.trim_start();
    let starts = |marks: &[&str]| marks.iter().any(|mark| inner.starts_with(mark));
    let numbered = |mark: char| {
        let digits = inner.trim_start_matches(mark).trim_start_matches(|c: char| c.is_ascii_digit());
        inner.starts_with(|c: char| c == mark || c.is_ascii_digit())
            && digits.len() < inner.len()
            && (digits.starts_with(" 0x")
                || digits.starts_with("  0x")
                || digits.starts_with(": ") && digits.contains("::"))
    };
    starts(&[
        "goroutine ",
        "Traceback (most recent",
        "File \"",
        "diff --git ",
        "--- a/",
        "Caused by: ",
        "Exception in thread ",
    ]) || inner.starts_with("panic: ")
        || inner.starts_with("==") && inner.contains("==ERROR: ")
        || inner.starts_with("thread '") && inner.contains(" panicked at")
        || inner.starts_with("at ")
            && (inner.contains('(') || inner.contains(':'))
            && inner.split_whitespace().count() <= 4
        || inner.contains(".go:") && (inner.contains(" +0x") || line.starts_with(['\t', ' ']))
        || inner.ends_with(')') && inner.contains("(0x")
        || inner.contains("(...)")
        || numbered('#')
        || is_request(inner)
}

fn is_request(line: &str) -> bool {
    (line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0") || line.ends_with(" HTTP/2"))
        && line.starts_with(|c: char| c.is_ascii_uppercase())
        || line.starts_with("HTTP/1.") && line.len() < 80
}

/// Whether a line can stand inside a trace that has begun.
fn goes_on(line: &str) -> bool {
    let spaces = line.split_whitespace().count();
    let header = line.split_once(": ").is_some_and(|(name, _)| !name.is_empty() && !name.contains(char::is_whitespace));
    !line.trim().is_empty()
        && (begins_trace(line)
            || line.starts_with([' ', '\t'])
            || header
            || spaces == 1
            || line.ends_with(['{', '}', ';', ')']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_and_lined_up() {
        for (text, expected) in [
            ("| a | b |\n| --- | --- |\n| 1 | 2 |\n\nx", 3),
            ("| a |\n|:-:|", 2),
            ("a | b\n--|--", 0),
            ("| a | b |\n| c | d |", 0),
            ("|", 0),
            ("", 0),
        ] {
            assert_eq!(table(text.lines()), expected, "{text:?}");
        }
        let shown = lined_up("| Version | Affected |\n|---|:-:|\n| 1.0 \\| 2.0 | yes |\n| x |");
        let expected = [
            "| Version   | Affected |",
            "| --------- | -------- |",
            "| 1.0 | 2.0 | yes      |",
            "| x         |          |",
        ];
        assert_eq!(shown, expected.join("\n"));
        let wide = format!("| {} |\n| - |\n{}", "x".repeat(WIDEST), "| x |\n".repeat(100));
        assert_eq!(lined_up(&wide), wide);
    }

    #[test]
    fn traces_are_found_and_sentences_are_not() {
        for (text, expected) in [
            ("goroutine 1 [running]:\nmain.main()\n\t/tmp/x.go:4 +0x1d\n\nnext", 3),
            ("panic: boom\nmain.f(0xc000)\nmore words of a sentence here", 2),
            ("Traceback (most recent call last):\n  File \"x.py\", line 1, in f\n    g()\nValueError: bad\n\nBye", 4),
            ("Exception in thread \"main\" java.lang.Error\n\tat a.b.C.d(C.java:1)\n\t... 3 more\nCaused by: x.Y\n", 4),
            (
                "thread 'main' panicked at src/main.rs:1:2:\nboom\n   0: std::panicking::begin\n             at /x/y.rs:1:2",
                4,
            ),
            ("#0 0x4f in main a.c:1\n#1 0x7f in start b.c:2", 2),
            ("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\nBye", 6),
            ("POST /v1/traces HTTP/1.1\nHost: x.example\nContent-Length: 0\n\n", 3),
            ("HTTP/1.1 500 Error\nServer: x", 2),
            ("at noon (or so) we met", 0),
            ("at noon: lunch", 0),
            ("The file main.go: look", 0),
            ("panic: the word alone", 0),
            ("Caused by: me\nand nobody else there is", 0),
            ("1. one\n2. two", 0),
        ] {
            assert_eq!(trace(text.lines()).0, expected, "{text:?}");
        }
    }
}
