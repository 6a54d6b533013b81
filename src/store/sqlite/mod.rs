//! The store in one SQLite file: WAL, every commit on the disk before it counts, one writer at a time.

/// One writer at a time: rows need no locks.
macro_rules! for_update {
    () => {
        ""
    };
}

macro_rules! skip_locked {
    () => {
        ""
    };
}

mod backup;
mod open;
// The same text for both databases, with each one's types.
#[allow(clippy::duplicate_mod)]
#[path = "../sql/mod.rs"]
mod sql;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqliteRow as DbRow;
use sqlx::{Sqlite as Driver, SqliteConnection as Connection, SqlitePool, Transaction};

use self::Sqlite as Kept;
pub use self::backup::Restored;
use self::sql::Lock;
use crate::ports::StoreError;

const BEGIN: &str = "BEGIN IMMEDIATE";

/// A store in an SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    /// One connection: SQLite has one writer, and waiting here is fairer than its busy handler.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Who holds leases.
    holder: String,
    /// Held locked by the gateway that works on this store.
    gateway: Mutex<Option<File>>,
}

impl Sqlite {
    /// A transaction that writes. It begins as a writer, so that it never fails half-way for want of the lock.
    async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        match self.writer.begin_with(BEGIN).await {
            // On a full disk SQLite ends a transaction by itself, and the driver then believes for ever that the connection
            // is still within it: another one takes its place.
            Err(sqlx::Error::BeginFailed | sqlx::Error::InvalidSavePointStatement) => {
                if let Ok(connection) = self.writer.acquire().await {
                    let _closed = connection.close().await;
                }
                Ok(self.writer.begin_with(BEGIN).await?)
            }
            begun => Ok(begun?),
        }
    }

    async fn read(&self) -> Result<PoolConnection<Driver>, StoreError> {
        Ok(self.readers.acquire().await?)
    }

    /// A transaction that reads what is true at one moment.
    async fn snapshot(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        Ok(self.readers.begin().await?)
    }

    /// Takes the lock that one gateway has, and ends what an earlier one left behind.
    async fn begin_to_work(&self) -> Result<(), StoreError> {
        if !self.holds_gateway_lock(None) {
            self.holds_gateway_lock(Some(open::gateway_lock(&self.path)?));
            let mut tx = self.write().await?;
            end_all(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    fn holds_gateway_lock(&self, lock: Option<File>) -> bool {
        let mut held = self.gateway.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            *held = lock;
        }
        held.is_some()
    }
}

/// A transaction that writes is alone here from its beginning.
async fn lock(_: &mut Connection, _: Lock<'_>) -> Result<(), StoreError> {
    Ok(())
}

/// Ends the claims and leases of a gateway that is gone: the claims as lost attempts.
async fn end_all(tx: &mut Connection) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE messages SET claimed_until = NULL, lost = lost + 1, turn = turn + 1
         WHERE lane IS NOT NULL AND claimed_until IS NOT NULL",
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE outbox SET claimed_until = NULL WHERE status = 'waiting' AND claimed_until IS NOT NULL")
        .execute(&mut *tx)
        .await?;
    sqlx::query("DELETE FROM leases").execute(tx).await?;
    Ok(())
}
