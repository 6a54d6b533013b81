//! Several at one time, through connections of their own.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::*;

const MANY: u32 = 24;

pub async fn lends_to_one_at_a_time(store: &dyn Store, other: &dyn Store) {
    assert_eq!(store.hold("inbox", NOW, LEASE).await.unwrap(), None);
    assert_eq!(other.hold("inbox", NOW, LEASE).await.unwrap(), Some(NOW + LEASE));
    assert_eq!(other.hold("junk", NOW, LEASE).await.unwrap(), None, "another one is free");
    let later = NOW + LEASE / 2;
    assert_eq!(store.hold("inbox", later, LEASE).await.unwrap(), None, "prolonged");
    assert_eq!(other.hold("inbox", NOW + LEASE, LEASE).await.unwrap(), Some(later + LEASE));
    assert_eq!(other.hold("inbox", later + LEASE, LEASE).await.unwrap(), None, "it ran out");
    assert_eq!(store.hold("inbox", later + LEASE, LEASE).await.unwrap(), Some(later + LEASE * 2), "and was lost");
    store.let_go("inbox").await.unwrap();
    assert_eq!(
        store.hold("inbox", NOW, LEASE).await.unwrap(),
        Some(later + LEASE * 2),
        "only the holder gives it back"
    );
    other.let_go("inbox").await.unwrap();
    let both = futures::join!(store.hold("inbox", NOW, LEASE), other.hold("inbox", NOW, LEASE));
    assert_eq!([both.0, both.1].iter().filter(|held| matches!(held, Ok(None))).count(), 1);
}

/// Ends what is claimed.
async fn end(store: &dyn Store, claimed: &Claimed) {
    let done = step(claimed.turn, State::Nothing { outcome: Outcome::Answered });
    store.advance(claimed.message, done).await.unwrap();
}

pub async fn gives_each_message_to_one(store: &dyn Store, other: &dyn Store) {
    clear(store).await;
    let mut messages = BTreeSet::new();
    for uid in 0..MANY {
        messages.insert(record(store, 3_000 + uid, &format!("several {uid}")).await.message);
    }
    let claims = (0..MANY + 8).map(|number| claim(if number % 2 == 0 { store } else { other }, Lane::Open));
    let claimed: Vec<Claimed> = join_all(claims).await.into_iter().flatten().collect();
    assert!(claimed.iter().all(|claimed| claimed.attempt == 1));
    // One that passes over what others have in hand may find nothing for the moment.
    let mut taken: Vec<MessageId> = claimed.iter().map(|claimed| claimed.message).collect();
    join_all(claimed.iter().map(|claimed| end(other, claimed))).await;
    while let Some(claimed) = claim(store, Lane::Open).await {
        taken.push(claimed.message);
        end(store, &claimed).await;
    }
    assert_eq!(taken.len(), messages.len(), "nobody has what another has");
    assert_eq!(BTreeSet::from_iter(taken), messages);
}

pub async fn gives_each_mail_to_one(store: &dyn Store, other: &dyn Store) {
    let recorded = record(store, 3_100, "several mails").await;
    let mut queued = step(claim(store, Lane::Open).await.unwrap().turn, State::Nothing { outcome: Outcome::Answered });
    queued.mails = (0..MANY).map(|number| mail(MailKind::Alert, &format!("m{number}@g"), "tc@example.org")).collect();
    store.advance(recorded.message, queued).await.unwrap();
    let claims = (0..MANY).map(|number| (if number % 2 == 0 { store } else { other }).claim_mail(NOW, LEASE));
    let mut taken: Vec<Queued> = join_all(claims).await.into_iter().filter_map(|claimed| claimed.unwrap()).collect();
    while let Some(queued) = other.claim_mail(NOW, LEASE).await.unwrap() {
        taken.push(queued);
    }
    assert!(taken.iter().all(|queued| queued.attempt == 1));
    assert_eq!(taken.iter().map(|queued| queued.id).collect::<BTreeSet<_>>().len(), MANY as usize);
    for queued in taken {
        let sent = MailResult::Sent(Receipt { response: "250 ok".into() });
        store.mail_done(queued.id, sent, NOW).await.unwrap();
    }
}

