//! The engine on a real store, with a world that records what it is asked and fails on command.

mod deaths;
mod digest;
mod each;
mod faults;
mod several;
mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use advisory_intake::case::{Filing as Way, Folder, Release, State};
use advisory_intake::engine::{Order, Summary, give};
use advisory_intake::model::*;
use advisory_intake::ports::*;
use world::{Filing, Gateway, engine, gateway, gateway_with, message};

async fn drain(gateway: &Gateway) -> Summary {
    gateway.engine.drain(CancellationToken::new()).await.unwrap()
}

async fn outcome(gateway: &Gateway, number: i64) -> Outcome {
    record(gateway, number).await.state.outcome().cloned().unwrap()
}

async fn record(gateway: &Gateway, number: i64) -> MessageRecord {
    let filter = MessageFilter { message: Some(MessageId::new(number)), limit: 1, ..MessageFilter::default() };
    gateway.store.messages(&filter).await.unwrap().pop().unwrap()
}

fn fails(error: FilingError) -> Filing {
    Filing::Fails(error)
}

#[tokio::test]
async fn a_report_is_filed_then_announced_and_answered_then_moved() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org");
    let summary = drain(&gateway).await;
    assert_eq!((summary.recorded, summary.outcomes["filed"], summary.mails_sent, summary.waiting), (1, 1, 2, 0));
    let log = gateway.world.log();
    assert_eq!(log[..2], ["assess", "file otel/go"]);
    assert_eq!(log.iter().filter(|line| line.starts_with("send")).count(), 2);
    assert_eq!(gateway.world.moved.lock().unwrap()[&1], Folder::Processed);
    let case = record(&gateway, 1).await.case.unwrap();
    assert_eq!((case.id.as_str(), case.advisory.is_some()), ("T-SEC-2026-0001", true));
    assert!(gateway.store.raw(MessageId::new(1)).await.is_err());
    assert_eq!(gateway.engine.status().borrow().line(), "watching inbox");
}

/// Each row: how attempts go, the calls that must follow, the repositories that have an advisory in the end.
#[tokio::test]
async fn is_filed_once_however_the_attempts_go() {
    let refused = || fails(FilingError::Refused("403".into()));
    let later = || fails(FilingError::Later { reason: "429".into(), after: None });
    type Row = (Vec<Filing>, &'static [&'static str], &'static [&'static str], &'static str);
    let cases: Vec<Row> = vec![
        (vec![Filing::Lost], &["file otel/go", "find otel/go"], &["otel/go"], "filed"),
        (
            vec![fails(FilingError::Unknown("reset".into()))],
            &["file otel/go", "find otel/go", "file otel/go"],
            &["otel/go"],
            "filed",
        ),
        (
            vec![Filing::Stalls(Duration::from_secs(9))],
            &["file otel/go", "find otel/go", "file otel/go"],
            &["otel/go"],
            "filed",
        ),
        (vec![later()], &["file otel/go", "find otel/go", "file otel/go"], &["otel/go"], "filed"),
        (vec![refused()], &["file otel/go", "file otel/fallback"], &["otel/fallback"], "filed"),
        (vec![refused(), refused()], &["file otel/go", "file otel/fallback"], &[], "held"),
    ];
    for (attempts, calls, filed, outcome) in cases {
        let gateway = gateway(Arc::default()).await;
        gateway.world.filing.lock().unwrap().extend(attempts);
        gateway.world.deliver(1, "id: r1@example.org");
        let summary = drain(&gateway).await;
        let log = gateway.world.log();
        let made: Vec<&str> = log.iter().map(String::as_str).filter(|line| line.starts_with("fi")).collect();
        assert_eq!(made, calls);
        // Each is in the store as an attempt before it is made.
        let begun = gateway.store.history(MessageId::new(1)).await.unwrap().steps;
        let begun = begun.iter().filter(|step| step.what.contains("the rest of its text to")).count();
        assert_eq!(begun, made.iter().filter(|call| call.starts_with("fill")).count(), "{calls:?}");
        assert_eq!(gateway.world.filed(), filed, "{calls:?}");
        assert_eq!(summary.outcomes.keys().collect::<Vec<_>>(), [&outcome], "{calls:?}");
        let orders = gateway.world.orders.lock().unwrap();
        let order = orders.last().unwrap();
        assert!(order.actions.contains(&Action::Alert), "the team hears of it: {calls:?}");
        assert_eq!(order.refused.is_some(), calls.contains(&"file otel/fallback"), "and why: {calls:?}");
    }
}

