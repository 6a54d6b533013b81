use crate::mime::{Entity, HeaderSection};
use crate::model::Limits;
use crate::openpgp::{self, Kind};

/// What a leaf holds, by its content and never by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Ciphertext,
    /// `Version: 1` (RFC 3156 4), whatever a mail system made of its type.
    Control,
    Keys,
    /// Secret keys, sent by accident.
    PrivateKeys,
    /// A mail with ciphertext that a mail program packed into a file (GpgOL).
    PackedMail,
    /// Enveloped or opaque S/MIME (RFC 8551), which nothing here opens.
    Smime,
    Nothing,
}

/// Looks at a leaf that is not shown as text.
pub(super) fn look(entity: &Entity, decoded: &[u8]) -> Found {
    let media_type = entity.media_type();
    let name = entity.file_name().unwrap_or_default();
    if matches!(media_type, "application/pkcs7-mime" | "application/x-pkcs7-mime") || has_ending(&name, &["p7m"]) {
        return Found::Smime;
    }
    let trimmed = decoded.trim_ascii();
    if trimmed.len() < 64 && trimmed.eq_ignore_ascii_case(b"version: 1") {
        return Found::Control;
    }
    if trimmed.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        return Found::Ciphertext;
    }
    if trimmed.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        return Found::Keys;
    }
    if trimmed.starts_with(b"-----BEGIN PGP PRIVATE KEY BLOCK-----") {
        return Found::PrivateKeys;
    }
    if media_type == "application/octet-stream" && is_mime(decoded) && packs_ciphertext(decoded) {
        return Found::PackedMail;
    }
    // Binary data begins with any byte; only something that calls itself OpenPGP is believed to be it.
    let named = is_openpgp_name(&name) || media_type.starts_with("application/pgp");
    match openpgp::kind(decoded) {
        Some(Kind::Message) if named => Found::Ciphertext,
        Some(Kind::PublicKey) if named => Found::Keys,
        // Whatever it calls itself.
        Some(Kind::SecretKey) if named || openpgp::read_certificates(decoded).is_ok() => Found::PrivateKeys,
        _ => Found::Nothing,
    }
}

/// Whether the header section that `decoded` begins with promises ciphertext.
fn packs_ciphertext(decoded: &[u8]) -> bool {
    let header = HeaderSection::parse_some(decoded, &Limits::default());
    header.structured("content-type").is_some_and(|kind| kind.value == "multipart/encrypted")
}

/// `.asc`, `.gpg`, `.pgp`.
pub(super) fn is_openpgp_name(name: &str) -> bool {
    has_ending(name, &["asc", "gpg", "pgp", "key"])
}

fn has_ending(name: &str, endings: &[&str]) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// The name of what was in an encrypted file; `None` when the file was the message itself and no file of the sender's.
pub(super) fn inner_name(name: &str) -> Option<&str> {
    let inner = if is_openpgp_name(name) { name.rsplit_once('.')?.0 } else { name };
    inner.contains('.').then_some(inner)
}

/// Whether a plaintext is a MIME entity and no bare text: its first line is a field that only such a thing begins with.
pub(super) fn is_mime(plaintext: &[u8]) -> bool {
    let first = plaintext.split(|byte| *byte == b'\n').next().unwrap_or_default();
    ["content-type:", "mime-version:", "content-transfer-encoding:", "content-disposition:"]
        .iter()
        .any(|field| first.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field.as_bytes())))
}
