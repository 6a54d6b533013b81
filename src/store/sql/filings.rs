//! How much is filed within an hour, by all gateways of this store.

use time::{Duration, OffsetDateTime};

use super::{Connection, Lock, lock};
use crate::model::{MessageId, Repository};
use crate::ports::{OverBudget, StoreError};
use crate::store::convert::{micros, time};

const HOUR: Duration = Duration::HOUR;
/// What lies farther ahead was written before a clock was set back, and counts for nothing.
const AHEAD: Duration = Duration::MINUTE;

/// Counts a filing, unless there were `most` within an hour.
pub async fn spend(
    tx: &mut Connection,
    message: MessageId,
    repository: &Repository,
    most: u32,
    tells: bool,
    now: OffsetDateTime,
) -> Result<Result<(), OverBudget>, StoreError> {
    lock(tx, Lock::Filings).await?;
    sqlx::query("DELETE FROM filings WHERE at <= $1 OR at > $2")
        .bind(micros(now - HOUR))
        .bind(micros(now + AHEAD))
        .execute(&mut *tx)
        .await?;
    // What is tried once more is one filing.
    let (spent, first): (i64, Option<i64>) = sqlx::query_as(
        "SELECT COUNT(*), MIN(at) FROM filings WHERE message IS NOT NULL AND NOT (message = $1 AND repository = $2)",
    )
    .bind(message.number())
    .bind(repository.as_str())
    .fetch_one(&mut *tx)
    .await?;
    if let Some(first) = first.filter(|_| spent >= i64::from(most)) {
        let until = time(first)? + HOUR;
        let is_first = match tells {
            true => {
                let told = sqlx::query("UPDATE filings SET at = $1 WHERE message IS NULL").bind(micros(now));
                told.execute(tx).await?.rows_affected() == 0
            }
            false => false,
        };
        return Ok(Err(OverBudget { until, is_first }));
    }
    sqlx::query(
        "INSERT INTO filings (at, message, repository) VALUES ($1, $2, $3)
         ON CONFLICT (message, repository) DO UPDATE SET at = excluded.at",
    )
    .bind(micros(now))
    .bind(message.number())
    .bind(repository.as_str())
    .execute(tx)
    .await?;
    Ok(Ok(()))
}

/// The team is told of a flood.
pub async fn flood_told(tx: &mut Connection, now: OffsetDateTime) -> Result<(), StoreError> {
    lock(tx, Lock::Filings).await?;
    sqlx::query("DELETE FROM filings WHERE message IS NULL").execute(&mut *tx).await?;
    sqlx::query("INSERT INTO filings (at) VALUES ($1)").bind(micros(now)).execute(tx).await?;
    Ok(())
}

/// Nothing was filed.
pub async fn unspend(tx: &mut Connection, message: MessageId, repository: &Repository) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM filings WHERE message = $1 AND repository = $2")
        .bind(message.number())
        .bind(repository.as_str())
        .execute(tx)
        .await?;
    Ok(())
}
