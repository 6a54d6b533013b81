use std::borrow::Cow;

use sequoia_openpgp::{Fingerprint as PgpFingerprint, KeyHandle, KeyID};

use crate::model::ContentDigest;

/// Recipients of one message that are looked at.
const MOST_RECIPIENTS: usize = 64;
/// Packets before the ciphertext that are looked at.
const MOST_PACKETS: usize = 256;

// Packet types (RFC 9580 5); the one that is not there is GnuPG's.
const PKESK: u8 = 1;
const SIGNATURE: u8 = 2;
const SKESK: u8 = 3;
const ONE_PASS: u8 = 4;
const COMPRESSED: u8 = 8;
const SED: u8 = 9;
const MARKER: u8 = 10;
const LITERAL: u8 = 11;
const SEIPD: u8 = 18;
const AED: u8 = 20;
const PADDING: u8 = 21;

/// What anybody can read of an OpenPGP message who holds no key at all (RFC 9580 10.3).
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// The keys that it names as its recipients; hidden recipients name none (RFC 9580 5.1.1).
    pub recipients: Vec<KeyHandle>,
    /// Its packets do not fit together, or end too early: something was lost or changed on its way.
    pub damaged: bool,
    /// Digest of the ciphertext alone: the same however the message is armored, cut into pieces, or addressed to further
    /// recipients.
    pub body: Option<ContentDigest>,
}

/// Reads the outside of a binary message. No key is used, and nothing is decrypted.
pub fn outside(message: &[u8]) -> Outside {
    let mut seen = Outside::default();
    let mut rest = message;
    for _ in 0..MOST_PACKETS {
        let Some(packet) = Packet::read(rest) else { break };
        match packet.tag {
            PKESK if seen.recipients.len() < MOST_RECIPIENTS => seen.recipients.extend(recipient(&packet.body)),
            PKESK | SKESK | MARKER | PADDING => {}
            SED | SEIPD | AED => {
                seen.damaged = !packet.whole;
                seen.body = Some(ContentDigest::of(&packet.body));
                return seen;
            }
            // Signed or packed, and not encrypted.
            ONE_PASS | SIGNATURE | COMPRESSED | LITERAL => return seen,
            _ => break,
        }
        rest = packet.rest;
    }
    seen.damaged = true;
    seen
}

/// A key's id as people write it: `0x` and 16 hexadecimal digits.
pub fn key_id(key: &KeyHandle) -> String {
    format!("0x{:X}", KeyID::from(key))
}

/// Who a PKESK packet is for: versions 3 and 6 (RFC 9580 5.1).
fn recipient(body: &[u8]) -> Option<KeyHandle> {
    match body.first()? {
        3 => {
            let id = body.get(1..9)?;
            id.iter().any(|byte| *byte != 0).then(|| KeyID::from_bytes(id).into())
        }
        6 => {
            let length = usize::from(*body.get(1)?);
            let (version, fingerprint) = body.get(2..2 + length)?.split_first()?;
            PgpFingerprint::from_bytes(*version, fingerprint).ok().map(KeyHandle::from)
        }
        _ => None,
    }
}

struct Packet<'a> {
    tag: u8,
    body: Cow<'a, [u8]>,
    /// All of the body that was announced is there.
    whole: bool,
    rest: &'a [u8],
}

/// How much of a body comes next (RFC 9580 4.2).
enum Length {
    Last(usize),
    /// A piece of the body; more follow.
    Piece(usize),
    ToTheEnd,
}

impl<'a> Packet<'a> {
    /// The packet that `bytes` begin with; `None` where there is none.
    fn read(bytes: &'a [u8]) -> Option<Packet<'a>> {
        let (first, after) = bytes.split_first()?;
        let (tag, (mut length, after)) = match first {
            0xc0..=0xff => (first & 0x3f, new_length(after)?),
            0x80..=0xbf => (first >> 2 & 0x0f, old_length(first & 3, after)?),
            _ => return None,
        };
        let (mut body, mut rest) = (Cow::Borrowed(&[][..]), after);
        loop {
            let (piece, whole, beyond) = piece(rest, &length);
            if body.is_empty() {
                body = Cow::Borrowed(piece);
            } else {
                body.to_mut().extend_from_slice(piece);
            }
            let Length::Piece(_) = length else { return Some(Packet { tag, body, whole, rest: beyond }) };
            let Some((next, after)) = new_length(beyond).filter(|_| whole) else {
                return Some(Packet { tag, body, whole: false, rest: beyond });
            };
            (length, rest) = (next, after);
        }
    }
}

/// What is there of a piece, whether that is all of it, and what comes after it.
fn piece<'a>(bytes: &'a [u8], length: &Length) -> (&'a [u8], bool, &'a [u8]) {
    let wanted = match length {
        Length::Last(length) | Length::Piece(length) => *length,
        Length::ToTheEnd => bytes.len(),
    };
    let (piece, rest) = bytes.split_at(wanted.min(bytes.len()));
    (piece, piece.len() == wanted, rest)
}

