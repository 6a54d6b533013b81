//! What the engine does while GitHub is away, floods come, clocks jump, and mail arrives by two ways.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use advisory_intake::case::{Backoff, State};
use advisory_intake::model::*;
use advisory_intake::ports::*;

use super::world::{Filing, engine, gateway, gateway_with};
use super::{drain, outcome, plain_step, record};

fn later() -> Filing {
    Filing::Fails(FilingError::Later { reason: "503".into(), after: None })
}

#[tokio::test]
async fn the_team_gets_a_report_by_mail_once_that_github_does_not_take() {
    for faults in [vec![later(), later()], vec![Filing::Lost], vec![later(), Filing::Lost]] {
        let number = faults.len();
        let gateway = gateway_with(Arc::default(), |settings| settings.policy.tell_after = Duration::ZERO).await;
        gateway.world.filing.lock().unwrap().extend(faults);
        gateway.world.deliver(1, "id: r1@example.org");
        drain(&gateway).await;
        assert!(matches!(outcome(&gateway, 1).await, Outcome::Filed(_)));
        assert_eq!(gateway.world.filed(), ["otel/go"], "{number}");
        let orders = gateway.world.orders.lock().unwrap();
        let [late, filed] = &orders[..] else { panic!("{} orders", orders.len()) };
        assert_eq!((late.actions.as_slice(), &late.outcome), (&[Action::Alert][..], &None));
        assert!(late.notes[0].starts_with("NOT FILED YET"), "{:?}", late.notes);
        assert_eq!(filed.actions, [Action::Alert, Action::Acknowledge]);
    }
}

#[tokio::test]
async fn a_public_report_that_waits_for_github_was_told_already() {
    let gateway = gateway_with(Arc::default(), |settings| settings.policy.tell_after = Duration::ZERO).await;
    gateway.world.filing.lock().unwrap().push_back(later());
    gateway.world.deliver(1, "id: r1@example.org\npublic: yes");
    drain(&gateway).await;
    let log = gateway.world.log();
    assert_eq!(log.iter().filter(|line| line.ends_with("alert")).count(), 1, "{log:?}");
}

#[tokio::test]
async fn a_flood_waits_and_is_told_once() {
    let gateway = gateway_with(Arc::default(), |settings| settings.filings_per_hour = Some(2)).await;
    for uid in 1..=5 {
        gateway.world.deliver(uid, &format!("id: r{uid}@example.org"));
    }
    gateway.world.deliver(6, "id: r6@example.org\nkind: follow-up\ncase: T-SEC-2026-0099");
    drain(&gateway).await;
    assert_eq!(gateway.world.filed().len(), 2);
    let orders = gateway.world.orders.lock().unwrap().clone();
    let told = orders.iter().filter(|order| order.notes.iter().any(|note| note.contains("more came"))).count();
    assert_eq!(told, 1);
    let mut waiting = 0;
    for number in 1..=5 {
        let record = record(&gateway, number).await;
        if let State::Filing { .. } = record.state {
            waiting += 1;
            assert!(record.due > OffsetDateTime::now_utc() + Duration::from_secs(3_000), "{}", record.due);
        }
    }
    assert_eq!(waiting, 3);
    // Another process files nothing more within that hour, and does not tell it again.
    gateway.world.deliver(7, "id: r7@example.org");
    let another = engine(&gateway.world, &gateway.store, |settings| settings.filings_per_hour = Some(2));
    another.drain(CancellationToken::new()).await.unwrap();
    let orders = gateway.world.orders.lock().unwrap().clone();
    assert_eq!(orders.iter().filter(|order| order.notes.iter().any(|note| note.contains("more came"))).count(), 1);
    assert_eq!(gateway.world.filed().len(), 2);
    // What is not filed goes on.
    assert!(matches!(outcome(&gateway, 6).await, Outcome::Held(_)));
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_files_nothing_twice() {
    let gateway = gateway_with(Arc::default(), |settings| {
        settings.timeouts.file = Duration::from_secs(30);
        settings.policy.settle_time = Duration::from_secs(60);
        settings.drain_patience = Duration::from_millis(100);
    })
    .await;
    let world = gateway.world.clone();
    world.filing.lock().unwrap().push_back(Filing::Stalls(Duration::from_millis(900)));
    world.deliver(1, "id: r1@example.org");
    let now = OffsetDateTime::now_utc();
    let jump = async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        *world.clock.lock().unwrap() = Some(now + Duration::from_secs(86_400));
    };
    tokio::join!(drain(&gateway), jump);
    assert_eq!(gateway.world.log().iter().filter(|line| line.starts_with("file")).count(), 1);
    *gateway.world.clock.lock().unwrap() = Some(now + Duration::from_secs(2 * 86_400));
    drain(&gateway).await;
    assert!(matches!(outcome(&gateway, 1).await, Outcome::Filed(_)));
    assert_eq!(gateway.world.filed(), ["otel/go"]);
}

