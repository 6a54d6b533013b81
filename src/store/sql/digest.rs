//! What is told to the team, once.

use std::collections::BTreeMap;

use sqlx::Row;
use time::{Duration, OffsetDateTime};

use super::{Connection, DbRow, Lock, chain, lock, outbox, rows};
use crate::case::State;
use crate::model::{
    Digest, Ending, FailedMail, HeldMessage, Kind, Listing, MessageId, Outcome, OutgoingMail, UnfinishedMessage,
};
use crate::ports::StoreError;
use crate::store::convert::{id, mail_kind, micros, parsed, time};

/// Most lines of one list.
const LISTED: i64 = 100;
/// Work that takes longer than this should be looked at.
const LONG: Duration = Duration::HOUR;

/// Remembers that a message ended.
pub async fn ended(
    tx: &mut Connection,
    message: MessageId,
    ending: Ending,
    kind: Option<String>,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    lock(tx, Lock::Events).await?;
    sqlx::query("INSERT INTO events (at, message, ending, kind) VALUES ($1, $2, $3, $4)")
        .bind(micros(now))
        .bind(message.number())
        .bind(ending.as_str())
        .bind(kind)
        .execute(tx)
        .await?;
    Ok(())
}

/// Remembers that a mail was given up.
pub async fn mail_failed(tx: &mut Connection, mail: i64, refused: bool, now: OffsetDateTime) -> Result<(), StoreError> {
    lock(tx, Lock::Events).await?;
    sqlx::query("INSERT INTO events (at, message, mail, refused) SELECT $1, message, id, $3 FROM outbox WHERE id = $2")
        .bind(micros(now))
        .bind(mail)
        .bind(i64::from(refused))
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn last(connection: &mut Connection) -> Result<Option<OffsetDateTime>, StoreError> {
    let made: Option<i64> =
        sqlx::query_scalar("SELECT made FROM digests ORDER BY id DESC LIMIT 1").fetch_optional(connection).await?;
    made.map(time).transpose()
}

/// Reads within one transaction, so that all of it is true at one moment.
pub async fn digest(tx: &mut Connection, now: OffsetDateTime) -> Result<Digest, StoreError> {
    let before = last_row(tx).await?;
    let Before { after, told_through, since } = before;
    let through: i64 = sqlx::query_scalar("SELECT COALESCE(MAX(id), 0) FROM events").fetch_one(&mut *tx).await?;
    Ok(Digest {
        since,
        until: now,
        endings: endings(tx, told_through, through).await?,
        kinds: kinds(tx, told_through, through).await?,
        held: held(tx).await?,
        unfinished: unfinished(tx, now).await?,
        failed: failed(tx, told_through, through).await?,
        last_link: chain::last(tx).await?,
        through: through.max(told_through),
        after,
    })
}

pub async fn made(tx: &mut Connection, digest: &Digest, mails: &[OutgoingMail]) -> Result<bool, StoreError> {
    lock(tx, Lock::Digests).await?;
    let Before { after, told_through, since } = last_row(tx).await?;
    if after != digest.after {
        return Ok(false);
    }
    for mail in mails {
        outbox::queue_one(tx, None, None, mail, false, digest.until).await?;
    }
    let (through, told) = match mails {
        [] => (told_through, since.unwrap_or(digest.until)),
        _ => (digest.through, digest.until),
    };
    sqlx::query("INSERT INTO digests (made, through, told) VALUES ($1, $2, $3)")
        .bind(micros(digest.until))
        .bind(through)
        .bind(micros(told))
        .execute(tx)
        .await?;
    Ok(true)
}

/// What earlier digests have told.
struct Before {
    after: i64,
    told_through: i64,
    since: Option<OffsetDateTime>,
}

async fn last_row(tx: &mut Connection) -> Result<Before, StoreError> {
    let row = sqlx::query("SELECT id, through, told FROM digests ORDER BY id DESC LIMIT 1").fetch_optional(tx).await?;
    Ok(match row {
        None => Before { after: 0, told_through: 0, since: None },
        Some(row) => Before {
            after: rows::number(&row, "id")?,
            told_through: rows::number(&row, "through")?,
            since: Some(time(rows::number(&row, "told")?)?),
        },
    })
}

async fn endings(tx: &mut Connection, from: i64, through: i64) -> Result<BTreeMap<Ending, u32>, StoreError> {
    let rows = sqlx::query(
        "SELECT ending, COUNT(*) AS count FROM events
         WHERE id > $1 AND id <= $2 AND ending IS NOT NULL GROUP BY ending",
    )
    .bind(from)
    .bind(through)
    .fetch_all(tx)
    .await?;
    rows.iter()
        .map(|row| {
            let text = rows::text(row, "ending")?;
            let ending = Ending::ALL.into_iter().find(|ending| ending.as_str() == text);
            Ok((ending.ok_or_else(|| unknown("way to end"))?, rows::count(row, "count")?))
        })
        .collect()
}

async fn kinds(tx: &mut Connection, from: i64, through: i64) -> Result<BTreeMap<Option<Kind>, u32>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, COUNT(*) AS count FROM events
         WHERE id > $1 AND id <= $2 AND ending IS NOT NULL GROUP BY kind",
    )
    .bind(from)
    .bind(through)
    .fetch_all(tx)
    .await?;
    rows.iter()
        .map(|row| {
            let kind = rows::optional(row, "kind")?.map(|text| {
                Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| unknown("kind of message"))
            });
            Ok((kind.transpose()?, rows::count(row, "count")?))
        })
        .collect()
}

