//! The port, one transaction a method.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::Transaction;
use time::OffsetDateTime;

use super::{Driver, Kept, advance, certificates, chain, claim, digest, filings, leases, outbox, read, record, twins};
use crate::model::{
    Address, CaseId, Chain, ContentDigest, Digest, Edition, Fingerprint, KnownCertificate, KnownLink, MailId,
    MessageId, OutgoingMail, RawMessage, Repository,
};
use crate::ports::{
    Advance, Batch, CaseRecord, Claimed, Cursor, History, Joined, Lane, MailResult, MessageFilter, MessageRecord,
    OverBudget, Queued, Recorded, ReplyLimit, Shut, Store, StoreError,
};

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
impl Store for Kept {
    async fn record(&self, source: &str, batch: &Batch, now: OffsetDateTime) -> Result<Vec<Recorded>, StoreError> {
        let mut tx = self.write().await?;
        let recorded = record::record(&mut tx, source, batch, now).await?;
        tx.commit().await?;
        Ok(recorded)
    }

    async fn take_over(&self) -> Result<(), StoreError> {
        self.begin_to_work().await
    }

    async fn hold(
        &self,
        name: &str,
        now: OffsetDateTime,
        lease: Duration,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let mut tx = self.write().await?;
        let until = leases::hold(&mut tx, name, &self.holder, now, lease).await?;
        tx.commit().await?;
        Ok(until)
    }

    async fn let_go(&self, name: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        leases::let_go(&mut tx, name, &self.holder).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn cursor(&self, source: &str) -> Result<Option<Cursor>, StoreError> {
        record::cursor(&mut *self.read().await?, source).await
    }

    async fn claim(&self, lane: Lane<'_>, now: OffsetDateTime, lease: Duration) -> Result<Option<Claimed>, StoreError> {
        let mut tx = self.write().await?;
        let claimed = claim::claim(&mut tx, lane, now, lease).await;
        commit_unless_unavailable(tx, &claimed).await?;
        claimed
    }

    async fn raw(&self, message: MessageId) -> Result<RawMessage, StoreError> {
        read::raw(&mut *self.read().await?, message).await
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
        let mut connection = self.read().await?;
        read::case(&mut connection, case.as_str()).await
    }

    async fn case_of_mail(&self, ids: &[MailId]) -> Result<Option<Joined>, StoreError> {
        let mut connection = self.read().await?;
        read::case_of_mail(&mut connection, ids).await
    }

    async fn twins(&self, message: MessageId, ciphertexts: &[ContentDigest]) -> Result<Vec<MessageRecord>, StoreError> {
        let mut connection = self.read().await?;
        twins::twins(&mut connection, message, ciphertexts).await
    }

    async fn shut_before(&self, edition: &Edition, limit: u32) -> Result<Vec<Shut>, StoreError> {
        let mut connection = self.read().await?;
        twins::shut_before(&mut connection, edition, limit).await
    }

    async fn stay_shut(&self, messages: &[MessageId], edition: &Edition) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        twins::stay_shut(&mut tx, messages, edition).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn replies_since(&self, address: &Address, limit: ReplyLimit) -> Result<u32, StoreError> {
        let mut connection = self.read().await?;
        outbox::replies_since(&mut connection, address, limit).await
    }

    async fn spend(
        &self,
        message: MessageId,
        repository: &Repository,
        most: u32,
        tells: bool,
        now: OffsetDateTime,
    ) -> Result<Result<(), OverBudget>, StoreError> {
        let mut tx = self.write().await?;
        let spent = filings::spend(&mut tx, message, repository, most, tells, now).await?;
        tx.commit().await?;
        Ok(spent)
    }

    async fn flood_told(&self, now: OffsetDateTime) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        filings::flood_told(&mut tx, now).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn unspend(&self, message: MessageId, repository: &Repository) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        filings::unspend(&mut tx, message, repository).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn note(&self, message: MessageId, what: &str, now: OffsetDateTime) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        advance::note(&mut tx, message, what, now).await?;
        tx.commit().await?;
        Ok(())
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
        let mut connection = self.read().await?;
        match lane {
            Some(lane) => claim::next_due(&mut connection, lane).await,
            None => outbox::next_due(&mut connection).await,
        }
    }

    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError> {
        let mut connection = self.read().await?;
        read::messages(&mut connection, filter).await
    }

    async fn history(&self, message: MessageId) -> Result<History, StoreError> {
        let mut connection = self.read().await?;
        read::history(&mut connection, message).await
    }

    async fn last_digest(&self) -> Result<Option<OffsetDateTime>, StoreError> {
        digest::last(&mut *self.read().await?).await
    }

    async fn digest(&self, now: OffsetDateTime) -> Result<Digest, StoreError> {
        let mut tx = self.snapshot().await?;
        digest::digest(&mut tx, now).await
    }

    async fn digest_made(&self, digest: &Digest, mails: &[OutgoingMail]) -> Result<bool, StoreError> {
        let mut tx = self.write().await?;
        let made = digest::made(&mut tx, digest, mails).await?;
        tx.commit().await?;
        Ok(made)
    }

    async fn certificates(&self, address: Option<&Address>) -> Result<Vec<KnownCertificate>, StoreError> {
        let mut connection = self.read().await?;
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

    async fn verify(&self, known: Option<KnownLink>) -> Result<Chain, StoreError> {
        let mut tx = self.snapshot().await?;
        chain::verify(&mut tx, known).await
    }

    async fn close(&self) {
        self.disconnect().await;
    }
}
