//! The words of this program as types: what travels between the stages.
//!
//! Nothing here does I/O, and nothing here depends on another room. Types that hold text from inside a ciphertext hold
//! it in [`Secret`]; the types that the store keeps ([`MessageFacts`], [`Verdict`], [`Outcome`]) have no `Secret` in
//! them, which is how "no decrypted text is stored" is kept by the compiler's help and not by care alone.

mod address;
mod chain;
mod digest;
mod doubt;
mod facts;
mod filing;
mod hidden;
mod ids;
mod known;
mod learned;
mod lookalike;
mod mail;
mod online;
mod outcome;
mod outgoing;
mod report;
mod same;
mod secret;
mod settings;
mod similarity;
mod verdict;
mod when;

pub use address::{Address, InvalidAddress};
pub use chain::{BrokenLink, Chain, KnownLink};
pub use digest::{Digest, DigestOrder, Ending, FailedMail, HeldMessage, Listing, UnfinishedMessage};
pub use doubt::Doubt;
pub use facts::MessageFacts;
pub use filing::{
    AdvisoryDraft, AdvisorySeverity, CommentDraft, Commented, CommentedAs, Draft, DraftOrder, Filed, Marker, Others,
    Vulnerability,
};
pub use hidden::{is_hidden, shown};
pub use ids::{CaseId, ContentDigest, Fingerprint, GhsaId, InvalidId, MailId, MessageId, Repository};
pub use known::{DirectoryEntry, DnsAnswer, DnsFound, DnsQuestion, Known, Outline};
pub use learned::{Acquaintance, CertificateChange, KnownCertificate, KnownSince, Voucher};
pub use lookalike::doubtful_sender;
pub use mail::{
    Attachment, Authentication, Automatic, Certificate, Encryption, EncryptionFormat, Forwarded, Headers, LearnedFrom,
    NamedRecipient, OpenedMessage, Origin, Outside, Part, PartContent, Protection, RawMessage, Sender, Signature,
    SignatureStatus, Unreadable,
};
pub use online::{
    Beside, Inquiry, IssueLink, LinkedIssue, Online, OtherAdvisory, PublicIssue, Released, Releases, Similar,
};
pub use outcome::{HoldReason, IgnoreReason, Outcome};
pub use outgoing::{Assessed, Assessment, ComposeOrder, MailKind, OutgoingMail, Receipt};
pub use report::{AttachmentSummary, CvssVector, Ecosystem, Package, Report, Severity};
pub use same::{identity, is_same};
pub use secret::Secret;
pub use settings::{Edition, FilingWay, FolderNames, Identity, Limits, Multi, SenderRules, WorkerSettings};
pub use similarity::similarity;
pub use verdict::{Action, Confidence, Disclosure, Evidence, Kind, Question, Verdict};
