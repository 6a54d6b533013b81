use std::time::Duration;

use sqlx::Row;
use time::OffsetDateTime;

use super::{Connection, Lock, digest, lock, rows};
use crate::model::{Address, MailKind, MessageId, OutgoingMail};
use crate::ports::{Advance, MailResult, Queued, ReplyLimit, StoreError};
use crate::store::convert::{far, id, mail_kind, mail_urgency, micros, storable, time};

/// Puts the mails of a step into the outbox; returns how many replies were left out because of its limit.
pub async fn queue(
    tx: &mut Connection,
    message: MessageId,
    case: Option<&str>,
    step: &Advance,
) -> Result<u32, StoreError> {
    let mut left_out = 0;
    for mail in &step.mails {
        if let (MailKind::Reply, Some(limit)) = (mail.kind, step.replies) {
            lock(tx, Lock::Replies(&mailbox(&mail.envelope_to))).await?;
            if replies_since(tx, &mail.envelope_to, limit).await? >= limit.most {
                left_out += 1;
                continue;
            }
        }
        let proven = step.replies.is_some_and(|limit| limit.proven);
        queue_one(tx, Some(message), case, mail, proven, step.now).await?;
        if let Some(case) = case {
            join(tx, mail.message_id.as_str(), case, Some(mail.kind)).await?;
        }
    }
    Ok(left_out)
}

/// Puts one mail into the outbox, unless it is there already.
pub async fn queue_one(
    tx: &mut Connection,
    message: Option<MessageId>,
    case: Option<&str>,
    mail: &OutgoingMail,
    proven: bool,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    // A repeated step makes the same Message-ID: then it is this mail, and it is there already.
    sqlx::query(
        "INSERT INTO outbox (message, case_id, kind, urgency, mail_id, envelope_from, envelope_to, mailbox, bytes, queued,
                             due, attempt, status, last_word, proven)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 0, 'waiting', '', $11)
         ON CONFLICT (mail_id) DO NOTHING",
    )
    .bind(message.map(MessageId::number))
    .bind(case)
    .bind(mail.kind.as_str())
    .bind(mail_urgency(mail.kind))
    .bind(mail.message_id.as_str())
    .bind(mail.envelope_from.as_ref().map(Address::as_str))
    .bind(mail.envelope_to.as_str())
    .bind(mailbox(&mail.envelope_to))
    .bind(&mail.bytes)
    .bind(micros(now))
    .bind(i64::from(proven))
    .execute(tx)
    .await?;
    Ok(())
}

/// Remembers that a Message-ID belongs to a case. The first to claim an id keeps it.
pub async fn join(tx: &mut Connection, mail: &str, case: &str, kind: Option<MailKind>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO mail_ids (mail_id, case_id, kind) VALUES ($1, $2, $3) ON CONFLICT (mail_id) DO NOTHING")
        .bind(mail)
        .bind(case)
        .bind(kind.map(MailKind::as_str))
        .execute(tx)
        .await?;
    Ok(())
}

pub async fn replies_since(
    connection: &mut Connection,
    address: &Address,
    limit: ReplyLimit,
) -> Result<u32, StoreError> {
    let count: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM outbox WHERE kind = 'reply' AND mailbox = $1 AND queued >= $2 AND proven = $3",
    )
    .bind(mailbox(address))
    .bind(micros(limit.since))
    .bind(i64::from(limit.proven))
    .fetch_one(connection)
    .await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub async fn claim(tx: &mut Connection, now: OffsetDateTime, lease: Duration) -> Result<Option<Queued>, StoreError> {
    let row = sqlx::query(concat!(
        "UPDATE outbox SET attempt = attempt + 1, claimed_until = $2
         WHERE id = (SELECT id FROM outbox
                     WHERE status = 'waiting' AND (due <= $1 OR due > $3)
                           AND (claimed_until IS NULL OR claimed_until <= $1 OR claimed_until > $3)
                     ORDER BY urgency, due, id LIMIT 1",
        skip_locked!(),
        ") RETURNING *"
    ))
    .bind(micros(now))
    .bind(micros(now + lease))
    .bind(far(now))
    .fetch_optional(tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Queued {
        id: rows::number(&row, "id")?,
        message: row.try_get::<Option<i64>, _>("message")?.map(MessageId::new),
        case: rows::case_name(&row)?.map(|case| id("case", &case)).transpose()?,
        attempt: rows::count(&row, "attempt")?,
        queued: time(rows::number(&row, "queued")?)?,
        mail: OutgoingMail {
            kind: mail_kind(&rows::text(&row, "kind")?)?,
            message_id: id("Message-ID", &rows::text(&row, "mail_id")?)?,
            envelope_from: rows::optional(&row, "envelope_from")?.map(|text| id("address", &text)).transpose()?,
            envelope_to: id("address", &rows::text(&row, "envelope_to")?)?,
            bytes: row.try_get("bytes")?,
        },
    }))
}

pub async fn done(tx: &mut Connection, mail: i64, result: MailResult, now: OffsetDateTime) -> Result<(), StoreError> {
    let (status, due, last_word, refused) = match result {
        MailResult::Sent(receipt) => ("sent", now, receipt.response, None),
        MailResult::Again { at, reason } => ("waiting", at, reason, None),
        MailResult::Failed { reason, refused } => ("failed", now, reason, Some(refused)),
    };
    // A mail that was sent stays sent, whatever a second sender says later.
    let done = sqlx::query(
        "UPDATE outbox SET status = $2, due = $3, last_word = $4, claimed_until = NULL,
                           bytes = CASE WHEN $2 = 'sent' THEN NULL ELSE bytes END
         WHERE id = $1 AND status = 'waiting'",
    )
    .bind(mail)
    .bind(status)
    .bind(micros(due))
    .bind(storable(&last_word))
    .execute(&mut *tx)
    .await?;
    match refused {
        Some(refused) if done.rows_affected() > 0 => digest::mail_failed(tx, mail, refused, now).await,
        _ => Ok(()),
    }
}

pub async fn next_due(connection: &mut Connection) -> Result<Option<OffsetDateTime>, StoreError> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT MIN(CASE WHEN claimed_until > due THEN claimed_until ELSE due END) FROM outbox WHERE status = 'waiting'",
    )
    .fetch_one(connection)
    .await?;
    due.map(time).transpose()
}

/// The mailbox for counting: without the part after `+`, which its owner makes up (RFC 5233).
fn mailbox(address: &Address) -> String {
    let local = address.local();
    let domain = address.as_str().get(local.len()..).unwrap_or_default();
    let owner = local.split('+').next().unwrap_or_default();
    format!("{owner}{domain}").to_lowercase()
}
