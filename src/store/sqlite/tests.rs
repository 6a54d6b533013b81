mod backup;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::case::State;
use crate::model::{MailKind, Outcome, OutgoingMail};
use crate::ports::{Store, StoreError};
use crate::store::contract::{NOW, chain, contract, record, step};
use crate::store::sqlite::Sqlite;

impl Sqlite {
    /// Tables and their columns.
    pub async fn columns(&self) -> std::collections::BTreeSet<(String, String)> {
        let columns = "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table'";
        sqlx::query_as(columns).fetch_all(&self.writer).await.unwrap().into_iter().collect()
    }
}

async fn open(path: &Path) -> Sqlite {
    Sqlite::open(path).await.unwrap()
}

#[tokio::test]
async fn keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    contract(&open(&path).await, &open(&path).await).await;
}

#[tokio::test]
async fn shows_what_was_done_to_its_outcomes() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state.db")).await;
    let run = async |sql: &'static str| {
        sqlx::raw_sql(sql).execute(&store.writer).await.unwrap();
    };
    chain::finds_what_was_done_to_it(&store, run).await;
}

#[tokio::test]
async fn is_there_after_closing_and_only_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let store = open(&path).await;
    let recorded = record(&store, 1, "text").await;
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
    store.close().await;
    assert_eq!(open(&path).await.raw(recorded.message).await.unwrap().bytes, b"text");
}

#[tokio::test]
async fn a_restart_neither_repeats_nor_loses_a_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let done = async |store: &Sqlite, uid: u32| {
        let recorded = record(store, uid, &uid.to_string()).await;
        store.advance(recorded.message, step(0, State::Nothing { outcome: Outcome::Answered })).await.unwrap();
    };
    let mail = OutgoingMail {
        kind: MailKind::Digest,
        message_id: "d@gateway.example".parse().unwrap(),
        envelope_from: None,
        envelope_to: "ana@example.org".parse().unwrap(),
        bytes: b"mail".to_vec(),
    };
    let store = open(&path).await;
    done(&store, 1).await;
    // The gateway dies after this one was composed, and before it was queued.
    assert_eq!(store.digest(NOW).await.unwrap().ended(), 1);
    store.close().await;
    let store = open(&path).await;
    assert_eq!(store.last_digest().await.unwrap(), None);
    let digest = store.digest(NOW).await.unwrap();
    // What ends while it is composed belongs to the next one, whatever the clock says.
    done(&store, 2).await;
    assert!(store.digest_made(&digest, &[mail]).await.unwrap());
    store.close().await;
    let store = open(&path).await;
    assert_eq!(store.last_digest().await.unwrap(), Some(NOW));
    assert_eq!((digest.ended(), store.digest(NOW).await.unwrap().ended()), (1, 1));
    let minute = std::time::Duration::from_secs(60);
    assert_eq!(store.claim_mail(NOW, minute).await.unwrap().unwrap().mail.kind, MailKind::Digest);
    assert_eq!(store.claim_mail(NOW, minute).await.unwrap(), None);
}

#[tokio::test]
async fn nothing_of_a_finished_message_is_left_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("state.db")).await;
    let text = "canary-in-the-original ".repeat(5_000);
    let recorded = record(&store, 1, &text).await;
    assert!(has_canary(folder.path()), "the test must be able to see it");
    let done = State::Nothing { outcome: Outcome::Answered };
    store.advance(recorded.message, step(0, done)).await.unwrap();
    store.close().await;
    assert!(!has_canary(folder.path()));
}

fn has_canary(folder: &Path) -> bool {
    let canary = b"canary-in-the-original";
    fs::read_dir(folder)
        .unwrap()
        .any(|file| fs::read(file.unwrap().path()).unwrap().windows(canary.len()).any(|window| window == canary))
}

#[tokio::test]
async fn refuses_what_it_cannot_work_with() {
    let folder = tempfile::tempdir().unwrap();
    let refusal = async |path: &Path| Sqlite::open(path).await.err().map(|error| error.to_string()).unwrap_or_default();

    let not_a_store = folder.path().join("text.db");
    fs::write(&not_a_store, "this is a text file and no database, long enough to be read as a header".repeat(20))
        .unwrap();
    assert!(refusal(&not_a_store).await.contains("is damaged or no store at all; `store restore FILE`"));

    let damaged = folder.path().join("damaged.db");
    let store = open(&damaged).await;
    for uid in 0..50 {
        record(&store, uid, &format!("{uid} ").repeat(2_000)).await;
    }
    store.close().await;
    let mut bytes = fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[4096..middle].fill(0x5a);
    fs::write(&damaged, bytes).unwrap();
    assert!(refusal(&damaged).await.contains("is damaged or no store at all"));

    let newer = folder.path().join("newer.db");
    let store = open(&newer).await;
    sqlx::query("UPDATE _sqlx_migrations SET version = 900 WHERE version = 1").execute(&store.writer).await.unwrap();
    store.close().await;
    let text = refusal(&newer).await;
    assert!(text.contains("its tables are at 900") && text.contains("install that version"), "{text}");

    let text = refusal(&folder.path().join("missing/state.db")).await;
    assert!(text.contains("make its folder for the gateway"), "{text}");
}

#[tokio::test]
async fn one_gateway_works_on_it_and_takes_over_what_a_dead_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let (first, second) = (open(&path).await, open(&path).await);
    first.take_over().await.unwrap();
    first.take_over().await.unwrap();
    let recorded = record(&first, 1, "text").await;
    let now = NOW;
    let lease = std::time::Duration::from_secs(60);
    let claimed = first.claim(crate::ports::Lane::Open, now, lease).await.unwrap().unwrap();
    let refused = second.take_over().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(text)) if text.contains("stop it first")));
    drop(first);
    second.take_over().await.unwrap();
    let again = second.claim(crate::ports::Lane::Open, now, lease).await.unwrap().unwrap();
    assert_eq!((again.message, again.attempt, again.lost), (recorded.message, 2, 1));
    let late = second.advance(recorded.message, step(claimed.turn, State::first())).await;
    assert!(matches!(late, Err(StoreError::Stale(_))));
}
