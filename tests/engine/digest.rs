//! The daily digest, by a clock that the test sets.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::datetime;
use tokio_util::sync::CancellationToken;

use advisory_intake::model::*;

use super::drain;
use super::world::{Gateway, World, engine, gateway};

/// Runs a fresh engine on the gateway's store, as after a restart, until `done`.
async fn run_until(gateway: &Gateway, done: impl AsyncFn() -> bool) {
    let engine = engine(&gateway.world, &gateway.store, |settings| settings.digest_hour = Some(7));
    let stop = CancellationToken::new();
    let watch = async {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !done().await && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let done = done().await;
        stop.cancel();
        done
    };
    let (ran, done) = tokio::join!(engine.run(stop.clone()), watch);
    ran.unwrap();
    assert!(done, "{:?}", gateway.world.log());
}

fn set(world: &World, now: OffsetDateTime) {
    *world.clock.lock().unwrap() = Some(now);
}

fn sent(world: &World) -> usize {
    world.log().iter().filter(|line| *line == "send digest").count()
}

#[tokio::test]
async fn the_team_gets_one_digest_a_day_and_none_without_news() {
    let gateway = gateway(Arc::default()).await;
    let world = &gateway.world;
    let made = async |at| gateway.store.last_digest().await.unwrap() == Some(at);

    let noon = datetime!(2026-11-22 12:00 UTC);
    set(world, noon);
    world.deliver(1, "kind: question");
    run_until(&gateway, async || made(noon).await && world.moved.lock().unwrap().len() == 1).await;
    assert_eq!(sent(world), 0, "a new gateway waits for its hour");

    let morning = datetime!(2026-11-23 07:00 UTC);
    set(world, morning);
    run_until(&gateway, async || sent(world) == 1).await;
    {
        let digests = world.digests.lock().unwrap();
        assert_eq!(Vec::from_iter(&digests[0].endings), [(&Ending::Answered, &1)]);
        assert_eq!((digests[0].since, digests[0].until), (Some(noon), morning));
    }

    set(world, datetime!(2026-11-23 18:00 UTC));
    world.deliver(2, "kind: wrong-project");
    run_until(&gateway, async || world.moved.lock().unwrap().len() == 2).await;
    assert!(made(morning).await && sent(world) == 1, "once a day, and a restart does not repeat it");

    let next = datetime!(2026-11-24 09:30 UTC);
    set(world, next);
    gateway.engine.process(super::message(9, "kind: spam")).await.unwrap();
    drain(&gateway).await;
    assert!(made(morning).await, "only a gateway that runs makes one");
    run_until(&gateway, async || sent(world) == 2).await;
    assert!(made(next).await, "one that was missed is made late");
    assert_eq!(world.digests.lock().unwrap()[1].held.first[0].reason, HoldReason::WrongProject);
}

#[tokio::test]
async fn a_day_without_news_has_no_digest() {
    let gateway = gateway(Arc::default()).await;
    for day in [datetime!(2026-11-22 12:00 UTC), datetime!(2026-11-23 07:00 UTC), datetime!(2026-11-24 07:00 UTC)] {
        set(&gateway.world, day);
        run_until(&gateway, async || gateway.store.last_digest().await.unwrap() == Some(day)).await;
    }
    assert!(gateway.world.digests.lock().unwrap().is_empty() && sent(&gateway.world) == 0);
}
