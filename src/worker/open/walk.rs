use time::OffsetDateTime;

use super::ciphertext::{self, File, Found, narrow};
use super::encrypted::Wrap;
use super::inline::{holds_message, without_private_keys};
use super::keys::FoundKeys;
use super::shape;
use crate::mime::{self, Content, Entity};
use crate::model::{
    Attachment, ContentDigest, Doubt, EncryptionFormat, Fingerprint, Forwarded, Limits, NamedRecipient, Outside, Part,
    PartContent, Protection, Secret, Unreadable,
};
use crate::openpgp::{Budget, Checked, Keyring};

/// The longest control part of PGP/MIME: `Version: 1` and whatever a mail system added, in bytes.
const LONGEST_CONTROL: usize = 512;

/// Most text of a mail that is shown and judged, in bytes; what is beyond comes along as a file. So an advisory has some
/// twenty comments at most, and every stage knows how much there is to do.
pub(super) const LONGEST_TEXT: usize = 1 << 20;

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
    /// Attachments, those beyond the limit too.
    files: usize,
    /// Ciphertexts that were looked into, opened or not.
    pub tried: usize,
    /// Ciphertexts that opened.
    pub opened: usize,
    /// Those that did not, to be passed on as files when another one opened.
    pub shut: Vec<Attachment>,
    pub failure: Option<Unreadable>,
    /// Whom the first ciphertext names that no key of ours opened.
    pub named: Vec<NamedRecipient>,
    pub format: Option<EncryptionFormat>,
    pub decryption_key: Option<Fingerprint>,
    /// Of every ciphertext that was tried.
    pub looked_into: Vec<ContentDigest>,
    pub ciphertexts: Vec<ContentDigest>,
    pub outside: Option<Outside>,
    pub budget: Budget,
    /// Bytes of text that may still be shown.
    pub room: usize,
    /// Ciphertext was quoted from another mail.
    pub quoted: bool,
    pub doubts: Vec<Doubt>,
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
    pub encrypted: bool,
    pub forwarded: bool,
    /// Signatures of the innermost ciphertext only: who signed around a ciphertext need not know what is in it.
    pub signers: Vec<usize>,
    /// The outermost entity of a mail or of a ciphertext: its header section is the protected one.
    pub root: bool,
    /// Inside a report of a mail system: what it returns is not said by its sender.
    pub report: bool,
    /// Beside an `application/pgp-encrypted` part that lost its `multipart/encrypted`.
    pub mangled: bool,
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
            files: 0,
            tried: 0,
            opened: 0,
            shut: Vec::new(),
            failure: None,
            named: Vec::new(),
            format: None,
            decryption_key: None,
            looked_into: Vec::new(),
            ciphertexts: Vec::new(),
            outside: None,
            budget: Budget::new(limits),
            room: LONGEST_TEXT,
            quoted: false,
            doubts: Vec::new(),
        }
    }

    /// Walks through a whole mail.
    pub fn mail(&mut self, mail: &Entity) {
        self.keys.collect(mail);
        self.entity(mail, &Place { root: true, ..Place::default() });
    }

    pub(super) fn entity(&mut self, entity: &Entity, place: &Place) {
        if place.root {
            self.keys.offer_autocrypt(entity, place);
            self.note_subject(entity, place);
        }
        if !place.forwarded && (entity.guessed || shape::is_ambiguous(&entity.header)) {
            self.doubt(Doubt::Ambiguous);
        }
        match &entity.content {
            Content::Leaf if entity.media_type() == "multipart/encrypted" && !holds_message(entity.body) => {
                self.pgp_mime(&[], place);
            }
            Content::Leaf => self.leaf(entity, place),
            Content::Message(message) => self.message(message, place),
            Content::Multipart(children) => self.multipart(entity, children, place),
        }
    }

    fn multipart(&mut self, entity: &Entity, children: &[Entity], place: &Place) {
        let before = (self.seen.len(), self.tried);
        match entity.media_type() {
            "multipart/encrypted" => self.pgp_mime(children, place),
            "multipart/signed" => self.signed(children, place),
            "multipart/alternative" => self.alternative(children, place),
            _ => self.mixed(entity, children, place),
        }
        let blank = (self.seen.len(), self.tried) == before;
        let outside = Place { root: false, signers: Vec::new(), ..place.clone() };
        for text in [entity.preamble, entity.epilogue].into_iter().filter(|text| holds_message(text)) {
            // No program shows it: a mail system lost it there, or somebody hid it.
            self.doubt(Doubt::HiddenCiphertext);
            self.text(text, None, &outside);
        }
        // What was written behind the end of parts that say nothing is all that there is.
        if blank && place.root && !holds_message(entity.epilogue) {
            self.text(entity.epilogue, None, &outside);
        }
    }

    fn mixed(&mut self, entity: &Entity, children: &[Entity], place: &Place) {
        let short = |child: &&Entity| matches!(child.content, Content::Leaf) && child.body.len() < LONGEST_CONTROL;
        let mangled = children
            .iter()
            .filter(short)
            .any(|child| child.media_type() == "application/pgp-encrypted" || is_control(child));
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

    pub(super) fn leaf(&mut self, entity: &Entity, place: &Place) {
        let decoded = entity.decoded();
        let media_type = entity.media_type();
        if media_type == "application/pgp-encrypted" && decoded.len() < LONGEST_CONTROL {
            return;
        }
        if matches!(media_type, "message/rfc822" | "message/global") {
            return self.encoded_message(&decoded, place);
        }
        let name = entity.file_name();
        let file = File { name: name.as_deref(), media_type, bytes: &decoded };
        if !is_shown(entity, place) {
            return self.unshown(&file, place);
        }
        match ciphertext::look(&file) {
            Found::Ciphertext if place.mangled => self.ciphertext(&decoded, Wrap::PgpMime, place),
            Found::Ciphertext | Found::Nothing => self.text_part(entity, &decoded, place),
            found => {
                if self.taken(found, &file, place).is_none() {
                    self.text_part(entity, &decoded, place);
                }
            }
        }
    }

    /// What is no text to show: a file, or what lies packed in one.
    pub(super) fn unshown(&mut self, file: &File, place: &Place) {
        let narrow = narrow(file.bytes);
        let readable = File { bytes: &narrow, ..*file };
        let found = ciphertext::look(&readable);
        if self.taken(found, &readable, place).is_some() {
            return;
        }
        if file.media_type == "application/pgp-keys" && self.take_keys(file.bytes, place) {
            return;
        }
        let name = file.name.map_or_else(|| format!("part-{}", self.seen.len() + 1), str::to_owned);
        self.file(name, file.media_type, file.bytes, place);
    }

    /// Takes in what was found in a file; `None`: nothing that is more than a file.
    fn taken(&mut self, found: Found, file: &File, place: &Place) -> Option<()> {
        match found {
            Found::Control => {}
            Found::PrivateKeys => self.take_private_keys(file.bytes, place),
            Found::Keys => return self.take_keys(file.bytes, place).then_some(()),
            Found::PackedMail => return self.packed_mail(file.bytes, place).then_some(()),
            Found::KeptMail => self.encoded_message(file.bytes, place),
            Found::Tnef => self.winmail(file, place),
            Found::Smime => self.fail(Unreadable::Unsupported, None),
            Found::Ciphertext if place.mangled => self.ciphertext(file.bytes, Wrap::PgpMime, place),
            Found::Ciphertext => self.ciphertext(file.bytes, Wrap::File(file.name.unwrap_or_default()), place),
            Found::Nothing => return None,
        }
        Some(())
    }

    /// A file, without the secret keys in it.
    pub(super) fn file(&mut self, name: String, media_type: &str, bytes: &[u8], place: &Place) {
        let kept = without_private_keys(bytes);
        self.keys.private_key_attached |= kept.is_some();
        self.files += 1;
        if self.files > self.limits.attachments {
            return self.doubt(Doubt::TooManyFiles);
        }
        let kept = kept.as_deref().unwrap_or(bytes);
        self.push(PartContent::Attachment(attachment(name, media_type, kept)), place);
    }

    pub(super) fn doubt(&mut self, doubt: Doubt) {
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    pub(super) fn push(&mut self, content: PartContent, place: &Place) {
        let protection = Protection { encrypted: place.encrypted, signed: !place.signers.is_empty() };
        self.seen.push(Seen { part: Part { protection, content }, signers: place.signers.clone() });
    }

    fn take_keys(&mut self, decoded: &[u8], place: &Place) -> bool {
        // A secret key behind a public one in the same file.
        self.keys.private_key_attached |= without_private_keys(decoded).is_some();
        self.keys.offer(decoded, place)
    }

    /// Remembers that they came, and their public parts; nothing of them is passed on.
    pub(super) fn take_private_keys(&mut self, decoded: &[u8], place: &Place) {
        self.keys.private_key_attached = true;
        self.keys.offer(decoded, place);
    }

    /// `message/rfc822` under a transfer encoding, which RFC 2046 forbids and mail systems do.
    fn encoded_message(&mut self, decoded: &[u8], place: &Place) {
        match mime::parse(decoded, self.limits) {
            Ok(message) if !self.used_up() => self.message(&message, place),
            _ => self.file("message.eml".to_owned(), "message/rfc822", decoded, place),
        }
    }

    /// Looks into a mail that its program packed into a file; `false`: nobody may look any further.
    fn packed_mail(&mut self, decoded: &[u8], place: &Place) -> bool {
        match mime::parse(decoded, self.limits) {
            Ok(mail) if !self.used_up() => {
                self.entity(&mail, &Place { root: false, ..place.clone() });
                true
            }
            _ => false,
        }
    }

    /// Counts a further look inside: parsing again must not go round for ever.
    pub(super) fn used_up(&mut self) -> bool {
        self.tried += 1;
        self.tried > self.limits.ciphertexts
    }
}

/// Whether it is the first part of PGP/MIME (RFC 3156 4), whatever its type became.
fn is_control(entity: &Entity) -> bool {
    let file = File { name: None, media_type: entity.media_type(), bytes: &entity.decoded() };
    ciphertext::look(&file) == Found::Control
}

/// Texts that mail programs do not show as they are.
const UNSHOWN: [&str; 7] =
    ["text/calendar", "text/css", "text/directory", "text/rfc822-headers", "text/rtf", "text/vcard", "text/x-vcard"];

/// Whether a reader sees it as text.
fn is_shown(entity: &Entity, place: &Place) -> bool {
    let text = entity.media_type().starts_with("text/") && !UNSHOWN.contains(&entity.media_type());
    // All that there is, of a type that nobody knows.
    let text = text || place.root && is_text(&entity.decoded());
    // Of a multipart whose parts cannot be told apart, all that there is.
    let whole = entity.media_type().starts_with("multipart/");
    (text || whole) && !entity.is_attachment() && entity.file_name().is_none()
}

/// Whether it can be read, whatever it calls itself.
fn is_text(bytes: &[u8]) -> bool {
    let control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r' | b'\x0c');
    !bytes.iter().any(control) && std::str::from_utf8(bytes).is_ok()
}

pub(super) fn attachment(name: String, media_type: &str, bytes: &[u8]) -> Attachment {
    Attachment {
        name: Secret::new(name),
        media_type: media_type.to_owned(),
        sha256: ContentDigest::of(bytes),
        bytes: Secret::new(bytes.to_vec()),
    }
}