/// Each row: how filing and adding the rest go, the calls that must follow, and whether the team hears that some is missing.
#[tokio::test]
async fn the_rest_of_a_long_report_is_added_before_anybody_is_told() {
    let later = || FilingError::Later { reason: "429".into(), after: None };
    let unknown = || FilingError::Unknown("reset".into());
    type Row = (Vec<Filing>, Vec<FilingError>, &'static [&'static str], bool);
    let cases: Vec<Row> = vec![
        (vec![], vec![], &["file otel/go", "fill 1"], false),
        (vec![], vec![later(), unknown()], &["file otel/go", "fill 1", "fill 1", "fill 1"], false),
        (vec![], vec![FilingError::Refused("404".into())], &["file otel/go", "fill 1"], true),
        (vec![Filing::Lost], vec![], &["file otel/go", "find otel/go", "fill 1"], false),
        (vec![Filing::Lost], vec![unknown()], &["file otel/go", "find otel/go", "fill 1", "fill 1"], false),
    ];
    for (filing, completing, calls, missing) in cases {
        let gateway = gateway(Arc::default()).await;
        gateway.world.filing.lock().unwrap().extend(filing);
        gateway.world.completing.lock().unwrap().extend(completing);
        gateway.world.deliver(1, "id: r1@example.org\nlong: the rest");
        let summary = drain(&gateway).await;
        let log = gateway.world.log();
        let sent = log.iter().position(|line| line.starts_with("send")).unwrap();
        let made: Vec<&str> = log[..sent].iter().map(String::as_str).filter(|line| line.starts_with("fi")).collect();
        assert_eq!(made, calls);
        assert_eq!((gateway.world.filed().len(), summary.outcomes["filed"]), (1, 1), "{calls:?}");
        assert!(record(&gateway, 1).await.case.unwrap().advisory.is_some(), "{calls:?}");
        assert_eq!(gateway.world.orders.lock().unwrap().last().unwrap().refused.is_some(), missing, "{calls:?}");
    }
}

/// As if the daemon had died after committing each of these states.
#[tokio::test]
async fn goes_on_from_every_state_that_a_crash_can_leave() {
    let filing = Way::new("otel/go".parse().unwrap());
    for filed_before in [false, true] {
        let gateway = gateway(Arc::default()).await;
        let batch = Batch {
            messages: vec![message(1, "id: r1@example.org")],
            cursor: Some(Cursor::Imap { uid_validity: 1, uid: 1 }),
        };
        let now = time::OffsetDateTime::now_utc();
        gateway.store.record("inbox", &batch, now).await.unwrap();
        let id = MessageId::new(1);
        let case = gateway.store.open_case(id, "T-SEC", None, now).await.unwrap();
        if filed_before {
            gateway.world.advisories.lock().unwrap().push((filing.destination.clone(), case.marker));
        }
        let step = Advance {
            certificates: Vec::new(),
            certificate_bounds: CertificateBounds::default(),
            twins: None,
            state: State::FilingCheck { filing: filing.clone() },
            due: now,
            turn: 0,
            holds: false,
            died: false,
            assessment: Some(assessment()),
            edition: None,
            case: None,
            advisory: None,
            mails: Vec::new(),
            replies: None,
            note: String::new(),
            now,
        };
        gateway.store.advance(id, step).await.unwrap();
        // The dead one had it in hand.
        gateway.store.claim(Lane::File, now, Duration::from_secs(600)).await.unwrap().unwrap();
        drain(&gateway).await;
        assert_eq!(gateway.world.filed(), ["otel/go"], "filed before: {filed_before}");
        assert!(matches!(outcome(&gateway, 1).await, Outcome::Filed(_)));
    }
}

#[tokio::test]
async fn a_second_engine_finds_nothing_to_do_again() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org");
    drain(&gateway).await;
    let before = gateway.world.log();
    engine(&gateway.world, &gateway.store, |_| {}).drain(CancellationToken::new()).await.unwrap();
    assert_eq!(gateway.world.log(), before);
}

