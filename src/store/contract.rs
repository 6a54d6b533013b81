//! What every store must do. Each database runs all of it on a fresh store, opened twice: by a gateway and by another or a
//! command beside it.

mod certificates;
pub mod chain;
mod changes;
mod ciphertexts;
mod digest;
mod filings;
mod several;
mod suspects;

use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;

use crate::case::{Filing, State};
use crate::model::*;
use crate::ports::*;

pub const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);
const LEASE: Duration = Duration::from_secs(60);

pub async fn contract(store: &dyn Store, other: &dyn Store) {
    records_once_and_keeps_the_cursor(store).await;
    changes::a_mailbox_made_anew_keeps_its_messages(store).await;
    changes::a_clock_that_was_set_back_stops_nothing(store, other).await;
    claims_in_order_and_once(store).await;
    counts_attempts_losses_and_deaths(store).await;
    suspects::sets_apart_what_is_lost_again_and_again(store).await;
    refuses_a_stale_step(store).await;
    keeps_raw_bytes_as_long_as_somebody_may_open_them(store).await;
    numbers_cases_and_finds_them_by_mail(store).await;
    limits_replies_and_sends_each_mail_once(store).await;
    ciphertexts::finds_the_same_ciphertext_again(store).await;
    ciphertexts::finds_what_is_worth_another_look_once(store).await;
    digest::tells_of_everything_once(store).await;
    certificates::keeps_what_was_learned_within_bounds(store).await;
    several::lends_to_one_at_a_time(store, other).await;
    several::gives_each_message_to_one(store, other).await;
    several::gives_each_mail_to_one(store, other).await;
    several::records_one_original(store, other).await;
    several::judges_one_after_the_other(store, other).await;
    several::counts_without_gaps(store, other).await;
    filings::counts_what_is_filed_within_an_hour(store, other).await;
    keeps_what_servers_say(store).await;
    chain::is_whole(store, other).await;
}

pub fn message(uid: u32, text: &str) -> RawMessage {
    RawMessage {
        origin: Origin::Imap { source: "inbox".into(), mailbox: "INBOX".into(), uid_validity: 7, uid },
        received: NOW,
        size: text.len() as u64,
        bytes: text.as_bytes().to_vec(),
    }
}

pub async fn record(store: &dyn Store, uid: u32, text: &str) -> Recorded {
    let batch = Batch { messages: vec![message(uid, text)], cursor: None };
    store.record("inbox", &batch, NOW).await.unwrap().pop().unwrap()
}

pub fn step(turn: i64, state: State) -> Advance {
    Advance {
        state,
        due: NOW,
        turn,
        holds: false,
        died: false,
        assessment: None,
        twins: None,
        edition: None,
        case: None,
        advisory: None,
        mails: Vec::new(),
        replies: None,
        certificates: Vec::new(),
        certificate_bounds: CertificateBounds::default(),
        note: String::new(),
        now: NOW,
    }
}

fn filing(name: &str) -> Filing {
    Filing::new(name.parse().unwrap())
}

fn mail(kind: MailKind, id: &str, to: &str) -> OutgoingMail {
    OutgoingMail {
        kind,
        message_id: id.parse().unwrap(),
        envelope_from: None,
        envelope_to: to.parse().unwrap(),
        bytes: b"Subject: x\r\n\r\nx\r\n".to_vec(),
    }
}

async fn claim(store: &dyn Store, lane: Lane<'_>) -> Option<Claimed> {
    store.claim(lane, NOW, LEASE).await.unwrap()
}

/// Moves whatever waits in the open lane out of the way.
async fn clear(store: &dyn Store) {
    while let Some(claimed) = claim(store, Lane::Open).await {
        let done = State::Nothing { outcome: Outcome::Answered };
        store.advance(claimed.message, step(claimed.turn, done)).await.unwrap();
    }
}

