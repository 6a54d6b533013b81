//! The store in a PostgreSQL database, for several gateways at one time.
//!
//! Whoever takes something to work on locks its row for the moment of taking it, passing over rows that others lock; from
//! then on a lease says that it is taken. What first looks and then writes is one at a time by advisory locks.

macro_rules! for_update {
    () => {
        " FOR UPDATE"
    };
}

macro_rules! skip_locked {
    () => {
        " FOR UPDATE SKIP LOCKED"
    };
}

mod open;
// The same text for both databases, with each one's types.
#[allow(clippy::duplicate_mod)]
#[path = "../sql/mod.rs"]
mod sql;
#[cfg(test)]
mod tests;

use sqlx::pool::PoolConnection;
use sqlx::postgres::PgRow as DbRow;
use sqlx::{PgConnection as Connection, PgPool, Postgres as Driver, Transaction};

use self::Postgres as Kept;
pub use self::open::PostgresSettings;
use self::sql::Lock;
use crate::ports::StoreError;

/// Before the number of a lock, so that it is nobody else's in the same database.
const LOCKS: i32 = 0x0ad1_5000;

/// A store in a PostgreSQL database.
#[derive(Debug)]
pub struct Postgres {
    pool: PgPool,
    /// Who holds leases.
    holder: String,
}

impl Postgres {
    async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        Ok(self.pool.begin().await?)
    }

    async fn read(&self) -> Result<PoolConnection<Driver>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    /// A transaction that reads what is true at one moment.
    async fn snapshot(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        Ok(self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    /// Others may be at work: what a dead one left behind is free when its lease has run out.
    async fn begin_to_work(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Held until the transaction ends.
async fn lock(tx: &mut Connection, lock: Lock<'_>) -> Result<(), StoreError> {
    let (number, key) = match lock {
        Lock::Recording => (1, ""),
        Lock::Cases => (2, ""),
        Lock::Ciphertexts => (3, ""),
        Lock::Certificates => (4, ""),
        Lock::Replies(mailbox) => (5, mailbox),
        Lock::Digests => (6, ""),
        Lock::Events => (7, ""),
        Lock::Filings => (8, ""),
    };
    sqlx::query("SELECT pg_advisory_xact_lock($1, hashtext($2))").bind(LOCKS + number).bind(key).execute(tx).await?;
    Ok(())
}
