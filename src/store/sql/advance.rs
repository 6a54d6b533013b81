use serde::Deserialize;
use time::OffsetDateTime;

use super::certificates::{self, Kept};
use super::{Connection, Lock, chain, digest, lock, outbox, rows, twins};
use crate::case::State;
use crate::model::{ContentDigest, MessageId};
use crate::ports::{Advance, StoreError};
use crate::store::convert::{
    ended, ending_of, is_done_with_raw, is_held, json, lane_of, micros, parsed, storable, urgency_of,
};

/// What is needed of an assessment that was stored before.
#[derive(Default, Deserialize)]
struct Judged {
    facts: JudgedFacts,
    verdict: JudgedVerdict,
}

#[derive(Default, Deserialize)]
struct JudgedFacts {
    message_id: Option<String>,
}

#[derive(Default, Deserialize)]
struct JudgedVerdict {
    kind: Option<String>,
}

pub async fn advance(tx: &mut Connection, message: MessageId, step: Advance) -> Result<i64, StoreError> {
    let row = sqlx::query(concat!("SELECT source, state, turn FROM messages WHERE id = $1", for_update!()))
        .bind(message.number())
        .fetch_optional(&mut *tx)
        .await?
        .ok_or_else(|| StoreError::NotFound(format!("there is no message {message}")))?;
    if rows::number(&row, "turn")? != step.turn {
        return Err(StoreError::Stale(message));
    }
    let before: State = parsed("state", &rows::text(&row, "state")?)?;
    let lane = lane_of(&step.state, &rows::text(&row, "source")?);
    // The expressions on the right see the row as it was.
    let row = sqlx::query(
        "UPDATE messages SET
             state = $2, lane = $3, urgency = $4, held = $5, due = $6, turn = turn + 1,
             claimed_until = CASE WHEN $14 = 1 THEN claimed_until END,
             lost = CASE WHEN $7 = 1 THEN lost ELSE 0 END,
             since = CASE WHEN $7 = 1 THEN since ELSE $8 END,
             attempt = CASE WHEN $7 = 1 THEN attempt ELSE 0 END,
             died = CASE WHEN $7 = 1 THEN died + $9 ELSE 0 END,
             assessment = COALESCE($10, assessment),
             case_id = COALESCE($11, case_id),
             edition = COALESCE($12, edition),
             was_shut = was_shut | $13
         WHERE id = $1 RETURNING turn, case_id, assessment",
    )
    .bind(message.number())
    .bind(json(&step.state)?)
    .bind(lane)
    .bind(urgency_of(&step.state))
    .bind(i64::from(is_held(&step.state)))
    .bind(micros(step.due))
    .bind(i64::from(step.state.continues(&before)))
    .bind(micros(step.now))
    .bind(i64::from(step.died))
    .bind(step.assessment.as_ref().map(json).transpose()?)
    .bind(step.case.as_ref().map(|case| case.as_str().to_owned()))
    .bind(step.edition.as_ref().map(json).transpose()?)
    .bind(i64::from(before.is_shut()))
    .bind(i64::from(step.holds))
    .fetch_one(&mut *tx)
    .await?;
    alone_with_twins(tx, message, &step).await?;
    for digest in step.assessment.iter().flat_map(|assessment| assessment.facts.traces()) {
        twins::remember(tx, message, &digest).await?;
    }
    let case = rows::case_name(&row)?;
    let judged: Judged =
        rows::optional(&row, "assessment")?.map(|text| parsed("verdict", &text)).transpose()?.unwrap_or_default();
    if let Some(case) = &case {
        if let Some(advisory) = &step.advisory {
            sqlx::query("UPDATE cases SET advisory = $2 WHERE id = $1")
                .bind(case)
                .bind(json(advisory)?)
                .execute(&mut *tx)
                .await?;
        }
        if let Some(mail) = judged.facts.message_id {
            outbox::join(tx, &mail, case, None).await?;
        }
    }
    learn(tx, message, &step).await?;
    let left_out = outbox::queue(tx, message, case.as_deref(), &step).await?;
    note(tx, message, &step.note, step.now).await?;
    if left_out > 0 {
        note(tx, message, "no reply: this address has had as many as it may get for now", step.now).await?;
    }
    if is_done_with_raw(&step.state) {
        sqlx::query("DELETE FROM raws WHERE message = $1").bind(message.number()).execute(&mut *tx).await?;
    }
    if let Some(outcome) = ended(&step.state).filter(|outcome| ended(&before) != Some(*outcome)) {
        chain::append(tx, message, outcome, step.now).await?;
    }
    if let Some(ending) = ending_of(&step.state).filter(|ending| ending_of(&before) != Some(*ending)) {
        digest::ended(tx, message, ending, judged.verdict.kind, step.now).await?;
    }
    rows::number(&row, "turn")
}

/// Whether it was judged in the knowledge of all that hold its content.
async fn alone_with_twins(tx: &mut Connection, message: MessageId, step: &Advance) -> Result<(), StoreError> {
    let (Some(assessment), Some(seen)) = (&step.assessment, step.twins) else { return Ok(()) };
    let traces: Vec<ContentDigest> = assessment.facts.traces().collect();
    if traces.is_empty() {
        return Ok(());
    }
    lock(tx, Lock::Ciphertexts).await?;
    let now = twins::twins(tx, message, &traces).await?.len();
    if now == seen { Ok(()) } else { Err(StoreError::Stale(message)) }
}

async fn learn(tx: &mut Connection, message: MessageId, step: &Advance) -> Result<(), StoreError> {
    if !step.certificates.is_empty() {
        lock(tx, Lock::Certificates).await?;
    }
    for certificate in &step.certificates {
        let kept = certificates::keep(tx, certificate, &step.certificate_bounds, step.now).await?;
        let what = match kept {
            Kept::New => "is kept",
            Kept::Changed => "has news",
            Kept::LeftOut => "is not kept, because there are too many new ones",
            Kept::Unchanged => continue,
        };
        let revoked = if certificate.revoked { ", revoked" } else { "" };
        let (voucher, fingerprint) = (certificate.voucher.explain(), &certificate.fingerprint);
        note(tx, message, &format!("certificate {fingerprint} {what} (shown by {voucher}{revoked})"), step.now).await?;
    }
    Ok(())
}

/// Adds to the history.
pub async fn note(tx: &mut Connection, message: MessageId, what: &str, now: OffsetDateTime) -> Result<(), StoreError> {
    if !what.is_empty() {
        sqlx::query("INSERT INTO steps (message, at, what) VALUES ($1, $2, $3)")
            .bind(message.number())
            .bind(micros(now))
            .bind(storable(what))
            .execute(tx)
            .await?;
    }
    Ok(())
}
