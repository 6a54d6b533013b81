use std::borrow::Cow;

use memchr::memmem;

use super::inline::{Segment, segments};
use crate::mime::{self, HeaderSection};
use crate::model::Limits;
use crate::openpgp::{self, Kind};

/// A file, or a part that may be one.
#[derive(Debug, Clone, Copy)]
pub(super) struct File<'a> {
    pub name: Option<&'a str>,
    /// `type/subtype` in lower case, as claimed.
    pub media_type: &'a str,
    pub bytes: &'a [u8],
}

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
    /// Somebody's mail, kept as a file (`.eml`).
    KeptMail,
    /// Outlook's winmail.dat.
    Tnef,
    /// Enveloped or opaque S/MIME (RFC 8551), which nothing here opens.
    Smime,
    Nothing,
}

/// `-----BEGIN PGP ` in base64.
const ENCODED_ARMOR: &[u8] = b"LS0tLS1CRUdJTiBQR1Ag";

/// How armor begins in UTF-16 without its mark, in either order.
const WIDE_ARMOR: [(&[u8], &str); 2] = [(b"-\0-\0-\0-\0-\0B\0", "utf-16le"), (b"\0-\0-\0-\0-\0-\0B", "utf-16be")];

/// `id-envelopedData` and `id-ct-authEnvelopedData` (RFC 5652 6.1, RFC 5083 2.1), as DER.
const ENVELOPED: [&[u8]; 2] = [
    &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x03],
    &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17],
];

/// Text before the armor in a file that is a message all the same, in bytes.
const LONGEST_PREAMBLE: usize = 512;

/// Looks at a leaf that is not shown as text.
pub(super) fn look(file: &File) -> Found {
    let (media_type, decoded) = (file.media_type, file.bytes);
    let name = file.name.unwrap_or_default();
    let smime = matches!(media_type, "application/pkcs7-mime" | "application/x-pkcs7-mime");
    if smime || has_ending(name, &["p7m"]) || is_enveloped(decoded) {
        return Found::Smime;
    }
    if mime::is_tnef(decoded) {
        return Found::Tnef;
    }
    let trimmed = without_mark(decoded);
    if trimmed.len() < 64 && trimmed.eq_ignore_ascii_case(b"version: 1") {
        return Found::Control;
    }
    if trimmed.starts_with(b"-----BEGIN PGP MESSAGE") {
        return Found::Ciphertext;
    }
    if trimmed.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        return Found::Keys;
    }
    if trimmed.starts_with(b"-----BEGIN PGP PRIVATE KEY BLOCK-----") {
        return Found::PrivateKeys;
    }
    let bare = matches!(media_type, "application/octet-stream" | "text/plain");
    if bare && has_ending(name, &["eml"]) && is_mail(decoded) {
        return Found::KeptMail;
    }
    if bare && is_mime(decoded) && packs_ciphertext(decoded) {
        return Found::PackedMail;
    }
    if has_message_behind_words(trimmed) {
        return Found::Ciphertext;
    }
    // Binary data begins with any byte; one packet is believed only of what calls itself OpenPGP.
    let named = is_openpgp_name(name) || media_type.starts_with("application/pgp");
    match openpgp::kind(decoded) {
        Some(Kind::Message) if named || is_message(decoded) => Found::Ciphertext,
        Some(Kind::PublicKey) if named => Found::Keys,
        // Whatever it calls itself.
        Some(Kind::SecretKey) if named || openpgp::read_certificates(decoded).is_ok() => Found::PrivateKeys,
        _ => Found::Nothing,
    }
}

/// Whether it is a sequence (X.690 8.9) that says of itself that it is enveloped.
fn is_enveloped(bytes: &[u8]) -> bool {
    let length = match bytes {
        [0x30, long @ 0x80..=0x84, ..] => 2 + usize::from(long - 0x80),
        [0x30, ..] => 2,
        _ => return false,
    };
    bytes.get(length..).is_some_and(|content| ENVELOPED.iter().any(|kind| content.starts_with(kind)))
}

/// Whether binary data of unknown origin is a message, and no text and no other file.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    openpgp::is_encrypted(bytes) || openpgp::is_signed(bytes)
}

/// Without white space around it and the mark that Windows programs begin UTF-8 with.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text).trim_ascii()
}

/// Whether armor is what a file is about, although a few words stand before it.
fn has_message_behind_words(text: &[u8]) -> bool {
    let beginning = text.get(..text.len().min(2 * LONGEST_PREAMBLE)).unwrap_or_default();
    memmem::find(beginning, b"PGP MESSAGE").is_some()
        && match segments(text).as_slice() {
            [Segment::Message(_), ..] => true,
            [Segment::Text(before), Segment::Message(_), ..] => before.len() <= LONGEST_PREAMBLE,
            _ => false,
        }
}

