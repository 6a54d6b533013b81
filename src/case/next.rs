//! Where a message goes from a verdict, a refusal, or a person's word.

use super::Thread;
use super::plan::{doubt, is_own, plan};
use super::step::{Filing, Release, State};
use crate::model::{
    Action, Filed, HoldReason, IgnoreReason, Kind, MessageFacts, Multi, Others, Outcome, Repository, Verdict,
};

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
    multi: Multi,
) -> State {
    let filing = |destination: Repository, comment_on: Option<Filed>| {
        let each = multi == Multi::Each && comment_on.is_none();
        let others = if each { Others::of(&verdict.also, &destination) } else { Others::default() };
        Filing { comment_on, others, ..Filing::new(destination) }
    };
    if let Some(release) = released.filter(|_| verdict.kind != Kind::Unreadable) {
        let chosen = release.repository.is_some();
        let destination = release
            .repository
            .or_else(|| advisory.map(|advisory| advisory.repository.clone()))
            .or_else(|| verdict.destination.clone())
            .unwrap_or_else(|| fallback.clone());
        let comment_on = advisory.filter(|advisory| advisory.repository == destination).cloned();
        // An earlier attempt at it may have been lost: the marker is looked for first.
        let mut filing = filing(destination, comment_on);
        if chosen {
            // There, a person said, and nowhere else.
            filing.others = Others::default();
        }
        return State::FilingCheck { filing };
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
    State::Answer { outcome, refused: None, others: Others::default() }
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
        let refused = Some((filing.destination, reason));
        return State::Answer { outcome: Outcome::Held(hold), refused, others: Others::default() };
    }
    State::Filing {
        filing: Filing { refused: Some((filing.destination, reason)), destination: fallback.clone(), ..filing },
    }
}

/// The state after an advisory is filed with all of its text: the next repository's, or the answer. An earlier attempt at
/// the next one may have been lost before a person sent the message on its way again, so its marker is looked for first.
pub(super) fn filed(advisory: Filed, refused: Option<(Repository, String)>, mut others: Others) -> State {
    // The fallback may have taken the place of the first.
    others.left.retain(|other| *other != advisory.repository);
    match &others.first {
        Some(_) => others.filed.push(advisory),
        None => others.first = Some(advisory),
    }
    next_of(refused, others)
}

/// The state after one besides the first came to nothing: the team is told, and the others go on.
pub(super) fn skipped(filing: Filing, reason: String) -> State {
    let mut others = filing.others;
    others.refused.push((filing.destination, reason));
    next_of(filing.refused, others)
}

fn next_of(refused: Option<(Repository, String)>, mut others: Others) -> State {
    if others.left.is_empty() {
        let outcome = others.first.take().map_or(Outcome::Held(HoldReason::Refused), Outcome::Filed);
        return State::Answer { outcome, refused, others };
    }
    let destination = others.left.remove(0);
    State::FilingCheck { filing: Filing { refused, others, ..Filing::new(destination) } }
}

/// The state of an advisory that has only the beginning of its text: the team is told.
pub(super) fn incomplete(
    advisory: Filed,
    refused: Option<(Repository, String)>,
    mut others: Others,
    why: &str,
) -> State {
    let this = format!(
        "the advisory has only the beginning of the text, since the rest could not be added as comments: {why}"
    );
    if others.first.is_some() {
        others.refused.push((advisory.repository.clone(), this));
        return filed(advisory, refused, others);
    }
    let first = match refused {
        Some((repository, before)) => (repository, format!("{before}; besides, {this}")),
        None => (advisory.repository.clone(), this),
    };
    filed(advisory, Some(first), others)
}

pub(super) fn held(reason: HoldReason) -> State {
    State::Answer { outcome: Outcome::Held(reason), refused: None, others: Others::default() }
}
