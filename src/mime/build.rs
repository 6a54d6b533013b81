//! Builds the gateway's own mail: PGP/MIME signed or encrypted (RFC 3156), as bytes with CRLF.
//!
//! Everything is 7-bit with short lines, so that no mail server has a reason to rewrite what was signed. Header values
//! come from checked types or are encoded (RFC 2047), so no text can add a header. The cryptography is the caller's:
//! [`content`] or [`protected_content`] gives the bytes to sign or to encrypt, [`signed`] and [`encrypted`] wrap the result.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lettre::message::header::{
    ContentDisposition, ContentTransferEncoding, ContentType, Date, Header, HeaderName, HeaderValue, Headers,
};
use lettre::message::{Body, Mailbox, SinglePart};
use time::OffsetDateTime;

use crate::model::{Address, MailId, Secret, is_hidden};

/// What stands in the outer header section in place of a subject that is encrypted (RFC 9788 3.2.1).
pub const HIDDEN_SUBJECT: &str = "[...]";

/// Most Message-IDs in `References`: the first and the last ones, as mail programs do (RFC 5537 3.4.4).
const MAX_REFERENCES: usize = 12;
/// Step of the sizes that encrypted replies have, in bytes.
const PADDED_TO: usize = 4 << 10;
/// Most bytes of one header value that is folded by hand.
const FOLD_AT: usize = 72;
/// Largest certificate, in bytes, that goes into an Autocrypt header (Autocrypt 1.1, 2.1: 10 KiB for the header).
const MAX_AUTOCRYPT: usize = 7_000;

/// The header section of an outgoing mail.
#[derive(Debug, Clone)]
pub struct Heading {
    /// The gateway's display name.
    pub name: String,
    pub from: Address,
    pub to: Address,
    /// What a reader sees. In an encrypted mail it travels inside.
    pub subject: String,
    /// What an encrypted mail has outside; `None`: [`HIDDEN_SUBJECT`].
    pub outer_subject: Option<String>,
    pub date: OffsetDateTime,
    pub message_id: MailId,
    pub in_reply_to: Option<MailId>,
    pub references: Vec<MailId>,
    pub auto_submitted: AutoSubmitted,
    /// Flagged as urgent for mail programs that show it.
    pub urgent: bool,
    /// The gateway's certificate, binary.
    pub certificate: Option<Vec<u8>>,
}

/// RFC 3834 5: why a program sent this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AutoSubmitted {
    Replied,
    Generated,
}

/// A part of a mail, with its own header section.
#[derive(Debug, Clone)]
pub struct Part(SinglePart);

impl Part {
    /// Text that is shown.
    pub fn text(text: &str) -> Part {
        Part(SinglePart::builder().content_type(ContentType::TEXT_PLAIN).body(printable(text)))
    }

    /// Text that is shown, and saved under `name`.
    pub fn named_text(name: &str, text: &str) -> Part {
        let builder = SinglePart::builder().content_type(ContentType::TEXT_PLAIN);
        Part(builder.header(ContentDisposition::inline_with_name(&plain_name(name))).body(printable(text)))
    }

    /// A file. A media type that cannot stand here (RFC 2046 5: composite types take no base64) becomes
    /// `application/octet-stream`.
    pub fn file(name: &str, media_type: &str, bytes: &[u8]) -> Part {
        let composite = media_type.starts_with("multipart/") || media_type.starts_with("message/");
        let plain =
            media_type.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'+' | b'.' | b'_'));
        let content_type = Some(media_type)
            .filter(|_| plain && !composite)
            .and_then(|text| ContentType::parse(text).ok())
            .unwrap_or_else(octet_stream);
        let mut encoded = String::with_capacity(bytes.len() * 3 / 2);
        for line in bytes.chunks(57) {
            STANDARD.encode_string(line, &mut encoded);
            encoded.push_str("\r\n");
        }
        let body = Body::dangerous_pre_encoded(encoded.into_bytes(), ContentTransferEncoding::Base64);
        let disposition = ContentDisposition::attachment(&plain_name(name));
        Part(SinglePart::builder().content_type(content_type).header(disposition).body(body))
    }
}

/// The parts as one MIME entity: what [`signed`] carries. `boundary` is unguessable for whoever wrote the parts.
pub fn content(parts: &[Part], boundary: &str) -> Vec<u8> {
    entity("", parts, boundary)
}

