use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::{CaseId, HoldReason, IgnoreReason, Kind, KnownLink, MailKind, MessageId, Outcome};

/// What happened since the last digest, and what waits: numbers, names of cases and the gateway's own words. No type in it
/// can hold text of a mail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Digest {
    /// Until when everything has been told; `None` before the first digest.
    pub since: Option<OffsetDateTime>,
    pub until: OffsetDateTime,
    /// How messages ended since then.
    pub endings: BTreeMap<Ending, u32>,
    /// What these messages were; `None`: never judged.
    pub kinds: BTreeMap<Option<Kind>, u32>,
    /// Everything that waits for a person, oldest first.
    pub held: Listing<HeldMessage>,
    /// What should have ended by now and has not, oldest first.
    pub unfinished: Listing<UnfinishedMessage>,
    /// Mails that were given up since then.
    pub failed: Listing<FailedMail>,
    /// The last link of the chain of outcomes: whoever keeps a digest can hold the record to it later. `None` before the
    /// first outcome.
    pub last_link: Option<KnownLink>,
    /// The last event that is told here, for the store.
    pub through: i64,
    /// The digest before this one, for the store.
    pub after: i64,
}

/// How a message ended, without what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ending {
    Filed,
    Commented,
    Answered,
    Held,
    Spam,
    AutoReply,
    Bounce,
    OwnMail,
    Duplicate,
    Empty,
    Dropped,
}

/// The first of many, and how many there are: a digest stays small whatever happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing<T> {
    pub first: Vec<T>,
    pub total: u32,
}

/// A message that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldMessage {
    pub message: MessageId,
    pub case: Option<CaseId>,
    pub reason: HoldReason,
    pub since: OffsetDateTime,
}

/// A message whose work goes on for too long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnfinishedMessage {
    pub message: MessageId,
    pub case: Option<CaseId>,
    /// The name of its state.
    pub stage: String,
    /// When it was taken in.
    pub recorded: OffsetDateTime,
}

/// A mail of the gateway that will not be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedMail {
    pub kind: MailKind,
    /// `None`: a digest.
    pub message: Option<MessageId>,
    pub case: Option<CaseId>,
    /// The mail server said never (5xx); otherwise it was tried for too long.
    pub refused: bool,
    pub at: OffsetDateTime,
}

/// What the mails of a digest are made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DigestOrder {
    pub digest: Digest,
    /// Makes the Message-IDs of this set.
    pub nonce: u64,
}

impl Digest {
    /// Whether there is nothing to say. A digest that failed is no reason for another one.
    pub fn is_quiet(&self) -> bool {
        let undelivered = self.failed.first.iter().any(|mail| mail.kind != MailKind::Digest);
        self.endings.is_empty() && self.held.total == 0 && self.unfinished.total == 0 && !undelivered
    }

    /// How many messages ended.
    pub fn ended(&self) -> u32 {
        self.endings.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

impl Ending {
    /// Every ending, in the order of a digest.
    pub const ALL: [Ending; 11] = [
        Ending::Filed,
        Ending::Commented,
        Ending::Answered,
        Ending::Held,
        Ending::Spam,
        Ending::AutoReply,
        Ending::Bounce,
        Ending::OwnMail,
        Ending::Duplicate,
        Ending::Empty,
        Ending::Dropped,
    ];

    /// What `outcome` counts as.
    pub fn of(outcome: &Outcome) -> Ending {
        match outcome {
            Outcome::Filed(_) => Ending::Filed,
            Outcome::Commented { .. } => Ending::Commented,
            Outcome::Answered => Ending::Answered,
            Outcome::Held(_) => Ending::Held,
            Outcome::Ignored(IgnoreReason::Spam) => Ending::Spam,
            Outcome::Ignored(IgnoreReason::AutoReply) => Ending::AutoReply,
            Outcome::Ignored(IgnoreReason::Bounce) => Ending::Bounce,
            Outcome::Ignored(IgnoreReason::OwnMail) => Ending::OwnMail,
            Outcome::Ignored(IgnoreReason::DuplicateOf(_)) => Ending::Duplicate,
            Outcome::Ignored(IgnoreReason::Empty) => Ending::Empty,
            Outcome::Ignored(IgnoreReason::Operator) => Ending::Dropped,
        }
    }

    /// As the store and a digest write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Ending::Filed => "filed",
            Ending::Commented => "commented",
            Ending::Answered => "answered",
            Ending::Held => "held",
            Ending::Spam => "ignored: spam",
            Ending::AutoReply => "ignored: automatic reply",
            Ending::Bounce => "ignored: bounce",
            Ending::OwnMail => "ignored: own mail",
            Ending::Duplicate => "ignored: duplicate",
            Ending::Empty => "ignored: empty",
            Ending::Dropped => "ignored: dropped by an operator",
        }
    }
}
