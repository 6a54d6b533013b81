//! Files in the text of a mail, as Unix programs put them there before MIME (POSIX uuencode).

use super::lines::Lines;

/// A stretch of a text that may hold such files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uu<'a> {
    Text(&'a [u8]),
    File { name: String, bytes: Vec<u8> },
}

/// Files that are told apart in one text; what follows them stays text.
const MOST_FILES: usize = 64;

/// Cuts a text at its uuencoded files; `None`: there is none. A file counts only whole, from `begin` to `end`, so a sentence
/// that begins with that word stays a sentence.
pub fn uudecode(text: &[u8]) -> Option<Vec<Uu<'_>>> {
    if !text.starts_with(b"begin ") && memchr::memmem::find(text, b"\nbegin ").is_none() {
        return None;
    }
    let (mut pieces, mut clear, mut file) = (Vec::new(), 0, None::<(usize, String, Vec<u8>)>);
    for line in Lines::new(text) {
        let bare = line.text(text);
        file = match file {
            None if pieces.len() < 2 * MOST_FILES => name(bare).map(|name| (line.start, name, Vec::new())),
            None => break,
            Some((begin, name, bytes)) if bare.trim_ascii() == b"end" => {
                pieces.extend(text.get(clear..begin).filter(|t| !t.is_empty()).map(Uu::Text));
                pieces.push(Uu::File { name, bytes });
                clear = line.next;
                None
            }
            Some((begin, name, mut bytes)) => decode(bare, &mut bytes).then_some((begin, name, bytes)),
        };
    }
    let found = pieces.iter().any(|piece| matches!(piece, Uu::File { .. }));
    pieces.extend(text.get(clear..).filter(|t| !t.is_empty()).map(Uu::Text));
    found.then_some(pieces)
}

/// The name in `begin 644 report.pdf`.
fn name(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line.strip_prefix(b"begin ")?).into_owned();
    let (mode, name) = text.split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let name = name.trim();
    (is_mode && !name.is_empty()).then(|| name.to_owned())
}

/// Decodes a line into `bytes`; `false`: it is none. Its first character says how many bytes it holds. Mail systems cut spaces
/// at its end, and some programs add a checksum character.
fn decode(line: &[u8], bytes: &mut Vec<u8>) -> bool {
    let value = |byte: u8| (b' '..=b'`').contains(&byte).then(|| (byte - b' ') & 0x3f);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let Some((first, data)) = line.split_first() else { return true };
    let Some(length) = value(*first).map(usize::from) else { return false };
    let characters = length.div_ceil(3) * 4;
    if data.len() > characters + 1 || !data.iter().all(|byte| value(*byte).is_some()) {
        return false;
    }
    let from = bytes.len();
    let character = |at: usize| data.get(at).and_then(|byte| value(*byte)).map_or(0, u32::from);
    for group in (0..characters).step_by(4) {
        let bits = (0..4).fold(0, |bits, offset| bits << 6 | character(group + offset));
        bytes.extend(bits.to_be_bytes().into_iter().skip(1));
    }
    bytes.truncate(from + length);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_whole_files_and_no_sentences() {
        let text = |text: &'static str| Uu::Text(text.as_bytes());
        let file = |name: &str, bytes: &[u8]| Uu::File { name: name.into(), bytes: bytes.to_vec() };
        let cases = [
            ("plain", None),
            (
                "hi\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\nbye\n",
                Some(vec![text("hi\n"), file("a.txt", b"hello"), text("bye\n")]),
            ),
            ("begin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n", Some(vec![file("a.txt", b"hello")])),
            // Without the spaces at the end of a line, and with an empty last line.
            ("begin 0600 zero\n#\n\nend\n", Some(vec![file("zero", b"\0\0\0")])),
            ("begin 644 empty\n`\nend", Some(vec![file("empty", b"")])),
            ("begin 644 a\nThis is no such line, is it?\nend\n", None),
            ("begin 644 a.txt\n%:&5L;&\\\n`\n", None),
            ("begin at the end\nend\n", None),
            ("I begin 644 a.txt\nend\n", None),
        ];
        for (input, expected) in cases {
            assert_eq!(uudecode(input.as_bytes()), expected, "{input:?}");
        }
    }
}