/// The parts as one MIME entity with protected headers (RFC 9788), for encrypting: the real subject, and what stands
/// outside. `To` and `Message-ID` are left to the outer header section, so that one ciphertext can go to a whole team.
pub fn protected_content(heading: &Heading, parts: &[Part], boundary: &str) -> Secret<Vec<u8>> {
    let outer = heading.outer_subject.as_deref().unwrap_or(HIDDEN_SUBJECT);
    let (from, date) = (heading.author_field(), heading.date_field());
    let mut fields = String::new();
    fields.push_str(&from);
    fields.push_str(&field("Subject", &heading.subject));
    fields.push_str(&date);
    fields.push_str(&field("HP-Outer", &format!("Subject: {outer}")));
    fields.push_str(&format!("HP-Outer: {from}HP-Outer: {date}"));
    Secret::new(entity(&fields, parts, boundary))
}

/// What [`protected_content`] gave, with blank lines after its end, which no reader shows (RFC 2046 5.1.1), up to the next
/// multiple of [`PADDED_TO`]: the ciphertext's size tells little about the text.
pub fn padded(content: Secret<Vec<u8>>) -> Secret<Vec<u8>> {
    let length = content.expose().len();
    let missing = length.next_multiple_of(PADDED_TO) - length;
    let blank = b"\r\n".iter().copied().cycle().take(missing);
    Secret::new(content.expose().iter().copied().chain(blank).collect())
}

/// A whole mail of type `multipart/signed` (RFC 3156 5): `content` as it was signed, and its detached signature.
pub fn signed(heading: &Heading, content: &[u8], signature: &str, micalg: &str, boundary: &str) -> Vec<u8> {
    let outer = boundary_of(boundary, "outer");
    let mut mail = heading.fields(&heading.subject);
    mail.push_str(&format!(
        "Content-Type: multipart/signed; micalg=\"{micalg}\";\r\n protocol=\"application/pgp-signature\";\r\n \
         boundary=\"{outer}\"\r\n\r\n--{outer}\r\n"
    ));
    let mut mail = mail.into_bytes();
    mail.extend_from_slice(content);
    let rest = format!(
        "\r\n--{outer}\r\nContent-Type: application/pgp-signature; name=\"signature.asc\"\r\n\
         Content-Description: OpenPGP digital signature\r\n\r\n{}\r\n--{outer}--\r\n",
        crlf(signature)
    );
    mail.extend_from_slice(rest.as_bytes());
    mail
}

/// A whole mail of type `multipart/encrypted` (RFC 3156 4) around `ciphertext` in ASCII armor. The subject stays inside.
pub fn encrypted(heading: &Heading, ciphertext: &str, boundary: &str) -> Vec<u8> {
    let outer = boundary_of(boundary, "outer");
    let mut mail = heading.fields(heading.outer_subject.as_deref().unwrap_or(HIDDEN_SUBJECT));
    mail.push_str(&format!(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\";\r\n boundary=\"{outer}\"\r\n\r\n\
         --{outer}\r\nContent-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\
         \r\nVersion: 1\r\n--{outer}\r\nContent-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\
         Content-Description: OpenPGP encrypted message\r\nContent-Disposition: inline; filename=\"encrypted.asc\"\r\n\r\n"
    ));
    push_crlf(&mut mail, ciphertext);
    mail.push_str(&format!("\r\n--{outer}--\r\n"));
    mail.into_bytes()
}

impl Heading {
    /// The outer header section, up to the content's own fields.
    fn fields(&self, subject: &str) -> String {
        let mut fields = self.author_field();
        fields.push_str(&format!("To: <{}>\r\n", self.to.as_str()));
        fields.push_str(&field("Subject", subject));
        fields.push_str(&self.date_field());
        fields.push_str(&format!("Message-ID: {}\r\n", self.message_id.bracketed()));
        if let Some(parent) = &self.in_reply_to {
            fields.push_str(&format!("In-Reply-To: {}\r\n", parent.bracketed()));
        }
        fields.push_str(&references(&self.references));
        fields.push_str(match self.auto_submitted {
            AutoSubmitted::Replied => "Auto-Submitted: auto-replied\r\n",
            AutoSubmitted::Generated => "Auto-Submitted: auto-generated\r\n",
        });
        if self.urgent {
            fields.push_str("Importance: high\r\nX-Priority: 1 (Highest)\r\n");
        }
        if let Some(certificate) = self.certificate.as_deref().filter(|bytes| bytes.len() <= MAX_AUTOCRYPT) {
            fields.push_str(&autocrypt(&self.from, certificate));
        }
        fields.push_str("MIME-Version: 1.0\r\n");
        fields
    }

