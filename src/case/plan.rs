use crate::model::{Action, Automatic, Disclosure, Doubt, Encryption, Kind, MessageFacts, Verdict};

/// What is known about the conversation that a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thread {
    /// It answers nothing of ours.
    New,
    /// It names a case that is not in the store.
    UnknownCase,
    /// It names a case, answers no mail of it, and comes from somebody else than the case's reporter. Case names can be
    /// guessed, so a person looks before it gets into that case.
    OtherSender,
    /// It belongs to a case without an advisory.
    WithoutAdvisory,
    /// It belongs to a case whose advisory can be added to.
    Advisory,
}

/// What the gateway does about a message: DESIGN's table "What happens to each kind", in the order in which it is done.
///
/// Without a store (`inspect`), a follow-up's thread is taken to be [`Thread::Advisory`].
pub fn plan(verdict: &Verdict, facts: &MessageFacts, thread: Thread) -> Vec<Action> {
    let mut actions = match verdict.kind {
        Kind::Empty if doubt(verdict, facts, thread).is_some() => vec![Action::Hold, Action::AlertWithoutContent],
        _ if doubt(verdict, facts, thread).is_some() => vec![Action::Hold, Action::Alert, Action::Receipt],
        Kind::Report if verdict.disclosure == Some(Disclosure::Public) => {
            vec![Action::AlertUrgent, Action::File, Action::Acknowledge, Action::AskPrivate]
        }
        Kind::Report | Kind::NotAVulnerability => vec![Action::File, Action::Alert, Action::Acknowledge],
        Kind::FollowUp if thread == Thread::Advisory && verdict.disclosure == Some(Disclosure::Public) => {
            vec![Action::AlertUrgent, Action::Comment, Action::Receipt]
        }
        Kind::FollowUp if thread == Thread::Advisory => vec![Action::Comment, Action::Alert, Action::Receipt],
        Kind::FollowUp | Kind::WrongProject => vec![Action::Hold, Action::Alert, Action::Receipt],
        Kind::Question | Kind::KeyRequest => vec![Action::Digest, Action::SendInstructions],
        // A finding is told in clear beside the ciphertext.
        Kind::Unreadable if verdict.disclosure.is_some() => vec![Action::Hold, Action::Alert, Action::ExplainFailure],
        Kind::Unreadable => vec![Action::Hold, Action::AlertWithoutContent, Action::ExplainFailure],
        Kind::Bounce if thread != Thread::New => vec![Action::Alert, Action::Ignore],
        Kind::Empty if may_answer(facts) => vec![Action::Digest, Action::SendInstructions],
        Kind::Bounce | Kind::Spam | Kind::AutoReply | Kind::Empty => vec![Action::Ignore],
    };
    if verdict.disclosure == Some(Disclosure::Public) && actions.contains(&Action::Hold) {
        // What is public waits for nobody to have looked at its shape.
        actions.iter_mut().filter(|action| **action == Action::Alert).for_each(|alert| *alert = Action::AlertUrgent);
    }
    if actions.contains(&Action::Acknowledge) && facts.encryption == Encryption::None {
        actions.push(Action::SendInstructions);
    }
    if !may_answer(facts) {
        actions.retain(|action| !is_answer(*action));
    } else if facts.is_from_stranger() && !actions.iter().any(|action| is_answer(*action)) {
        // To get no answer would tell what is inside.
        actions.push(Action::Receipt);
    }
    actions
}

/// Why a person must look before anything is filed or answered. What joins a case's advisory is read by people anyway.
pub(super) fn doubt(verdict: &Verdict, facts: &MessageFacts, thread: Thread) -> Option<Doubt> {
    let joins = verdict.kind == Kind::FollowUp && thread == Thread::Advisory;
    facts.doubts.iter().copied().find(|doubt| !joins && doubt.holds(verdict))
}

/// Whether anybody may be answered at all: never a program, never ourselves, never nobody (RFC 3834 2).
fn may_answer(facts: &MessageFacts) -> bool {
    facts.answer_to.is_some() && facts.automatic.is_none()
}

/// Whether an action is a reply to the sender.
pub fn is_answer(action: Action) -> bool {
    matches!(
        action,
        Action::Acknowledge | Action::SendInstructions | Action::AskPrivate | Action::ExplainFailure | Action::Receipt
    )
}

/// Whether an action is mail to the team.
pub fn is_alert(action: Action) -> bool {
    matches!(action, Action::Alert | Action::AlertUrgent | Action::AlertWithoutContent | Action::AlertLink)
}

/// Whether the message is the gateway's own, come back: then nothing at all happens.
pub fn is_own(facts: &MessageFacts) -> bool {
    matches!(facts.automatic, Some(Automatic::OwnMail { .. }))
}
