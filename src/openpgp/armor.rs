use std::ops::Range;

use memchr::{memchr, memmem};

use super::packets::kind;

/// What an armor header line announces (RFC 9580 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// `PGP MESSAGE`, also the parts of one that older programs split (RFC 4880 6.2).
    Message,
    /// The cleartext signature framework (RFC 9580 7).
    SignedMessage,
    Signature,
    PublicKey,
    PrivateKey,
}

/// A line that begins or ends a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    Begin(Label),
    End(Label),
}

/// Longest line that can be a marker, in bytes, with what is around it.
const LONGEST_MARKER: usize = 200;
/// Lines at the beginning of a block among which its headers are looked for.
const HEADER_LINES: usize = 20;
/// Armor lines have 60 to 76 characters, so a word of this many is data and no header.
const DATA_WORD: usize = 48;

/// What a whole line says about armor. White space of any kind around and in it, and dashes that a mail program made longer,
/// do not count; a quote mark before it does.
pub fn marker(line: &[u8]) -> Option<Marker> {
    let names_it = |line: &[u8]| line.windows(3).any(|word| word.eq_ignore_ascii_case(b"PGP"));
    if line.len() > LONGEST_MARKER || !line.contains(&b'P') && !line.contains(&b'p') || !names_it(line) {
        return None;
    }
    // A telephone's keyboard knows better how words are written.
    let plain = plain(line).to_ascii_uppercase();
    let words: Vec<&str> = without_dashes(without_encoded_spaces(&plain))?.split_whitespace().collect();
    let (first, label) = words.split_first()?;
    let label = match label {
        ["PGP", "MESSAGE"] | ["PGP", "MESSAGE,", "PART", _] => Label::Message,
        ["PGP", "SIGNED", "MESSAGE"] => Label::SignedMessage,
        ["PGP", "SIGNATURE"] => Label::Signature,
        ["PGP", "PUBLIC", "KEY", "BLOCK"] => Label::PublicKey,
        ["PGP", "PRIVATE", "KEY", "BLOCK"] => Label::PrivateKey,
        _ => return None,
    };
    match *first {
        "BEGIN" => Some(Marker::Begin(label)),
        "END" => Some(Marker::End(label)),
        _ => None,
    }
}

/// The line in ASCII: odd spaces as plain ones, long dashes as two short ones, invisible characters gone.
fn plain(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push_str("--"),
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{ad}' => {}
            // A non-breaking space of an older character set is no UTF-8.
            '\u{fffd}' => plain.push(' '),
            c if c.is_whitespace() => plain.push(' '),
            c => plain.push(c),
        }
    }
    plain
}

/// The line without the spaces at its end that quoted-printable made of them, whether anybody declared it or not.
fn without_encoded_spaces(line: &str) -> &str {
    let mut rest = line.trim();
    while let Some(shorter) = ["=20", "=C2=A0", "=A0", "=0D", "="].iter().find_map(|end| rest.strip_suffix(end)) {
        rest = shorter.trim_end();
    }
    rest
}

/// What stands between two dashes or more at either end.
fn without_dashes(text: &str) -> Option<&str> {
    let inner = text.trim_matches('-');
    (text.starts_with("--") && text.ends_with("--") && !inner.starts_with(' ')).then_some(inner)
}

/// The binary form of the first armored block in `text` (RFC 9580 6), tolerant of what mail systems do to it: blank and
/// joined lines, odd spaces, lost line breaks, headers without an end, quoted-printable that nobody declared. The checksum is
/// not looked at, since it must not be required (RFC 9580 6.1), and the ciphertext has a better one. `None` when there is no
/// block, or nothing in it.
pub fn dearmor(text: &[u8]) -> Option<Vec<u8>> {
    let range = block(text)?;
    let unquoted = undeclared_quoted_printable(text.get(range.clone())?);
    let body = unquoted.as_deref().or_else(|| text.get(range))?;
    let mut spare = None;
    for start in starts(body) {
        let bytes = base64(body.get(start..).unwrap_or_default());
        if kind(&bytes).is_some() {
            return Some(bytes);
        }
        spare = spare.or(Some(bytes).filter(|bytes| !bytes.is_empty()));
    }
    spare
}