#[tokio::test]
async fn an_urgent_alert_does_not_wait_for_a_stalled_filing() {
    let gateway = gateway_with(Arc::default(), |settings| settings.timeouts.file = Duration::from_secs(30)).await;
    gateway.world.filing.lock().unwrap().push_back(Filing::Stalls(Duration::from_millis(600)));
    gateway.world.deliver(1, "id: r1@example.org\npublic: yes");
    drain(&gateway).await;
    let log = gateway.world.log();
    let at = |what: &str| log.iter().position(|line| line == what).unwrap();
    assert!(at("send urgent-alert") < at("send reply"), "{log:?}");
    assert_eq!(log.iter().filter(|line| line.ends_with("alert")).count(), 1, "one alert, the urgent one: {log:?}");
    let history = gateway.store.history(MessageId::new(1)).await.unwrap();
    let when = |what: &str| history.steps.iter().find(|step| step.what.starts_with(what)).unwrap().at;
    assert!(when("queued: 1 to the team, 0 to the sender (urgent)") < when("filing in otel/go begins"));
    assert_eq!(gateway.world.filed(), ["otel/go"]);
}

#[tokio::test]
async fn poison_is_held_and_the_team_told_while_the_rest_goes_on() {
    for (kills, tries) in [("assess", 2), ("assess draft compose", 2)] {
        let gateway = gateway(Arc::default()).await;
        gateway.world.deliver(1, &format!("id: r1@example.org\nkills: {kills}"));
        gateway.world.deliver(2, "id: r2@example.org");
        drain(&gateway).await;
        assert_eq!(outcome(&gateway, 1).await, Outcome::Held(HoldReason::Poison), "{kills}");
        assert!(matches!(outcome(&gateway, 2).await, Outcome::Filed(_)));
        let assessed = gateway.world.log().iter().filter(|line| *line == "assess").count();
        assert_eq!(assessed, tries + 1, "{kills}");
        let orders = gateway.world.orders.lock().unwrap().clone();
        let alert = orders.iter().find(|order| order.message == MessageId::new(1)).unwrap();
        assert_eq!(alert.actions, [Action::AlertWithoutContent]);
        assert_eq!(gateway.world.moved.lock().unwrap()[&1], Folder::Held);
        assert!(gateway.store.raw(MessageId::new(1)).await.is_ok(), "kept for a person");
    }
}

#[tokio::test]
async fn what_cannot_be_composed_is_told_without_its_content() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org\nkills: compose");
    drain(&gateway).await;
    assert!(matches!(outcome(&gateway, 1).await, Outcome::Filed(_)));
    let orders = gateway.world.orders.lock().unwrap();
    assert_eq!(orders[0].actions, [Action::AlertWithoutContent, Action::Acknowledge]);
}

#[tokio::test]
async fn the_same_message_again_and_our_own_mail_do_nothing() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org");
    gateway.world.deliver(2, "id: r1@example.org");
    gateway.world.deliver(3, "id: r3@example.org\nown: yes");
    let summary = drain(&gateway).await;
    assert_eq!((summary.outcomes["filed"], summary.outcomes["ignored"], summary.mails_sent), (1, 2, 2));
    assert_eq!(outcome(&gateway, 2).await, Outcome::Ignored(IgnoreReason::DuplicateOf(MessageId::new(1))));
    assert_eq!(outcome(&gateway, 3).await, Outcome::Ignored(IgnoreReason::OwnMail));
    assert_eq!(gateway.world.moved.lock().unwrap()[&2], Folder::Ignored);
}

#[tokio::test]
async fn one_sender_gets_a_few_replies_and_every_report_is_filed_all_the_same() {
    let gateway = gateway(Arc::default()).await;
    for uid in 1..=7 {
        gateway.world.deliver(uid, &format!("id: r{uid}@example.org"));
    }
    let summary = drain(&gateway).await;
    assert_eq!(summary.outcomes["filed"], 7);
    let sent = gateway.world.log();
    let count = |what: &str| sent.iter().filter(|line| *line == what).count();
    assert_eq!((count("send reply"), count("send alert")), (4, 7));
}

