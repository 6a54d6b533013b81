use time::OffsetDateTime;

use super::ciphertext::{self, Found, inner_name};
use super::forward;
use super::inline::{Segment, segments};
use super::keys::FoundKeys;
use crate::mime::{self, Content, Entity, TooMuch};
use crate::model::{
    Attachment, ContentDigest, EncryptionFormat, Fingerprint, Forwarded, LearnedFrom, Limits, Part, PartContent,
    Protection, Secret, Unreadable,
};
use crate::openpgp::{self, Checked, Decrypted, Keyring, Trouble};

/// Collects what a mail holds while walking through it, ciphertext inside ciphertext included.
pub(super) struct Walk<'k> {
    pub keyring: &'k Keyring,
    pub limits: &'k Limits,
    pub now: OffsetDateTime,
    pub keys: FoundKeys,
    pub seen: Vec<Seen>,
    pub signatures: Vec<SeenSignature>,
    pub subject: Option<Subject>,
    pub forwarded: Option<Forwarded>,
    /// Ciphertexts that were looked into, opened or not.
    tried: usize,
    /// Ciphertexts that opened.
    pub opened: usize,
    /// Those that did not, to be passed on as files when another one opened.
    pub shut: Vec<Attachment>,
    pub failure: Option<Unreadable>,
    pub format: Option<EncryptionFormat>,
    pub decryption_key: Option<Fingerprint>,
    pub digest: Option<ContentDigest>,
    budget: u64,
}

/// A part, and which signatures cover it.
pub(super) struct Seen {
    pub part: Part,
    /// Indices into [`Walk::signatures`]; good ones only.
    pub signers: Vec<usize>,
}

/// A signature, and where it stood.
pub(super) struct SeenSignature {
    pub checked: Checked,
    /// Inside a ciphertext that was opened here.
    pub encrypted: bool,
    /// It belongs to a mail that was forwarded, and says nothing about this one.
    pub forwarded: bool,
}

/// A subject from inside (RFC 9788).
pub(super) struct Subject {
    pub text: String,
    pub encrypted: bool,
    pub signers: Vec<usize>,
}

/// What holds for the place where the walk is.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    encrypted: bool,
    forwarded: bool,
    /// Signatures of the innermost ciphertext only: who signed around a ciphertext need not know what is in it.
    signers: Vec<usize>,
    /// The outermost entity of a mail or of a ciphertext: its header section is the protected one.
    root: bool,
    /// Inside a report of a mail system: what it returns is not said by its sender.
    report: bool,
    /// Beside an `application/pgp-encrypted` part that lost its `multipart/encrypted`.
    mangled: bool,
}

impl<'k> Walk<'k> {
    pub fn new(keyring: &'k Keyring, limits: &'k Limits, now: OffsetDateTime) -> Self {
        Walk {
            keyring,
            limits,
            now,
            keys: FoundKeys::default(),
            seen: Vec::new(),
            signatures: Vec::new(),
            subject: None,
            forwarded: None,
            tried: 0,
            opened: 0,
            shut: Vec::new(),
            failure: None,
            format: None,
            decryption_key: None,
            digest: None,
            budget: limits.decrypted_size,
        }
    }

    /// Walks through a whole mail.
    pub fn mail(&mut self, mail: &Entity) {
        self.keys.collect(mail);
        self.entity(mail, &Place { root: true, ..Place::default() });
    }

    fn entity(&mut self, entity: &Entity, place: &Place) {
        if place.root {
            self.note_subject(entity, place);
        }
        match &entity.content {
            Content::Leaf => self.leaf(entity, place),
            Content::Message(message) => self.message(message, place),
            Content::Multipart(children) => match entity.media_type() {
                "multipart/encrypted" => self.pgp_mime(children, place),
                "multipart/signed" => self.signed(children, place),
                "multipart/alternative" => self.alternative(children, place),
                _ => self.mixed(entity, children, place),
            },
        }
    }

