//! Where a message goes from a verdict, a refusal, or a person's word.

use super::Thread;
use super::plan::{doubt, is_own, plan};
use super::step::{Filing, Release, State};
use crate::model::{Action, Filed, HoldReason, IgnoreReason, Kind, MessageFacts, Outcome, Repository, Verdict};

impl State {
    /// The state of a message that lies again where it came from: what had ended is moved once more, and what is to be moved
    /// begins anew. `None` where it makes no difference.
    pub fn to_be_moved_again(self) -> Option<State> {
        match self {
            State::Move { outcome } | State::Nothing { outcome } => Some(State::Move { outcome }),
            _ => None,
        }
    }
}

/// The state after a verdict.
pub(super) fn judged(
    released: Option<Release>,
    facts: &MessageFacts,
    verdict: &Verdict,
    thread: Thread,
    advisory: Option<&Filed>,
    fallback: &Repository,
) -> State {
    let filing = |destination, comment_on| Filing { comment_on, ..Filing::new(destination) };
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
            State::UrgentAlert { filing: Filing { urgent: true, ..filing } }
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
pub(super) fn retried(reason: HoldReason) -> Option<Release> {
    matches!(reason, HoldReason::GaveUp | HoldReason::Refused | HoldReason::Poison)
        .then_some(Release { repository: None })
}

/// The state after a refusal: the fallback repository once, then a person.
pub(super) fn refused(filing: Filing, reason: String, fallback: &Repository) -> State {
    if filing.refused.is_some() || filing.comment_on.is_some() || filing.destination == *fallback {
        let hold = if filing.comment_on.is_some() { HoldReason::NoAdvisory } else { HoldReason::Refused };
        return State::Answer { outcome: Outcome::Held(hold), refused: Some((filing.destination, reason)) };
    }
    State::Filing {
        filing: Filing { refused: Some((filing.destination, reason)), destination: fallback.clone(), ..filing },
    }
}

/// The state of an advisory that has only the beginning of its text: the team is told.
pub(super) fn incomplete(advisory: Filed, refused: Option<(Repository, String)>, why: &str) -> State {
    let this = format!(
        "the advisory has only the beginning of the text, since the rest could not be added as comments: {why}"
    );
    let refused = match refused {
        Some((repository, before)) => (repository, format!("{before}; besides, {this}")),
        None => (advisory.repository.clone(), this),
    };
    State::Answer { outcome: Outcome::Filed(advisory), refused: Some(refused) }
}

pub(super) fn held(reason: HoldReason) -> State {
    State::Answer { outcome: Outcome::Held(reason), refused: None }
}
