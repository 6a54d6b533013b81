use super::State;
use crate::model::{Encryption, IgnoreReason, MessageFacts, MessageId, Outcome, is_same};

/// Another message that holds a ciphertext of this one, or is the same.
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
    /// The same message another way, or the same sender once more, as happens when a mail is sent to two addresses of ours:
    /// nothing new is in it.
    Again(MessageId),
    /// Somebody else sends what was filed already: a person looks, and nothing is filed twice.
    Foreign(MessageId),
}

/// Judges a message by the others with the same content, oldest first.
pub fn repeats(facts: &MessageFacts, twins: &[Twin<'_>]) -> Repeat {
    if let Some(original) = twins.iter().find(|twin| is_same_message(facts, twin)) {
        return Repeat::Again(original.message);
    }
    let shares = |twin: &Twin<'_>| {
        twin.facts.is_some_and(|other| facts.ciphertexts.iter().any(|digest| other.ciphertexts.contains(digest)))
    };
    let Some(original) = twins.iter().find(|twin| is_taken(twin.state) && shares(twin)) else { return Repeat::No };
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

/// The other is this message, come another way. What a program sent and nobody answered stands for no other copy, and
/// neither does what was itself passed over for another.
fn is_same_message(facts: &MessageFacts, twin: &Twin<'_>) -> bool {
    let passed_over = matches!(twin.state.outcome(), Some(Outcome::Ignored(IgnoreReason::DuplicateOf(_))));
    let as_good = |other: &MessageFacts| other.automatic.is_none() || facts.automatic.is_some();
    !passed_over && twin.facts.is_some_and(|other| is_same(facts, other) && as_good(other))
}

/// Filed, added to a case, or on its way there.
fn is_taken(state: &State) -> bool {
    state.is_being_filed() || matches!(state.outcome(), Some(Outcome::Filed(_) | Outcome::Commented { .. }))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::tests::{advisory, facts};
    use crate::model::{Automatic, ContentDigest};

    #[test]
    fn a_copy_of_the_same_message_is_passed_over_and_nothing_else() {
        let digest = |text: &str| Some(ContentDigest::of(text.as_bytes()));
        let mail = |identity: &str, answer_to: &str| MessageFacts {
            identity: digest(identity),
            answer_to: answer_to.parse().ok(),
            ..facts(Encryption::None)
        };
        let (first, filed) = (mail("one", "erin@example.org"), State::Nothing { outcome: Outcome::Filed(advisory()) });
        let copy = State::Nothing { outcome: Outcome::Ignored(IgnoreReason::DuplicateOf(MessageId::new(9))) };
        let automatic = MessageFacts { automatic: Some(Automatic::Generated), ..first.clone() };
        let again = Repeat::Again(MessageId::new(1));
        let cases = [
            (mail("one", "Erin@example.org"), &first, &filed, again),
            (mail("other", "erin@example.org"), &first, &filed, Repeat::No),
            // An answer to whoever sends it again would go elsewhere.
            (mail("one", "mallory@example.org"), &first, &filed, Repeat::No),
            (MessageFacts { identity: None, ..first.clone() }, &first, &filed, Repeat::No),
            (first.clone(), &first, &State::first(), again),
            (first.clone(), &first, &copy, Repeat::No),
            // Nobody was answered there.
            (first.clone(), &automatic, &filed, Repeat::No),
            (automatic.clone(), &first, &filed, again),
        ];
        for (facts, other, state, expected) in cases {
            let twin = Twin { message: MessageId::new(1), state, facts: Some(other) };
            assert_eq!(repeats(&facts, &[twin]), expected, "{facts:?} {state:?}");
        }
        let unopened = Twin { message: MessageId::new(1), state: &filed, facts: None };
        assert_eq!(repeats(&first, &[unopened]), Repeat::No);
    }
}
