use std::ops::Range;

use std::panic::catch_unwind;

use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::parse::{PacketParser, PacketParserResult, Parse};
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::{Cert, Packet};

/// What OpenPGP data is, by its first packet (RFC 9580 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Encrypted, or packed and signed in one: something to [`super::decrypt`].
    Message,
    Signature,
    PublicKey,
    SecretKey,
}

/// More packets before the ciphertext are no message; each is a recipient.
const MOST_PACKETS: usize = 20_000;

/// What binary data seems to be; `None`: nothing of OpenPGP.
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    match tag(*bytes.first()?)? {
        1 | 3 | 4 | 8 | 9 | 18 | 20 => Some(Kind::Message),
        2 => Some(Kind::Signature),
        5 => Some(Kind::SecretKey),
        6 => Some(Kind::PublicKey),
        _ => None,
    }
}

/// The type of a packet by its first byte. The highest bit is always set, the next one tells the two formats of packet
/// headers apart (RFC 9580 4.2).
fn tag(first: u8) -> Option<u8> {
    match first {
        0xc0..=0xff => Some(first & 0x3f),
        0x80..=0xbf => Some(first >> 2 & 0x0f),
        _ => None,
    }
}

/// Whether binary data of unknown origin is an encrypted message: recipients or passwords, packet by packet, and then
/// ciphertext (RFC 9580 10.3). What other files begin with does not come that far.
pub fn is_encrypted(bytes: &[u8]) -> bool {
    let (mut at, mut keys) = (0, 0);
    for _ in 0..MOST_PACKETS {
        let Some((tag, content)) = header(bytes, at) else { return false };
        let version = bytes.get(content.start).copied().unwrap_or_default();
        match (tag, version) {
            (1, 2 | 3 | 6) | (3, 4..=6) => keys += 1,
            (18, 1 | 2) | (9 | 20, _) => return keys > 0,
            // A marker, padding.
            (10 | 21, _) => {}
            _ => return false,
        }
        at = content.end;
    }
    false
}

/// Whether binary data of unknown origin is a message that is signed and not encrypted, compressed or not (RFC 9580 10.3).
pub fn is_signed(bytes: &[u8]) -> bool {
    // Hardly any other file begins with one of these, and no text.
    let Some((4 | 8, content)) = header(bytes, 0) else { return false };
    let begins = bytes.get(content.start).is_some_and(|first| matches!(first, 1..=6));
    begins && catch_unwind(|| first_tags(bytes).is_some_and(is_one_pass)).unwrap_or(false)
}

/// The types of the first packet and, where that one is compressed, of the first in it.
fn first_tags(bytes: &[u8]) -> Option<(Tag, Option<Tag>)> {
    let PacketParserResult::Some(parser) = PacketParser::from_bytes(bytes).ok()? else { return None };
    let known = |packet: &Packet| if matches!(packet, Packet::Unknown(_)) { Tag::Reserved } else { packet.tag() };
    let outer = known(&parser.packet);
    if outer != Tag::CompressedData {
        return Some((outer, None));
    }
    match parser.recurse().ok()?.1 {
        PacketParserResult::Some(inner) => Some((outer, Some(known(&inner.packet)))),
        PacketParserResult::EOF(_) => None,
    }
}

fn is_one_pass((outer, inner): (Tag, Option<Tag>)) -> bool {
    inner.unwrap_or(outer) == Tag::OnePassSig
}

/// Least content of a packet of type 18, version 1, that can be a message (RFC 9580 5.13.1): its version, a block of 64
/// bits and two bytes of it again, a literal packet of no text, and the integrity check.
pub(super) const LEAST_SEALED: usize = 1 + 8 + 2 + 8 + 22;

/// Whether the ciphertext in binary data is cut off before it could hold a message, or where the length of its next piece
/// should stand. Sequoia 2.4 takes such data for granted and panics.
pub(super) fn is_cut_short(bytes: &[u8]) -> bool {
    let mut at = 0;
    for _ in 0..MOST_PACKETS {
        let Some((tag, content)) = header(bytes, at) else { return false };
        if tag == 18 && bytes.get(content.start) == Some(&1) {
            return pieces(bytes, at, content).is_none_or(|there| there < LEAST_SEALED);
        }
        at = content.end;
    }
    false
}

