use sqlx::Row;
use time::OffsetDateTime;

use super::{Connection, Lock, chain, lock, read, rows};
use crate::case::State;
use crate::model::{Address, CaseId, MessageId, Origin, RawMessage};
use crate::ports::{Batch, CaseRecord, Cursor, Recorded, StoreError};
use crate::store::convert::{ended, json, lane_of, micros, new_marker, origin_key, parsed, urgency_of};

pub async fn record(
    tx: &mut Connection,
    source: &str,
    batch: &Batch,
    now: OffsetDateTime,
) -> Result<Vec<Recorded>, StoreError> {
    lock(tx, Lock::Recording).await?;
    let mut recorded = Vec::new();
    for message in &batch.messages {
        recorded.extend(record_one(tx, source, message, now).await?);
    }
    if let Some(cursor) = &batch.cursor {
        sqlx::query(
            "INSERT INTO cursors (source, cursor) VALUES ($1, $2)
             ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor",
        )
        .bind(source)
        .bind(json(cursor)?)
        .execute(tx)
        .await?;
    }
    Ok(recorded)
}

async fn record_one(
    tx: &mut Connection,
    source: &str,
    message: &RawMessage,
    now: OffsetDateTime,
) -> Result<Option<Recorded>, StoreError> {
    if find_again(tx, source, message, now).await? {
        return Ok(None);
    }
    let digest = message.digest();
    let size = i64::try_from(message.size).unwrap_or(i64::MAX);
    // The size tells apart two messages over the limit, of which only the header section is here.
    let duplicate_of: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM messages WHERE digest = $1 AND size = $2 AND duplicate_of IS NULL ORDER BY id LIMIT 1",
    )
    .bind(digest.as_bytes().as_slice())
    .bind(size)
    .fetch_optional(&mut *tx)
    .await?;
    let state = State::first();
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO messages (origin, origin_key, digest, size, received, recorded, marker, duplicate_of, state, lane,
                               urgency, held, since, due, attempt, died, lost, turn, source)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $6, $6, 0, 0, 0, 0, $12)
         ON CONFLICT (origin_key) DO NOTHING RETURNING id",
    )
    .bind(json(&message.origin)?)
    .bind(origin_key(&message.origin)?)
    .bind(digest.as_bytes().as_slice())
    .bind(size)
    .bind(micros(message.received))
    .bind(micros(now))
    .bind(new_marker().as_str())
    .bind(duplicate_of)
    .bind(json(&state)?)
    .bind(lane_of(&state, source))
    .bind(urgency_of(&state))
    .bind(source)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(id) = id else { return Ok(None) };
    sqlx::query("INSERT INTO raws (message, bytes) VALUES ($1, $2)").bind(id).bind(&message.bytes).execute(tx).await?;
    Ok(Some(Recorded { message: MessageId::new(id), duplicate_of: duplicate_of.map(MessageId::new) }))
}

/// Whether this is a message whose mailbox was made anew, so that it lies there under another UID (RFC 3501 2.3.1.1). Its
/// place is remembered, and what had ended is moved once more: it lies where it came again.
async fn find_again(
    tx: &mut Connection,
    source: &str,
    message: &RawMessage,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let Origin::Imap { mailbox, uid_validity, .. } = &message.origin else { return Ok(false) };
    let here = origin_key(&message.origin)?;
    let known: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM messages WHERE origin_key = $1")
        .bind(&here)
        .fetch_one(&mut *tx)
        .await?;
    if known > 0 {
        return Ok(false);
    }
    let same = sqlx::query(
        "SELECT id, origin, state FROM messages WHERE digest = $1 AND size = $2 AND source = $3 ORDER BY id",
    )
    .bind(message.digest().as_bytes().as_slice())
    .bind(i64::try_from(message.size).unwrap_or(i64::MAX))
    .bind(source)
    .fetch_all(&mut *tx)
    .await?;
    for row in &same {
        let origin: Origin = parsed("origin", &rows::text(row, "origin")?)?;
        let was_there = matches!(&origin, Origin::Imap { mailbox: before, uid_validity: old, .. }
            if before == mailbox && old != uid_validity);
        if !was_there {
            continue;
        }
        let before: State = parsed("state", &rows::text(row, "state")?)?;
        let id = rows::number(row, "id")?;
        sqlx::query("UPDATE messages SET origin = $2, origin_key = $3 WHERE id = $1")
            .bind(id)
            .bind(json(&message.origin)?)
            .bind(&here)
            .execute(&mut *tx)
            .await?;
        if let Some(outcome) = ended(&before) {
            // Its last link names its place.
            chain::append(tx, MessageId::new(id), outcome, now).await?;
        }
        if let Some(state) = before.clone().to_be_moved_again() {
            sqlx::query(
                "UPDATE messages SET state = $2, lane = $3, due = $4, turn = turn + 1, claimed_until = NULL WHERE id = $1",
            )
            .bind(id)
            .bind(json(&state)?)
            .bind(lane_of(&state, source))
            .bind(micros(now))
            .execute(&mut *tx)
            .await?;
        }
        sqlx::query("INSERT INTO steps (message, at, what) VALUES ($1, $2, $3)")
            .bind(id)
            .bind(micros(now))
            .bind("its mailbox was made anew, and it was found there again")
            .execute(&mut *tx)
            .await?;
        return Ok(true);
    }
    Ok(false)
}

pub async fn cursor(connection: &mut Connection, source: &str) -> Result<Option<Cursor>, StoreError> {
    let text: Option<String> = sqlx::query_scalar("SELECT cursor FROM cursors WHERE source = $1")
        .bind(source)
        .fetch_optional(connection)
        .await?;
    text.map(|text| parsed("cursor", &text)).transpose()
}

pub async fn open_case(
    tx: &mut Connection,
    message: MessageId,
    prefix: &str,
    reporter: Option<&Address>,
    now: OffsetDateTime,
) -> Result<CaseRecord, StoreError> {
    lock(tx, Lock::Cases).await?;
    let row = sqlx::query("SELECT case_id FROM messages WHERE id = $1")
        .bind(message.number())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("there is no message {message}")))?;
    if let Some(case) = row.try_get::<Option<String>, _>("case_id")? {
        return read::known_case(tx, &case).await;
    }
    let year = i64::from(now.year());
    let number: i64 =
        sqlx::query_scalar("SELECT COALESCE(MAX(number), 0) + 1 FROM cases WHERE prefix = $1 AND year = $2")
            .bind(prefix)
            .bind(year)
            .fetch_one(&mut *tx)
            .await?;
    let id = CaseId::numbered(prefix, now.year(), number)
        .map_err(|error| StoreError::Corrupt(format!("the case prefix `{prefix}` makes no case name: {error}")))?;
    let case = CaseRecord { id, marker: new_marker(), opened: now, advisory: None, reporter: reporter.cloned() };
    sqlx::query(
        "INSERT INTO cases (id, prefix, year, number, marker, opened, reporter) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(case.id.as_str())
    .bind(prefix)
    .bind(year)
    .bind(number)
    .bind(case.marker.as_str())
    .bind(micros(now))
    .bind(case.reporter.as_ref().map(Address::as_str))
    .execute(&mut *tx)
    .await?;
    sqlx::query("UPDATE messages SET case_id = $1 WHERE id = $2")
        .bind(case.id.as_str())
        .bind(message.number())
        .execute(tx)
        .await?;
    Ok(case)
}