/// What is between the first two markers; without an end up to the end of the text.
fn block(text: &[u8]) -> Option<Range<usize>> {
    let (mut at, mut begin) = (0, None);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or_default();
        match (marker(line), begin) {
            (Some(Marker::Begin(_)), None) => begin = Some(at + length),
            (Some(Marker::End(_)), Some(begin)) => return Some(begin..at),
            // All of it in one line, as HTML without line breaks leaves it.
            (None, None) => {
                if let Some(inner) = memmem::find(line, b"-----BEGIN PGP ") {
                    begin = Some(at + inner + memmem::find(line.get(inner + 15..)?, b"-----")? + 20);
                    if let Some(end) = begin.and_then(|begin| memmem::find(text.get(begin..)?, b"-----END PGP ")) {
                        return begin.map(|begin| begin..begin + end);
                    }
                }
            }
            (None, Some(begin)) => {
                if let Some(end) = memmem::find(line, b"-----END PGP ") {
                    return Some(begin..at + end);
                }
            }
            _ => {}
        }
        at += length;
    }
    begin.map(|begin| begin..text.len())
}

/// Where the data of a block may begin, the most likely place first: behind the blank line that ends the headers, behind the
/// last line that looks like a header, at the first word that is as long as only data is, at once.
fn starts(body: &[u8]) -> impl Iterator<Item = usize> {
    let (mut at, mut blank, mut colon) = (0, None, 0);
    for line in body.split_inclusive(|byte| *byte == b'\n').take(HEADER_LINES) {
        at += line.len();
        let folded = colon > 0 && line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        if line.contains(&b':') {
            (colon, blank) = (at, None);
        } else if plain(line).trim().is_empty() {
            blank = blank.or(Some(at));
        } else if blank.is_some() || !folded {
            break;
        }
    }
    let (mut from, mut word) = (0, None);
    for piece in body.split_inclusive(u8::is_ascii_whitespace) {
        if piece.iter().take_while(|byte| is_base64(**byte)).count() >= DATA_WORD {
            word = Some(from);
            break;
        }
        from += piece.len();
    }
    blank.into_iter().chain([colon]).chain(word).chain([0])
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Up to the padding or the checksum, whatever else stands between the characters.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut group, mut bits) = (0u32, 0u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        group = group << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((group >> bits & 0xff) as u8);
        }
    }
    bytes
}

/// `body` without quoted-printable (RFC 2045 6.7), where its data shows that this is what it is: an equals sign stands in
/// armor only as padding at the end and before the checksum of four characters.
fn undeclared_quoted_printable(body: &[u8]) -> Option<Vec<u8>> {
    if !is_quoted_printable(body) {
        return None;
    }
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr(b'=', rest) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        let behind = rest.get(at + 1..).unwrap_or_default();
        let blank = behind.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        if behind.get(blank) == Some(&b'\n') {
            rest = behind.get(blank + 1..).unwrap_or_default();
        } else if let Some(byte) = hex(behind) {
            out.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            out.push(b'=');
            rest = behind;
        }
    }
    out.extend_from_slice(rest);
    Some(out)
}

fn is_quoted_printable(body: &[u8]) -> bool {
    let words = body.split(u8::is_ascii_whitespace).filter(|word| !word.contains(&b':'));
    let encoded = |word: &[u8], at: usize| {
        let behind = word.get(at + 1..).unwrap_or_default();
        // Padding, and the spaces that mail systems put in or encode. Four characters at the end are the checksum.
        behind.len() != 4 && matches!(hex(behind), Some(0..=0x20 | b'=' | 0xa0 | 0xc2))
    };
    words.into_iter().any(|word| memmem::find_iter(word, b"=").any(|at| encoded(word, at))) || soft_breaks(body)
}

/// Whether data goes on in the line after an equals sign.
fn soft_breaks(body: &[u8]) -> bool {
    let mut lines =
        body.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let goes_on =
            lines.peek().is_some_and(|next| next.len() > 5 && next.first().is_some_and(|byte| is_base64(*byte)));
        if line.ends_with(b"=") && goes_on {
            return true;
        }
    }
    false
}

