use super::ciphertext::{self, File, Found, inner_name};
use super::inline::{Segment, segments};
use super::text::Written;
use super::walk::{Place, Walk, attachment};
use super::with_line_breaks;
use crate::mime::{self, Entity};
use crate::model::{ContentDigest, EncryptionFormat, Outside, Unreadable};
use crate::openpgp::{self, Decrypted, Trouble};

/// Armor header lines that are looked at.
const MOST_ARMOR_HEADERS: usize = 10;

impl Walk<'_> {
    pub(super) fn pgp_mime(&mut self, children: &[Entity], place: &Place) {
        let within = Place { root: false, mangled: true, ..place.clone() };
        let before = self.tried;
        for child in children {
            let decoded = child.decoded();
            let decoded = ciphertext::narrow(&decoded);
            let file = File { name: None, media_type: child.media_type(), bytes: &decoded };
            match ciphertext::look(&file) {
                Found::Control => {}
                Found::Nothing if openpgp::kind(&decoded) == Some(openpgp::Kind::Message) => {
                    self.ciphertext(&decoded, Wrap::PgpMime, place);
                }
                // The second part is the ciphertext (RFC 3156 4), even when nothing in it looks like it.
                Found::Nothing if file.media_type == "application/octet-stream" && self.tried == before => {
                    self.ciphertext(&decoded, Wrap::PgpMime, place);
                }
                Found::Ciphertext => self.ciphertext(&decoded, Wrap::PgpMime, place),
                _ => self.entity(child, &within),
            }
        }
        if self.tried == before {
            self.fail(Unreadable::Malformed, Some(EncryptionFormat::PgpMime));
        }
    }

    pub(super) fn fail(&mut self, cause: Unreadable, format: Option<EncryptionFormat>) {
        self.failure.get_or_insert(cause);
        self.format = self.format.or(format);
    }

    /// Opens what is in `bytes`, armored or not. Armor may come with more of it, and with a text that somebody put around it.
    pub(super) fn ciphertext(&mut self, bytes: &[u8], wrap: Wrap, place: &Place) {
        if openpgp::kind(bytes) == Some(openpgp::Kind::Message) {
            return self.packets(bytes, bytes, wrap, place);
        }
        let found = segments(bytes);
        if !found.iter().any(|segment| matches!(segment, Segment::Message(_))) {
            return self.armor(bytes, wrap, place);
        }
        for segment in found {
            match segment {
                Segment::Message(block) => self.armor(block, wrap, place),
                Segment::Text(text) | Segment::Signed(text) => self.plain(text, Written::default(), place),
                Segment::PublicKey(block) => {
                    self.keys.offer(block, place);
                }
            }
        }
    }

    fn armor(&mut self, block: &[u8], wrap: Wrap, place: &Place) {
        let wrap = match (wrap, charset_in_armor(block)) {
            (Wrap::Inline(_), Some(charset)) => Wrap::Inline(Some(charset)),
            _ => wrap,
        };
        match openpgp::dearmor(block) {
            // Under a wrong label.
            Some(binary) if openpgp::kind(&binary) == Some(openpgp::Kind::SecretKey) => {
                self.tried += 1;
                self.take_private_keys(&binary, place);
            }
            Some(binary) => self.packets(&binary, block, wrap, place),
            None => {
                self.tried += 1;
                self.outside.get_or_insert(Outside { damaged: true, ..Outside::default() });
                self.stays_shut(Unreadable::Malformed, block, wrap);
            }
        }
    }

    /// `original` is what is passed on when `binary` stays shut.
    fn packets(&mut self, binary: &[u8], original: &[u8], wrap: Wrap, place: &Place) {
        let digest = ContentDigest::of(binary);
        // Some programs send it twice: in both alternatives, in the text and as a file.
        if self.looked_into.contains(&digest) {
            self.tried += 1;
            return;
        }
        self.looked_into.push(digest);
        if self.used_up() {
            return self.stays_shut(Unreadable::TooLarge, original, wrap);
        }
        let outside = self.look_from_outside(original, binary);
        self.outside.get_or_insert_with(|| outside.clone());
        match self.open(binary) {
            Ok(opened) => self.present(opened, outside, wrap, place),
            Err(cause) => {
                if cause == Unreadable::NoKey && self.failure.is_none() {
                    self.named = self.keyring.named_recipients(binary);
                }
                self.stays_shut(cause, original, wrap);
            }
        }
    }

    fn stays_shut(&mut self, cause: Unreadable, original: &[u8], wrap: Wrap) {
        self.fail(cause, Some(wrap.format()));
        let name = match wrap {
            Wrap::File(name) if !name.is_empty() => name,
            _ => "unopened.asc",
        };
        if self.shut.len() < self.limits.attachments {
            self.shut.push(attachment(name.to_owned(), "application/octet-stream", original));
        }
    }

    /// Opens a ciphertext; once more if its own content brings the certificate that signed it.
    fn open(&mut self, binary: &[u8]) -> Result<Decrypted, Unreadable> {
        let before = self.budget.clone();
        let mut opened = self.decrypt(binary)?;
        let unknown = opened.signatures.iter().any(|s| s.trouble == Some(Trouble::UnknownKey));
        if unknown && mime::parse(&opened.plaintext, self.limits).is_ok_and(|content| self.keys.collect(&content)) {
            self.budget = before;
            opened = self.decrypt(binary)?;
        }
        Ok(opened)
    }

    fn decrypt(&mut self, binary: &[u8]) -> Result<Decrypted, Unreadable> {
        openpgp::decrypt(binary, self.keyring, &self.keys.certs, self.limits, &mut self.budget, self.now)
    }

    /// Shows what came out of a ciphertext.
    fn present(&mut self, opened: Decrypted, outside: Outside, wrap: Wrap, place: &Place) {
        let Decrypted { plaintext, signatures, decryption_key } = opened;
        let encrypted = decryption_key.is_some();
        let mut within = Place { root: !place.forwarded, mangled: false, ..place.clone() };
        if encrypted {
            within.encrypted = true;
            within.signers = Vec::new();
        }
        // A text that begins like a header field is no reason to lose its first paragraph.
        let lines = with_line_breaks(&plaintext);
        let typed = || mime::HeaderSection::parse_some(&lines, self.limits).count("content-type") > 0;
        let mime_content = ciphertext::is_mime(&lines) || matches!(wrap, Wrap::PgpMime) && typed();
        // Over the limits for nesting it is shown as the text that it is.
        let parsed = if mime_content { mime::parse(&lines, self.limits).ok() } else { None };
        if encrypted {
            if self.opened == 0 {
                (self.format, self.outside) = (Some(wrap.format()), Some(outside));
            }
            self.opened += 1;
            self.decryption_key = self.decryption_key.take().or(decryption_key);
        }
        let good = self.note(signatures, &within);
        within.signers.extend(good);
        match (parsed, wrap) {
            // As it is, and not in armor: signed apart before it was encrypted.
            (None, _) if ciphertext::is_message(&plaintext) => self.packets(&plaintext, &plaintext, wrap, &within),
            (Some(entity), _) => {
                self.keys.collect(&entity);
                self.entity(&entity, &within);
            }
            (None, Wrap::File(name)) if !mime_content && !is_message_text(name, &plaintext) => {
                let name = inner_name(name).unwrap_or("decrypted").to_owned();
                let file = File { name: Some(&name), media_type: "application/octet-stream", bytes: &plaintext };
                self.unshown(&file, &within);
            }
            (None, Wrap::Inline(charset)) => self.text(&plaintext, charset_of(charset, &plaintext), &within),
            (None, _) => self.text(&plaintext, None, &within),
        }
    }
}

