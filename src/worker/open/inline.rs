use memchr::memmem;

/// A stretch of a text that may hold armor (RFC 9580 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Text(&'a [u8]),
    Message(&'a [u8]),
    /// Of the cleartext signature framework, its signature included.
    Signed(&'a [u8]),
    PublicKey(&'a [u8]),
}

/// The armor headers that matter, and the line that ends each block.
const KINDS: [(&[u8], &[u8]); 3] = [
    (b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"),
    (b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----END PGP SIGNATURE-----"),
    (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"-----END PGP PUBLIC KEY BLOCK-----"),
];

/// Blocks that are told apart in one text; what follows them stays text.
const MOST_BLOCKS: usize = 64;

/// The lines around a secret key.
const PRIVATE: (&[u8], &[u8]) = (b"-----BEGIN PGP PRIVATE KEY BLOCK-----", b"-----END PGP PRIVATE KEY BLOCK-----");

/// What stands where a secret key was.
const REMOVED: &[u8] = b"[a private key was here and is not passed on]\n";

/// Cuts a text at its armored blocks. A block begins and ends with a whole line; quoted armor and armor named in a
/// sentence are text, and so is a block without an end.
pub(super) fn segments(text: &[u8]) -> Vec<Segment<'_>> {
    let mut found = Vec::new();
    let (mut clear, mut block, mut blocks) = (0, None, 0);
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let line = line.trim_ascii();
        match block {
            None if blocks >= MOST_BLOCKS => break,
            None => block = KINDS.iter().position(|(begin, _)| *begin == line).map(|kind| (kind, start)),
            Some((kind, begin)) if KINDS.get(kind).is_some_and(|(_, last)| *last == line) => {
                found.extend(text.get(clear..begin).filter(|t| !t.is_empty()).map(Segment::Text));
                found.extend(text.get(begin..end).map(|bytes| of_kind(kind, bytes)));
                (clear, block) = (end, None);
                blocks += 1;
            }
            Some(_) => {}
        }
    }
    found.extend(text.get(clear..).filter(|t| !t.is_empty()).map(Segment::Text));
    found
}

fn of_kind(kind: usize, bytes: &[u8]) -> Segment<'_> {
    match kind {
        0 => Segment::Message(bytes),
        1 => Segment::Signed(bytes),
        _ => Segment::PublicKey(bytes),
    }
}

/// Whether a line of `text` begins an encrypted message.
pub(super) fn holds_message(text: &[u8]) -> bool {
    let [(begin, _), ..] = KINDS;
    memmem::find(text, begin).is_some() && text.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == begin)
}

/// `text` without the secret keys in it, quoted ones and those without an end too; `None`: there is none.
pub(super) fn without_private_keys(text: &[u8]) -> Option<Vec<u8>> {
    let (begin, last) = PRIVATE;
    memmem::find(text, begin)?;
    let (mut kept, mut inside, mut found) = (Vec::new(), false, false);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = bare(line);
        if !inside && bare == begin {
            (inside, found) = (true, true);
            kept.extend_from_slice(REMOVED);
        } else if !inside {
            kept.extend_from_slice(line);
        } else if bare == last {
            inside = false;
        }
    }
    found.then_some(kept)
}

/// A line without quote marks and white space around it.
fn bare(line: &[u8]) -> &[u8] {
    let quote = |byte: &u8| matches!(byte, b'>' | b'|') || byte.is_ascii_whitespace();
    let start = line.iter().position(|byte| !quote(byte)).unwrap_or(line.len());
    line.get(start..).unwrap_or_default().trim_ascii_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_at_whole_lines_only() {
        let m = "-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n";
        let s = "-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----\r\n";
        let check = |text: &str, expected: &[Segment]| assert_eq!(segments(text.as_bytes()), expected, "{text:?}");
        check("", &[]);
        check("plain", &[Segment::Text(b"plain")]);
        check(m, &[Segment::Message(m.as_bytes())]);
        check(&format!("hi\n{m}bye"), &[Segment::Text(b"hi\n"), Segment::Message(m.as_bytes()), Segment::Text(b"bye")]);
        check(&format!("{m}{s}"), &[Segment::Message(m.as_bytes()), Segment::Signed(s.as_bytes())]);
        let quoted = "> -----BEGIN PGP MESSAGE-----\n> -----END PGP MESSAGE-----\n";
        check(quoted, &[Segment::Text(quoted.as_bytes())]);
        let open = "-----BEGIN PGP MESSAGE-----\nabc";
        check(open, &[Segment::Text(open.as_bytes())]);
        let named = "The line -----BEGIN PGP MESSAGE----- starts it.";
        check(named, &[Segment::Text(named.as_bytes())]);
        let many = segments(m.repeat(1_000).as_bytes()).len();
        assert_eq!(many, MOST_BLOCKS + 1);
    }

    #[test]
    fn secret_keys_are_cut_out_and_nothing_else() {
        let key = "-----BEGIN PGP PRIVATE KEY BLOCK-----\r\n\r\nsecret\r\n-----END PGP PRIVATE KEY BLOCK-----\r\n";
        let removed = String::from_utf8(REMOVED.to_vec()).unwrap();
        let check = |text: &str, expected: Option<&str>| {
            let kept = without_private_keys(text.as_bytes()).map(|kept| String::from_utf8(kept).unwrap());
            assert_eq!(kept.as_deref(), expected, "{text:?}");
        };
        check("plain", None);
        check("The line -----BEGIN PGP PRIVATE KEY BLOCK----- starts it.", None);
        check(&format!("a\n{key}b\n{key}"), Some(&format!("a\n{removed}b\n{removed}")));
        check(&format!("> {}", key.replace('\n', "\n> ")), Some(&format!("{removed}> ")));
        check("a\n-----BEGIN PGP PRIVATE KEY BLOCK-----\nsecret", Some(&format!("a\n{removed}")));
    }
}
