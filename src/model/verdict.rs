use serde::{Deserialize, Serialize};

use super::{CaseId, Repository};

/// What a message is (stage 5). Stored, and never decided again; it holds no text from the mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub kind: Kind,
    /// `None` for kinds that report nothing.
    pub disclosure: Option<Disclosure>,
    /// Where an advisory would go. `None` for kinds that are never filed; the fallback repository when nothing was found.
    pub destination: Option<Repository>,
    /// Other repositories that the message concerns.
    pub also: Vec<Repository>,
    /// The case that a follow-up names.
    pub case: Option<CaseId>,
    pub confidence: Confidence,
    /// Strongest first.
    pub evidence: Vec<Evidence>,
}

/// How sure a verdict is, from 0 to 1 for each question.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    pub kind: f32,
    pub disclosure: f32,
    pub repository: f32,
}

/// A signal that took part in a decision. It names the signal and never quotes the mail: what it says comes from the
/// program's own tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The question it answers.
    #[serde(rename = "for")]
    pub question: Question,
    /// The answer it speaks for, such as `report`, `public` or a repository.
    pub says: String,
    /// How much it counts; negative speaks against.
    pub weight: f32,
    /// The signal in words, for people.
    pub because: String,
}

/// The questions that evidence answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    Kind,
    Disclosure,
    Repository,
    /// Which other advisory may be about the same.
    Duplicate,
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Report,
    FollowUp,
    Question,
    KeyRequest,
    NotAVulnerability,
    WrongProject,
    Spam,
    Bounce,
    AutoReply,
    Unreadable,
    Empty,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Kind; 11] = [
        Kind::Report,
        Kind::FollowUp,
        Kind::Question,
        Kind::KeyRequest,
        Kind::NotAVulnerability,
        Kind::WrongProject,
        Kind::Spam,
        Kind::Bounce,
        Kind::AutoReply,
        Kind::Unreadable,
        Kind::Empty,
    ];

    /// As `inspect` and the store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Report => "report",
            Kind::FollowUp => "follow-up",
            Kind::Question => "question",
            Kind::KeyRequest => "key-request",
            Kind::NotAVulnerability => "not-a-vulnerability",
            Kind::WrongProject => "wrong-project",
            Kind::Spam => "spam",
            Kind::Bounce => "bounce",
            Kind::AutoReply => "auto-reply",
            Kind::Unreadable => "unreadable",
            Kind::Empty => "empty",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether anyone can read about the finding already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Disclosure {
    Private,
    Public,
}

impl Disclosure {
    /// As `inspect` and the store write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Disclosure::Private => "private",
            Disclosure::Public => "public",
        }
    }
}

/// What the gateway does about a message (the table "What happens to each kind").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// File an advisory.
    File,
    /// Add to the case's advisory.
    Comment,
    /// Tell the team, with the text, encrypted.
    Alert,
    /// Tell the team at once, before and independent of filing.
    AlertUrgent,
    /// Tell the team without any content of the message.
    AlertWithoutContent,
    /// After an urgent alert: tell those of the team who have no certificate where it was filed.
    AlertLink,
    /// Count it in the daily digest.
    Digest,
    /// Answer: it arrived, and what happens now.
    Acknowledge,
    /// With how to encrypt and how to report.
    SendInstructions,
    /// Ask to keep details private until a fix.
    AskPrivate,
    /// Answer with the fixed help about mail that could not be opened.
    ExplainFailure,
    /// Answer shortly.
    Receipt,
    /// Keep it for a person.
    Hold,
    /// Do nothing, and say why in the record.
    Ignore,
}
