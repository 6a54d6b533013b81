use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::event::Event;
use super::next::{filed, held, incomplete, judged, refused, retried, skipped};
use crate::model::{Commented, Filed, HoldReason, IgnoreReason, Others, Outcome, Repository};

/// What a message waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "waits-for")]
pub enum State {
    /// To be opened and judged. `released` by a person: it is filed whatever it seems to be, there if they said where.
    Opening { released: Option<Release> },
    /// To have the urgent alert composed, before anything else.
    UrgentAlert { filing: Filing },
    /// To have the team told that it cannot be filed for now, with all of it. `begun`: an attempt may have left something.
    LateAlert { filing: Filing, why: Delay, begun: bool },
    /// To be filed.
    Filing { filing: Filing },
    /// An attempt to file has begun and its end is not known: the marker is looked for first.
    FilingCheck { filing: Filing },
    /// It is filed, and what did not fit into the description is to be added as comments, those that are not there yet.
    Completing {
        advisory: Filed,
        refused: Option<(Repository, String)>,
        #[serde(default, skip_serializing_if = "Others::is_none")]
        others: Others,
    },
    /// To have its alert and reply composed.
    Answer {
        outcome: Outcome,
        refused: Option<(Repository, String)>,
        #[serde(default, skip_serializing_if = "Others::is_none")]
        others: Others,
    },
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
    /// It is public already: it goes before others.
    #[serde(default)]
    pub urgent: bool,
    /// The team has its text already, or was to be told and could not.
    #[serde(default)]
    pub told: bool,
    /// The other repositories that get an advisory of their own, and what has come of it.
    #[serde(default, skip_serializing_if = "Others::is_none")]
    pub others: Others,
}

impl Filing {
    /// A new advisory in `destination`.
    pub fn new(destination: Repository) -> Self {
        Filing { destination, refused: None, comment_on: None, urgent: false, told: false, others: Others::default() }
    }

    /// Whether the case has its advisory, and this is one besides.
    pub fn is_besides(&self) -> bool {
        self.others.first.is_some()
    }
}

/// Why something is not filed for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Delay {
    /// GitHub does not answer, or not with what is asked.
    Unreachable,
    /// More came within an hour than is filed in one.
    TooMany,
}

