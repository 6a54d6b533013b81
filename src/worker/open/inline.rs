use std::ops::Range;

use memchr::{memchr, memchr2_iter, memmem, memrchr};

use crate::openpgp::{self, Kind, Label, Marker, marker};

/// A stretch of a text that may hold armor (RFC 9580 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Text(&'a [u8]),
    Message(&'a [u8]),
    /// Of the cleartext signature framework, its signature included.
    Signed(&'a [u8]),
    PublicKey(&'a [u8]),
}

/// Blocks that are told apart in one text; what follows them stays text.
const MOST_BLOCKS: usize = 64;

/// What every line around a secret key has.
const PRIVATE: [&[u8]; 2] = [b"PRIVATE", b"rivate"];

/// How a secret key begins in a line that holds more than that, and how it ends.
const BEGIN_PRIVATE: &[u8] = b"-----BEGIN PGP PRIVATE KEY BLOCK";
const END_PRIVATE: &[u8] = b"-----END PGP PRIVATE KEY BLOCK-----";

/// What stands where a secret key was.
const REMOVED: &[u8] = b"[a private key was here and is not passed on]\n";

/// How a message begins and ends in a line that holds more than that.
const BEGIN: &[u8] = b"-----BEGIN PGP MESSAGE";
const END: &[u8] = b"-----END PGP MESSAGE-----";

/// Cuts a text at its armored blocks. A block begins and ends with a whole line; quoted armor and armor named in a
/// sentence are text. Two things are taken for a message only where they hold one: what has no end, and what stands in one
/// line, as HTML without line breaks leaves it.
pub(super) fn segments(text: &[u8]) -> Vec<Segment<'_>> {
    let mut cutter = Cutter { text, clear: 0, found: Vec::new(), blocks: 0 };
    let (mut open, mut at): (Option<(Label, usize)>, usize) = (None, 0);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        // No other line begins or ends anything.
        let Some(mark) = name_of_armor(rest).filter(|_| cutter.blocks < MOST_BLOCKS) else { break };
        let (before, rest) = rest.split_at_checked(mark).unwrap_or_default();
        at += memrchr(b'\n', before).map_or(0, |end| end + 1);
        let next = text.len() - rest.len() + memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = text.get(at..next).unwrap_or_default();
        let step = match (marker(line), open) {
            (Some(Marker::Begin(label)), None) if is_block(label) => {
                open = Some((label, at));
                None
            }
            // The one before it has no end.
            (Some(Marker::Begin(Label::Message)), Some((Label::Message, begin))) => {
                cutter.without_end(begin, at);
                open = Some((Label::Message, at));
                None
            }
            (Some(Marker::End(label)), Some((begun, begin))) if label == end_of(begun) => {
                open = None;
                cutter.block(begun, begin, next);
                None
            }
            (None, None) => cutter.in_one_line(line, at),
            _ => None,
        };
        at = step.unwrap_or(next);
    }
    if let Some((Label::Message, begin)) = open {
        cutter.without_end(begin, text.len());
    }
    cutter.rest()
}

/// Where the name stands that every marker has, in capitals or not.
fn name_of_armor(text: &[u8]) -> Option<usize> {
    let is_name = |at: &usize| text.get(*at..at + 3).is_some_and(|word| word.eq_ignore_ascii_case(b"PGP"));
    memchr2_iter(b'P', b'p', text).find(is_name)
}

fn is_block(label: Label) -> bool {
    matches!(label, Label::Message | Label::SignedMessage | Label::PublicKey)
}

/// What the line says that ends a block.
fn end_of(label: Label) -> Label {
    if label == Label::SignedMessage { Label::Signature } else { label }
}

struct Cutter<'a> {
    text: &'a [u8],
    /// Where the text begins that is in no segment yet.
    clear: usize,
    found: Vec<Segment<'a>>,
    /// Blocks that were looked at.
    blocks: usize,
}

