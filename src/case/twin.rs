use super::State;
use crate::model::{Encryption, MessageFacts, MessageId, Outcome};

/// Another message that holds a ciphertext of this one.
#[derive(Debug, Clone, Copy)]
pub struct Twin<'a> {
    pub message: MessageId,
    pub state: &'a State,
    /// What was found in it; `None` before it was opened.
    pub facts: Option<&'a MessageFacts>,
}

/// What a message is that holds ciphertext of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Nothing of the kind, or nothing came of the others: it goes its own way.
    No,
    /// The same sender once more, as happens when a mail is sent to two addresses of ours: nothing new is in it.
    Again(MessageId),
    /// Somebody else sends what was filed already: a person looks, and nothing is filed twice.
    Foreign(MessageId),
}

/// Judges a message by the others with the same ciphertext, oldest first.
pub fn repeats(facts: &MessageFacts, twins: &[Twin<'_>]) -> Repeat {
    let Some(original) = twins.iter().find(|twin| is_taken(twin.state)) else { return Repeat::No };
    let has = |twin: &Twin<'_>| {
        twin.facts.is_some_and(|other| facts.ciphertexts.iter().all(|digest| other.ciphertexts.contains(digest)))
    };
    if facts.encryption == Encryption::Whole && is_same_sender(facts, original) && has(original) {
        return Repeat::Again(original.message);
    }
    Repeat::Foreign(original.message)
}

/// The others that came from somebody else.
pub fn foreign<'t>(facts: &'t MessageFacts, twins: &'t [Twin<'t>]) -> impl Iterator<Item = &'t Twin<'t>> {
    twins.iter().filter(|twin| !is_same_sender(facts, twin))
}

/// Filed, added to a case, or on its way there.
fn is_taken(state: &State) -> bool {
    let on_its_way = matches!(
        state,
        State::UrgentAlert { .. } | State::Filing { .. } | State::FilingCheck { .. } | State::Completing { .. }
    );
    on_its_way || matches!(state.outcome(), Some(Outcome::Filed(_) | Outcome::Commented { .. }))
}

/// Both come from, and are answered to, one mailbox.
fn is_same_sender(facts: &MessageFacts, twin: &Twin<'_>) -> bool {
    let Some(other) = twin.facts else { return false };
    let same = |a: &Option<crate::model::Address>, b: &Option<crate::model::Address>| match (a, b) {
        (Some(a), Some(b)) => a.same_mailbox(b),
        (None, None) => true,
        _ => false,
    };
    same(&facts.author, &other.author) && same(&facts.answer_to, &other.answer_to)
}
