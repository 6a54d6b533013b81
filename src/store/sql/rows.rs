//! Rows as the ports' types.

use sqlx::Row;

use super::DbRow;
use crate::model::MessageId;
use crate::ports::{CaseRecord, Claimed, MessageRecord, StoreError};
use crate::store::convert::{id, parsed, time};

pub fn text(row: &DbRow, column: &str) -> Result<String, StoreError> {
    Ok(row.try_get(column)?)
}

pub fn optional(row: &DbRow, column: &str) -> Result<Option<String>, StoreError> {
    Ok(row.try_get(column)?)
}

pub fn number(row: &DbRow, column: &str) -> Result<i64, StoreError> {
    Ok(row.try_get(column)?)
}

/// A counter.
pub fn count(row: &DbRow, column: &str) -> Result<u32, StoreError> {
    Ok(u32::try_from(number(row, column)?).unwrap_or(u32::MAX))
}

pub fn case_name(row: &DbRow) -> Result<Option<String>, StoreError> {
    optional(row, "case_id")
}

pub fn claimed(row: &DbRow, case: Option<CaseRecord>) -> Result<Claimed, StoreError> {
    Ok(Claimed {
        message: MessageId::new(number(row, "id")?),
        source: text(row, "source")?,
        origin: parsed("origin", &text(row, "origin")?)?,
        received: time(number(row, "received")?)?,
        state: parsed("state", &text(row, "state")?)?,
        attempt: count(row, "attempt")?,
        since: time(number(row, "since")?)?,
        died: count(row, "died")?,
        lost: count(row, "lost")?,
        turn: number(row, "turn")?,
        duplicate_of: row.try_get::<Option<i64>, _>("duplicate_of")?.map(MessageId::new),
        marker: id("marker", &text(row, "marker")?)?,
        was_shut: number(row, "was_shut")? != 0,
        case,
        assessment: optional(row, "assessment")?.map(|text| parsed("verdict", &text)).transpose()?,
    })
}

pub fn message(row: &DbRow, case: Option<CaseRecord>) -> Result<MessageRecord, StoreError> {
    let Claimed { message, origin, received, state, attempt, since, turn, case, assessment, .. } = claimed(row, case)?;
    Ok(MessageRecord {
        message,
        origin,
        received,
        recorded: time(number(row, "recorded")?)?,
        state,
        since,
        due: time(number(row, "due")?)?,
        attempt,
        turn,
        case,
        assessment,
    })
}

pub fn case(row: &DbRow) -> Result<CaseRecord, StoreError> {
    Ok(CaseRecord {
        id: id("case", &text(row, "id")?)?,
        marker: id("marker", &text(row, "marker")?)?,
        opened: time(number(row, "opened")?)?,
        advisory: optional(row, "advisory")?.map(|text| parsed("advisory", &text)).transpose()?,
        reporter: optional(row, "reporter")?.map(|text| id("address", &text)).transpose()?,
    })
}