/// Reports that GitHub does not take: their pauses grow to the ceiling and not beyond, and no two end at one instant.
#[tokio::test]
async fn retries_back_off_to_a_ceiling_and_do_not_come_back_together() {
    const REPORTS: i64 = 5;
    let (first, ceiling) = (Duration::from_secs(5), Duration::from_secs(20));
    let gateway = gateway_with(Arc::default(), |settings| {
        settings.backoff = Backoff { first, ceiling };
        settings.drain_patience = Duration::ZERO;
    })
    .await;
    let mut now = OffsetDateTime::now_utc();
    *gateway.world.clock.lock().unwrap() = Some(now);
    for number in 1..=REPORTS {
        gateway.world.deliver(u32::try_from(number).unwrap(), &format!("id: r{number}@example.org"));
    }
    // Looking for what an attempt left takes every second turn, so an attempt of each is two of its pauses.
    for round in 0..4 {
        gateway.world.filing.lock().unwrap().extend((0..REPORTS).map(|_| later()));
        drain(&gateway).await;
        let mut due = Vec::new();
        for number in 1..=REPORTS {
            due.push(record(&gateway, number).await.due - now);
        }
        due.sort();
        let (least, most) = (due[0], due[due.len() - 1]);
        assert!(least >= first / 2 && most <= ceiling, "round {round}: {due:?}");
        due.dedup();
        assert_eq!(due.len() as i64, REPORTS, "round {round}: some come back together");
        assert!(round < 2 || least >= ceiling / 2, "round {round}: {due:?}");
        now += most;
        *gateway.world.clock.lock().unwrap() = Some(now);
    }
    gateway.world.filing.lock().unwrap().clear();
    for _ in 0..2 {
        *gateway.world.clock.lock().unwrap() = Some(now + ceiling);
        now += ceiling;
        drain(&gateway).await;
    }
    assert_eq!(gateway.world.filed().len() as i64, REPORTS);
}

/// What was put off by a clock that was a month ahead is not put off for a month, and patience is not used up by it.
#[tokio::test]
async fn a_clock_that_is_set_back_holds_up_nothing() {
    let now = OffsetDateTime::now_utc();
    for first in [later(), Filing::Lost, Filing::Stalls(Duration::from_secs(2))] {
        let gateway = gateway_with(Arc::default(), |settings| settings.drain_patience = Duration::ZERO).await;
        *gateway.world.clock.lock().unwrap() = Some(now + Duration::from_secs(30 * 86_400));
        gateway.world.filing.lock().unwrap().push_back(first);
        gateway.world.deliver(1, "id: r1@example.org");
        drain(&gateway).await;
        assert!(matches!(record(&gateway, 1).await.state, State::FilingCheck { .. }));
        *gateway.world.clock.lock().unwrap() = Some(now);
        drain(&gateway).await;
        assert!(matches!(outcome(&gateway, 1).await, Outcome::Filed(_)));
        assert_eq!(gateway.world.filed(), ["otel/go"]);
        assert_eq!(gateway.world.log().iter().filter(|line| *line == "send reply").count(), 1);
    }
}

/// Each row: the advisory that another gateway has filed by the time a stopped one goes on, and whether people hear of two.
#[tokio::test]
async fn what_a_stopped_gateway_files_after_another_took_over_is_told() {
    for (ghsa_id, is_told) in [("GHSA-2222-3333-4444", false), ("GHSA-9999-8888-7777", true)] {
        let gateway = gateway_with(Arc::default(), |settings| {
            settings.timeouts.file = Duration::from_secs(30);
            settings.policy.settle_time = Duration::from_secs(60);
        })
        .await;
        let (world, store) = (gateway.world.clone(), gateway.store.clone());
        world.filing.lock().unwrap().push_back(Filing::Stalls(Duration::from_millis(900)));
        world.deliver(1, "id: r1@example.org");
        let take_over = async {
            tokio::time::sleep(Duration::from_millis(400)).await;
            let later = OffsetDateTime::now_utc() + Duration::from_secs(600);
            let taken = store.claim(Lane::File, later, Duration::from_secs(60)).await.unwrap().unwrap();
            let repository = "otel/go".parse().unwrap();
            let advisory = Filed { repository, ghsa_id: ghsa_id.parse().unwrap(), url: "https://example.org/".into() };
            let state =
                State::Answer { outcome: Outcome::Filed(advisory.clone()), refused: None, others: Others::default() };
            let step = Advance { turn: taken.turn, advisory: Some(advisory), ..plain_step(state, later) };
            store.advance(taken.message, step).await.unwrap();
        };
        tokio::join!(drain(&gateway), take_over);
        let history = gateway.store.history(MessageId::new(1)).await.unwrap();
        let told = history.steps.iter().filter(|step| step.what.contains("by a gateway that had lost")).count();
        assert_eq!(told, usize::from(is_told), "{:?}", history.steps);
    }
}

#[tokio::test]
async fn the_copy_that_a_list_passes_on_is_the_same_message() {
    let gateway = gateway(Arc::default()).await;
    gateway.world.deliver(1, "id: r1@example.org\nidentity: one");
    drain(&gateway).await;
    gateway.world.deliver(2, "id: r1@example.org\nidentity: one\nfooter: yes");
    // Its Message-ID is forged, or the text is another.
    gateway.world.deliver(3, "id: r1@example.org\nidentity: other");
    gateway.world.deliver(4, "id: r1@example.org\nidentity: one\nanswer-to: mallory@example.org");
    drain(&gateway).await;
    assert_eq!(outcome(&gateway, 2).await, Outcome::Ignored(IgnoreReason::DuplicateOf(MessageId::new(1))));
    for number in [3, 4] {
        assert!(matches!(outcome(&gateway, number).await, Outcome::Filed(_)), "{number}");
    }
}