async fn held(tx: &mut Connection) -> Result<Listing<HeldMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, case_id, state, since, COUNT(*) OVER () AS total FROM messages
         WHERE held = 1 ORDER BY id LIMIT $1",
    )
    .bind(LISTED)
    .fetch_all(tx)
    .await?;
    listing(&rows, |row| {
        let state: State = parsed("state", &rows::text(row, "state")?)?;
        let Some(Outcome::Held(reason)) = state.outcome() else { return Err(unknown("reason to hold a message")) };
        Ok(HeldMessage {
            message: MessageId::new(rows::number(row, "id")?),
            case: rows::case_name(row)?.map(|case| id("case", &case)).transpose()?,
            reason: *reason,
            since: time(rows::number(row, "since")?)?,
        })
    })
}

async fn unfinished(tx: &mut Connection, now: OffsetDateTime) -> Result<Listing<UnfinishedMessage>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, case_id, state, recorded, COUNT(*) OVER () AS total FROM messages
         WHERE lane IS NOT NULL AND held = 0 AND recorded <= $1 ORDER BY id LIMIT $2",
    )
    .bind(micros(now - LONG))
    .bind(LISTED)
    .fetch_all(tx)
    .await?;
    listing(&rows, |row| {
        let state: State = parsed("state", &rows::text(row, "state")?)?;
        Ok(UnfinishedMessage {
            message: MessageId::new(rows::number(row, "id")?),
            case: rows::case_name(row)?.map(|case| id("case", &case)).transpose()?,
            stage: state.name().to_owned(),
            recorded: time(rows::number(row, "recorded")?)?,
        })
    })
}

async fn failed(tx: &mut Connection, from: i64, through: i64) -> Result<Listing<FailedMail>, StoreError> {
    // Digests last: what reporters and the team did not hear counts more.
    let rows = sqlx::query(
        "SELECT outbox.kind, events.message, outbox.case_id, events.refused, events.at, COUNT(*) OVER () AS total
         FROM events JOIN outbox ON outbox.id = events.mail
         WHERE events.id > $1 AND events.id <= $2
         ORDER BY outbox.kind = 'digest', events.id LIMIT $3",
    )
    .bind(from)
    .bind(through)
    .bind(LISTED)
    .fetch_all(tx)
    .await?;
    listing(&rows, |row| {
        Ok(FailedMail {
            kind: mail_kind(&rows::text(row, "kind")?)?,
            message: row.try_get::<Option<i64>, _>("message")?.map(MessageId::new),
            case: rows::case_name(row)?.map(|case| id("case", &case)).transpose()?,
            refused: rows::number(row, "refused")? != 0,
            at: time(rows::number(row, "at")?)?,
        })
    })
}

fn listing<T>(rows: &[DbRow], entry: impl Fn(&DbRow) -> Result<T, StoreError>) -> Result<Listing<T>, StoreError> {
    let total = rows.first().map_or(Ok(0), |row| rows::count(row, "total"))?;
    Ok(Listing { first: rows.iter().map(entry).collect::<Result<_, _>>()?, total })
}

fn unknown(what: &str) -> StoreError {
    StoreError::Corrupt(format!("the store holds an unknown {what}; install the version that wrote it"))
}