fn hex(text: &[u8]) -> Option<u8> {
    let digit = |at: usize| text.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    u8::try_from(digit(0)? * 16 + digit(1)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_markers_however_they_are_dressed() {
        use Label::*;
        let cases = [
            ("-----BEGIN PGP MESSAGE-----\r\n", Some(Marker::Begin(Message))),
            (" \t-----BEGIN PGP MESSAGE----- \n", Some(Marker::Begin(Message))),
            ("\u{feff}-----BEGIN\u{a0}PGP\u{a0}MESSAGE-----\u{a0}", Some(Marker::Begin(Message))),
            ("\u{2014}\u{2014}-BEGIN PGP MESSAGE\u{2014}\u{2014}-", Some(Marker::Begin(Message))),
            ("-----BEGIN PGP MESSAGE, PART 1/2-----", Some(Marker::Begin(Message))),
            ("-----END PGP SIGNATURE-----", Some(Marker::End(Signature))),
            ("-----BEGIN PGP SIGNED MESSAGE-----", Some(Marker::Begin(SignedMessage))),
            ("-----BEGIN PGP PUBLIC KEY BLOCK-----", Some(Marker::Begin(PublicKey))),
            ("- -----BEGIN PGP MESSAGE-----", None),
            ("> -----BEGIN PGP MESSAGE-----", None),
            ("-----BEGIN PGP MESSAGE----- starts it", None),
            ("The line -----BEGIN PGP MESSAGE-----", None),
            ("-----BEGIN PGP RECIPE-----", None),
            ("BEGIN PGP MESSAGE", None),
        ];
        for (line, expected) in cases {
            assert_eq!(marker(line.as_bytes()), expected, "{line:?}");
        }
        assert_eq!(marker(b"\xa0-----BEGIN PGP MESSAGE-----\xa0\r\n"), Some(Marker::Begin(Message)));
    }

    /// 90 bytes that begin like a recipient (PKESK), in armor of 60 characters a line.
    fn sample() -> (Vec<u8>, Vec<String>) {
        let bytes: Vec<u8> = [0x84, 0x5e, 0x03].into_iter().chain((3u8..90).map(|n| n.wrapping_mul(37))).collect();
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
        let lines = text.as_bytes().chunks(60).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
        (bytes, lines)
    }

    #[test]
    fn reads_armor_however_it_was_mangled() {
        let (bytes, lines) = sample();
        let armor = |headers: &str, between: &str, end: &str| {
            format!(
                "-----BEGIN PGP MESSAGE-----\n{headers}\n{}\n{end}\n-----END PGP MESSAGE-----\n",
                lines.join(between)
            )
        };
        let cases = [
            ("as it should be", armor("", "\n", "=AbCd")),
            ("without a checksum", armor("", "\n", "")),
            ("with a wrong checksum", armor("", "\n", "=AAAA")),
            ("with a checksum that looks encoded", armor("", "\n", "=3Dab")),
            ("with headers", armor("Version: X 1.0\nComment: https://example.org/x=y\n", "\n", "=AbCd")),
            ("headers without an end", armor("Comment: hello", "\n", "=AbCd")),
            ("unknown headers, folded", armor("X-Odd: hello\n there it goes\n", "\n", "=AbCd")),
            ("blank lines pushed in", armor("Version: X\n\n", "\n\n", "\n=AbCd\n")),
            ("no blank line", armor("", "\n", "=AbCd").replace("\n\n", "\n")),
            ("non-breaking spaces", armor("", "\u{a0}\n\u{a0}", "=AbCd")),
            ("a line of non-breaking space", armor("\u{a0}\n", "\n", "=AbCd")),
            ("trailing spaces", armor("", "  \r\n ", "=AbCd")),
            ("lines joined by spaces", armor("", " ", "=AbCd").replace('\n', " ")),
            ("all in one line, headers too", armor("Version: GnuPG v2\n", " ", "=AbCd").replace('\n', " ")),
            ("quoted-printable", armor("", "\n", "=3DAbCd")),
            ("quoted-printable with soft breaks", armor("", "=\n", "=3DAbCd")),
            ("quoted-printable with spaces", armor("", "=20\n", "=3DAbCd=20")),
            ("quoted-printable with odd spaces", armor("=C2=A0\n", "=C2=A0\n", "=3DAbCd")),
            ("the end is missing", armor("", "\n", "=AbCd").replace("-----END PGP MESSAGE-----\n", "")),
            ("text around it", format!("Hello\n{}bye\n", armor("", "\n", "=AbCd"))),
        ];
        for (name, text) in cases {
            assert_eq!(dearmor(text.as_bytes()), Some(bytes.clone()), "{name}: {text}");
        }
        for nothing in ["", "plain", "-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n", "-----BEGIN PGP "] {
            assert_eq!(dearmor(nothing.as_bytes()), None, "{nothing}");
        }
    }
}
