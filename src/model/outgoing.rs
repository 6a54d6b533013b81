use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{
    Action, Address, CaseId, IssueLink, KnownCertificate, MailId, MessageFacts, MessageId, Others, Outcome, Repository,
    Verdict,
};

/// What stages 3 to 5 say about a message: all of it may be stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    pub facts: MessageFacts,
    pub verdict: Verdict,
}

/// An [`Assessment`], and what else goes into the store with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessed {
    pub assessment: Assessment,
    /// Certificates to be kept: new ones, and known ones with their news.
    pub learned: Vec<KnownCertificate>,
    /// Links in its text that GitHub can be asked about; never stored.
    pub links: Vec<IssueLink>,
}

/// What stage 8 needs besides the message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ComposeOrder {
    pub message: MessageId,
    /// `None` for messages that are no case: questions and key requests.
    pub case: Option<CaseId>,
    /// `None` when the message was never opened.
    pub assessment: Option<Assessment>,
    /// `None` while the outcome is not known yet: an urgent alert.
    pub outcome: Option<Outcome>,
    /// Which mails are wanted: only alerts for `Alert…`, only a reply for the rest. Nobody is answered when the facts
    /// forbid it, whatever stands here.
    pub actions: Vec<Action>,
    /// The repository that should have taken it, and why it did not.
    pub refused: Option<(Repository, String)>,
    /// What came of the other repositories that were to have an advisory of their own.
    pub others: Others,
    /// The message was held for some time because it could not be opened, and its sender was told so.
    pub opened_late: bool,
    /// What an operator or an earlier step wants the team to know, in the gateway's words.
    pub notes: Vec<String>,
    /// Makes the Message-IDs of this set; the same in a repetition.
    pub nonce: u64,
    pub now: OffsetDateTime,
    pub received: OffsetDateTime,
}

/// A finished mail (stage 8): from here on nobody changes a byte of it. What it holds from inside a ciphertext is
/// encrypted already, so it may be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutgoingMail {
    pub kind: MailKind,
    /// Made before sending: every copy of this mail carries it.
    pub message_id: MailId,
    /// Envelope sender; `None` is the null path `<>` (RFC 5321 4.5.5), which keeps bounces of bounces away.
    pub envelope_from: Option<Address>,
    pub envelope_to: Address,
    /// The whole message with CRLF line ends.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// What a mail is for, which decides what is sent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailKind {
    /// Tells the team about a public disclosure.
    UrgentAlert,
    Alert,
    /// Answers a reporter.
    Reply,
    Digest,
}

impl MailKind {
    /// As the store and `case show` write it.
    pub fn as_str(self) -> &'static str {
        match self {
            MailKind::UrgentAlert => "urgent-alert",
            MailKind::Alert => "alert",
            MailKind::Reply => "reply",
            MailKind::Digest => "digest",
        }
    }
}

/// A mail server's word that it took a mail over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The server's final reply line.
    pub response: String,
}
