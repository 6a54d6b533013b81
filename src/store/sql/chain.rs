use sqlx::Row;
use time::OffsetDateTime;

use super::{Connection, Lock, lock, rows};
use crate::case::State;
use crate::model::{Chain, ContentDigest, KnownLink, MessageId, Outcome};
use crate::ports::StoreError;
use crate::store::chain::{Link, Walk};
use crate::store::convert::{ended, json, micros, parsed};

/// Rows that are read at one time.
const PAGE: i64 = 1_000;

/// Adds how a message ended. Nobody else adds a link until this transaction ends.
pub async fn append(
    tx: &mut Connection,
    message: MessageId,
    outcome: &Outcome,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    lock(tx, Lock::Events).await?;
    let last =
        sqlx::query("SELECT number, hash FROM outcomes ORDER BY number DESC LIMIT 1").fetch_optional(&mut *tx).await?;
    let (before, number): (Vec<u8>, i64) = match last {
        Some(last) => (last.try_get("hash")?, rows::number(&last, "number")? + 1),
        None => (Vec::new(), 1),
    };
    let row = sqlx::query("SELECT digest, origin FROM messages WHERE id = $1")
        .bind(message.number())
        .fetch_one(&mut *tx)
        .await?;
    let link = Link {
        number,
        message: message.number(),
        digest: row.try_get("digest")?,
        origin: rows::text(&row, "origin")?,
        outcome: json(outcome)?,
        at: micros(now),
    };
    let hash = link.hash(&before);
    sqlx::query(
        "INSERT INTO outcomes (number, message, digest, origin, outcome, at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(link.number)
    .bind(link.message)
    .bind(link.digest)
    .bind(link.origin)
    .bind(link.outcome)
    .bind(link.at)
    .bind(hash.as_bytes().as_slice())
    .execute(tx)
    .await?;
    Ok(())
}

/// The last link. One whose hash is none counts as missing: that is for [`verify`] to say, and stops nothing else.
pub async fn last(connection: &mut Connection) -> Result<Option<KnownLink>, StoreError> {
    let row = sqlx::query("SELECT number, hash FROM outcomes ORDER BY number DESC LIMIT 1")
        .fetch_optional(connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let hash: Vec<u8> = row.try_get("hash")?;
    let link = rows::number(&row, "number")?;
    Ok(ContentDigest::from_bytes(&hash).map(|hash| KnownLink { link, hash }))
}

/// Begins the chain of a store that was there before it, with the outcomes that are there.
pub async fn begin(tx: &mut Connection) -> Result<(), StoreError> {
    lock(tx, Lock::Events).await?;
    let begun = sqlx::query("SELECT number FROM outcomes LIMIT 1").fetch_optional(&mut *tx).await?;
    if begun.is_some() {
        return Ok(());
    }
    let (mut after, mut count) = (0, 0);
    loop {
        let found = sqlx::query("SELECT id, state, since FROM messages WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(PAGE)
            .fetch_all(&mut *tx)
            .await?;
        for row in &found {
            after = rows::number(row, "id")?;
            let state: State = parsed("state", &rows::text(row, "state")?)?;
            if let Some(outcome) = ended(&state) {
                let since = crate::store::convert::time(rows::number(row, "since")?)?;
                append(tx, MessageId::new(after), outcome, since).await?;
                count += 1;
            }
        }
        if found.is_empty() {
            break;
        }
    }
    if count > 0 {
        tracing::warn!(count, "the chain of outcomes begins with those that were there without one");
    }
    Ok(())
}

/// Looks at all of it, within one transaction.
pub async fn verify(tx: &mut Connection, known: Option<KnownLink>) -> Result<Chain, StoreError> {
    let mut walk = Walk::default();
    let mut after = i64::MIN;
    loop {
        let found = sqlx::query("SELECT * FROM outcomes WHERE number > $1 ORDER BY number LIMIT $2")
            .bind(after)
            .bind(PAGE)
            .fetch_all(&mut *tx)
            .await?;
        let Some(last) = found.last() else { break };
        after = rows::number(last, "number")?;
        for row in &found {
            let link = Link {
                number: rows::number(row, "number")?,
                message: rows::number(row, "message")?,
                digest: row.try_get("digest")?,
                origin: rows::text(row, "origin")?,
                outcome: rows::text(row, "outcome")?,
                at: rows::number(row, "at")?,
            };
            let hash: Vec<u8> = row.try_get("hash")?;
            walk.link(&link, &hash, known);
        }
    }
    let mut after = i64::MIN;
    loop {
        let found = sqlx::query("SELECT id, digest, origin, state FROM messages WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after)
            .bind(PAGE)
            .fetch_all(&mut *tx)
            .await?;
        let Some(last) = found.last() else { break };
        after = rows::number(last, "id")?;
        for row in &found {
            let state: State = parsed("state", &rows::text(row, "state")?)?;
            let digest: Vec<u8> = row.try_get("digest")?;
            walk.message(rows::number(row, "id")?, &digest, &rows::text(row, "origin")?, ended(&state));
        }
    }
    Ok(walk.end(known))
}