impl<'a> Cutter<'a> {
    fn block(&mut self, label: Label, begin: usize, end: usize) {
        self.found.extend(self.text.get(self.clear..begin).filter(|t| !t.is_empty()).map(Segment::Text));
        self.found.extend(self.text.get(begin..end).map(|bytes| match label {
            Label::SignedMessage => Segment::Signed(bytes),
            Label::PublicKey => Segment::PublicKey(bytes),
            _ => Segment::Message(bytes),
        }));
        self.clear = end;
        self.blocks += 1;
    }

    /// A block whose end a mail system lost.
    fn without_end(&mut self, begin: usize, end: usize) {
        self.blocks += 1;
        if self.text.get(begin..end).is_some_and(holds_ciphertext) {
            self.block(Label::Message, begin, end);
        }
    }

    /// A message in the middle of `line`, which is at `at`; where to go on behind it.
    fn in_one_line(&mut self, line: &[u8], at: usize) -> Option<usize> {
        let begin = memmem::find(line, BEGIN)?;
        if line.get(..begin).is_some_and(|before| !before.is_empty() && bare(before).is_empty()) {
            return None;
        }
        self.blocks += 1;
        let begin = at + begin;
        let end = begin + memmem::find(self.text.get(begin..)?, END)? + END.len();
        self.text.get(begin..end).filter(|block| holds_ciphertext(block))?;
        self.block(Label::Message, begin, end);
        Some(end)
    }

    fn rest(mut self) -> Vec<Segment<'a>> {
        self.found.extend(self.text.get(self.clear..).filter(|t| !t.is_empty()).map(Segment::Text));
        self.found
    }
}

pub(super) fn holds_ciphertext(block: &[u8]) -> bool {
    openpgp::dearmor(block).is_some_and(|bytes| openpgp::is_encrypted(&bytes))
}

/// Whether a line of `text` begins an encrypted message.
pub(super) fn holds_message(text: &[u8]) -> bool {
    let begins = |line| marker(line) == Some(Marker::Begin(Label::Message));
    memmem::find(text, b"PGP MESSAGE").is_some() && text.split(|byte| *byte == b'\n').any(begins)
}

/// Whether `text` quotes an encrypted message (`> `), which is not what its sender wrote.
pub(super) fn quotes_message(text: &[u8]) -> bool {
    if memmem::find(text, BEGIN).is_none() {
        return false;
    }
    let mut quoted: Option<Vec<u8>> = None;
    let mut tries = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let bare = bare(line);
        let is_quote = line.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'>' | b'|'));
        let begins = is_quote && marker(bare) == Some(Marker::Begin(Label::Message));
        if begins && tries < MOST_BLOCKS {
            (quoted, tries) = (Some(Vec::new()), tries + 1);
        }
        let Some(block) = &mut quoted else { continue };
        block.extend_from_slice(bare);
        block.push(b'\n');
        if !is_quote || marker(bare) == Some(Marker::End(Label::Message)) {
            if openpgp::dearmor(block).and_then(|bytes| openpgp::kind(&bytes)) == Some(Kind::Message) {
                return true;
            }
            quoted = None;
        }
    }
    quoted.is_some_and(|block| holds_ciphertext(&block))
}

/// `text` without the secret keys in it, quoted ones, joined ones and those without an end too; `None`: there is none.
pub(super) fn without_private_keys(text: &[u8]) -> Option<Vec<u8>> {
    PRIVATE.iter().find(|word| memmem::find(text, word).is_some())?;
    let (mut kept, mut inside, mut found, mut tries) = (Vec::new(), false, false, 0);
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest.get(..length).unwrap_or_default();
        let marked = marker(bare(line));
        if inside {
            inside = marked != Some(Marker::End(Label::PrivateKey));
        } else if marked == Some(Marker::Begin(Label::PrivateKey)) {
            (inside, found) = (true, true);
            kept.extend_from_slice(REMOVED);
        } else if let Some(key) = private_key_within(rest, line).filter(|_| tries < MOST_BLOCKS) {
            tries += 1;
            found = true;
            kept.extend_from_slice(rest.get(..key.start).unwrap_or_default());
            kept.extend_from_slice(REMOVED);
            at += key.end;
            continue;
        } else {
            kept.extend_from_slice(line);
        }
        at += length;
    }
    found.then_some(kept)
}

