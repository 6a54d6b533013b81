use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Thread;
use super::plan::{doubt, is_own, plan};
use crate::model::{
    Action, Commented, Filed, HoldReason, IgnoreReason, Kind, MessageFacts, MessageId, Outcome, Repository, Verdict,
};

/// What a message waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "waits-for")]
pub enum State {
    /// To be opened and judged. `released` by a person: it is filed whatever it seems to be, there if they said where.
    Opening { released: Option<Release> },
    /// To have the urgent alert composed, before anything else.
    UrgentAlert { filing: Filing },
    /// To be filed.
    Filing { filing: Filing },
    /// An attempt to file has begun and its end is not known: the marker is looked for first.
    FilingCheck { filing: Filing },
    /// It is filed, and what did not fit into the description is to be added as comments, those that are not there yet.
    Completing { advisory: Filed, refused: Option<(Repository, String)> },
    /// To have its alert and reply composed.
    Answer { outcome: Outcome, refused: Option<(Repository, String)> },
    /// To be moved in the mailbox.
    Move { outcome: Outcome },
    /// Nothing more.
    Nothing { outcome: Outcome },
}

/// A person's word that a held message goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Where to file it; `None` leaves it to the verdict.
    pub repository: Option<Repository>,
}

/// A filing on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filing {
    /// Where it goes now.
    pub destination: Repository,
    /// Where it should have gone, and why that repository did not take it.
    pub refused: Option<(Repository, String)>,
    /// It is added to this advisory and not filed anew.
    pub comment_on: Option<Filed>,
}

/// Folders of a mailbox for what is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Folder {
    Processed,
    Held,
    Ignored,
}

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

/// The next state and when to work on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub state: State,
    pub wait: Wait,
}

/// When the next state may be worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wait {
    No,
    /// As the backoff for this attempt says, and not before what the server asked for.
    Backoff {
        at_least: Duration,
    },
}

/// An event that a state cannot have: a person's command at the wrong time, or a fault of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message that waits for {state} cannot take this: {event}")]
pub struct Misfit {
    state: &'static str,
    event: String,
}

/// Ends of patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How many workers may die on a message.
    pub poison_after: u32,
    /// How many attempts may end without a word, because the daemon itself died in them. More than for workers: a
    /// daemon that is killed has many innocent messages in hand.
    pub lost_after: u32,
    /// How long filing is tried before a person is asked.
    pub give_up_after: Duration,
    /// How long after a lost attempt its marker is looked for first, so that GitHub's list has it.
    pub settle_time: Duration,
}

/// How long comments with the rest of a text are tried: nobody is told of the advisory before that, and the alert has all
/// of the text.
const COMPLETING: Duration = Duration::from_secs(15 * 60);

/// How often and how long the present state has been tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// This attempt's number, from 1.
    pub attempt: u32,
    /// How many workers have died on it before.
    pub died: u32,
    /// How many attempts ended without a word before.
    pub lost: u32,
    /// Time since the state was entered.
    pub for_time: Duration,
}

impl State {
    /// Where every message begins.
    pub const fn first() -> State {
        State::Opening { released: None }
    }

    /// How it ended, once that is known.
    pub fn outcome(&self) -> Option<&Outcome> {
        match self {
            State::Answer { outcome, .. } | State::Move { outcome } | State::Nothing { outcome } => Some(outcome),
            _ => None,
        }
    }

    /// Public news goes before everything else.
    pub fn is_urgent(&self) -> bool {
        matches!(self, State::UrgentAlert { .. })
    }

    /// Whether it rests because it could not be opened.
    pub fn is_shut(&self) -> bool {
        matches!(self, State::Nothing { outcome: Outcome::Held(HoldReason::Unreadable(_)) })
    }