    fn mixed(&mut self, entity: &Entity, children: &[Entity], place: &Place) {
        let mangled = children.iter().any(|child| {
            child.media_type() == "application/pgp-encrypted"
                || ciphertext::look(child, &child.decoded()) == Found::Control
        });
        let report = place.report || entity.media_type() == "multipart/report";
        let within = Place { root: false, mangled, report, ..place.clone() };
        let protected = entity.content_type.parameter("protected-headers").is_some();
        for (at, child) in children.iter().enumerate() {
            // A copy of the protected subject for programs that do not know it (RFC 9788 4.10.2, older shape).
            let legacy = protected
                && at == 0
                && child.media_type().starts_with("text/")
                && child.content_type.parameter("protected-headers").is_some();
            if !legacy {
                self.entity(child, &within);
            }
        }
    }

    /// One text of several that say the same: the plain one where it says anything. What only the others hold, files
    /// for instance, comes along.
    fn alternative(&mut self, children: &[Entity], place: &Place) {
        let within = Place { root: false, ..place.clone() };
        let plain = |child: &&Entity| child.media_type() == "text/plain" && !child.decoded().trim_ascii().is_empty();
        let chosen = children.iter().rfind(plain);
        let chosen = chosen.or_else(|| children.iter().rfind(|child| child.media_type() != "text/plain"));
        for child in children {
            if chosen.is_some_and(|chosen| std::ptr::eq(chosen, child)) {
                self.entity(child, &within);
            } else {
                let below = child.walk();
                let others = below.iter().filter(|part| matches!(part.content, Content::Leaf));
                for part in others.filter(|part| !part.media_type().starts_with("text/") || part.is_attachment()) {
                    self.leaf(part, &within);
                }
            }
        }
    }

    fn message(&mut self, message: &Entity, place: &Place) {
        if place.report {
            return;
        }
        if self.forwarded.is_none() && !place.forwarded {
            self.forwarded = Some(Forwarded {
                author: mime::author(&message.header).address,
                subject: Secret::new(message.header.text("subject").unwrap_or_default()),
            });
        }
        self.entity(message, &Place { forwarded: true, root: false, mangled: false, ..place.clone() });
    }

    fn leaf(&mut self, entity: &Entity, place: &Place) {
        let decoded = entity.decoded();
        let media_type = entity.media_type();
        if media_type == "application/pgp-encrypted" && decoded.len() < 512 {
            return;
        }
        if matches!(media_type, "message/rfc822" | "message/global") {
            return self.encoded_message(&decoded, place);
        }
        match ciphertext::look(entity, &decoded) {
            Found::Control => return,
            Found::Keys if self.take_keys(&decoded) => return,
            Found::Smime => return self.fail(Unreadable::Unsupported, EncryptionFormat::Attachment),
            Found::Ciphertext if place.mangled => return self.ciphertext(&decoded, Wrap::PgpMime, place),
            Found::Ciphertext if !is_shown(entity) => {
                let name = entity.file_name();
                return self.ciphertext(&decoded, Wrap::File(name.as_deref().unwrap_or_default()), place);
            }
            _ => {}
        }
        if media_type == "application/pgp-keys" && self.take_keys(&decoded) {
            return;
        }
        if is_shown(entity) {
            self.text_part(entity, &decoded, place);
        } else {
            let name = entity.file_name().unwrap_or_else(|| format!("part-{}", self.seen.len() + 1));
            self.push(PartContent::Attachment(attachment(name, media_type, &decoded)), place);
        }
    }

    fn text_part(&mut self, entity: &Entity, decoded: &[u8], place: &Place) {
        let charset = entity.content_type.parameter("charset");
        if entity.media_type() == "text/html" {
            let text = mime::html_to_text(&mime::charset(charset, decoded));
            return self.text(text.as_bytes(), None, place);
        }
        let legacy = place.encrypted && entity.content_type.parameter("hp-legacy-display") == Some("1");
        let shown = if legacy { after_first_paragraph(decoded) } else { decoded };
        self.text(shown, charset, place);
    }