#[tokio::test]
async fn what_is_sent_in_somebodys_name_leaves_their_own_mail_its_replies() {
    let gateway = gateway(Arc::default()).await;
    let mails = [
        ("", 5, 4, "ciphertext that anybody could have sent"),
        ("\nclear: yes", 4, 1, "the reserve for what is filed, of what anybody can read"),
        ("\nclear: yes\nkind: question", 1, 0, "nothing is left for the rest"),
        ("\nproven: yes", 5, 4, "their own"),
    ];
    let mut uid = 0;
    for (more, number, replies, what) in mails {
        let before = gateway.world.log().iter().filter(|line| *line == "send reply").count();
        for _ in 0..number {
            uid += 1;
            gateway.world.deliver(uid, &format!("id: r{uid}@example.org{more}"));
        }
        drain(&gateway).await;
        let after = gateway.world.log().iter().filter(|line| *line == "send reply").count();
        assert_eq!(after - before, replies, "{what}");
    }
}

#[tokio::test]
async fn who_has_no_certificate_hears_where_a_public_report_was_filed() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org\npublic: yes");
    drain(&gateway).await;
    let orders = gateway.world.orders.lock().unwrap();
    let actions: Vec<&[Action]> = orders.iter().map(|order| order.actions.as_slice()).collect();
    assert_eq!(actions, [&[Action::AlertUrgent][..], &[Action::AlertLink, Action::Acknowledge, Action::AskPrivate]]);
}

#[tokio::test]
async fn a_reporters_answer_becomes_a_comment_on_the_advisory() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org\nfrom: erin@example.org");
    drain(&gateway).await;
    gateway.world.deliver(2, "id: r2@example.org\nfrom: erin@example.org\nanswers: r1@example.org");
    gateway.world.deliver(3, "id: r3@example.org\nfrom: mallory@example.org\nanswers: r1@example.org");
    gateway.world.deliver(4, "kind: follow-up\nanswers: x@elsewhere.example");
    drain(&gateway).await;
    assert!(matches!(outcome(&gateway, 2).await, Outcome::Commented { .. }));
    assert_eq!(record(&gateway, 2).await.case, record(&gateway, 1).await.case);
    assert!(matches!(outcome(&gateway, 3).await, Outcome::Filed(_)), "a stranger's report stays a report");
    assert_eq!(outcome(&gateway, 4).await, Outcome::Held(HoldReason::UnknownCase));
    assert_eq!(gateway.world.comments.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn only_who_reads_the_reporters_mail_adds_to_a_case_by_naming_it() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org\nfrom: erin@example.org");
    drain(&gateway).await;
    let case = record(&gateway, 1).await.case.unwrap().id;
    let named = format!("kind: follow-up\nfrom: erin@example.org\ncase: {case}");
    gateway.world.deliver(2, &format!("{named}\nanswer-to: mallory@example.org"));
    gateway.world.deliver(3, &named);
    gateway.world.deliver(4, "kind: follow-up\nfrom: mallory@example.org\nanswers: r1@example.org");
    drain(&gateway).await;
    assert_eq!(outcome(&gateway, 2).await, Outcome::Held(HoldReason::OtherSender));
    assert_eq!(outcome(&gateway, 4).await, Outcome::Held(HoldReason::OtherSender), "by the reporter's Message-ID");
    assert!(matches!(outcome(&gateway, 3).await, Outcome::Commented { .. }));
}

/// Each row: the mails' lines, and how each ends; the second one's ending is what the row is about.
#[tokio::test]
async fn ciphertext_that_comes_again_is_filed_once_and_the_team_is_told() {
    let erin = "ciphertext: a\nfrom: erin@example.org";
    let cases: [(&str, String, &str); 6] = [
        ("by its sender, to another of our addresses", format!("{erin}\nx: 2"), "duplicate"),
        ("by somebody else", "ciphertext: a\nfrom: mallory@example.org".into(), "copy"),
        ("in the sender's name, to be answered elsewhere", format!("{erin}\nanswer-to: mallory@example.org"), "copy"),
        ("with clear text beside it", format!("{erin}\npartly: yes"), "copy"),
        ("another one", "ciphertext: b\nfrom: mallory@example.org".into(), "filed"),
        ("none at all", "from: mallory@example.org".into(), "filed"),
    ];
    for (what, second, expected) in cases {
        let gateway = gateway(Arc::default()).await;
        gateway.world.deliver(1, erin);
        drain(&gateway).await;
        gateway.world.deliver(2, &second);
        drain(&gateway).await;
        let ended = match outcome(&gateway, 2).await {
            Outcome::Ignored(IgnoreReason::DuplicateOf(original)) if original == MessageId::new(1) => "duplicate",
            Outcome::Held(HoldReason::SameCiphertext) => "copy",
            Outcome::Filed(_) => "filed",
            other => panic!("{what}: {other:?}"),
        };
        assert_eq!(ended, expected, "{what}");
        assert_eq!(gateway.world.filed().len(), if expected == "filed" { 2 } else { 1 }, "{what}");
        let orders = gateway.world.orders.lock().unwrap();
        let told = orders.iter().filter(|order| order.message == MessageId::new(2)).flat_map(|order| &order.notes);
        let told: Vec<&String> = told.filter(|note| note.contains("T-SEC-2026-0001 (m1)")).collect();
        assert_eq!(told.len(), usize::from(expected == "copy" && second.contains("mallory")), "{what}: {told:?}");
    }
}

