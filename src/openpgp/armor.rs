use std::io::Read;

use sequoia_openpgp::Cert;
use sequoia_openpgp::armor::{Reader, ReaderMode};
use sequoia_openpgp::serialize::SerializeInto;

/// What OpenPGP data is, by its first packet (RFC 9580 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Encrypted, or packed and signed in one: something to [`super::decrypt`].
    Message,
    Signature,
    PublicKey,
    SecretKey,
}

/// The binary form of an armored block (RFC 9580 6), tolerant of what mail programs do to it; `None` when nothing is left.
pub fn dearmor(block: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(block.len() / 4 * 3);
    let mut reader = Reader::from_bytes(block, ReaderMode::Tolerant(None));
    let clean = reader.read_to_end(&mut bytes).is_ok();
    (clean && !bytes.is_empty()).then_some(bytes)
}

/// What binary data seems to be; `None`: nothing of OpenPGP.
pub fn kind(bytes: &[u8]) -> Option<Kind> {
    let first = *bytes.first()?;
    // The highest bit is always set, the next one tells the two formats of packet headers apart (RFC 9580 4.2).
    let tag = match first {
        0xc0..=0xff => first & 0x3f,
        0x80..=0xbf => first >> 2 & 0x0f,
        _ => return None,
    };
    match tag {
        1 | 3 | 4 | 8 | 9 | 18 | 20 => Some(Kind::Message),
        2 => Some(Kind::Signature),
        5 => Some(Kind::SecretKey),
        6 => Some(Kind::PublicKey),
        _ => None,
    }
}

/// A certificate in binary, public parts only.
pub fn serialized(cert: &Cert) -> Vec<u8> {
    cert.to_vec().unwrap_or_default()
}