async fn records_once_and_keeps_the_cursor(store: &dyn Store) {
    assert_eq!(store.cursor("inbox").await.unwrap(), None);
    let cursor = Cursor::Imap { uid_validity: 7, uid: 2 };
    let batch = Batch { messages: vec![message(1, "a"), message(2, "b")], cursor: Some(cursor.clone()) };
    assert_eq!(store.record("inbox", &batch, NOW).await.unwrap().len(), 2);
    assert_eq!(store.record("inbox", &batch, NOW).await.unwrap(), [], "the same origins again");
    assert_eq!(store.cursor("inbox").await.unwrap(), Some(cursor));
    let first = store.claim(Lane::Open, NOW, LEASE).await.unwrap().unwrap();
    let copy = record(store, 3, "a").await;
    assert_eq!(copy.duplicate_of, Some(first.message), "the same bytes elsewhere");
    assert_eq!(record(store, 4, "a ").await.duplicate_of, None, "other bytes");
    store.advance(first.message, step(first.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    let pipe = |text: &str| RawMessage { origin: Origin::Pipe, ..message(0, text) };
    for (text, duplicate) in [("p", false), ("q", false), ("p", true)] {
        let batch = Batch { messages: vec![pipe(text)], cursor: None };
        let recorded = store.record("pipe", &batch, NOW).await.unwrap();
        assert_eq!(recorded[0].duplicate_of.is_some(), duplicate, "a pipe has no place to tell messages apart");
    }
    clear(store).await;
}

async fn claims_in_order_and_once(store: &dyn Store) {
    let (first, second, third) =
        (record(store, 11, "11").await, record(store, 12, "12").await, record(store, 13, "13").await);
    let claimed = claim(store, Lane::Open).await.unwrap();
    assert_eq!((claimed.message, claimed.attempt), (first.message, 1));
    assert_eq!(store.raw(first.message).await.unwrap(), message(11, "11"));
    let urgent = State::UrgentAlert { filing: filing("o/r") };
    store.advance(first.message, step(claimed.turn, urgent.clone())).await.unwrap();
    let claimed = claim(store, Lane::Open).await.unwrap();
    assert_eq!((claimed.message, &claimed.state), (first.message, &urgent), "public news goes first");
    let second_claim = claim(store, Lane::Open).await.unwrap();
    assert_eq!(second_claim.message, second.message);
    let later = Advance { due: NOW + LEASE, ..step(second_claim.turn, State::first()) };
    store.advance(second.message, later).await.unwrap();
    assert_eq!(claim(store, Lane::Open).await.unwrap().message, third.message);
    assert_eq!(claim(store, Lane::Open).await, None, "all are taken or not due");
    assert_eq!(store.next_due(Some(Lane::Open)).await.unwrap(), Some(NOW + LEASE));
    let to_file =
        store.advance(first.message, step(claimed.turn, State::Filing { filing: filing("o/r") })).await.unwrap();
    assert_eq!(store.next_due(Some(Lane::File)).await.unwrap(), Some(NOW));
    let moving = State::Move { outcome: Outcome::Answered };
    store.advance(first.message, step(to_file, moving)).await.unwrap();
    assert_eq!(claim(store, Lane::File).await, None);
    assert_eq!(claim(store, Lane::Settle("other")).await, None, "another source's");
    let settled = claim(store, Lane::Settle("inbox")).await.unwrap();
    store.advance(settled.message, step(settled.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    for claimed in [store.claim(Lane::Open, NOW + LEASE, LEASE), store.claim(Lane::Open, NOW + LEASE, LEASE)] {
        let claimed = claimed.await.unwrap().unwrap();
        store
            .advance(claimed.message, step(claimed.turn, State::Nothing { outcome: Outcome::Answered }))
            .await
            .unwrap();
    }
    assert_eq!(store.next_due(Some(Lane::Open)).await.unwrap(), None);
}

async fn counts_attempts_losses_and_deaths(store: &dyn Store) {
    let recorded = record(store, 21, "21").await;
    let counts = |claimed: &Claimed| (claimed.attempt, claimed.lost, claimed.died);
    assert_eq!(counts(&claim(store, Lane::Open).await.unwrap()), (1, 0, 0));
    let lost = store.claim(Lane::Open, NOW + LEASE, LEASE).await.unwrap().unwrap();
    assert_eq!(counts(&lost), (2, 1, 0), "a lease that ran out is a lost attempt");
    let died = Advance { died: true, ..step(lost.turn, State::first()) };
    store.advance(recorded.message, died).await.unwrap();
    let again = claim(store, Lane::Open).await.unwrap();
    assert_eq!(counts(&again), (3, 1, 1));
    let turn =
        store.advance(recorded.message, step(again.turn, State::Filing { filing: filing("o/r") })).await.unwrap();
    let check = State::FilingCheck { filing: filing("o/r") };
    let file = claim(store, Lane::File).await.unwrap();
    assert_eq!((counts(&file), file.turn), ((1, 0, 0), turn + 1), "a new state counts anew");
    let later = Advance { now: NOW + LEASE, ..step(file.turn, check) };
    store.advance(recorded.message, later).await.unwrap();
    let file = claim(store, Lane::File).await.unwrap();
    assert_eq!((counts(&file), file.since), ((2, 0, 0), NOW), "looking for a filing goes on with the filing's count");
    let begun = Advance { holds: true, ..step(file.turn, State::FilingCheck { filing: filing("o/r") }) };
    let turn = store.advance(recorded.message, begun).await.unwrap();
    assert_eq!(claim(store, Lane::File).await, None, "an effect that was announced is under way");
    let file = store.claim(Lane::File, NOW + LEASE, LEASE).await.unwrap().unwrap();
    assert_eq!((counts(&file), file.turn), ((3, 1, 0), turn + 1), "and may be lost like any other");
    let other = State::Filing { filing: filing("o/other") };
    store.advance(recorded.message, Advance { now: NOW + LEASE, ..step(file.turn, other) }).await.unwrap();
    let file = claim(store, Lane::File).await.unwrap();
    assert_eq!((counts(&file), file.since), ((1, 0, 0), NOW + LEASE), "another repository counts anew");
    store.advance(recorded.message, step(file.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
}

async fn refuses_a_stale_step(store: &dyn Store) {
    let recorded = record(store, 31, "31").await;
    let stalled = claim(store, Lane::Open).await.unwrap();
    let other = store.claim(Lane::Open, NOW + LEASE, LEASE).await.unwrap().unwrap();
    let mut late = step(stalled.turn, State::Nothing { outcome: Outcome::Answered });
    late.mails = vec![mail(MailKind::Reply, "stale@x", "erin@example.org")];
    assert!(matches!(store.advance(recorded.message, late).await, Err(StoreError::Stale(_))));
    assert_eq!(store.claim_mail(NOW, LEASE).await.unwrap(), None, "nothing of a stale step happens");
    store.advance(recorded.message, step(other.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    let unknown = store.advance(MessageId::new(99_999), step(0, State::first())).await;
    assert!(matches!(unknown, Err(StoreError::NotFound(_))));
}

async fn keeps_raw_bytes_as_long_as_somebody_may_open_them(store: &dyn Store) {
    let held = Outcome::Held(HoldReason::WrongProject);
    let cases = [
        (State::Answer { outcome: Outcome::Answered, refused: None, others: Others::default() }, true),
        (State::Move { outcome: held.clone() }, true),
        (State::Nothing { outcome: held }, true),
        (State::Move { outcome: Outcome::Ignored(IgnoreReason::Operator) }, false),
    ];
    let recorded = record(store, 41, "41").await;
    let mut turn = claim(store, Lane::Open).await.unwrap().turn;
    for (state, kept) in cases {
        let held = matches!(state.outcome(), Some(Outcome::Held(_)));
        turn = store.advance(recorded.message, step(turn, state.clone())).await.unwrap();
        assert_eq!(store.raw(recorded.message).await.is_ok(), kept, "{state:?}");
        let listed = MessageFilter { held_only: true, limit: 10, ..MessageFilter::default() };
        assert_eq!(store.messages(&listed).await.unwrap().len(), usize::from(held), "{state:?}");
    }
    store.advance(recorded.message, step(turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
}

async fn numbers_cases_and_finds_them_by_mail(store: &dyn Store) {
    let erin: Address = "erin@example.org".parse().unwrap();
    let (first, second) = (record(store, 51, "51").await, record(store, 52, "52").await);
    let case = store.open_case(first.message, "T-SEC", Some(&erin), NOW).await.unwrap();
    assert_eq!(case.id.as_str(), "T-SEC-2026-0001");
    assert_eq!(store.open_case(first.message, "T-SEC", None, NOW).await.unwrap(), case, "one message, one case");
    let other = store.open_case(second.message, "T-SEC", None, NOW).await.unwrap();
    assert_eq!(other.id.as_str(), "T-SEC-2026-0002");
    assert_ne!(other.marker, case.marker);
    let next_year = NOW + Duration::from_secs(50 * 86_400);
    let third = record(store, 53, "53").await;
    let new = store.open_case(third.message, "T-SEC", None, next_year).await.unwrap();
    assert_eq!(new.id.as_str(), "T-SEC-2027-0001", "numbers begin anew with the year");

    let claimed = claim(store, Lane::Open).await.unwrap();
    assert_eq!(claimed.case.as_ref(), Some(&case));
    let advisory = Filed {
        repository: "o/r".parse().unwrap(),
        ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
        url: "https://example.org/1".into(),
    };
    let answer = State::Answer { outcome: Outcome::Filed(advisory.clone()), refused: None, others: Others::default() };
    let mut filed = step(claimed.turn, answer);
    filed.advisory = Some(advisory.clone());
    filed.assessment = Some(assessment("report-1@example.org"));
    filed.mails = vec![mail(MailKind::Reply, "ours-1@gateway.example", "erin@example.org")];
    filed.note = "filed".into();
    store.advance(first.message, filed).await.unwrap();
    let known = CaseRecord { advisory: Some(advisory), ..case };
    assert_eq!(store.case(&known.id).await.unwrap().as_ref(), Some(&known));
    let find = async |ids: &[&str]| {
        let ids: Vec<MailId> = ids.iter().map(|id| id.parse().unwrap()).collect();
        store.case_of_mail(&ids).await.unwrap().map(|joined| (joined.case.id, joined.mail))
    };
    assert_eq!(find(&["x@y", "ours-1@gateway.example"]).await, Some((known.id.clone(), Some(MailKind::Reply))));
    assert_eq!(find(&["report-1@example.org"]).await, Some((known.id.clone(), None)));
    assert_eq!(find(&["x@y"]).await, None);
    let record = store
        .messages(&MessageFilter { case: Some(known.id.clone()), limit: 5, ..MessageFilter::default() })
        .await
        .unwrap();
    assert_eq!((record.len(), record[0].message, record[0].case.as_ref()), (1, first.message, Some(&known)));
    let history = store.history(first.message).await.unwrap();
    assert_eq!((history.steps[0].what.as_str(), history.mails[0].status.as_str()), ("filed", "waiting"));
    let sent = store.claim_mail(NOW, LEASE).await.unwrap().unwrap();
    store.mail_done(sent.id, MailResult::Sent(Receipt { response: "250 ok".into() }), NOW).await.unwrap();
    clear(store).await;
}

async fn limits_replies_and_sends_each_mail_once(store: &dyn Store) {
    let recorded = record(store, 61, "61").await;
    let claimed = claim(store, Lane::Open).await.unwrap();
    let mut answered = step(claimed.turn, State::Nothing { outcome: Outcome::Answered });
    let limit = ReplyLimit { most: 1, since: NOW, proven: false };
    answered.replies = Some(limit);
    answered.mails = vec![
        mail(MailKind::Reply, "r1@g", "Frank@example.org"),
        mail(MailKind::Reply, "r2@g", "frank+again@example.org"),
        mail(MailKind::Alert, "a1@g", "tc@example.org"),
        mail(MailKind::UrgentAlert, "u1@g", "tc@example.org"),
        mail(MailKind::Alert, "a1@g", "tc@example.org"),
    ];
    store.advance(recorded.message, answered).await.unwrap();
    let frank: Address = "frank@example.org".parse().unwrap();
    assert_eq!(store.replies_since(&frank, limit).await.unwrap(), 1, "the second one is left out");
    let later = ReplyLimit { since: NOW + LEASE, ..limit };
    assert_eq!(store.replies_since(&frank, later).await.unwrap(), 0);
    let proven = ReplyLimit { proven: true, ..limit };
    assert_eq!(store.replies_since(&frank, proven).await.unwrap(), 0, "counted apart");
    assert_eq!(store.history(recorded.message).await.unwrap().steps.len(), 1, "and the history says so");

    let urgent = store.claim_mail(NOW, LEASE).await.unwrap().unwrap();
    assert_eq!((urgent.mail.message_id.as_str(), urgent.attempt), ("u1@g", 1));
    let again = MailResult::Again { at: NOW + LEASE, reason: "451".into() };
    store.mail_done(urgent.id, again, NOW).await.unwrap();
    let alert = store.claim_mail(NOW, LEASE).await.unwrap().unwrap();
    assert_eq!(alert.mail, mail(MailKind::Alert, "a1@g", "tc@example.org"));
    store.mail_done(alert.id, MailResult::Failed { reason: "550 no".into(), refused: true }, NOW).await.unwrap();
    let reply = store.claim_mail(NOW, LEASE).await.unwrap().unwrap();
    store.mail_done(reply.id, MailResult::Sent(Receipt { response: "250 ok".into() }), NOW).await.unwrap();
    store.mail_done(reply.id, MailResult::Failed { reason: "late".into(), refused: false }, NOW).await.unwrap();
    assert_eq!(store.claim_mail(NOW, LEASE).await.unwrap(), None);
    assert_eq!(store.next_due(None).await.unwrap(), Some(NOW + LEASE));
    let mut status: Vec<String> =
        store.history(recorded.message).await.unwrap().mails.into_iter().map(|mail| mail.status).collect();
    status.sort();
    assert_eq!(status, ["failed: 550 no", "sent: 250 ok", "waiting: 451"]);
}

async fn keeps_what_servers_say(store: &dyn Store) {
    let recorded = record(store, 2_001, "2001").await;
    let turn = claim(store, Lane::Open).await.unwrap().turn;
    let mut answered = step(turn, State::Nothing { outcome: Outcome::Answered });
    answered.note = "5xx \0 \u{1f4e7} ' \" \\ %s $1".into();
    answered.mails = vec![mail(MailKind::Alert, "words@g", "tc@example.org")];
    store.advance(recorded.message, answered).await.unwrap();
    let sent = store.claim_mail(NOW, LEASE).await.unwrap().unwrap();
    store.mail_done(sent.id, MailResult::Sent(Receipt { response: "250 \0 ok".into() }), NOW).await.unwrap();
    let history = store.history(recorded.message).await.unwrap();
    assert_eq!(history.steps[0].what, "5xx \u{fffd} \u{1f4e7} ' \" \\ %s $1");
    assert_eq!(history.mails[0].status, "sent: 250 \u{fffd} ok");
}

pub fn assessment(message_id: &str) -> Assessment {
    Assessment {
        facts: MessageFacts {
            message_id: Some(message_id.parse().unwrap()),
            answers: Vec::new(),
            date: None,
            author: Some("erin@example.org".parse().unwrap()),
            answer_to: Some("erin@example.org".parse().unwrap()),
            authenticated: Authentication::None,
            sender_shortfall: None,
            forwarded_author: None,
            is_forward: false,
            encryption: Encryption::Whole,
            format: Some(EncryptionFormat::PgpMime),
            decryption_key: None,
            failure: None,
            signature: SignatureStatus::None,
            signer: None,
            signature_shortfall: None,
            acquaintance: Acquaintance::default(),
            automatic: None,
            can_encrypt_reply: false,
            ciphertexts: Vec::new(),
            identity: None,
            private_key_attached: false,
            doubts: Vec::new(),
            named_recipients: Vec::new(),
        },
        verdict: Verdict {
            kind: Kind::Report,
            disclosure: Some(Disclosure::Private),
            destination: Some("o/r".parse().unwrap()),
            also: Vec::new(),
            case: None,
            confidence: Confidence::default(),
            evidence: Vec::new(),
        },
    }
}