/// Armor in UTF-16, as Windows programs save it, in ASCII, and armor in base64 that no field declares, without that; anything
/// else as it is.
pub(super) fn narrow(bytes: &[u8]) -> Cow<'_, [u8]> {
    let wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    if wide && bytes.contains(&0) {
        return Cow::Owned(mime::charset(Some("utf-16"), bytes).into_bytes());
    }
    if let Some((_, charset)) = WIDE_ARMOR.iter().find(|(begin, _)| bytes.starts_with(begin)) {
        return Cow::Owned(mime::charset(Some(charset), bytes).into_bytes());
    }
    let encoded = |byte: &u8| byte.is_ascii_alphanumeric() || byte.is_ascii_whitespace() || b"+/=".contains(byte);
    if bytes.trim_ascii_start().starts_with(ENCODED_ARMOR) && bytes.iter().all(encoded) {
        return mime::transfer("base64", bytes);
    }
    Cow::Borrowed(bytes)
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

/// Whether a plaintext is a MIME entity or a whole mail, and no bare text.
pub(super) fn is_mime(plaintext: &[u8]) -> bool {
    let begins =
        |field: &str| plaintext.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field.as_bytes()));
    ["content-type:", "mime-version:", "content-transfer-encoding:", "content-disposition:"].iter().any(|f| begins(f))
        || is_mail(plaintext)
}

/// Whether it begins with the header section of a mail: every line of it is a field of those that mails have, and one of them
/// says what it is made of. The headers of a request (HTTP) in a report are none.
pub(super) fn is_mail(plaintext: &[u8]) -> bool {
    const FIELDS: [&str; 22] = [
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "date",
        "message-id",
        "reply-to",
        "in-reply-to",
        "references",
        "sender",
        "received",
        "return-path",
        "mime-version",
        "user-agent",
        "importance",
        "organization",
        "autocrypt",
        "openpgp",
        "hp-outer",
        "delivered-to",
        "dkim-signature",
    ];
    let mut typed = false;
    for (at, line) in plaintext.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            return typed;
        }
        if at > 0 && matches!(line.first(), Some(b' ' | b'\t')) {
            continue;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
        let known = line.len() > name.len()
            && (FIELDS.iter().any(|field| field.as_bytes() == name)
                || [&b"content-"[..], b"x-", b"list-", b"arc-"].iter().any(|start| name.starts_with(start)));
        if !known {
            return false;
        }
        typed |= matches!(name.as_slice(), b"content-type" | b"mime-version");
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_mails_from_texts() {
        let cases = [
            ("Content-Type: text/plain\n\nhi", true, false),
            (
                "From: a@b.example\r\nTo: c@d.example\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n x=y\r\n\r\nhi",
                true,
                true,
            ),
            ("From: a@b.example\nSubject: x\n\nno type", false, false),
            ("Content-Type: application/json\nHost: x\n\n{}", true, false),
            ("Subject: x\nHost: x\nContent-Type: text/plain\n\n", false, false),
            ("From: here\nit goes on\nContent-Type: text/plain\n\n", false, false),
            ("", false, false),
        ];
        for (text, mime, mail) in cases {
            let mail_too = mail || text.starts_with("Content-Type: text/plain\n\n");
            assert_eq!((is_mime(text.as_bytes()), is_mail(text.as_bytes())), (mime, mail_too), "{text:?}");
        }
    }

    #[test]
    fn knows_ciphertext_by_its_content() {
        let armor = "-----BEGIN PGP MESSAGE-----\n\nhQEMA\n-----END PGP MESSAGE-----\n";
        let wide: Vec<u8> = format!("\u{feff}{armor}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let recipient = [&[0xc1, 94, 3][..], &[0; 93], &[0xd2, 0x40, 1, 0]].concat();
        let cases = [
            ("application/octet-stream", None, armor.as_bytes().to_vec(), Found::Ciphertext),
            ("text/plain", Some("a.txt"), format!("\u{feff}{armor}").into_bytes(), Found::Ciphertext),
            ("text/plain", Some("a.txt"), narrow(&wide).into_owned(), Found::Ciphertext),
            ("text/plain", Some("a.txt"), format!("Hello,\n\n{armor}").into_bytes(), Found::Ciphertext),
            ("text/plain", Some("a.txt"), format!("{}\n{armor}", "a log\n".repeat(100)).into_bytes(), Found::Nothing),
            ("text/plain", Some("a.txt"), b"-- no armor: BEGIN PGP MESSAGE".to_vec(), Found::Nothing),
            ("application/octet-stream", Some("ATT00001"), recipient.clone(), Found::Ciphertext),
            ("image/png", Some("a.png"), recipient, Found::Ciphertext),
            ("application/octet-stream", Some("a.bin"), vec![0x85, 1, 2, 3], Found::Nothing),
            ("application/octet-stream", Some("ATT00001"), b"Version: 1\r\n".to_vec(), Found::Control),
            (
                "application/octet-stream",
                Some("a.eml"),
                b"From: a@b.c\nMIME-Version: 1.0\n\nhi".to_vec(),
                Found::KeptMail,
            ),
            ("application/octet-stream", Some("winmail.dat"), b"\x78\x9f\x3e\x22\0\0".to_vec(), Found::Tnef),
        ];
        for (media_type, name, bytes, expected) in cases {
            assert_eq!(look(&File { name, media_type, bytes: &bytes }), expected, "{media_type} {name:?}");
        }
    }
}
