//! Mail as a reporter's or team member's program opens it: the real GnuPG under a plain reading of RFC 3156.

use mail_parser::{Message, MessageParser, MimeHeaders};

use super::gnupg::GnuPg;

/// A mail that was opened.
#[derive(Debug)]
pub struct Mail {
    /// Header fields of the outer header section, unfolded.
    pub headers: Vec<(String, String)>,
    /// What a reader sees, after decryption: all text.
    pub text: String,
    /// Names of attachments.
    pub attachments: Vec<String>,
    pub encrypted: bool,
    /// Fingerprints that GnuPG calls valid.
    pub signers: Vec<String>,
}

impl Mail {
    /// The only field of this name; fails the test when there are more or none.
    pub fn header(&self, name: &str) -> &str {
        let found: Vec<_> = self.headers.iter().filter(|(field, _)| field.eq_ignore_ascii_case(name)).collect();
        let [(_, value)] = found[..] else { panic!("{} fields named {name}", found.len()) };
        value
    }

    /// Whether there is such a field.
    pub fn has(&self, name: &str) -> bool {
        self.headers.iter().any(|(field, _)| field.eq_ignore_ascii_case(name))
    }
}

/// The outer header section alone, whoever the mail is for.
pub fn open_outer(raw: &[u8]) -> Mail {
    let raw = crlf(raw);
    let message = MessageParser::default().parse(&raw).expect("no mail");
    Mail { headers: fields(&message), text: String::new(), attachments: vec![], encrypted: false, signers: vec![] }
}

/// Everything that somebody without any key can read in a mail, transfer encodings undone.
pub fn readable(raw: &[u8]) -> String {
    let message = MessageParser::default().parse(raw).expect("no mail");
    let mut text: String = fields(&message).into_iter().map(|(name, value)| format!("{name}: {value}\n")).collect();
    for part in &message.parts {
        text.push_str(&String::from_utf8_lossy(part.contents()));
    }
    text
}

/// Opens a mail with the keys of `gnupg`; fails the test when ciphertext stays shut.
pub fn open(raw: &[u8], gnupg: &GnuPg) -> Mail {
    let raw = crlf(raw);
    let message = MessageParser::default().parse(&raw).expect("no mail");
    let headers = fields(&message);
    let subtype = message.content_type().and_then(|t| t.subtype()).unwrap_or_default();
    match subtype {
        "encrypted" => {
            let ciphertext = message.part(2).expect("multipart/encrypted with two parts").contents();
            let opened = gnupg.decrypt(ciphertext);
            let inner = crlf(&opened.plaintext);
            let (text, attachments) = content(&MessageParser::default().parse(&inner).expect("no MIME inside"));
            Mail { headers, text, attachments, encrypted: true, signers: opened.valid_signatures }
        }
        "signed" => {
            let signed = message.part(1).expect("a signed part");
            let bytes = &raw[signed.raw_header_offset() as usize..signed.raw_end_offset() as usize];
            let signature = message.parts.last().unwrap().contents();
            // The line end before the boundary belongs to the boundary (RFC 2046 5.1.1).
            let signers = [bytes, bytes.strip_suffix(b"\r\n").unwrap_or(bytes)]
                .into_iter()
                .map(|bytes| gnupg.verify(bytes, signature))
                .find(|signers| !signers.is_empty())
                .unwrap_or_default();
            let (text, attachments) = content(&message);
            Mail { headers, text, attachments, encrypted: false, signers }
        }
        _ => {
            let (text, attachments) = content(&message);
            Mail { headers, text, attachments, encrypted: false, signers: vec![] }
        }
    }
}

/// With CRLF line ends, as it was on the wire: a Maildir holds LF.
pub fn crlf(raw: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(raw.len() + raw.len() / 40);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_suffix(b"\n") {
            Some(line) => {
                lines.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
                lines.extend_from_slice(b"\r\n");
            }
            None => lines.extend_from_slice(line),
        }
    }
    lines
}

fn fields(message: &Message<'_>) -> Vec<(String, String)> {
    message.headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

fn content(message: &Message<'_>) -> (String, Vec<String>) {
    let mut text = String::new();
    for part in &message.text_body {
        if let Some(part) = message.part(*part).and_then(|part| part.text_contents()) {
            text.push_str(part);
            text.push('\n');
        }
    }
    let attachments = message.attachments().filter_map(|part| part.attachment_name().map(str::to_owned)).collect();
    (text, attachments)
}
