use std::borrow::Cow;

/// Whether a reader sees nothing of `c`, or sees the text around it in another order (Trojan Source, CVE-2021-42574):
/// control characters, marks of direction, joiners, soft hyphens, blank letters, tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || is_invisible(c)
        || matches!(u32::from(c), 0x61c | 0x200e | 0x200f | 0x2028..=0x202e | 0x2065..=0x206f | 0xfff9..=0xfffb)
}

/// Whether `c` has no shape of its own and does nothing to the order of the text around it.
fn is_invisible(c: char) -> bool {
    matches!(
        u32::from(c),
        0xad | 0x34f
            | 0x115f
            | 0x1160
            | 0x17b4
            | 0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200d
            | 0x2060..=0x2064
            | 0x3164
            | 0xfeff
            | 0xffa0
            | 0xe0000..=0xe0fff
    )
}

/// `text` as people are to see it: characters without a shape are gone, so that they cannot split a word or a name; those that
/// turn the text around them, and control characters save tab and line break, show as `\u{fffd}`. Every kind of line break
/// (UAX 14 class BK, a lone CR) becomes `\n`. A text without any of these is not copied.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| is_hidden(c) && !matches!(c, '\n' | '\t')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push('\n'),
            c if is_invisible(c) => {}
            c if is_hidden(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_text_is_hidden_and_letters_are_not() {
        for c in [
            '\n',
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200f}',
            '\u{2028}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{e0041}',
            '\u{3164}',
        ] {
            assert!(is_hidden(c), "{c:?}");
        }
        for c in ['a', ' ', 'é', 'ש', '中', '😀', '\u{301}', '…', '\u{fe0f}'] {
            assert!(!is_hidden(c), "{c:?}");
        }
    }

    #[test]
    fn shows_what_there_is() {
        let cases = [
            ("plain\ttext\r\nnext\rlast", "plain\ttext\nnext\nlast"),
            ("a\u{200b}b\u{ad}c\u{feff}", "abc"),
            ("@\u{2060}octocat", "@octocat"),
            ("\u{202e}evil\u{2066}", "\u{fffd}evil\u{fffd}"),
            ("\u{1b}[31mred\0", "\u{fffd}[31mred\u{fffd}"),
            ("one\u{2028}two\u{85}three", "one\ntwo\nthree"),
            ("é שלום 😀\u{fe0f}", "é שלום 😀\u{fe0f}"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
