//! Several gateways on one PostgreSQL database, which die.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use advisory_intake::engine::EngineError;
use advisory_intake::model::*;
use advisory_intake::ports::*;
use advisory_intake::store::{Postgres, PostgresSettings};

use super::world::{World, engine};
use crate::support::postgres::{PASSWORD, Server};

const MESSAGES: u32 = 24;
const PATIENCE: Duration = Duration::from_secs(90);

type Running = JoinHandle<Result<(), EngineError>>;

/// A gateway with connections of its own.
async fn start(world: &Arc<World>, settings: &PostgresSettings) -> (Running, Arc<dyn Store>) {
    let store: Arc<dyn Store> = Arc::new(Postgres::open(settings).await.unwrap());
    let engine = engine(world, &store, |settings| settings.turn = Duration::from_millis(600));
    let running = tokio::spawn(async move { engine.run(CancellationToken::new()).await });
    (running, store)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_report_is_filed_once_while_gateways_die_and_others_take_over() {
    let server = Server::start();
    let url = server.database("several", &[]).parse().unwrap();
    let settings = PostgresSettings { url, password: Some(PASSWORD.to_owned().into()), ca_file: None };
    let world: Arc<World> = Arc::default();
    let look = Postgres::open(&settings).await.unwrap();
    let mut gateways = vec![start(&world, &settings).await, start(&world, &settings).await];
    let begun = Instant::now();
    let mut delivered = 0;
    let mut deaths = 0;
    loop {
        for _ in 0..4 {
            if delivered < MESSAGES {
                delivered += 1;
                world.deliver(delivered, &format!("id: r{delivered}@example.org\nfrom: r{delivered}@example.org"));
            }
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
        let filter = MessageFilter { limit: u32::MAX, ..MessageFilter::default() };
        let messages = look.messages(&filter).await.unwrap();
        let ended = messages.iter().filter(|message| message.state.outcome().is_some()).count();
        let moved = world.moved.lock().unwrap().len();
        if ended == MESSAGES as usize && moved == ended && look.next_due(None).await.unwrap().is_none() {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{ended} of {} ended, {moved} moved", messages.len());
        // One dies in the middle of whatever it does; another comes in its place.
        if delivered < MESSAGES {
            let (dead, store) = gateways.remove(0);
            dead.abort();
            let _ = dead.await;
            store.close().await;
            deaths += 1;
            gateways.push(start(&world, &settings).await);
        }
    }
    for (running, _) in gateways {
        running.abort();
    }
    let advisories = world.advisories.lock().unwrap().clone();
    let markers: BTreeSet<&str> = advisories.iter().map(|(_, marker)| marker.as_str()).collect();
    assert_eq!((advisories.len(), markers.len()), (MESSAGES as usize, MESSAGES as usize), "each once, {deaths} deaths");
    let chain = look.verify(None).await.unwrap();
    assert_eq!((chain.links, chain.broken), (u64::from(MESSAGES), None));
    // A number that was taken by a transaction that ended half-way is left out.
    let filter = MessageFilter { limit: u32::MAX, ..MessageFilter::default() };
    let messages = look.messages(&filter).await.unwrap();
    assert_eq!(messages.len(), MESSAGES as usize);
    for message in messages.iter().map(|record| record.message) {
        let mails = look.history(message).await.unwrap().mails;
        let count = |kind| mails.iter().filter(|mail| mail.kind == kind && mail.status.starts_with("sent")).count();
        assert!(count(MailKind::Reply) == 1 && count(MailKind::Alert) == 1, "{message}: {mails:?}");
    }
}
