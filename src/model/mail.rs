use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Acquaintance, Address, CaseId, ContentDigest, Doubt, Fingerprint, KnownCertificate, MailId, MessageFacts, Secret,
};

/// A mail as it came (stage 1): bytes that nobody has looked at, and where they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawMessage {
    /// Where it was found, so that it can be moved there later.
    pub origin: Origin,
    /// When the mailbox received it (IMAP INTERNALDATE, the Maildir file's time), not what its `Date` claims.
    pub received: OffsetDateTime,
    /// Its size in the mailbox in bytes. Larger than `bytes` when the message is over the size limit: then `bytes` holds
    /// the header section alone.
    pub size: u64,
    /// The message, or its header section. It may hold a secret that was sent in the clear.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

impl RawMessage {
    /// Whether the body was left in the mailbox because the message is over the size limit.
    pub fn is_truncated(&self) -> bool {
        self.size > self.bytes.len() as u64
    }

    /// The digest that finds this message again wherever it turns up.
    pub fn digest(&self) -> ContentDigest {
        ContentDigest::of(&self.bytes)
    }
}

/// Where a message lies. Two origins of one source are equal only when they are one message there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// An IMAP mailbox (RFC 9051 2.3.1.1: a UID means something only together with its UIDVALIDITY).
    Imap { source: String, mailbox: String, uid_validity: u32, uid: u32 },
    /// A file of a Maildir, by its unique name (without the `:2,` flags, which change).
    Maildir { source: String, name: String },
    /// Handed over on a command line or a pipe: nothing to move afterwards.
    Pipe,
}

impl Origin {
    /// The configured name of the source, if there is one to go back to.
    pub fn source(&self) -> Option<&str> {
        match self {
            Origin::Imap { source, .. } | Origin::Maildir { source, .. } => Some(source),
            Origin::Pipe => None,
        }
    }
}

/// A mail that was opened (stage 3): what it says, and for every part what protected it.
///
/// It lives in a worker process and is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedMessage {
    /// From the outer header section, which anybody could read and change.
    pub headers: Headers,
    /// The subject a reader should see: the protected one (RFC 9788) where there is one.
    pub subject: Secret<String>,
    /// Whether [`OpenedMessage::subject`] travelled inside the ciphertext.
    pub subject_protected: bool,
    /// Who seems to have written it, and what shows that.
    pub sender: Sender,
    /// What was encrypted.
    pub encryption: Encryption,
    /// How the ciphertext was wrapped; `None` without ciphertext.
    pub format: Option<EncryptionFormat>,
    /// Primary key of the certificate whose key opened it.
    pub decryption_key: Option<Fingerprint>,
    /// Why the ciphertext gave nothing; the parts then hold only what was outside of it.
    pub failure: Option<Unreadable>,
    /// Whom the ciphertext names, where none of our keys opened it ([`Unreadable::NoKey`]); anybody can see it from outside.
    pub named_recipients: Vec<NamedRecipient>,
    /// The one verdict about signatures for the message as a whole.
    pub signature: Signature,
    /// The mail that was forwarded in this one, when it is there as `message/rfc822` or in a common inline shape.
    pub forwarded: Option<Forwarded>,
    /// What a reader would see, in reading order, and the attachments.
    pub parts: Vec<Part>,
    /// Certificates found in the mail: attachments, Autocrypt header.
    pub certificates: Vec<Certificate>,
    /// What is known about the author's certificate from before.
    pub acquaintance: Acquaintance,
    /// What is to be kept of the certificates that came with it or were looked up for it.
    pub learned: Vec<KnownCertificate>,
    /// The certificate that made a good signature *inside* the ciphertext that was opened. The only one that a reply with
    /// decrypted content may be encrypted to.
    pub reply_certificate: Option<Certificate>,
    /// What could be seen of the ciphertext without a key.
    pub outside: Outside,
    /// Digests of all ciphertexts in it, to recognise one that somebody else sends again.
    pub ciphertexts: Vec<ContentDigest>,
    /// Set when a program and no person sent this.
    pub automatic: Option<Automatic>,
    /// Secret key material was attached by accident: never stored, and people are told.
    pub private_key_attached: bool,
    /// What is odd about its shape, each once.
    pub doubts: Vec<Doubt>,
}

/// A key that a ciphertext names as its recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRecipient {
    /// Key id or fingerprint in hexadecimal; `None`: the ciphertext hides it.
    pub key: Option<String>,
    /// The certificate of ours that it belongs to, whose secret key is not here or stays locked.
    pub ours: Option<Fingerprint>,
}

impl OpenedMessage {
    /// Takes over what was found out about the sender when the message was judged. Keys expire and disappear from the DNS,
    /// certificates are learned: what is filed and sent later must not contradict the verdict.
    pub fn keep_to(&mut self, facts: &MessageFacts) {
        self.sender.authenticated = facts.authenticated;
        self.sender.shortfall = facts.sender_shortfall.clone();
        self.signature = Signature {
            status: facts.signature,
            signer: facts.signer.clone(),
            shortfall: facts.signature_shortfall.clone(),
        };
        self.acquaintance = facts.acquaintance.clone();
    }
}

