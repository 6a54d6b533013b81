//! What is told apart by its ciphertext.

use super::*;

pub async fn finds_the_same_ciphertext_again(store: &dyn Store) {
    let digest = |text: &str| ContentDigest::of(text.as_bytes());
    let held = |text: &str, ciphertexts: &[ContentDigest]| {
        let mut assessment = assessment(&format!("{text}@example.org"));
        assessment.facts.ciphertexts = ciphertexts.to_vec();
        assessment
    };
    let mut messages = Vec::new();
    for (uid, ciphertexts) in [(81, vec![digest("a")]), (82, vec![digest("b"), digest("a")]), (83, vec![digest("c")])] {
        let text = uid.to_string();
        let recorded = record(store, uid, &text).await;
        let claimed = claim(store, Lane::Open).await.unwrap();
        let mut judged = step(claimed.turn, State::Nothing { outcome: Outcome::Answered });
        judged.assessment = Some(held(&text, &ciphertexts));
        store.advance(recorded.message, judged).await.unwrap();
        messages.push(recorded.message);
    }
    let find = async |of: MessageId, ciphertexts: &[ContentDigest]| -> Vec<MessageId> {
        store.twins(of, ciphertexts).await.unwrap().into_iter().map(|record| record.message).collect()
    };
    assert_eq!(find(messages[0], &[digest("a")]).await, [messages[1]]);
    assert_eq!(find(messages[2], &[digest("a"), digest("b"), digest("c")]).await, messages[..2]);
    assert_eq!(find(messages[2], &[digest("c")]).await, []);
    assert_eq!(find(messages[2], &[]).await, []);
}

pub async fn finds_what_is_worth_another_look_once(store: &dyn Store) {
    let edition = |version: &str| Edition { version: version.to_owned(), keys: vec!["A".repeat(40).parse().unwrap()] };
    let (old, new) = (edition("1"), edition("2"));
    let shut = HoldReason::Unreadable(Unreadable::NoKey);
    let mut messages = Vec::new();
    for (uid, reason) in [(91, shut), (92, HoldReason::Poison), (93, shut)] {
        let recorded = record(store, uid, &uid.to_string()).await;
        let claimed = claim(store, Lane::Open).await.unwrap();
        assert!(!claimed.was_shut);
        let mut ended = step(claimed.turn, State::Nothing { outcome: Outcome::Held(reason) });
        ended.edition = (uid == 91).then(|| old.clone());
        store.advance(recorded.message, ended).await.unwrap();
        messages.push(recorded.message);
    }
    let found = async |edition: &Edition| -> Vec<(MessageId, Option<Edition>)> {
        let found = store.shut_before(edition, 9).await.unwrap();
        found.into_iter().map(|shut| (shut.message, shut.edition)).collect()
    };
    assert_eq!(found(&old).await, [(messages[2], None)]);
    assert_eq!(found(&new).await, [(messages[0], Some(old)), (messages[2], None)]);
    assert_eq!(store.shut_before(&new, 1).await.unwrap().len(), 1);
    store.stay_shut(&messages[2..], &new).await.unwrap();
    let again = store.shut_before(&new, 9).await.unwrap().remove(0);
    store.advance(again.message, step(again.turn, State::first())).await.unwrap();
    assert_eq!(found(&new).await, []);
    let claimed = claim(store, Lane::Open).await.unwrap();
    assert!(claimed.was_shut && claimed.message == messages[0]);
    let mut ended = step(claimed.turn, State::Nothing { outcome: Outcome::Held(shut) });
    ended.edition = Some(new.clone());
    store.advance(claimed.message, ended).await.unwrap();
    assert_eq!(found(&new).await, [], "once for each edition");
    // What a later part of the contract counts must not find these.
    for message in messages {
        let filter = MessageFilter { message: Some(message), limit: 1, ..MessageFilter::default() };
        let turn = store.messages(&filter).await.unwrap()[0].turn;
        store.advance(message, step(turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    }
}