    /// A text, with whatever armor is in it.
    fn text(&mut self, text: &[u8], charset: Option<&str>, place: &Place) {
        let found = segments(text);
        let alone = !found.iter().any(|segment| matches!(segment, Segment::Text(t) if !t.trim_ascii().is_empty()));
        for segment in found {
            match segment {
                Segment::Text(text) => self.plain(text, charset, place),
                Segment::PrivateKey(block) => {
                    self.keys.private_key_attached = true;
                    self.keys.add(block, LearnedFrom::Attachment);
                }
                Segment::PublicKey(block) => {
                    self.keys.add(block, LearnedFrom::Attachment);
                }
                Segment::Signed(block) => self.cleartext(block, charset, place),
                Segment::Message(block) => {
                    let holds = openpgp::dearmor(block).and_then(|bytes| openpgp::kind(&bytes));
                    // An example in a text about armor opens nothing and is no failure.
                    if holds == Some(openpgp::Kind::Message) || alone {
                        self.ciphertext(block, Wrap::Inline(charset), place);
                    } else {
                        self.plain(block, charset, place);
                    }
                }
            }
        }
    }

    fn plain(&mut self, text: &[u8], charset: Option<&str>, place: &Place) {
        let text = mime::charset(charset, text);
        if text.trim().is_empty() {
            return;
        }
        if self.forwarded.is_none() && !place.forwarded {
            self.forwarded = forward::inline(&text);
        }
        self.push(PartContent::Text(Secret::new(text)), place);
    }

    fn push(&mut self, content: PartContent, place: &Place) {
        let protection = Protection { encrypted: place.encrypted, signed: !place.signers.is_empty() };
        self.seen.push(Seen { part: Part { protection, content }, signers: place.signers.clone() });
    }

    fn take_keys(&mut self, decoded: &[u8]) -> bool {
        let private = decoded.trim_ascii_start().starts_with(b"-----BEGIN PGP PRIVATE KEY BLOCK-----");
        self.keys.private_key_attached |= private;
        self.keys.add(decoded, LearnedFrom::Attachment) || private
    }

    /// `message/rfc822` under a transfer encoding, which RFC 2046 forbids and mail systems do.
    fn encoded_message(&mut self, decoded: &[u8], place: &Place) {
        match mime::parse(decoded, self.limits) {
            Ok(message) if !self.used_up() => self.message(&message, place),
            _ => self.push(PartContent::Attachment(attachment("message.eml".into(), "message/rfc822", decoded)), place),
        }
    }

    /// Counts a further look inside: parsing again must not go round for ever.
    fn used_up(&mut self) -> bool {
        self.tried += 1;
        self.tried > self.limits.ciphertexts
    }

    // ---- signatures

    fn signed(&mut self, children: &[Entity], place: &Place) {
        let Some((content, rest)) = children.split_first() else { return };
        let signature = rest.iter().find(|child| {
            child.media_type() == "application/pgp-signature"
                || child.decoded().trim_ascii_start().starts_with(b"-----BEGIN PGP SIGNATURE-----")
        });
        let mut within = Place { root: place.root, ..place.clone() };
        if let Some(signature) = signature {
            let checked = self.verify(content.raw, &signature.decoded());
            within.signers.extend(self.note(checked, place));
        }
        self.entity(content, &within);
        let beside = |child: &&Entity| {
            !signature.is_some_and(|signature| std::ptr::eq(signature, *child))
                && !matches!(child.media_type(), "application/pkcs7-signature" | "application/x-pkcs7-signature")
        };
        for child in rest.iter().filter(beside) {
            self.entity(child, &Place { root: false, ..place.clone() });
        }
    }

    /// Checks a detached signature over the raw part. It was made over lines ended by CRLF (RFC 3156 5), whatever the
    /// mailbox keeps; a few programs sign what they see.
    fn verify(&self, raw: &[u8], signature: &[u8]) -> Vec<Checked> {
        let check = |content: &[u8]| {
            let extra = &self.keys.certs;
            openpgp::verify_detached(content, signature, self.keyring, extra, self.limits, self.now)
        };
        let canonical = with_crlf(raw);
        let checked = check(&canonical).unwrap_or_else(|_| vec![unreadable_signature()]);
        if checked.iter().all(|c| c.trouble == Some(Trouble::Bad)) && canonical != raw {
            return check(raw).unwrap_or(checked);
        }
        checked
    }