    /// What it waits for, for people and logs.
    pub fn name(&self) -> &'static str {
        match self {
            State::Opening { .. } => "opening",
            State::UrgentAlert { .. } => "urgent-alert",
            State::Filing { .. } => "filing",
            State::FilingCheck { .. } => "filing-check",
            State::Completing { .. } => "completing",
            State::Answer { .. } => "answer",
            State::Move { .. } => "move",
            State::Nothing { .. } => "nothing",
        }
    }

    /// Whether this is still the same effort as `before`, so that attempts and patience go on being counted. Filing and
    /// looking for a lost filing are one effort; another repository is a new one.
    pub fn continues(&self, before: &State) -> bool {
        use State::*;
        match (self, before) {
            (
                Filing { filing: new } | FilingCheck { filing: new },
                Filing { filing: old } | FilingCheck { filing: old },
            ) => new.destination == old.destination,
            _ => std::mem::discriminant(self) == std::mem::discriminant(before),
        }
    }

    /// The next state after `event`. Pure: the same arguments give the same step.
    pub fn step(self, event: Event<'_>, effort: Effort, policy: &Policy) -> Result<Step, Misfit> {
        use State::*;
        let next = |state| Ok(Step { state, wait: Wait::No });
        let again = |state, at_least| Ok(Step { state, wait: Wait::Backoff { at_least } });
        let gave_up = effort.for_time >= policy.give_up_after;
        let poison = effort.died.saturating_add(1) >= policy.poison_after || effort.lost >= policy.lost_after;
        match (self, event) {
            (Opening { .. }, Event::Duplicate(of)) => {
                next(Move { outcome: Outcome::Ignored(IgnoreReason::DuplicateOf(of)) })
            }
            (Opening { released }, Event::Assessed { facts, verdict, thread, advisory, fallback }) => {
                next(judged(released, facts, verdict, thread, advisory, fallback))
            }
            (Opening { .. }, Event::Copied) => next(held(HoldReason::SameCiphertext)),
            (Opening { .. }, Event::WorkerDied) if poison => next(held(HoldReason::Poison)),
            // The alert is lost to composing, not the report: it is filed, and the team hears of both.
            (UrgentAlert { filing }, Event::WorkerDied) if poison => next(Filing { filing }),
            (Filing { .. } | FilingCheck { .. }, Event::WorkerDied) if poison => next(held(HoldReason::Poison)),
            (Completing { advisory, refused }, Event::WorkerDied) if poison => {
                next(incomplete(advisory, refused, "worker processes died on it"))
            }
            (
                state @ (Opening { .. }
                | UrgentAlert { .. }
                | Filing { .. }
                | FilingCheck { .. }
                | Completing { .. }
                | Answer { .. }),
                Event::WorkerDied,
            ) => again(state, Duration::ZERO),

            (UrgentAlert { filing }, Event::Composed) => next(Filing { filing }),

            (Filing { filing }, Event::Begun) => again(FilingCheck { filing }, policy.settle_time),
            (FilingCheck { filing }, Event::Filed(advisory)) => {
                next(Answer { outcome: Outcome::Filed(advisory), refused: filing.refused })
            }
            (FilingCheck { filing }, Event::FiledInPart(advisory)) => {
                next(Completing { advisory, refused: filing.refused })
            }
            (Completing { advisory, refused }, Event::Completed) => {
                next(Answer { outcome: Outcome::Filed(advisory), refused })
            }
            (Completing { advisory, refused }, Event::Refused { reason, .. }) => {
                next(incomplete(advisory, refused, &reason))
            }
            (Completing { advisory, refused }, Event::Later { .. } | Event::Unknown)
                if effort.for_time >= COMPLETING =>
            {
                next(incomplete(advisory, refused, "GitHub did not take them in time"))
            }
            (state @ Completing { .. }, Event::Later { after }) => again(state, after.unwrap_or_default()),
            (state @ Completing { .. }, Event::Unknown) => again(state, policy.settle_time),
            (FilingCheck { filing }, Event::Commented(Commented { advisory, how })) => {
                next(Answer { outcome: Outcome::Commented { advisory, how }, refused: filing.refused })
            }
            (FilingCheck { filing } | Filing { filing }, Event::Refused { reason, fallback }) => {
                next(refused(filing, reason, fallback))
            }
            (Filing { .. } | FilingCheck { .. }, Event::Later { .. } | Event::NotFound) if gave_up => {
                next(held(HoldReason::GaveUp))
            }
            (Filing { filing }, Event::Later { after }) => again(Filing { filing }, after.unwrap_or_default()),
            (FilingCheck { filing }, Event::NotFound) => next(Filing { filing }),
            (FilingCheck { filing }, Event::Later { after }) => {
                again(FilingCheck { filing }, after.unwrap_or_default())
            }
            (FilingCheck { filing }, Event::Unknown) => again(FilingCheck { filing }, policy.settle_time),

            (Answer { outcome, .. }, Event::Composed) => next(Move { outcome }),
            (state @ (Opening { .. } | UrgentAlert { .. } | Answer { .. }), Event::Later { after }) => {
                again(state, after.unwrap_or_default())
            }

            (Move { outcome }, Event::Moved) => next(Nothing { outcome }),
            (Move { outcome }, Event::Later { after }) => again(Move { outcome }, after.unwrap_or_default()),

            (Nothing { outcome: Outcome::Held(HoldReason::Unreadable(_)) }, Event::Reopen) => {
                next(Opening { released: None })
            }
            (Nothing { outcome: Outcome::Held(_) }, Event::Release(release)) => {
                next(Opening { released: Some(release) })
            }
            (Nothing { outcome: Outcome::Held(_) }, Event::Drop) => {
                next(Move { outcome: Outcome::Ignored(IgnoreReason::Operator) })
            }
            // A filing whose end is unknown must not be forgotten: it is only held once that is settled.
            (Opening { .. } | UrgentAlert { .. } | Filing { .. }, Event::Hold) => next(held(HoldReason::Operator)),
            (Nothing { outcome: Outcome::Held(reason) }, Event::Retry) => next(Opening { released: retried(reason) }),
            (state, Event::Retry) if !matches!(state, Nothing { .. }) => next(state),
            (state, event) => Err(Misfit { state: state.name(), event: event.name().to_owned() }),
        }
    }
}

