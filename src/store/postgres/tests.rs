#[path = "../../../tests/support/postgres.rs"]
mod server;

use std::collections::BTreeSet;
use std::time::Duration;

use server::{PASSWORD, Server};

use super::{Postgres, PostgresSettings};
use crate::case::State;
use crate::model::Outcome;
use crate::ports::{Lane, Level, Store, StoreError};
use crate::store::contract::{NOW, chain, contract, record, step};
use crate::store::sqlite::Sqlite;

/// A new database on a server.
fn database(server: &Server, name: &str, arguments: &[&str]) -> PostgresSettings {
    let url = server.database(name, arguments).parse().unwrap();
    PostgresSettings { url, password: Some(PASSWORD.to_owned().into()), ca_file: None }
}

async fn open(settings: &PostgresSettings) -> Postgres {
    Postgres::open(settings).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keeps_the_contract() {
    let server = Server::start();
    let settings = database(&server, "contract", &[]);
    // Both make the tables at one time.
    let (store, other) = tokio::join!(open(&settings), open(&settings));
    contract(&store, &other).await;
}

#[tokio::test]
async fn shows_what_was_done_to_its_outcomes() {
    let server = Server::start();
    let store = open(&database(&server, "chain", &[])).await;
    let run = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&store.pool).await.unwrap();
    };
    chain::finds_what_was_done_to_it(&store, run).await;
}

#[tokio::test]
async fn has_the_tables_that_sqlite_has() {
    let server = Server::start();
    let store = open(&database(&server, "tables", &[])).await;
    let postgres: Vec<(String, String)> = sqlx::query_as(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT) FROM information_schema.columns
         WHERE table_schema = 'public'",
    )
    .fetch_all(&store.pool)
    .await
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = Sqlite::open(&folder.path().join("state.db")).await.unwrap();
    let own = |columns: BTreeSet<(String, String)>| -> BTreeSet<(String, String)> {
        columns.into_iter().filter(|(table, _)| !table.starts_with("sqlite_") && !table.starts_with("_sqlx")).collect()
    };
    assert_eq!(own(BTreeSet::from_iter(postgres)), own(sqlite.columns().await));
}

#[tokio::test]
async fn refuses_what_it_cannot_work_with() {
    let server = Server::start();
    let settings = database(&server, "refusals", &[]);
    let refusal = async |settings: &PostgresSettings| {
        let found = Postgres::check(settings).await;
        assert_eq!(found.level, Level::Failure);
        let error = Postgres::open(settings).await.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(!format!("{found:?} {error}").contains("canary"), "{found:?} {error}");
        (found.message, error)
    };

    let fresh = Postgres::check(&settings).await;
    assert_eq!(fresh.level, Level::Good);
    assert!(fresh.message.contains("tables are made at the first start"), "{fresh:?}");
    assert!(Postgres::check(&settings).await.message == fresh.message, "a check makes nothing");
    let store = open(&settings).await;
    assert!(Postgres::check(&settings).await.message.ends_with("is in order"));
    sqlx::query("UPDATE _sqlx_migrations SET version = 900 WHERE version = 6").execute(&store.pool).await.unwrap();
    let (found, error) = refusal(&settings).await;
    assert!(error.contains("its tables are at 900") && error.contains("install that version"), "{error}");
    assert_eq!(found, error);

    let mut other = settings.clone();
    other.url.set_path("/nothing");
    let (found, error) = refusal(&other).await;
    assert!(error.contains("database \"nothing\" does not exist"), "{error}");
    assert_eq!(found, error);

    let mut other = PostgresSettings { password: Some("canary".to_owned().into()), ..settings.clone() };
    other.url.set_username("stranger").unwrap();
    let (_, error) = refusal(&other).await;
    assert!(error.contains("password authentication failed"), "{error}");

    let mut other = settings.clone();
    other.url = "postgres://u@127.0.0.1:1/db".parse().unwrap();
    let (_, error) = refusal(&other).await;
    assert!(error.contains("postgres://127.0.0.1:1/db") && error.contains("see that PostgreSQL runs"), "{error}");

    let other = database(&server, "latin", &["--encoding=LATIN1", "--locale=C", "--template=template0"]);
    let (_, error) = refusal(&other).await;
    assert!(error.contains("make it with ENCODING 'UTF8'"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_gateway_loses_its_lease_and_its_word() {
    let server = Server::start();
    let settings = database(&server, "leases", &[]);
    let (dead, alive) = (open(&settings).await, open(&settings).await);
    let lease = Duration::from_secs(60);
    let recorded = record(&dead, 1, "text").await;
    let claimed = dead.claim(Lane::Open, NOW, lease).await.unwrap().unwrap();
    alive.take_over().await.unwrap();
    assert_eq!(alive.claim(Lane::Open, NOW, lease).await.unwrap(), None, "another's work is left alone");
    let again = alive.claim(Lane::Open, NOW + lease, lease).await.unwrap().unwrap();
    assert_eq!((again.message, again.attempt, again.lost), (recorded.message, 2, 1));
    let late = dead.advance(recorded.message, step(claimed.turn, State::first())).await;
    assert!(matches!(late, Err(StoreError::Stale(_))));
    alive.advance(recorded.message, step(again.turn, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn comes_back_after_the_server_was_away() {
    let mut server = Server::start();
    let store = open(&database(&server, "away", &[])).await;
    let recorded = record(&store, 1, "text").await;
    server.stop();
    assert!(matches!(store.claim(Lane::Open, NOW, Duration::from_secs(9)).await, Err(StoreError::Unavailable(_))));
    server.start_again();
    let claimed = store.claim(Lane::Open, NOW, Duration::from_secs(9)).await.unwrap().unwrap();
    assert_eq!(claimed.message, recorded.message);
}
