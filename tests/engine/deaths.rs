//! Gateways that go down, by themselves or because of a message, and what is made of the messages that they had in hand.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use advisory_intake::case::{Backoff, State};
use advisory_intake::model::*;
use advisory_intake::ports::*;
use advisory_intake::store::Sqlite;

use super::world::{World, engine};

/// A gateway that was hit has to live for this long before it takes up what it had in hand twice.
const FIRST: Duration = Duration::from_millis(150);

/// How a gateway ended.
#[derive(Debug, PartialEq)]
enum End {
    /// By a message.
    Downed,
    /// From outside.
    Killed,
    /// Nothing was left to do.
    Idle,
}

/// Lets a gateway live on this store until it dies, or nothing is left to do.
async fn live(path: &Path, world: &Arc<World>, messages: usize, kill_after: Option<Duration>) -> End {
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(path).await.unwrap());
    let engine = engine(world, &store, |settings| {
        settings.openers = 4;
        settings.backoff = Backoff { first: FIRST, ceiling: FIRST * 64 };
    });
    let over = async {
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            let all = all(&*store).await;
            if all.len() == messages && all.iter().all(|message| matches!(message.state, State::Nothing { .. })) {
                return;
            }
        }
    };
    let killed = async {
        match kill_after {
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let stop = CancellationToken::new();
    let end = tokio::select! {
        ran = engine.run(stop.clone()) => panic!("{ran:?}"),
        () = world.death.notified() => End::Downed,
        () = killed => End::Killed,
        () = over => End::Idle,
    };
    drop(engine);
    store.close().await;
    // Its tasks end soon; the lock on the store goes with them.
    while Arc::strong_count(&store) > 1 {
        tokio::task::yield_now().await;
    }
    end
}

async fn all(store: &dyn Store) -> Vec<MessageRecord> {
    store.messages(&MessageFilter { limit: u32::MAX, ..MessageFilter::default() }).await.unwrap()
}

/// How each message ended, in order, with the mails to the team and to its sender.
async fn endings(path: &Path) -> Vec<(&'static str, usize, usize)> {
    let store = Sqlite::open(path).await.unwrap();
    let mut endings = Vec::new();
    for message in all(&store).await.into_iter().rev() {
        let mails = store.history(message.message).await.unwrap().mails;
        let count = |kind| mails.iter().filter(|mail| mail.kind == kind).count();
        let outcome = match message.state.outcome().unwrap() {
            Outcome::Held(HoldReason::Poison) => "poison",
            outcome => outcome.name(),
        };
        endings.push((outcome, count(MailKind::Alert), count(MailKind::Reply)));
    }
    endings
}

#[tokio::test]
async fn a_message_that_downs_the_gateway_is_held_and_those_beside_it_are_not() {
    let (folder, world) = (tempfile::tempdir().unwrap(), Arc::<World>::default());
    let path = folder.path().join("state.db");
    world.deliver(1, "id: r1@example.org\ndowns: yes");
    for uid in 2..=6 {
        world.deliver(uid, &format!("id: r{uid}@example.org\nfrom: r{uid}@example.org\nslow: 60"));
    }
    let mut deaths = 0;
    while live(&path, &world, 6, None).await == End::Downed {
        deaths += 1;
        assert!(deaths <= 5, "it is tried for ever");
    }
    assert_eq!(deaths, 5);
    let filed = ("filed", 1, 1);
    assert_eq!(endings(&path).await, [("poison", 1, 0), filed, filed, filed, filed, filed]);
}

#[tokio::test]
async fn what_a_gateway_had_in_hand_when_it_was_killed_is_not_blamed_for_it() {
    let (folder, world) = (tempfile::tempdir().unwrap(), Arc::<World>::default());
    let path = folder.path().join("state.db");
    for uid in 1..=3 {
        world.deliver(uid, &format!("id: r{uid}@example.org\nfrom: r{uid}@example.org\nslow: 100"));
    }
    for _ in 0..12 {
        assert_eq!(live(&path, &world, 3, Some(Duration::from_millis(60))).await, End::Killed);
    }
    assert_eq!(live(&path, &world, 3, None).await, End::Idle);
    assert_eq!(endings(&path).await, [("filed", 1, 1); 3]);
}