/// Where a secret key begins in the middle of `line`, the first one of `rest`, and where it ends: as HTML without line
/// breaks leaves it, or behind the bullets of a list.
fn private_key_within(rest: &[u8], line: &[u8]) -> Option<Range<usize>> {
    let begin = memmem::find(line, BEGIN_PRIVATE)?;
    let block = rest.get(begin..)?;
    let length = memmem::find(block, END_PRIVATE).map_or(block.len(), |end| end + END_PRIVATE.len());
    let holds = |block| openpgp::dearmor(block).and_then(|bytes| openpgp::kind(&bytes)) == Some(Kind::SecretKey);
    block.get(..length).is_some_and(holds).then_some(begin..begin + length)
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
        check(
            &format!("{open}\n{m}"),
            &[Segment::Text(b"-----BEGIN PGP MESSAGE-----\nabc\n"), Segment::Message(m.as_bytes())],
        );
        let named = "The line -----BEGIN PGP MESSAGE----- starts it. -----END PGP MESSAGE-----";
        check(named, &[Segment::Text(named.as_bytes())]);
        let many = segments(m.repeat(1_000).as_bytes()).len();
        assert_eq!(many, MOST_BLOCKS + 1);
    }

    #[test]
    fn what_lost_its_end_or_its_lines_is_a_message_where_it_holds_one() {
        // A recipient (PKESK) and the beginning of ciphertext (SEIPD), as far as that is looked at.
        let sealed = [&[0xc1, 94, 3][..], &[0; 93], &[0xd2, 0x40, 1, 0]].concat();
        let data = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sealed);
        let block = format!("-----BEGIN PGP MESSAGE-----\n\n{data}\n-----END PGP MESSAGE-----\n");
        let joined = block.trim_end().replace('\n', " ");
        let cut = block.replace("-----END PGP MESSAGE-----\n", "");
        let check = |text: &str, expected: &[Segment]| assert_eq!(segments(text.as_bytes()), expected, "{text:?}");
        check(&joined, &[Segment::Message(joined.as_bytes())]);
        check(
            &format!("hi {joined} bye"),
            &[Segment::Text(b"hi "), Segment::Message(joined.as_bytes()), Segment::Text(b" bye")],
        );
        check(&cut, &[Segment::Message(cut.as_bytes())]);
        check(&format!("{cut}{block}"), &[Segment::Message(cut.as_bytes()), Segment::Message(block.as_bytes())]);

        let quoted = |mark: &str| format!("As I wrote:\n{mark}{}", block.replace('\n', &format!("\n{mark}")));
        for (text, expected) in [
            (quoted("> "), true),
            (quoted(">>"), true),
            (quoted("| "), true),
            (quoted("> ").replace(&data, "no data"), false),
            (block.clone(), false),
            ("> -----BEGIN PGP MESSAGE-----".to_owned(), false),
        ] {
            assert_eq!(quotes_message(text.as_bytes()), expected, "{text:?}");
            assert!(!expected || matches!(segments(text.as_bytes())[..], [Segment::Text(_)]), "{text:?}");
        }
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
        // Without line breaks, and behind bullets: known by what it holds.
        let data =
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [&[0xc5, 94, 4][..], &[0; 93]].concat());
        let held = key.replace("secret", &data);
        let joined = held.trim_end().replace("\r\n", " ");
        check(&format!("a {joined} b"), Some(&format!("a {removed} b")));
        check(&format!("{joined}{joined}"), Some(&removed.repeat(2)));
        check(&format!("* {}", held.trim_end().replace('\n', "\n* ")), Some(&format!("* {removed}")));
        check(&format!("\u{a0}{}", held.replace("-----", "\u{2014}\u{2014}-")), Some(&removed));
    }
}
