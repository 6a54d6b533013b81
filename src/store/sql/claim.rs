use std::time::Duration;

use time::OffsetDateTime;

use super::{Connection, read, rows};
use crate::ports::{Claimed, Lane, StoreError};
use crate::store::convert::{far, lane_name, micros, time};

pub async fn claim(
    tx: &mut Connection,
    lane: Lane<'_>,
    now: OffsetDateTime,
    lease: Duration,
) -> Result<Option<Claimed>, StoreError> {
    let Some(id) = next(tx, lane, now).await? else { return Ok(None) };
    // A claim that is still there has run out without a word: that attempt is counted as lost.
    let row = sqlx::query(
        "UPDATE messages
         SET attempt = attempt + 1, lost = lost + CASE WHEN claimed_until IS NULL THEN 0 ELSE 1 END,
             turn = turn + 1, claimed_until = $2
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

/// How many claims of a message have ended without a word, the one counted that is still there: it has run out by the time
/// anybody looks at this.
macro_rules! lost {
    () => {
        "lost + CASE WHEN claimed_until IS NULL THEN 0 ELSE 1 END"
    };
}

/// Messages of a lane that may have been lost so often at most; those that were lost more often are suspect.
fn most_lost(lane: Lane<'_>) -> i64 {
    match lane {
        Lane::Open | Lane::File => i64::from(Lane::SUSPECT) - 1,
        Lane::Suspect { lost } => i64::from(lost),
        // A move that is done once more does no harm.
        Lane::Settle(_) | Lane::One(_) => i64::MAX,
    }
}

async fn next(tx: &mut Connection, lane: Lane<'_>, now: OffsetDateTime) -> Result<Option<i64>, StoreError> {
    let query = match lane {
        Lane::One(message) => sqlx::query_scalar(concat!(
            "SELECT id FROM messages
             WHERE id = $1 AND lane IS NOT NULL AND lost <= $4 AND (due <= $2 OR due > $3)
                   AND (claimed_until IS NULL OR claimed_until <= $2 OR claimed_until > $3)",
            skip_locked!()
        ))
        .bind(message.number()),
        Lane::Suspect { .. } => sqlx::query_scalar(concat!(
            "SELECT id FROM messages
             WHERE lane IN ('open', 'file') AND ",
            lost!(),
            " BETWEEN $1 AND $4 AND (due <= $2 OR due > $3)
                   AND (claimed_until IS NULL OR claimed_until <= $2 OR claimed_until > $3)
             ORDER BY lost, urgency, due, id LIMIT 1",
            skip_locked!()
        ))
        .bind(i64::from(Lane::SUSPECT)),
        lane => sqlx::query_scalar(concat!(
            "SELECT id FROM messages
             WHERE lane = $1 AND ",
            lost!(),
            " <= $4 AND (due <= $2 OR due > $3)
                   AND (claimed_until IS NULL OR claimed_until <= $2 OR claimed_until > $3)
             ORDER BY urgency, due, id LIMIT 1",
            skip_locked!()
        ))
        .bind(lane_name(lane)),
    };
    Ok(query.bind(micros(now)).bind(far(now)).bind(most_lost(lane)).fetch_optional(tx).await?)
}

pub async fn next_due(connection: &mut Connection, lane: Lane<'_>) -> Result<Option<OffsetDateTime>, StoreError> {
    let query = match lane {
        Lane::One(message) => sqlx::query_scalar(
            "SELECT CASE WHEN claimed_until > due THEN claimed_until ELSE due END FROM messages
             WHERE id = $1 AND lane IS NOT NULL",
        )
        .bind(message.number()),
        Lane::Suspect { .. } => sqlx::query_scalar(concat!(
            "SELECT MIN(CASE WHEN claimed_until > due THEN claimed_until ELSE due END) FROM messages
             WHERE lane IN ('open', 'file') AND ",
            lost!(),
            " BETWEEN $1 AND $2"
        ))
        .bind(i64::from(Lane::SUSPECT))
        .bind(most_lost(lane)),
        lane => sqlx::query_scalar(concat!(
            "SELECT MIN(CASE WHEN claimed_until > due THEN claimed_until ELSE due END) FROM messages
             WHERE lane = $1 AND ",
            lost!(),
            " <= $2"
        ))
        .bind(lane_name(lane))
        .bind(most_lost(lane)),
    };
    let due: Option<Option<i64>> = query.fetch_optional(connection).await?;
    due.flatten().map(time).transpose()
}