#[tokio::test]
async fn two_copies_that_are_opened_at_one_time_are_filed_once() {
    let gateway = gateway_with(Arc::default(), |settings| settings.openers = 4).await;
    for (uid, name) in ["erin", "mallory", "trent", "victor"].into_iter().enumerate() {
        gateway.world.deliver(uid as u32 + 1, &format!("ciphertext: a\nfrom: {name}@example.org"));
    }
    drain(&gateway).await;
    assert_eq!(gateway.world.filed().len(), 1);
}

#[tokio::test]
async fn what_stayed_shut_is_opened_again_when_a_key_comes_and_its_sender_hears_of_it() {
    let gateway = gateway(Arc::default()).await;
    let edition = |keys: &[&str]| Edition {
        version: "1".into(),
        keys: keys.iter().map(|key| key.repeat(40).parse().unwrap()).collect(),
    };
    gateway.engine.opens_with(edition(&["A"]));
    gateway.world.deliver(1, "shut: b\nfrom: erin@example.org");
    gateway.world.deliver(2, "shut: c\nfrom: erin@example.org");
    drain(&gateway).await;
    let shut = Outcome::Held(HoldReason::Unreadable(Unreadable::NoKey));
    let first_orders = gateway.world.orders.lock().unwrap().len();
    let opened = |gateway: &Gateway| gateway.world.log().iter().filter(|line| *line == "assess").count();
    let rows: [(&[&str], usize, bool); 5] =
        [(&["A"], 0, false), (&["A", "B"], 2, true), (&["A", "B"], 0, true), (&["B"], 0, true), (&["B", "D"], 1, true)];
    for (keys, tried, filed) in rows {
        if keys.contains(&"B") {
            *gateway.world.keys.lock().unwrap() = vec!["b".into()];
        }
        let before = opened(&gateway);
        gateway.engine.opens_with(edition(keys));
        drain(&gateway).await;
        assert_eq!(opened(&gateway) - before, tried, "{keys:?}");
        assert_eq!(matches!(outcome(&gateway, 1).await, Outcome::Filed(_)), filed, "{keys:?}");
        assert_eq!(outcome(&gateway, 2).await, shut);
    }
    let orders = gateway.world.orders.lock().unwrap();
    let later: Vec<(MessageId, bool)> = orders[first_orders..].iter().map(|o| (o.message, o.opened_late)).collect();
    assert_eq!(later, [(MessageId::new(1), true)], "told once, and nobody of what stayed shut");
}