    fn author_field(&self) -> String {
        let address: Option<lettre::Address> = self.from.as_str().parse().ok();
        match address {
            Some(address) => {
                let mailbox = Mailbox::new(Some(one_line(&self.name)).filter(|name| !name.is_empty()), address);
                raw_field(lettre::message::header::From::from(lettre::message::Mailboxes::from(mailbox)).display())
            }
            None => format!("From: <{}>\r\n", self.from.as_str()),
        }
    }

    fn date_field(&self) -> String {
        raw_field(Date::new(self.date.into()).display())
    }
}

/// A MIME entity `multipart/mixed` with `fields` in its header section; without the line end that belongs to what follows.
fn entity(fields: &str, parts: &[Part], boundary: &str) -> Vec<u8> {
    let inner = boundary_of(boundary, "inner");
    let protection = if fields.is_empty() { "" } else { "; hp=\"cipher\"" };
    let head = format!("Content-Type: multipart/mixed; boundary=\"{inner}\"{protection}\r\n{fields}\r\n");
    let mut bytes = head.into_bytes();
    for part in parts {
        bytes.extend_from_slice(format!("--{inner}\r\n").as_bytes());
        bytes.extend_from_slice(&part.0.formatted());
    }
    bytes.extend_from_slice(format!("--{inner}--").as_bytes());
    bytes
}

/// `=_` occurs neither in quoted-printable nor in base64 text (RFC 2045 6.7), so no content can contain a boundary.
fn boundary_of(seed: &str, level: &str) -> String {
    format!("=_{level}_{seed}")
}

/// Text as quoted-printable. A line must not begin with "From ", which mailboxes change (RFC 3156 3).
fn printable(text: &str) -> Body {
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let encoding = ContentTransferEncoding::QuotedPrintable;
    let encoded = match Body::new_with_encoding(clean, encoding) {
        Ok(body) => body.into_vec(),
        Err(raw) => raw,
    };
    let text = String::from_utf8(encoded).unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive("\r\n") {
        let rest = line.strip_prefix("From ");
        safe.push_str(if rest.is_some() { "=46rom " } else { "" });
        safe.push_str(rest.unwrap_or(line));
    }
    Body::dangerous_pre_encoded(safe.into_bytes(), encoding)
}

fn octet_stream() -> ContentType {
    ContentType::parse("application/octet-stream").unwrap_or(ContentType::TEXT_PLAIN)
}

/// A file name as it may stand in a header: one component, one line, not too long.
fn plain_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !is_hidden(*c) && *c != '"').take(120).collect();
    if clean.trim().is_empty() { "attachment".into() } else { clean }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn field(name: &'static str, value: &str) -> String {
    raw_field(HeaderValue::new(HeaderName::new_from_ascii_str(name), one_line(value)))
}

fn raw_field(value: HeaderValue) -> String {
    let mut headers = Headers::new();
    headers.insert_raw(value);
    headers.to_string()
}

/// The field with the first and the last Message-IDs, one a line; nothing without any.
fn references(ids: &[MailId]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let first = ids.len().min(1);
    let last = ids.len().saturating_sub(MAX_REFERENCES - 1).max(first);
    let kept: Vec<String> = ids[..first].iter().chain(&ids[last..]).map(MailId::bracketed).collect();
    format!("References: {}\r\n", kept.join("\r\n "))
}

fn autocrypt(address: &Address, certificate: &[u8]) -> String {
    let encoded = STANDARD.encode(certificate);
    let mut field = format!("Autocrypt: addr={}; prefer-encrypt=mutual; keydata=", address.as_str());
    for line in encoded.as_bytes().chunks(FOLD_AT) {
        field.push_str("\r\n ");
        field.push_str(&String::from_utf8_lossy(line));
    }
    field.push_str("\r\n");
    field
}

fn crlf(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 64);
    push_crlf(&mut out, text);
    out
}

fn push_crlf(out: &mut String, text: &str) {
    out.reserve(text.len() + text.len() / 60);
    let mut lines = text.trim_end().lines();
    out.push_str(lines.next().unwrap_or_default());
    for line in lines {
        out.push_str("\r\n");
        out.push_str(line);
    }
}

#[cfg(test)]
mod tests;
