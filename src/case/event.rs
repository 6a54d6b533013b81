use std::time::Duration;

use super::Thread;
use super::step::Release;
use crate::model::{Commented, Filed, MessageFacts, MessageId, Multi, Repository, Verdict};

/// What came of an effect, or what a person asked for.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// The same message was recorded before.
    Duplicate(MessageId),
    /// It was opened and judged.
    Assessed {
        facts: &'a MessageFacts,
        verdict: &'a Verdict,
        thread: Thread,
        advisory: Option<&'a Filed>,
        fallback: &'a Repository,
        /// Whether other repositories that it concerns get an advisory, too.
        multi: Multi,
    },
    /// Somebody else sent the ciphertext of a message that was filed.
    Copied,
    /// A worker died or stalled on it.
    WorkerDied,
    /// The mails of this state are in the outbox.
    Composed,
    /// The attempt to file begins now.
    Begun,
    Filed(Filed),
    /// It is filed, and perhaps not all of its text.
    FiledInPart(Filed),
    /// All of its text is there.
    Completed,
    Commented(Commented),
    /// This repository will not take it.
    Refused {
        reason: String,
        fallback: &'a Repository,
    },
    /// Not now.
    Later {
        after: Option<Duration>,
    },
    /// As much was filed within the last hour as may be. `tell`: the team has not heard of it.
    OverBudget {
        until: Duration,
        tell: bool,
    },
    /// It may or may not have happened.
    Unknown,
    /// The marker is nowhere: the lost attempt did nothing.
    NotFound,
    Moved,
    /// Keys or the program changed since it was found to be unreadable.
    Reopen,
    /// A person: send it on its way.
    Release(Release),
    /// A person: keep it.
    Hold,
    /// A person: let it go.
    Drop,
    /// A person: do not wait for the next attempt.
    Retry,
}

impl Event<'_> {
    /// For notes, logs and tests.
    pub fn name(&self) -> &'static str {
        match self {
            Event::Duplicate(_) => "duplicate",
            Event::Assessed { .. } => "assessed",
            Event::Copied => "copied",
            Event::WorkerDied => "worker died",
            Event::Composed => "composed",
            Event::Begun => "begun",
            Event::Filed(_) => "filed",
            Event::FiledInPart(_) => "filed in part",
            Event::Completed => "completed",
            Event::Commented(_) => "commented",
            Event::Refused { .. } => "refused",
            Event::Later { .. } => "later",
            Event::OverBudget { .. } => "over budget",
            Event::Unknown => "unknown",
            Event::NotFound => "not found",
            Event::Moved => "moved",
            Event::Reopen => "reopen",
            Event::Release(_) => "release",
            Event::Hold => "hold",
            Event::Drop => "drop",
            Event::Retry => "retry",
        }
    }
}