#[tokio::test]
async fn a_thousand_shut_messages_are_opened_again_a_few_at_a_time() {
    let gateway = gateway(Arc::default()).await;
    let now = time::OffsetDateTime::now_utc();
    let batch = |uid: u32| Batch {
        messages: vec![message(uid, &format!("shut: b\nx: {uid}"))],
        cursor: Some(Cursor::Imap { uid_validity: 1, uid }),
    };
    for uid in 1..=60 {
        let recorded = gateway.store.record("inbox", &batch(uid), now).await.unwrap();
        let state = State::Nothing { outcome: Outcome::Held(HoldReason::Unreadable(Unreadable::NoKey)) };
        gateway.store.advance(recorded[0].message, plain_step(state, now)).await.unwrap();
    }
    gateway.engine.opens_with(Edition { version: "1".into(), keys: Vec::new() });
    let stop = CancellationToken::new();
    let watch = async {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(gateway.engine.run(stop.clone()), watch);
    ran.unwrap();
    assert_eq!(gateway.world.log().iter().filter(|line| *line == "assess").count(), 7);
}

fn plain_step(state: State, now: time::OffsetDateTime) -> Advance {
    Advance {
        certificates: Vec::new(),
        certificate_bounds: CertificateBounds::default(),
        state,
        due: now,
        turn: 0,
        holds: false,
        died: false,
        assessment: None,
        twins: None,
        edition: None,
        case: None,
        advisory: None,
        mails: Vec::new(),
        replies: None,
        note: String::new(),
        now,
    }
}

#[tokio::test]
async fn a_held_message_goes_on_by_a_persons_word() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org\nkind: wrong-project");
    drain(&gateway).await;
    assert_eq!(outcome(&gateway, 1).await, Outcome::Held(HoldReason::WrongProject));
    let clock = Fixed(time::OffsetDateTime::now_utc());
    let release = Order::Release(Release { repository: Some("otel/java".parse().unwrap()) });
    let id = MessageId::new(1);
    assert!(give(&*gateway.store, &clock, id, Order::Hold).await.is_err(), "it is held already");
    give(&*gateway.store, &clock, id, release).await.unwrap();
    drain(&gateway).await;
    assert!(matches!(outcome(&gateway, 1).await, Outcome::Filed(filed) if filed.repository.as_str() == "otel/java"));
    assert_eq!(gateway.world.moved.lock().unwrap()[&1], Folder::Processed);
}

struct Fixed(time::OffsetDateTime);

impl Clock for Fixed {
    fn now(&self) -> time::OffsetDateTime {
        self.0
    }
}

#[tokio::test]
async fn mail_is_sent_again_after_a_lost_answer_and_not_after_a_refusal() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.sending.lock().unwrap().extend([
        SendError::Unknown("timeout after DATA".into()),
        SendError::Later("451".into()),
        SendError::Refused("550".into()),
    ]);
    gateway.world.deliver(1, "id: r1@example.org\nkind: question");
    let summary = drain(&gateway).await;
    assert_eq!((summary.outcomes["answered"], summary.mails_sent, summary.mails_failed), (1, 0, 1));
    let history = gateway.store.history(MessageId::new(1)).await.unwrap();
    assert_eq!((history.mails[0].attempts, history.mails[0].status.as_str()), (3, "failed: 550"));
}

#[tokio::test]
async fn a_piped_message_is_driven_to_its_outcome_beside_a_running_gateway() {
    let gateway = gateway(Arc::default()).await;
    let record = gateway.engine.process(message(9, "id: r9@example.org")).await.unwrap();
    assert!(matches!(record.state, State::Nothing { outcome: Outcome::Filed(_) }), "{:?}", record.state);
    assert_eq!(gateway.world.log().iter().filter(|line| line.starts_with("send")).count(), 2);
}

#[tokio::test]
async fn runs_until_told_to_stop() {
    let gateway = gateway(Arc::default()).await;
    let (stop, mut status) = (CancellationToken::new(), gateway.engine.status());
    let watch = async {
        status.wait_for(|status| status.is_ready()).await.unwrap();
        gateway.world.deliver(1, "id: r1@example.org");
        while gateway.world.moved.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(gateway.engine.heartbeat().overdue(), Vec::<String>::new());
        stop.cancel();
    };
    let (ran, ()) = tokio::join!(gateway.engine.run(stop.clone()), watch);
    ran.unwrap();
    assert_eq!(gateway.world.filed(), ["otel/go"]);
    drop(gateway.folder);
}

/// A private report from Erin for `otel/go`, encrypted.
/// What a worker finds in a private report.
pub(crate) fn assessment() -> Assessment {
    Assessment {
        facts: MessageFacts {
            message_id: None,
            answers: Vec::new(),
            date: None,
            author: Some("erin@example.org".parse().unwrap()),
            answer_to: Some("erin@example.org".parse().unwrap()),
            authenticated: Authentication::None,
            sender_shortfall: None,
            forwarded_author: None,
            is_forward: false,
            encryption: Encryption::Whole,
            format: None,
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
            destination: Some("otel/go".parse().unwrap()),
            also: Vec::new(),
            case: None,
            confidence: Confidence::default(),
            evidence: Vec::new(),
        },
    }
}
