use mail_parser::decoders::html::html_to_text;

/// HTML as plain text. Unlike the parser's own conversion it keeps the lines of `<pre>`, where armor often stands, and
/// makes non-breaking spaces ordinary ones, which armor does not survive otherwise.
pub fn html_text(html: &str) -> String {
    html_to_text(&with_kept_lines(html)).replace('\u{a0}', " ")
}

/// Line breaks inside `<pre>` and around it as `<br>`.
fn with_kept_lines(html: &str) -> String {
    // The same length in bytes, so what is found in one can be cut from the other.
    let lower = html.to_ascii_lowercase();
    let mut kept = String::with_capacity(html.len());
    let mut at = 0;
    while let Some(start) = find(&lower, at, "<pre") {
        let end = find(&lower, start, "</pre").unwrap_or(html.len());
        kept.push_str(html.get(at..start).unwrap_or_default());
        let lines = html.get(start..end).unwrap_or_default().replace("\r\n", "\n").replace('\n', "<br>");
        kept.extend(["<br>", &lines, "<br>"]);
        at = end;
    }
    kept.push_str(html.get(at..).unwrap_or_default());
    kept
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text.get(from..)?.find(what).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_lines_where_html_does() {
        let cases = [
            ("<p>one\ntwo</p>", "one two"),
            ("one<br>two", "one\ntwo"),
            ("<PRE>one\r\ntwo\n</PRE>three\nfour", "one\ntwo\nthree four"),
            ("<pre>never\nclosed", "never\nclosed"),
            ("<pre>a\nb</pre><pre>c\nd</pre>", "a\nb\nc\nd"),
            ("a&nbsp;b", "a b"),
            ("<pre\n", ""),
            ("ÄÖ<pre>Ü\nß</pre>", "ÄÖ\nÜ\nß"),
        ];
        for (html, expected) in cases {
            let lines: Vec<_> =
                html_text(html).lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect();
            assert_eq!(lines.join("\n"), expected, "{html:?}");
        }
    }
}
