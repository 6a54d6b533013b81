//! The store in one SQLite file: WAL, every commit on the disk before it counts, one writer at a time.

mod advance;
mod certificates;
mod claim;
mod digest;
mod error;
mod open;
mod outbox;
mod read;
mod record;
mod rows;
#[cfg(test)]
mod tests;
mod twins;

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::{Sqlite as Driver, SqlitePool, Transaction};
use time::OffsetDateTime;

use crate::model::{
    Address, CaseId, ContentDigest, Digest, Edition, Fingerprint, KnownCertificate, MailId, MessageId, OutgoingMail,
    RawMessage,
};
use crate::ports::{
    Advance, Batch, CaseRecord, Claimed, Cursor, History, Joined, Lane, MailResult, MessageFilter, MessageRecord,
    Queued, Recorded, ReplyLimit, Shut, Store, StoreError,
};

/// A store in an SQLite file.
#[derive(Debug)]
pub struct Sqlite {
    path: PathBuf,
    /// One connection: SQLite has one writer, and waiting here is fairer than its busy handler.
    writer: SqlitePool,
    readers: SqlitePool,
    /// Held locked by the gateway that works on this store.
    gateway: Mutex<Option<File>>,
}

impl Sqlite {
    /// A transaction that writes. It begins as a writer, so that it never fails half-way for want of the lock.
    async fn write(&self) -> Result<Transaction<'static, Driver>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    fn holds_gateway_lock(&self, lock: Option<File>) -> bool {
        let mut held = self.gateway.lock().unwrap_or_else(PoisonError::into_inner);
        if lock.is_some() {
            *held = lock;
        }
        held.is_some()
    }
}

/// A row that cannot be read is claimed all the same: it must not stand in the way of the others.
async fn commit_unless_unavailable<T>(
    tx: Transaction<'static, Driver>,
    result: &Result<T, StoreError>,
) -> Result<(), StoreError> {
    if matches!(result, Ok(_) | Err(StoreError::Corrupt(_))) {
        tx.commit().await?;
    }
    Ok(())
}

#[async_trait]
impl Store for Sqlite {
    async fn record(&self, source: &str, batch: &Batch, now: OffsetDateTime) -> Result<Vec<Recorded>, StoreError> {
        let mut tx = self.write().await?;
        let recorded = record::record(&mut tx, source, batch, now).await?;
        tx.commit().await?;
        Ok(recorded)
    }

    async fn take_over(&self) -> Result<(), StoreError> {
        if !self.holds_gateway_lock(None) {
            self.holds_gateway_lock(Some(open::gateway_lock(&self.path)?));
            let mut tx = self.write().await?;
            claim::end_all(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn cursor(&self, source: &str) -> Result<Option<Cursor>, StoreError> {
        record::cursor(&self.readers, source).await
    }

    async fn claim(&self, lane: Lane<'_>, now: OffsetDateTime, lease: Duration) -> Result<Option<Claimed>, StoreError> {
        let mut tx = self.write().await?;
        let claimed = claim::claim(&mut tx, lane, now, lease).await;
        commit_unless_unavailable(tx, &claimed).await?;
        claimed
    }

    async fn raw(&self, message: MessageId) -> Result<RawMessage, StoreError> {
        read::raw(&self.readers, message).await
    }

    async fn advance(&self, message: MessageId, step: Advance) -> Result<i64, StoreError> {
        let mut tx = self.write().await?;
        let turn = advance::advance(&mut tx, message, step).await?;
        tx.commit().await?;
        Ok(turn)
    }

    async fn open_case(
        &self,
        message: MessageId,
        prefix: &str,
        reporter: Option<&Address>,
        now: OffsetDateTime,
    ) -> Result<CaseRecord, StoreError> {
        let mut tx = self.write().await?;
        let case = record::open_case(&mut tx, message, prefix, reporter, now).await?;
        tx.commit().await?;
        Ok(case)
    }

    async fn case(&self, case: &CaseId) -> Result<Option<CaseRecord>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        read::case(&mut connection, case.as_str()).await
    }

    async fn case_of_mail(&self, ids: &[MailId]) -> Result<Option<Joined>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        read::case_of_mail(&mut connection, ids).await
    }

    async fn twins(&self, message: MessageId, ciphertexts: &[ContentDigest]) -> Result<Vec<MessageRecord>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        twins::twins(&mut connection, message, ciphertexts).await
    }

    async fn shut_before(&self, edition: &Edition, limit: u32) -> Result<Vec<Shut>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        twins::shut_before(&mut connection, edition, limit).await
    }

    async fn stay_shut(&self, messages: &[MessageId], edition: &Edition) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        twins::stay_shut(&mut tx, messages, edition).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn replies_since(&self, address: &Address, limit: ReplyLimit) -> Result<u32, StoreError> {
        let mut connection = self.readers.acquire().await?;
        outbox::replies_since(&mut connection, address, limit).await
    }

    async fn claim_mail(&self, now: OffsetDateTime, lease: Duration) -> Result<Option<Queued>, StoreError> {
        let mut tx = self.write().await?;
        let queued = outbox::claim(&mut tx, now, lease).await;
        commit_unless_unavailable(tx, &queued).await?;
        queued
    }

    async fn mail_done(&self, mail: i64, result: MailResult, now: OffsetDateTime) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        outbox::done(&mut tx, mail, result, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn next_due(&self, lane: Option<Lane<'_>>) -> Result<Option<OffsetDateTime>, StoreError> {
        match lane {
            Some(lane) => claim::next_due(&self.readers, lane).await,
            None => outbox::next_due(&self.readers).await,
        }
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        read::messages(&mut connection, filter).await
    }

    async fn history(&self, message: MessageId) -> Result<History, StoreError> {
        let mut connection = self.readers.acquire().await?;
        read::history(&mut connection, message).await
    }

    async fn last_digest(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        digest::last(&self.readers).await
    }

    async fn digest(&self, now: OffsetDateTime) -> Result<Digest, StoreError> {
        let mut tx = self.readers.begin().await?;
        digest::digest(&mut tx, now).await
    }

    async fn digest_made(&self, digest: &Digest, mails: &[OutgoingMail]) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let made = digest::made(&mut tx, digest, mails).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn certificates(&self, address: Option<&Address>) -> Result<Vec<KnownCertificate>, StoreError> {
        let mut connection = self.readers.acquire().await?;
        certificates::list(&mut connection, address).await
    }

    async fn forget_certificates(
        &self,
        address: &Address,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<u32, StoreError> {
        let mut tx = self.write().await?;
        let gone = certificates::forget(&mut tx, address, fingerprint).await?;
        tx.commit().await?;
        Ok(gone)
    }

    async fn pin_certificate(&self, address: &Address, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let pinned = certificates::pin(&mut tx, address, fingerprint).await?;
        tx.commit().await?;
        Ok(pinned)
    }
}
