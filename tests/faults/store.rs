//! The store cannot be used for a while. A full disk is in `scenarios::disk`, a state that is damaged in `scenarios::damage`.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::rig::Rig;
use crate::support::proxy::{At, Then};
use crate::support::world::MAILBOX;

const REPOSITORY: &str = "open-telemetry/opentelemetry-collector";

/// Somebody's program holds the store locked, for longer than SQLite waits by itself, when GitHub answers: what it said is
/// still known afterwards, and nothing is asked or sent a second time.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_filed_is_still_known_after_the_store_was_locked() {
    let mut rig = Rig::start().await;
    let mails = vec![rig.mails.sealed(REPOSITORY), rig.mails.plain(REPOSITORY)];
    rig.http.breaks(At::line("^POST"), Then::late(Duration::from_millis(400)));
    rig.deliver(mails);
    rig.until("a report on its way", async || rig.http.hits() > 0).await;
    let options = SqliteConnectOptions::new().filename(rig.store_path()).busy_timeout(Duration::from_secs(5));
    let mut other = options.connect().await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    rig.until("the operator to be told", async || rig.engine.status().borrow().line().contains("store: ")).await;
    assert_eq!(rig.dovecot.messages(MAILBOX, "INBOX").len(), 2, "nothing is moved that is not recorded");
    let filed = rig.github.advisories(REPOSITORY).len();
    assert!(filed > 0, "nothing was filed while nobody could note it");
    lock.rollback().await.unwrap();
    rig.http.mend();
    rig.is_sound("a locked store").await;
    assert_eq!(rig.github.count("report"), 2, "{filed} were filed while the store was locked");
    for who in ["lena", "samir", "petra", "token1x", "token2x"] {
        let mails = rig.dovecot.messages(who, "INBOX").len();
        assert_eq!(mails, if who.starts_with("token") { 1 } else { 2 }, "{who} got a mail twice");
    }
    rig.stop().await;
}