pub async fn records_one_original(store: &dyn Store, other: &dyn Store) {
    let batches: Vec<(u32, Batch)> = (0..MANY)
        .map(|number| (number, Batch { messages: vec![message(3_200 + number, "a copy of it")], cursor: None }))
        .collect();
    let recorded =
        batches.iter().map(|(number, batch)| (if number % 2 == 0 { store } else { other }).record("inbox", batch, NOW));
    let recorded: Vec<Recorded> = join_all(recorded).await.into_iter().flat_map(|recorded| recorded.unwrap()).collect();
    let originals: Vec<&Recorded> = recorded.iter().filter(|recorded| recorded.duplicate_of.is_none()).collect();
    assert_eq!((recorded.len(), originals.len()), (MANY as usize, 1));
    let again = join_all([store.record("inbox", &batches[0].1, NOW), other.record("inbox", &batches[0].1, NOW)]).await;
    assert!(again.into_iter().all(|recorded| recorded.unwrap().is_empty()), "the same origin");
    clear(store).await;
}

pub async fn judges_one_after_the_other(store: &dyn Store, other: &dyn Store) {
    let digest = ContentDigest::of(b"the same ciphertext");
    let mut steps = Vec::new();
    for uid in 3_300..3_302 {
        record(store, uid, &format!("judged {uid}")).await;
        let claimed = claim(store, Lane::Open).await.unwrap();
        let mut judged = assessment(&format!("{uid}@example.org"));
        judged.facts.ciphertexts = vec![digest];
        let mut judging = step(claimed.turn, State::Filing { filing: filing("o/r") });
        judging.assessment = Some(judged);
        judging.twins = Some(0);
        steps.push((claimed.message, judging));
    }
    let [(first, one), (second, two)] = &steps[..] else { unreachable!() };
    let both = futures::join!(store.advance(*first, one.clone()), other.advance(*second, two.clone()));
    let (done, late) = match both {
        (Ok(turn), Err(StoreError::Stale(late))) => ((*first, turn), (late, two)),
        (Err(StoreError::Stale(late)), Ok(turn)) => ((*second, turn), (late, one)),
        both => panic!("both went on without a look at the other: {both:?}"),
    };
    let seen = Advance { twins: Some(1), ..late.1.clone() };
    let turn = store.advance(late.0, seen).await.unwrap();
    for (message, turn) in [done, (late.0, turn)] {
        store.advance(message, step(turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    }
}

pub async fn counts_without_gaps(store: &dyn Store, other: &dyn Store) {
    let mut messages = Vec::new();
    for uid in 0..MANY {
        messages.push(record(store, 3_400 + uid, &format!("case {uid}")).await.message);
    }
    let cases = messages
        .iter()
        .enumerate()
        .map(|(number, message)| (if number % 2 == 0 { store } else { other }).open_case(*message, "TWO", None, NOW));
    let mut names: Vec<String> =
        join_all(cases).await.into_iter().map(|case| case.unwrap().id.as_str().to_owned()).collect();
    names.sort();
    let expected: Vec<String> = (1..=MANY).map(|number| format!("TWO-2026-{number:04}")).collect();
    assert_eq!(names, expected);
    // All end at one time; each is told of once, whenever a digest is made in between.
    let mut told = 0;
    let begun = store.digest(NOW).await.unwrap();
    assert!(store.digest_made(&begun, &[mail(MailKind::Digest, "before@g", "ana@example.org")]).await.unwrap());
    let mut claimed = Vec::new();
    while let Some(one) = claim(store, Lane::Open).await {
        claimed.push(one);
    }
    let ends =
        join_all(claimed.iter().enumerate().map(|(number, one)| end(if number % 2 == 0 { store } else { other }, one)));
    let digests = async {
        for number in 0..6 {
            let digest = other.digest(NOW).await.unwrap();
            let mails = [mail(MailKind::Digest, &format!("between{number}@g"), "ana@example.org")];
            let (made, twice) = futures::join!(other.digest_made(&digest, &mails), store.digest_made(&digest, &mails));
            assert!(made.unwrap() != twice.unwrap(), "a digest is made once");
            told += digest.ended();
        }
    };
    futures::join!(ends, digests);
    told += store.digest(NOW).await.unwrap().ended();
    assert_eq!(told, MANY);
}
