/// Whether a reader sees nothing of `c`, or sees the text around it in another order (Trojan Source, CVE-2021-42574):
/// control characters, marks of direction, joiners, soft hyphens, tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0xad | 0x61c
                | 0x180e
                | 0x200b..=0x200f
                | 0x2028..=0x202e
                | 0x2060..=0x206f
                | 0xfeff
                | 0xfff9..=0xfffb
                | 0xe0000..=0xe0fff
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_or_turns_text_is_hidden_and_letters_are_not() {
        for c in ['\n', '\u{ad}', '\u{61c}', '\u{200b}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}'] {
            assert!(is_hidden(c), "{c:?}");
        }
        for c in ['a', ' ', 'é', 'ש', '中', '😀', '\u{301}', '…'] {
            assert!(!is_hidden(c), "{c:?}");
        }
    }
}