    fn cleartext(&mut self, block: &[u8], charset: Option<&str>, place: &Place) {
        let extra = &self.keys.certs;
        match openpgp::verify_cleartext(block, self.keyring, extra, self.limits, self.now) {
            Ok((text, checked)) => {
                let mut within = place.clone();
                within.signers.extend(self.note(checked, place));
                self.plain(&text, charset, &within);
            }
            Err(_) => {
                self.note(vec![unreadable_signature()], place);
                self.plain(block, charset, place);
            }
        }
    }

    /// Keeps the verdicts and returns the indices of the good ones.
    fn note(&mut self, checked: Vec<Checked>, place: &Place) -> Vec<usize> {
        let mut good = Vec::new();
        for checked in checked {
            if self.signatures.len() >= self.limits.signatures {
                break;
            }
            if checked.trouble.is_none() {
                good.push(self.signatures.len());
            }
            self.signatures.push(SeenSignature { checked, encrypted: place.encrypted, forwarded: place.forwarded });
        }
        good
    }

    fn note_subject(&mut self, entity: &Entity, place: &Place) {
        let marked = ["protected-headers", "hp"].iter().any(|name| entity.content_type.parameter(name).is_some());
        let trusted = place.encrypted || !place.signers.is_empty();
        let better = self.subject.as_ref().is_none_or(|known| !known.encrypted && place.encrypted);
        if marked
            && trusted
            && better
            && let Some(text) = entity.header.text("subject")
        {
            self.subject = Some(Subject { text, encrypted: place.encrypted, signers: place.signers.clone() });
        }
    }

    // ---- ciphertext

    fn pgp_mime(&mut self, children: &[Entity], place: &Place) {
        let within = Place { root: false, mangled: true, ..place.clone() };
        let before = self.tried;
        for child in children {
            let decoded = child.decoded();
            match ciphertext::look(child, &decoded) {
                Found::Control => {}
                Found::Nothing if openpgp::kind(&decoded) == Some(openpgp::Kind::Message) => {
                    self.ciphertext(&decoded, Wrap::PgpMime, place);
                }
                // The second part is the ciphertext (RFC 3156 4), even when nothing in it looks like it.
                Found::Nothing if child.media_type() == "application/octet-stream" && self.tried == before => {
                    self.ciphertext(&decoded, Wrap::PgpMime, place);
                }
                _ => self.entity(child, &within),
            }
        }
        if self.tried == before {
            self.fail(Unreadable::Malformed, EncryptionFormat::PgpMime);
        }
    }

    fn fail(&mut self, cause: Unreadable, format: EncryptionFormat) {
        self.failure.get_or_insert(cause);
        self.format.get_or_insert(format);
    }

    fn ciphertext(&mut self, bytes: &[u8], wrap: Wrap, place: &Place) {
        let opened = if self.used_up() { Err(Unreadable::TooLarge) } else { self.open(bytes) };
        match opened.and_then(|(opened, digest)| self.present(opened, digest, wrap, place)) {
            Ok(()) => {}
            Err(cause) => {
                self.fail(cause, wrap.format());
                let name = match wrap {
                    Wrap::File(name) if !name.is_empty() => name,
                    _ => "unopened.asc",
                };
                self.shut.push(attachment(name.to_owned(), "application/octet-stream", bytes));
            }
        }
    }

    /// Opens a ciphertext; once more if its own content brings the certificate that signed it.
    fn open(&mut self, bytes: &[u8]) -> Result<(Decrypted, ContentDigest), Unreadable> {
        let armored = bytes.trim_ascii_start().starts_with(b"-----");
        let dearmored = if armored { Some(openpgp::dearmor(bytes).ok_or(Unreadable::Malformed)?) } else { None };
        let binary = dearmored.as_deref().unwrap_or(bytes);
        let digest = ContentDigest::of(binary);
        self.digest.get_or_insert(digest);
        let decrypt =
            |walk: &Self| openpgp::decrypt(binary, walk.keyring, &walk.keys.certs, walk.limits, walk.budget, walk.now);
        let mut opened = decrypt(self)?;
        let unknown = opened.signatures.iter().any(|s| s.trouble == Some(Trouble::UnknownKey));
        if unknown && mime::parse(&opened.plaintext, self.limits).is_ok_and(|content| self.keys.collect(&content)) {
            opened = decrypt(self)?;
        }
        Ok((opened, digest))
    }