fn new_length(bytes: &[u8]) -> Option<(Length, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match first {
        0..=191 => Some((Length::Last(usize::from(*first)), rest)),
        192..=223 => {
            let (second, rest) = rest.split_first()?;
            Some((Length::Last(((usize::from(*first) - 192) << 8) + usize::from(*second) + 192), rest))
        }
        224..=254 => Some((Length::Piece(1 << (first & 0x1f)), rest)),
        255 => number(rest, 4),
    }
}

fn old_length(kind: u8, bytes: &[u8]) -> Option<(Length, &[u8])> {
    match kind {
        3 => Some((Length::ToTheEnd, bytes)),
        kind => number(bytes, 1 << kind),
    }
}

/// A length in `octets` octets, most significant first.
fn number(bytes: &[u8], octets: usize) -> Option<(Length, &[u8])> {
    let (length, rest) = bytes.split_at_checked(octets)?;
    Some((Length::Last(length.iter().fold(0, |number, octet| number << 8 | usize::from(*octet))), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A packet with a header of the new format.
    fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
        [&[0xc0 | tag, body.len() as u8], body].concat()
    }

    #[test]
    fn reads_what_anybody_can_see() {
        let pkesk = |id: [u8; 8]| packet(PKESK, &[&[3][..], &id, &[18, 0, 0]].concat());
        let body = [1, 7, 7, 7, 7, 7];
        let sealed = packet(SEIPD, &body);
        let pieces = [&[0xc0 | SEIPD, 0xe1][..], &body[..2], &[4], &body[2..]].concat();
        let old = [&[0x80 | SED << 2, 6][..], &body].concat();
        let to_the_end = [&[0x80 | SED << 2 | 3][..], &body].concat();
        let digest = Some(ContentDigest::of(&body));
        type Row = (&'static str, Vec<u8>, usize, bool, Option<ContentDigest>);
        let cases: Vec<Row> = vec![
            ("one recipient", [pkesk([1; 8]), sealed.clone()].concat(), 1, false, digest),
            ("another one added", [pkesk([2; 8]), pkesk([1; 8]), sealed.clone()].concat(), 2, false, digest),
            ("hidden", [pkesk([0; 8]), sealed.clone()].concat(), 0, false, digest),
            ("in pieces", [pkesk([1; 8]), pieces.clone()].concat(), 1, false, digest),
            ("old format", [pkesk([1; 8]), old].concat(), 1, false, digest),
            ("without a length", to_the_end, 0, false, digest),
            ("cut off", [pkesk([1; 8]), sealed[..6].to_vec()].concat(), 1, true, Some(ContentDigest::of(&body[..4]))),
            ("a piece is missing", pieces[..4].to_vec(), 0, true, Some(ContentDigest::of(&body[..2]))),
            ("no ciphertext", pkesk([1; 8]), 1, true, None),
            (
                "a length of four octets that lies",
                vec![0xc0 | SEIPD, 255, 255, 255, 255, 255, 1],
                0,
                true,
                Some(ContentDigest::of(&[1])),
            ),
            ("signed and not encrypted", packet(ONE_PASS, &[3]), 0, false, None),
            ("nothing", Vec::new(), 0, true, None),
            ("text", b"hello".to_vec(), 0, true, None),
        ];
        for (name, message, recipients, damaged, body) in cases {
            let seen = outside(&message);
            assert_eq!((seen.recipients.len(), seen.damaged, seen.body), (recipients, damaged, body), "{name}");
        }
    }
}
