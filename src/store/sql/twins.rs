//! Messages with the same ciphertext, and those that stayed shut.

use sqlx::{QueryBuilder, Row};

use super::{Connection, Driver, read, rows};
use crate::case::State;
use crate::model::{ContentDigest, Edition, HoldReason, MessageId, Outcome};
use crate::ports::{MessageRecord, Shut, StoreError};
use crate::store::convert::{json, parsed};

/// Messages with the same ciphertext that are looked at: somebody who sends one again and again changes nothing.
const MOST_TWINS: i64 = 20;

/// Remembers that `message` holds this ciphertext.
pub async fn remember(tx: &mut Connection, message: MessageId, digest: &ContentDigest) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO ciphertexts (digest, message) VALUES ($1, $2) ON CONFLICT (digest, message) DO NOTHING")
        .bind(digest.as_bytes().as_slice())
        .bind(message.number())
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn twins(
    connection: &mut Connection,
    message: MessageId,
    ciphertexts: &[ContentDigest],
) -> Result<Vec<MessageRecord>, StoreError> {
    if ciphertexts.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = QueryBuilder::<Driver>::new("SELECT * FROM messages WHERE id <> ");
    query.push_bind(message.number()).push(" AND id IN (SELECT message FROM ciphertexts WHERE digest IN (");
    let mut digests = query.separated(", ");
    for digest in ciphertexts {
        digests.push_bind(digest.as_bytes().to_vec());
    }
    query.push(")) ORDER BY id LIMIT ").push_bind(MOST_TWINS);
    let mut records = Vec::new();
    for row in query.build().fetch_all(&mut *connection).await? {
        let case = match rows::case_name(&row)? {
            Some(name) => Some(read::known_case(connection, &name).await?),
            None => None,
        };
        records.push(rows::message(&row, case)?);
    }
    Ok(records)
}

pub async fn shut_before(connection: &mut Connection, edition: &Edition, limit: u32) -> Result<Vec<Shut>, StoreError> {
    let waiting = sqlx::query(
        "SELECT id, state, turn, edition FROM messages
         WHERE held = 1 AND lane IS NULL AND (edition IS NULL OR edition <> $1)
               AND state LIKE '%\"unreadable\":%'
         ORDER BY id LIMIT $2",
    )
    .bind(json(edition)?)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await?;
    let mut found = Vec::new();
    for row in &waiting {
        let State::Nothing { outcome: Outcome::Held(reason @ HoldReason::Unreadable(_)) } =
            parsed("state", &rows::text(row, "state")?)?
        else {
            continue;
        };
        let edition = row.try_get::<Option<String>, _>("edition")?.map(|text| parsed("edition", &text)).transpose()?;
        found.push(Shut {
            message: MessageId::new(rows::number(row, "id")?),
            reason,
            turn: rows::number(row, "turn")?,
            edition,
        });
    }
    Ok(found)
}

pub async fn stay_shut(tx: &mut Connection, messages: &[MessageId], edition: &Edition) -> Result<(), StoreError> {
    for message in messages {
        sqlx::query("UPDATE messages SET edition = $2 WHERE id = $1 AND lane IS NULL")
            .bind(message.number())
            .bind(json(edition)?)
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