    /// Shows what came out of a ciphertext.
    fn present(
        &mut self,
        opened: Decrypted,
        digest: ContentDigest,
        wrap: Wrap,
        place: &Place,
    ) -> Result<(), Unreadable> {
        let Decrypted { plaintext, signatures, decryption_key } = opened;
        let encrypted = decryption_key.is_some();
        let mut within = Place { root: !place.forwarded, mangled: false, ..place.clone() };
        if encrypted {
            within.encrypted = true;
            within.signers = Vec::new();
        }
        // A text that begins like a header field is no reason to lose its first paragraph.
        let typed = || mime::HeaderSection::parse_some(&plaintext, self.limits).count("content-type") > 0;
        let mime_content = ciphertext::is_mime(&plaintext) || matches!(wrap, Wrap::PgpMime) && typed();
        let parsed = if mime_content { Some(mime::parse(&plaintext, self.limits).map_err(over_limits)?) } else { None };
        self.budget = self.budget.saturating_sub(plaintext.len() as u64);
        if encrypted {
            if self.opened == 0 {
                (self.format, self.digest) = (Some(wrap.format()), Some(digest));
            }
            self.opened += 1;
            self.decryption_key = self.decryption_key.take().or(decryption_key);
        }
        let good = self.note(signatures, &within);
        within.signers.extend(good);
        match (parsed, wrap) {
            (Some(entity), _) => {
                self.keys.collect(&entity);
                self.entity(&entity, &within);
            }
            (None, Wrap::File(name)) if !is_message_text(name, &plaintext) => {
                let name = inner_name(name).unwrap_or("decrypted").to_owned();
                self.push(PartContent::Attachment(attachment(name, "application/octet-stream", &plaintext)), &within);
            }
            (None, Wrap::Inline(charset)) => self.text(&plaintext, charset_of(charset, &plaintext), &within),
            (None, _) => self.text(&plaintext, None, &within),
        }
        Ok(())
    }
}

/// How a ciphertext lay in the mail.
#[derive(Debug, Clone, Copy)]
enum Wrap<'a> {
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

/// A file that is the message itself, as mobile programs send it, and no document of the sender's.
fn is_message_text(name: &str, plaintext: &[u8]) -> bool {
    let text = std::str::from_utf8(plaintext).is_ok() && !plaintext.contains(&0);
    let inner = inner_name(name).map(|inner| inner.to_ascii_lowercase());
    text && inner.is_none_or(|inner| inner.ends_with(".txt") || inner.ends_with(".eml"))
}

/// Whether a reader sees it as text.
fn is_shown(entity: &Entity) -> bool {
    let text = matches!(entity.media_type(), "text/plain" | "text/html" | "text/markdown" | "text/enriched");
    text && !entity.is_attachment() && entity.file_name().is_none()
}

fn attachment(name: String, media_type: &str, bytes: &[u8]) -> Attachment {
    Attachment {
        name: Secret::new(name),
        media_type: media_type.to_owned(),
        sha256: ContentDigest::of(bytes),
        bytes: Secret::new(bytes.to_vec()),
    }
}

fn over_limits(_: TooMuch) -> Unreadable {
    Unreadable::TooLarge
}

fn unreadable_signature() -> Checked {
    Checked { trouble: Some(Trouble::Bad), signer: None, certificate: None }
}

fn after_first_paragraph(text: &[u8]) -> &[u8] {
    let ends: [&[u8]; 2] = [b"\r\n\r\n", b"\n\n"];
    let found = ends.iter().filter_map(|end| {
        text.windows(end.len()).position(|window| window == *end).and_then(|at| text.get(at + end.len()..))
    });
    found.max_by_key(|rest| rest.len()).unwrap_or(text)
}

/// With every line ended by CRLF.
fn with_crlf(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 32);
    let mut previous = 0;
    for byte in raw {
        if *byte == b'\n' && previous != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        previous = *byte;
    }
    out
}