/// How a ciphertext lay in the mail.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wrap<'a> {
    PgpMime,
    /// With the character set of the text around it.
    Inline(Option<&'a str>),
    /// With the name of the file, or an empty one.
    File(&'a str),
}

impl Wrap<'_> {
    fn format(self) -> EncryptionFormat {
        match self {
            Wrap::PgpMime => EncryptionFormat::PgpMime,
            Wrap::Inline(_) => EncryptionFormat::Inline,
            Wrap::File(_) => EncryptionFormat::Attachment,
        }
    }
}

/// OpenPGP text is UTF-8 (RFC 9580 5.9); the character set of the mail around it counts only where it is not.
fn charset_of<'a>(around: Option<&'a str>, plaintext: &[u8]) -> Option<&'a str> {
    around.filter(|_| std::str::from_utf8(plaintext).is_err())
}

/// The character set that an armor header names (RFC 4880 6.2).
fn charset_in_armor(block: &[u8]) -> Option<&str> {
    let headers =
        block.split(|byte| *byte == b'\n').skip(1).map(<[u8]>::trim_ascii).take_while(|line| !line.is_empty());
    headers.take(MOST_ARMOR_HEADERS).find_map(|line| {
        let (name, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        name.eq_ignore_ascii_case("charset").then_some(value.trim())
    })
}

/// A file that is the message itself, as mobile programs send it, and no document of the sender's.
fn is_message_text(name: &str, plaintext: &[u8]) -> bool {
    let text = std::str::from_utf8(plaintext).is_ok() && !plaintext.contains(&0);
    let inner = inner_name(name).map(|inner| inner.to_ascii_lowercase());
    text && inner.is_none_or(|inner| inner.ends_with(".txt") || inner.ends_with(".eml"))
}