impl Outcome {
    /// The folder where a message with this outcome belongs.
    pub fn folder(&self) -> Folder {
        match self {
            Outcome::Filed(_) | Outcome::Commented { .. } | Outcome::Answered => Folder::Processed,
            Outcome::Held(_) => Folder::Held,
            Outcome::Ignored(_) => Folder::Ignored,
        }
    }
}

impl Event<'_> {
    fn name(&self) -> &'static str {
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

/// The state after a verdict.
fn judged(
    released: Option<Release>,
    facts: &MessageFacts,
    verdict: &Verdict,
    thread: Thread,
    advisory: Option<&Filed>,
    fallback: &Repository,
) -> State {
    let filing = |destination: Repository, comment_on| Filing { destination, refused: None, comment_on };
    if let Some(release) = released.filter(|_| verdict.kind != Kind::Unreadable) {
        let destination = release
            .repository
            .or_else(|| advisory.map(|advisory| advisory.repository.clone()))
            .or_else(|| verdict.destination.clone())
            .unwrap_or_else(|| fallback.clone());
        let comment_on = advisory.filter(|advisory| advisory.repository == destination).cloned();
        // An earlier attempt at it may have been lost: the marker is looked for first.
        return State::FilingCheck { filing: filing(destination, comment_on) };
    }
    if is_own(facts) {
        return State::Move { outcome: Outcome::Ignored(IgnoreReason::OwnMail) };
    }
    let actions = plan(verdict, facts, thread);
    let wanted = match advisory {
        Some(advisory) if actions.contains(&Action::Comment) => {
            Some(filing(advisory.repository.clone(), Some(advisory.clone())))
        }
        _ if actions.contains(&Action::File) => {
            Some(filing(verdict.destination.clone().unwrap_or_else(|| fallback.clone()), None))
        }
        _ => None,
    };
    if let Some(filing) = wanted {
        return if actions.contains(&Action::AlertUrgent) {
            State::UrgentAlert { filing }
        } else {
            State::Filing { filing }
        };
    }
    if let Some(doubt) = doubt(verdict, facts, thread) {
        return held(HoldReason::Doubtful(doubt));
    }
    let outcome = match verdict.kind {
        Kind::Unreadable => {
            Outcome::Held(HoldReason::Unreadable(facts.failure.unwrap_or(crate::model::Unreadable::Malformed)))
        }
        Kind::WrongProject => Outcome::Held(HoldReason::WrongProject),
        Kind::FollowUp if thread == Thread::WithoutAdvisory => Outcome::Held(HoldReason::NoAdvisory),
        Kind::FollowUp if thread == Thread::OtherSender => Outcome::Held(HoldReason::OtherSender),
        Kind::FollowUp => Outcome::Held(HoldReason::UnknownCase),
        Kind::Spam => Outcome::Ignored(IgnoreReason::Spam),
        Kind::AutoReply => Outcome::Ignored(IgnoreReason::AutoReply),
        Kind::Bounce => Outcome::Ignored(IgnoreReason::Bounce),
        Kind::Empty if actions == [Action::Ignore] => Outcome::Ignored(IgnoreReason::Empty),
        Kind::Empty | Kind::Question | Kind::KeyRequest | Kind::Report | Kind::NotAVulnerability => Outcome::Answered,
    };
    State::Answer { outcome, refused: None }
}

/// What a retry of a held message is allowed: one that was on its way to be filed is filed, others are judged again.
fn retried(reason: HoldReason) -> Option<Release> {
    matches!(reason, HoldReason::GaveUp | HoldReason::Refused | HoldReason::Poison)
        .then_some(Release { repository: None })
}

/// The state after a refusal: the fallback repository once, then a person.
fn refused(filing: Filing, reason: String, fallback: &Repository) -> State {
    if filing.refused.is_some() || filing.comment_on.is_some() || filing.destination == *fallback {
        let hold = if filing.comment_on.is_some() { HoldReason::NoAdvisory } else { HoldReason::Refused };
        return State::Answer { outcome: Outcome::Held(hold), refused: Some((filing.destination, reason)) };
    }
    State::Filing {
        filing: Filing { refused: Some((filing.destination, reason)), destination: fallback.clone(), comment_on: None },
    }
}

/// The state of an advisory that has only the beginning of its text: the team is told.
fn incomplete(advisory: Filed, refused: Option<(Repository, String)>, why: &str) -> State {
    let this = format!(
        "the advisory has only the beginning of the text, since the rest could not be added as comments: {why}"
    );
    let refused = match refused {
        Some((repository, before)) => (repository, format!("{before}; besides, {this}")),
        None => (advisory.repository.clone(), this),
    };
    State::Answer { outcome: Outcome::Filed(advisory), refused: Some(refused) }
}

fn held(reason: HoldReason) -> State {
    State::Answer { outcome: Outcome::Held(reason), refused: None }
}