/// Folders of a mailbox for what is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Folder {
    Processed,
    Held,
    Ignored,
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
    /// This long, and not a moment longer.
    For(Duration),
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
    /// How long filing is tried before the team gets the report by mail.
    pub tell_after: Duration,
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
        use State::*;
        matches!(
            self,
            UrgentAlert { .. }
                | Filing { filing: self::Filing { urgent: true, .. } }
                | FilingCheck { filing: self::Filing { urgent: true, .. } }
        )
    }

    /// Whether it is on its way to GitHub.
    pub fn is_being_filed(&self) -> bool {
        use State::*;
        matches!(self, UrgentAlert { .. } | LateAlert { .. } | Filing { .. } | FilingCheck { .. } | Completing { .. })
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
            State::LateAlert { .. } => "late-alert",
            State::Filing { .. } => "filing",
            State::FilingCheck { .. } => "filing-check",
            State::Completing { .. } => "completing",
            State::Answer { .. } => "answer",
            State::Move { .. } => "move",
            State::Nothing { .. } => "nothing",
        }
    }

    /// Whether this is still the same effort as `before`, so that attempts and patience go on being counted. Filing,
    /// looking for a lost filing and telling the team of the delay are one effort; another repository is a new one.
    pub fn continues(&self, before: &State) -> bool {
        use State::*;
        match (self, before) {
            (
                Filing { filing: new } | FilingCheck { filing: new } | LateAlert { filing: new, .. },
                Filing { filing: old } | FilingCheck { filing: old } | LateAlert { filing: old, .. },
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
        let is_late = |filing: &self::Filing| !filing.told && effort.for_time >= policy.tell_after;
        // After an attempt that was lost its settling time begins anew.
        let told = |filing: self::Filing, begun: bool| {
            let filing = self::Filing { told: true, ..filing };
            if begun { again(FilingCheck { filing }, policy.settle_time) } else { next(Filing { filing }) }
        };
        let poison = effort.died.saturating_add(1) >= policy.poison_after || effort.lost >= policy.lost_after;
        match (self, event) {
            (Opening { .. }, Event::Duplicate(of)) => {
                next(Move { outcome: Outcome::Ignored(IgnoreReason::DuplicateOf(of)) })
            }
            (Opening { released }, Event::Assessed { facts, verdict, thread, advisory, fallback, multi }) => {
                next(judged(released, facts, verdict, thread, advisory, fallback, multi))
            }
            (Opening { .. }, Event::Copied) => next(held(HoldReason::SameCiphertext)),
            (Opening { .. }, Event::WorkerDied) if poison => next(held(HoldReason::Poison)),
            // The alert is lost to composing, not the report: it is filed, and the team hears of both.
            (UrgentAlert { filing }, Event::WorkerDied) if poison => next(Filing { filing }),
            (LateAlert { filing, begun, .. }, Event::WorkerDied) if poison => told(filing, begun),
            (Filing { filing } | FilingCheck { filing }, Event::WorkerDied) if poison && filing.is_besides() => {
                next(skipped(filing, "worker processes died on it".to_owned()))
            }
            (Filing { .. } | FilingCheck { .. }, Event::WorkerDied) if poison => next(held(HoldReason::Poison)),
            (Completing { advisory, refused, others }, Event::WorkerDied) if poison => {
                next(incomplete(advisory, refused, others, "worker processes died on it"))
            }
            (
                state @ (Opening { .. }
                | UrgentAlert { .. }
                | LateAlert { .. }
                | Filing { .. }
                | FilingCheck { .. }
                | Completing { .. }
                | Answer { .. }),
                Event::WorkerDied,
            ) => again(state, Duration::ZERO),

            (UrgentAlert { filing }, Event::Composed) => next(Filing { filing: self::Filing { told: true, ..filing } }),
            (LateAlert { filing, begun, .. }, Event::Composed) => told(filing, begun),

            // What is asked for once more may arrive late like the first time.
            (Filing { filing } | FilingCheck { filing }, Event::Begun) => {
                again(FilingCheck { filing }, policy.settle_time)
            }
            (Filing { filing }, Event::OverBudget { tell: true, .. }) if !filing.told => {
                next(LateAlert { filing, why: Delay::TooMany, begun: false })
            }
            (Filing { filing }, Event::OverBudget { until, .. }) => {
                Ok(Step { state: Filing { filing }, wait: Wait::For(until) })
            }
            (FilingCheck { filing }, Event::Filed(advisory)) => next(filed(advisory, filing.refused, filing.others)),
            (FilingCheck { filing }, Event::FiledInPart(advisory)) => {
                next(Completing { advisory, refused: filing.refused, others: filing.others })
            }
            // A comment may be lost, too.
            (state @ Completing { .. }, Event::Begun) => again(state, policy.settle_time),
            (Completing { advisory, refused, others }, Event::Completed) => next(filed(advisory, refused, others)),
            (Completing { advisory, refused, others }, Event::Refused { reason, .. }) => {
                next(incomplete(advisory, refused, others, &reason))
            }
            (Completing { advisory, refused, others }, Event::Later { .. } | Event::Unknown)
                if effort.for_time >= COMPLETING =>
            {
                next(incomplete(advisory, refused, others, "GitHub did not take them in time"))
            }
            (state @ Completing { .. }, Event::Later { after }) => again(state, after.unwrap_or_default()),
            (state @ Completing { .. }, Event::Unknown) => again(state, policy.settle_time),
            (FilingCheck { filing }, Event::Commented(Commented { advisory, how })) => {
                let outcome = Outcome::Commented { advisory, how };
                next(Answer { outcome, refused: filing.refused, others: Others::default() })
            }
            (FilingCheck { filing } | Filing { filing }, Event::Refused { reason, .. }) if filing.is_besides() => {
                next(skipped(filing, reason))
            }
            (FilingCheck { filing } | Filing { filing }, Event::Refused { reason, fallback }) => {
                next(refused(filing, reason, fallback))
            }
            (Filing { filing } | FilingCheck { filing }, Event::Later { .. } | Event::NotFound | Event::Unknown)
                if gave_up =>
            {
                let why = "GitHub could not be reached for too long, and what was tried last may be there all the same";
                next(if filing.is_besides() { skipped(filing, why.to_owned()) } else { held(HoldReason::GaveUp) })
            }
            (Filing { filing }, Event::Later { .. }) if is_late(&filing) => {
                next(LateAlert { filing, why: Delay::Unreachable, begun: false })
            }
            (FilingCheck { filing }, Event::Later { .. } | Event::Unknown) if is_late(&filing) => {
                next(LateAlert { filing, why: Delay::Unreachable, begun: true })
            }
            (Filing { filing }, Event::Later { after }) => again(Filing { filing }, after.unwrap_or_default()),
            (FilingCheck { filing }, Event::NotFound) => next(Filing { filing }),
            (FilingCheck { filing }, Event::Later { after }) => {
                again(FilingCheck { filing }, after.unwrap_or_default())
            }
            (FilingCheck { filing }, Event::Unknown) => again(FilingCheck { filing }, policy.settle_time),

            (Answer { outcome, .. }, Event::Composed) => next(Move { outcome }),
            (
                state @ (Opening { .. } | UrgentAlert { .. } | LateAlert { .. } | Answer { .. }),
                Event::Later { after },
            ) => again(state, after.unwrap_or_default()),

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
            // A filing whose end is unknown must not be forgotten: it is only held once that is settled. What the case has
            // its advisory of already is not held any more.
            (UrgentAlert { filing } | LateAlert { begun: false, filing, .. } | Filing { filing }, Event::Hold)
                if !filing.is_besides() =>
            {
                next(held(HoldReason::Operator))
            }
            (Opening { .. }, Event::Hold) => next(held(HoldReason::Operator)),
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
