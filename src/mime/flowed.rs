/// The fixed and the flowed lines of `format=flowed` text (RFC 3676) as the paragraphs they were written as.
///
/// `delsp`: the space that marks a soft break is not part of the text (RFC 3676 4.5). Quotes are joined at the same depth
/// only, and a signature's `-- ` line stays. What is armored, and a line that begins like code, stays as it is.
pub fn unflowed(text: &str, delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Depth of the line before, when it goes on in this one.
    let mut open: Option<usize> = None;
    let mut armored = false;
    for raw in text.lines() {
        let (depth, line) = quoted(raw);
        let armor = line.starts_with("-----");
        armored = if armor { line.starts_with("-----BEGIN ") } else { armored };
        let fixed = armor || armored || line == "-- " || !line.ends_with(' ') || line.trim().is_empty();
        let begins = armor || armored || line.is_empty() || line == "-- " || is_indented(line);
        let joined = open == Some(depth) && !begins;
        if joined {
            out.push_str(line);
        } else {
            end_line(&mut out, open.is_some());
            out.push_str(&">".repeat(depth));
            out.push_str(if depth > 0 && !line.is_empty() { " " } else { "" });
            out.push_str(line);
        }
        open = (!fixed).then_some(depth);
        match open {
            Some(_) if delsp => out.truncate(out.len() - 1),
            Some(_) => {}
            None => out.push('\n'),
        }
    }
    end_line(&mut out, open.is_some());
    out
}

/// Depth of the quote and the line without its marks and without the space that was stuffed in (RFC 3676 4.4, 4.5).
fn quoted(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches('>');
    (line.len() - rest.len(), rest.strip_prefix(' ').unwrap_or(rest))
}

/// White space that a paragraph has no use for.
fn is_indented(line: &str) -> bool {
    line.starts_with("  ") || line.starts_with('\t')
}

fn end_line(out: &mut String, open: bool) {
    if open {
        out.truncate(out.trim_end_matches(' ').len());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_what_was_one_line() {
        let cases = [
            ("", false, ""),
            ("one\ntwo\n", false, "one\ntwo\n"),
            ("one \ntwo\n", false, "one two\n"),
            ("one \r\ntwo \r\nthree\r\nfour\r\n", false, "one two three\nfour\n"),
            ("one \ntwo\n", true, "onetwo\n"),
            ("one  \ntwo\n", true, "one two\n"),
            ("漢 \n字\n", true, "漢字\n"),
            // Stuffed spaces.
            (" >not quoted\n From here\n  code\n", false, ">not quoted\nFrom here\n code\n"),
            // Quotes join at their own depth only.
            ("> one \n> two\n>> old \n> new\nmine\n", false, "> one two\n>> old\n> new\nmine\n"),
            (">> a \n>> b\n>\n", false, ">> a b\n>\n"),
            // The mark of a signature neither joins nor is joined.
            ("end \n-- \nErin \nLabs\n", false, "end\n-- \nErin Labs\n"),
            ("> -- \n> Erin\n", false, "> -- \n> Erin\n"),
            // A paragraph ends at an empty line and at code.
            ("one \n\ntwo\n", false, "one\n\ntwo\n"),
            ("see: \n    at main.rs:1 \n    at lib.rs:2\n", false, "see:\n   at main.rs:1\n   at lib.rs:2\n"),
            ("last ", false, "last\n"),
            // Armor is left alone.
            (
                "hi \n-----BEGIN PGP MESSAGE-----\nVersion: x \n \nabc \n-----END PGP MESSAGE-----\nbye \nbye\n",
                false,
                "hi\n-----BEGIN PGP MESSAGE-----\nVersion: x \n\nabc \n-----END PGP MESSAGE-----\nbye bye\n",
            ),
        ];
        for (text, delsp, expected) in cases {
            assert_eq!(unflowed(text, delsp), expected, "{text:?}");
        }
    }
}