/// Bytes of content that are there of the packet at `at`, whose first piece is `content` (RFC 9580 4.2.1.4); `None`: it is
/// cut off between two pieces.
fn pieces(bytes: &[u8], at: usize, content: Range<usize>) -> Option<usize> {
    let there = |piece: &Range<usize>| piece.end.min(bytes.len()).saturating_sub(piece.start);
    let mut sum = there(&content);
    let goes_on = |at: usize| bytes.get(at).is_some_and(|length| matches!(length, 224..=254));
    let mut more = bytes.get(at)? & 0x40 != 0 && goes_on(at + 1);
    let mut end = content.end;
    while more && end <= bytes.len() {
        let (header, length) = new_length(bytes, end)?;
        more = goes_on(end);
        let start = end + header;
        end = start.checked_add(length)?;
        sum += there(&(start..end));
    }
    Some(sum)
}

/// Type and content of the packet at `at` (RFC 9580 4.2); content that comes in pieces ends after the first one.
fn header(bytes: &[u8], at: usize) -> Option<(u8, Range<usize>)> {
    let first = *bytes.get(at)?;
    let tag = tag(first)?;
    let (header, length) = if first & 0x40 != 0 {
        new_length(bytes, at + 1)?
    } else {
        match first & 3 {
            0 => (1, number(bytes, at + 1, 1)?),
            1 => (2, number(bytes, at + 1, 2)?),
            2 => (4, number(bytes, at + 1, 4)?),
            _ => (0, bytes.len().saturating_sub(at + 1)),
        }
    };
    let start = at + 1 + header;
    Some((tag, start..start.checked_add(length)?))
}

/// How long the length at `at` is, and what it says (RFC 9580 4.2.1).
fn new_length(bytes: &[u8], at: usize) -> Option<(usize, usize)> {
    Some(match number(bytes, at, 1)? {
        short @ 0..=191 => (1, short),
        long @ 192..=223 => (2, (long - 192) * 256 + number(bytes, at + 1, 1)? + 192),
        255 => (5, number(bytes, at + 1, 4)?),
        partial => (1, 1 << (partial & 0x1f)),
    })
}

/// The number in `count` bytes, the most significant first.
fn number(bytes: &[u8], at: usize, count: usize) -> Option<usize> {
    bytes
        .get(at..at.checked_add(count)?)?
        .iter()
        .try_fold(0usize, |sum, byte| Some(sum.checked_mul(256)? + usize::from(*byte)))
}

/// A certificate in binary, public parts only.
pub fn serialized(cert: &Cert) -> Vec<u8> {
    cert.to_vec().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sees_ciphertext_that_is_cut_short() {
        let recipient = [&[0xc1, 94, 3][..], &[0; 93]].concat();
        let sealed = |length: u8, there: usize| [&recipient[..], &[0xd2, length, 1], &vec![7; there]].concat();
        let cases = [(41, 40, false), (40, 39, true), (41, 39, true), (100, 20, true), (100, 99, false)];
        for (length, there, expected) in cases {
            assert_eq!(is_cut_short(&sealed(length, there)), expected, "{length} {there}");
        }
        assert!(!is_cut_short(b"") && !is_cut_short(&recipient));
        // In pieces: 512 bytes, 2 bytes, the last one of 9.
        let pieces = [&recipient[..], &[0xd2, 233, 1], &[7; 511], &[225, 7, 7, 9], &[7; 9]].concat();
        let ends = [recipient.len() + 2 + 512, recipient.len() + 2 + 512 + 3];
        for there in recipient.len() + 50..=pieces.len() {
            assert_eq!(is_cut_short(&pieces[..there]), ends.contains(&there), "{there}");
        }
    }

    #[test]
    fn tells_ciphertext_from_other_files() {
        let recipient = |length: u8| [&[0xc1, length, 3][..], &vec![0; usize::from(length) - 1]].concat();
        let sealed = [recipient(94), recipient(94), vec![0xd2, 0x40, 1, 0, 0]].concat();
        let cases: [(&str, Vec<u8>, bool); 8] = [
            ("two recipients", sealed.clone(), true),
            ("an old header", [&[0x84, 10, 3][..], &[0; 9], &[0xc9, 3, 0, 0, 0]].concat(), true),
            ("a password", [&[0xc3, 4, 4, 9, 0, 8][..], &[0xd2, 0xed, 1]].concat(), true),
            ("no recipient", vec![0xd2, 0x40, 1, 0, 0], false),
            ("cut in the recipient", sealed.get(..50).unwrap_or_default().to_vec(), false),
            ("a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), false),
            ("a length beyond all", vec![0xc1, 0xff, 0xff, 0xff, 0xff, 0xff, 3], false),
            ("nothing", Vec::new(), false),
        ];
        for (name, bytes, expected) in cases {
            assert_eq!(is_encrypted(&bytes), expected, "{name}");
        }
    }
}
