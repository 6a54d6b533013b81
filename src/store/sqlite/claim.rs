use std::time::Duration;

use sqlx::{SqliteConnection, SqlitePool};
use time::OffsetDateTime;

use super::{read, rows};
use crate::ports::{Claimed, Lane, StoreError};
use crate::store::convert::{lane_name, micros, time};

pub async fn claim(
    tx: &mut SqliteConnection,
    lane: Lane<'_>,
    now: OffsetDateTime,
    lease: Duration,
) -> Result<Option<Claimed>, StoreError> {
    let Some(id) = next(tx, lane, now).await? else { return Ok(None) };
    // A claim that is still there has run out without a word: that attempt is counted as lost.
    let row = sqlx::query(
        "UPDATE messages
         SET attempt = attempt + 1, lost = lost + (claimed_until IS NOT NULL), turn = turn + 1, claimed_until = $2
         WHERE id = $1 RETURNING *",
    )
    .bind(id)
    .bind(micros(now + lease))
    .fetch_one(&mut *tx)
    .await?;
    let case = match rows::case_name(&row)? {
        Some(case) => Some(read::known_case(tx, &case).await?),
        None => None,
    };
    rows::claimed(&row, case).map(Some)
}

async fn next(tx: &mut SqliteConnection, lane: Lane<'_>, now: OffsetDateTime) -> Result<Option<i64>, StoreError> {
    let query = match lane {
        Lane::One(message) => sqlx::query_scalar(
            "SELECT id FROM messages
             WHERE id = $1 AND lane IS NOT NULL AND due <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)",
        )
        .bind(message.number()),
        lane => sqlx::query_scalar(
            "SELECT id FROM messages
             WHERE lane = $1 AND due <= $2 AND (claimed_until IS NULL OR claimed_until <= $2)
             ORDER BY urgency, due, id LIMIT 1",
        )
        .bind(lane_name(lane)),
    };
    Ok(query.bind(micros(now)).fetch_optional(tx).await?)
}

/// Ends the claims of a gateway that is gone, as lost attempts.
pub async fn end_all(tx: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE messages SET claimed_until = NULL, lost = lost + 1, turn = turn + 1
         WHERE lane IS NOT NULL AND claimed_until IS NOT NULL",
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE outbox SET claimed_until = NULL WHERE status = 'waiting' AND claimed_until IS NOT NULL")
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn next_due(pool: &SqlitePool, lane: Lane<'_>) -> Result<Option<OffsetDateTime>, StoreError> {
    let query = match lane {
        Lane::One(message) => sqlx::query_scalar(
            "SELECT MAX(due, COALESCE(claimed_until, due)) FROM messages WHERE id = $1 AND lane IS NOT NULL",
        )
        .bind(message.number()),
        lane => sqlx::query_scalar("SELECT MIN(MAX(due, COALESCE(claimed_until, due))) FROM messages WHERE lane = $1")
            .bind(lane_name(lane)),
    };
    let due: Option<Option<i64>> = query.fetch_optional(pool).await?;
    due.flatten().map(time).transpose()
}
