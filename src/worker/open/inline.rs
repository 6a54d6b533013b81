/// A stretch of a text that may hold armor (RFC 9580 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Text(&'a [u8]),
    Message(&'a [u8]),
    /// Of the cleartext signature framework, its signature included.
    Signed(&'a [u8]),
    PublicKey(&'a [u8]),
    PrivateKey(&'a [u8]),
}

/// The armor headers that matter, and the line that ends each block.
const KINDS: [(&[u8], &[u8]); 4] = [
    (b"-----BEGIN PGP MESSAGE-----", b"-----END PGP MESSAGE-----"),
    (b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----END PGP SIGNATURE-----"),
    (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"-----END PGP PUBLIC KEY BLOCK-----"),
    (b"-----BEGIN PGP PRIVATE KEY BLOCK-----", b"-----END PGP PRIVATE KEY BLOCK-----"),
];

/// Cuts a text at its armored blocks. A block begins and ends with a whole line; quoted armor and armor named in a
/// sentence are text, and so is a block without an end.
pub(super) fn segments(text: &[u8]) -> Vec<Segment<'_>> {
    let mut found = Vec::new();
    let (mut clear, mut block) = (0, None);
    let mut at = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let line = line.trim_ascii();
        match block {
            None => block = KINDS.iter().position(|(begin, _)| *begin == line).map(|kind| (kind, start)),
            Some((kind, begin)) if KINDS.get(kind).is_some_and(|(_, last)| *last == line) => {
                found.extend(text.get(clear..begin).filter(|t| !t.is_empty()).map(Segment::Text));
                found.extend(text.get(begin..end).map(|bytes| of_kind(kind, bytes)));
                (clear, block) = (end, None);
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
        2 => Segment::PublicKey(bytes),
        _ => Segment::PrivateKey(bytes),
    }
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
    }
}
