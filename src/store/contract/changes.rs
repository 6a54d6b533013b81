//! What changes behind the gateway's back: mailboxes that are made anew, and clocks.

use super::*;

pub async fn a_mailbox_made_anew_keeps_its_messages(store: &dyn Store) {
    let waiting = record(store, 201, "anew a").await.message;
    let (ended, copy) = (record(store, 202, "anew b").await.message, record(store, 203, "anew b").await.message);
    let turn = claim(store, Lane::Open).await.unwrap().turn;
    let ignored = Outcome::Ignored(IgnoreReason::DuplicateOf(ended));
    for outcome in [Outcome::Answered, ignored.clone()] {
        let claimed = claim(store, Lane::Open).await.unwrap();
        store.advance(claimed.message, step(claimed.turn, State::Nothing { outcome })).await.unwrap();
    }

    let anew = |uid, text: &str| {
        let origin = Origin::Imap { source: "inbox".into(), mailbox: "INBOX".into(), uid_validity: 8, uid };
        RawMessage { origin, ..message(uid, text) }
    };
    let messages = vec![anew(1, "anew b"), anew(2, "anew a"), anew(3, "anew b"), anew(4, "anew b")];
    let batch = Batch { messages, cursor: None };
    let new = store.record("inbox", &batch, NOW).await.unwrap();
    let [new] = &new[..] else { panic!("{} are taken for new", new.len()) };
    assert_eq!(new.duplicate_of, Some(ended), "one more copy than there were");
    assert_eq!(store.record("inbox", &batch, NOW).await.unwrap(), [], "nothing happens twice");

    // Where it is to be found now, each goes to the folder of its outcome.
    for (message, uid, outcome) in [(ended, 1, Outcome::Answered), (copy, 3, ignored)] {
        let claimed = claim(store, Lane::Settle("inbox")).await.unwrap();
        assert_eq!((claimed.message, &claimed.origin), (message, &anew(uid, "").origin));
        assert_eq!(claimed.state, State::Move { outcome: outcome.clone() });
        store.advance(message, step(claimed.turn, State::Nothing { outcome })).await.unwrap();
    }
    // Whoever worked on one goes on.
    store.advance(waiting, step(turn, State::Move { outcome: Outcome::Answered })).await.unwrap();
    let claimed = claim(store, Lane::Settle("inbox")).await.unwrap();
    assert_eq!((claimed.message, claimed.origin), (waiting, anew(2, "").origin));
    store.advance(waiting, step(claimed.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    clear(store).await;
}

pub async fn a_clock_that_was_set_back_stops_nothing(store: &dyn Store, other: &dyn Store) {
    const DAY: Duration = Duration::from_secs(86_400);
    let message = record(store, 211, "set back").await.message;
    store.claim(Lane::Open, NOW + DAY, LEASE).await.unwrap().unwrap();
    let again = claim(store, Lane::Open).await.expect("a claim from another time holds nobody up");
    assert_eq!(again.message, message);
    let mail = mail(MailKind::Alert, "set-back@gateway.example", "tc@example.org");
    let later = Advance { due: NOW + DAY, now: NOW + DAY, mails: vec![mail], ..step(again.turn, State::first()) };
    store.advance(message, later).await.unwrap();
    let again = claim(store, Lane::Open).await.expect("nothing waits for a day");
    store.advance(message, Advance { due: NOW + LEASE * 60, ..step(again.turn, State::first()) }).await.unwrap();
    assert_eq!(claim(store, Lane::Open).await, None, "but for an hour");
    let sent = store.claim_mail(NOW, LEASE).await.unwrap().expect("mail, too");
    store.mail_done(sent.id, MailResult::Sent(Receipt { response: "250".into() }), NOW).await.unwrap();
    assert_eq!(store.hold("back", NOW + DAY, LEASE).await.unwrap(), None);
    assert_eq!(other.hold("back", NOW, LEASE).await.unwrap(), None, "a turn, too");
    let last = store.claim(Lane::Open, NOW + LEASE * 60, LEASE).await.unwrap().unwrap();
    store.advance(message, step(last.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
}