/// What anybody can see of a mail's ciphertext: all that its sender may be told when it stays shut, and no more.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    /// Ids of the first few keys that it is encrypted to, as people write them: `0x` and 16 hexadecimal digits.
    pub keys: Vec<String>,
    /// Those among its recipients that are old keys of ours.
    pub old_keys: Vec<String>,
    /// Something of it was lost or changed on its way, as its structure shows.
    pub damaged: bool,
    /// The mail itself is over a limit, so that nobody looked into it.
    pub too_large: bool,
    /// It came through Exchange, which takes mail apart and builds it anew.
    pub exchange: bool,
    /// What the armor says about the program that made it.
    pub made_by: Option<String>,
}

/// Facts from the outer header section. Unprotected, so hints at most.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    pub message_id: Option<MailId>,
    pub in_reply_to: Vec<MailId>,
    pub references: Vec<MailId>,
    /// The `Date` as the sender claims it.
    pub date: Option<OffsetDateTime>,
    /// Where an answer goes: `Reply-To` where present and single, else the author. `None`: nobody to answer.
    pub answer_to: Option<Address>,
    /// `To` and `Cc`.
    pub recipients: Vec<Address>,
    /// Name and version of the mail program as it calls itself (`User-Agent`, `X-Mailer`).
    pub mail_program: Option<String>,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// From the `From` header; `None` when it is missing, or names several people.
    pub address: Option<Address>,
    /// Display name, for people; proves nothing.
    pub name: String,
    pub authenticated: Authentication,
    /// What keeps the sender from being authenticated by the mail domain, for people; no text from the mail. `None` when
    /// nothing was there to look at.
    pub shortfall: Option<String>,
}

/// What shows that the sender is the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// A good signature by a certificate that carries the sender's address.
    Signature,
    /// An aligned DKIM signature (RFC 6376, RFC 7489 3.1).
    Dkim,
    None,
}

/// What of the message was encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// Every part that a reader sees was inside the ciphertext.
    Whole,
    /// Decrypted and clear parts stand side by side.
    Partial,
    None,
    /// There was ciphertext and none of it opened.
    Failed,
}

/// How ciphertext was wrapped in the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EncryptionFormat {
    /// `multipart/encrypted` (RFC 3156), also when a mail system made another multipart of it.
    PgpMime,
    /// Armor in a text part.
    Inline,
    /// A file.
    Attachment,
}

/// Why ciphertext could not be opened, in the words of the `inspect` contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unreadable {
    /// Encrypted to keys that are not here.
    NoKey,
    /// Encrypted with a password only (RFC 9580 5.3).
    SymmetricOnly,
    /// Old ciphertext without any integrity check (RFC 9580 5.7), which this program never opens.
    NoIntegrityProtection,
    /// The integrity check failed.
    Tampered,
    /// Packets or algorithms that are not supported; S/MIME too.
    Unsupported,
    /// Over a configured limit.
    TooLarge,
    /// Not what it claims to be, or it cost a worker its life.
    Malformed,
}

/// The verdict about signatures for a whole message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    pub status: SignatureStatus,
    /// The primary key's fingerprint of the certificate that signed, or the issuer's that the signature names.
    pub signer: Option<Fingerprint>,
    /// What keeps the signature from being good, for people; no text from the mail.
    pub shortfall: Option<String>,
}

/// How good a signature is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureStatus {
    /// Covers all that a reader sees, is valid, and its certificate carries the sender's address.
    Good,
    Bad,
    /// The certificate is not known.
    UnknownKey,
    /// Valid, but something is missing: see [`Signature::shortfall`].
    Partial,
    None,
}

/// One thing that a reader sees, or an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub protection: Protection,
    pub content: PartContent,
}

/// What protected a part on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protection {
    pub encrypted: bool,
    /// Covered by a signature that verified.
    pub signed: bool,
}

/// The content of a [`Part`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartContent {
    /// Readable text in UTF-8, from `text/plain` or from HTML made plain.
    Text(Secret<String>),
    Attachment(Attachment),
}

/// A file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// The last component of the name it claims, or a made-up one; control characters removed.
    pub name: Secret<String>,
    /// `type/subtype` in lower case, as claimed.
    pub media_type: String,
    /// Its content after transfer decoding.
    pub bytes: Secret<Vec<u8>>,
    pub sha256: ContentDigest,
}

/// A mail inside the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarded {
    /// The original author. Never answered: the forwarder is.
    pub author: Option<Address>,
    pub subject: Secret<String>,
}

/// An OpenPGP certificate (public) that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    pub fingerprint: Fingerprint,
    /// Serialised, binary.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
    pub learned_from: LearnedFrom,
    /// Addresses in its user ids.
    pub addresses: Vec<Address>,
}

/// Where a certificate was found. What that is worth is another question: see [`super::Voucher`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearnedFrom {
    Attachment,
    Autocrypt,
    /// The Web Key Directory of the address's domain.
    Directory,
    Configured,
}

/// A sign that no person wrote this message, from its structure alone and never from words in its body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Automatic {
    /// A delivery status notification (RFC 3464), or mail from the null path that answers ours.
    Bounce {
        /// The Message-ID of the mail that bounced.
        of: Option<MailId>,
    },
    /// RFC 3834 `Auto-Submitted`, `X-Auto-Response-Suppress` with an auto-reply's shape, or the like.
    AutoReply,
    /// Our own mail come back: the gateway's Message-ID or loop mark.
    OwnMail { case: Option<CaseId> },
    /// Other bulk or generated mail (`List-Unsubscribe` with `Precedence: bulk`, `Auto-Submitted: auto-generated`). A real
    /// report can come from a scanner, so this forbids an answer but decides no kind.
    Generated,
}
