use sqlx::{QueryBuilder, Row};

use super::{Connection, Driver, rows};
use crate::model::{MailId, MessageId, RawMessage};
use crate::ports::{CaseRecord, History, HistoryStep, Joined, MailRecord, MessageFilter, MessageRecord, StoreError};
use crate::store::convert::{id, mail_kind, parsed, time};

pub async fn raw(connection: &mut Connection, message: MessageId) -> Result<RawMessage, StoreError> {
    let row = sqlx::query(
        "SELECT origin, received, size, bytes FROM messages JOIN raws ON raws.message = messages.id WHERE id = $1",
    )
    .bind(message.number())
    .fetch_optional(connection)
    .await?
    .ok_or_else(|| StoreError::NotFound(format!("the original of {message} is not in the store any more")))?;
    Ok(RawMessage {
        origin: parsed("origin", &rows::text(&row, "origin")?)?,
        received: time(rows::number(&row, "received")?)?,
        size: u64::try_from(rows::number(&row, "size")?).unwrap_or_default(),
        bytes: row.try_get("bytes")?,
    })
}

pub async fn case(connection: &mut Connection, name: &str) -> Result<Option<CaseRecord>, StoreError> {
    let row = sqlx::query("SELECT * FROM cases WHERE id = $1").bind(name).fetch_optional(connection).await?;
    row.map(|row| rows::case(&row)).transpose()
}

/// A case that another row points to.
pub async fn known_case(connection: &mut Connection, name: &str) -> Result<CaseRecord, StoreError> {
    case(connection, name).await?.ok_or_else(|| StoreError::Corrupt(format!("the case {name} is missing in the store")))
}

pub async fn case_of_mail(connection: &mut Connection, ids: &[MailId]) -> Result<Option<Joined>, StoreError> {
    for mail in ids {
        let row = sqlx::query("SELECT case_id, kind FROM mail_ids WHERE mail_id = $1")
            .bind(mail.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(row) = row {
            let mail = rows::optional(&row, "kind")?.map(|kind| mail_kind(&kind)).transpose()?;
            return Ok(Some(Joined { case: known_case(connection, &rows::text(&row, "case_id")?).await?, mail }));
        }
    }
    Ok(None)
}

pub async fn messages(connection: &mut Connection, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
    let mut query = QueryBuilder::<Driver>::new("SELECT * FROM messages WHERE 1 = 1");
    if let Some(message) = filter.message {
        query.push(" AND id = ").push_bind(message.number());
    }
    if let Some(case) = &filter.case {
        query.push(" AND case_id = ").push_bind(case.as_str().to_owned());
    }
    if filter.held_only {
        query.push(" AND held = 1");
    }
    if filter.unfinished_only {
        // Through the index of what waits: by their numbers, all that is finished would be read.
        query.push(" AND id IN (SELECT id FROM messages WHERE lane IS NOT NULL)");
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(filter.limit));
    let mut records = Vec::new();
    for row in query.build().fetch_all(&mut *connection).await? {
        let case = match rows::case_name(&row)? {
            Some(name) => Some(known_case(connection, &name).await?),
            None => None,
        };
        records.push(rows::message(&row, case)?);
    }
    Ok(records)
}

pub async fn history(connection: &mut Connection, message: MessageId) -> Result<History, StoreError> {
    let steps = sqlx::query("SELECT at, what FROM steps WHERE message = $1 ORDER BY id")
        .bind(message.number())
        .fetch_all(&mut *connection)
        .await?
        .iter()
        .map(|row| Ok(HistoryStep { at: time(rows::number(row, "at")?)?, what: rows::text(row, "what")? }))
        .collect::<Result<_, StoreError>>()?;
    let mails = sqlx::query(
        "SELECT kind, mail_id, envelope_to, queued, attempt, status, last_word FROM outbox WHERE message = $1 ORDER BY id",
    )
    .bind(message.number())
    .fetch_all(connection)
    .await?
    .iter()
    .map(|row| {
        let (status, last_word) = (rows::text(row, "status")?, rows::text(row, "last_word")?);
        Ok(MailRecord {
            kind: mail_kind(&rows::text(row, "kind")?)?,
            message_id: id("Message-ID", &rows::text(row, "mail_id")?)?,
            to: id("address", &rows::text(row, "envelope_to")?)?,
            queued: time(rows::number(row, "queued")?)?,
            attempts: rows::count(row, "attempt")?,
            status: if last_word.is_empty() { status } else { format!("{status}: {last_word}") },
        })
    })
    .collect::<Result<_, StoreError>>()?;
    Ok(History { steps, mails })
}
