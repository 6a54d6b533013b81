//! Certificates that were learned. What is here counts as the rules of `trust` say; the store keeps it within bounds.

use sqlx::Row;
use time::{Duration, OffsetDateTime};

use super::{Connection, DbRow, rows};
use crate::model::{Address, Fingerprint, KnownCertificate, Voucher};
use crate::ports::{CertificateBounds, StoreError};
use crate::store::convert::{id, json, micros, parsed, time};

/// What became of a certificate that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    New,
    /// It was there; something stronger vouches for it now, or its holder revoked it.
    Changed,
    Unchanged,
    /// Over a bound.
    LeftOut,
}

/// Keeps a certificate. What is there already gets the news; a revocation and a voucher are never taken back.
pub async fn keep(
    tx: &mut Connection,
    new: &KnownCertificate,
    bounds: &CertificateBounds,
    now: OffsetDateTime,
) -> Result<Kept, StoreError> {
    let there = sqlx::query("SELECT * FROM certificates WHERE mailbox = $1 AND fingerprint = $2")
        .bind(mailbox(&new.address))
        .bind(new.fingerprint.as_str())
        .fetch_optional(&mut *tx)
        .await?;
    if new.bytes.len() > KnownCertificate::MOST_BYTES {
        return Ok(Kept::LeftOut);
    }
    match there {
        Some(row) => update(tx, &certificate(&row)?, new).await,
        None if make_room(tx, new, bounds, now).await? => {
            insert(tx, new).await?;
            Ok(Kept::New)
        }
        None => Ok(Kept::LeftOut),
    }
}

async fn update(tx: &mut Connection, old: &KnownCertificate, new: &KnownCertificate) -> Result<Kept, StoreError> {
    // Two mails at one time may bring two states of one certificate; the revoked one is right.
    let bytes = if old.revoked && !new.revoked { &old.bytes } else { &new.bytes };
    sqlx::query(
        "UPDATE certificates SET bytes = $3, revoked = revoked | $5,
             voucher = CASE WHEN voucher > $4 THEN voucher ELSE $4 END,
             first_seen = CASE WHEN first_seen < $6 THEN first_seen ELSE $6 END,
             last_seen = CASE WHEN last_seen > $7 THEN last_seen ELSE $7 END
         WHERE mailbox = $1 AND fingerprint = $2",
    )
    .bind(mailbox(&new.address))
    .bind(new.fingerprint.as_str())
    .bind(bytes)
    .bind(rank(new.voucher))
    .bind(i64::from(new.revoked))
    .bind(micros(new.first_seen))
    .bind(micros(new.last_seen))
    .execute(tx)
    .await?;
    let news = new.voucher > old.voucher || new.revoked && !old.revoked;
    Ok(if news { Kept::Changed } else { Kept::Unchanged })
}

async fn insert(tx: &mut Connection, new: &KnownCertificate) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO certificates (mailbox, domain, address, fingerprint, bytes, learned_from, voucher, first_seen,
                                   last_seen, revoked)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(mailbox(&new.address))
    .bind(new.address.domain())
    .bind(new.address.as_str())
    .bind(new.fingerprint.as_str())
    .bind(&new.bytes)
    .bind(json(&new.learned_from)?)
    .bind(rank(new.voucher))
    .bind(micros(new.first_seen))
    .bind(micros(new.last_seen))
    .bind(i64::from(new.revoked))
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether there is room for a new one. Only what weighs less, or as little, makes room: strangers push out strangers.
async fn make_room(
    tx: &mut Connection,
    new: &KnownCertificate,
    bounds: &CertificateBounds,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let today: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM certificates WHERE domain = $1 AND first_seen > $2")
        .bind(new.address.domain())
        .bind(micros(now - Duration::DAY))
        .fetch_one(&mut *tx)
        .await?;
    if today >= i64::from(bounds.new_per_domain_and_day) {
        return Ok(false);
    }
    let of_address: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM certificates WHERE mailbox = $1")
        .bind(mailbox(&new.address))
        .fetch_one(&mut *tx)
        .await?;
    if of_address >= i64::from(bounds.per_address) {
        let gone = sqlx::query(
            "DELETE FROM certificates WHERE (mailbox, fingerprint) IN
                 (SELECT mailbox, fingerprint FROM certificates WHERE mailbox = $1 AND voucher = 0
                  ORDER BY last_seen LIMIT 1)",
        )
        .bind(mailbox(&new.address))
        .execute(&mut *tx)
        .await?;
        return Ok(gone.rows_affected() > 0);
    }
    let all: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM certificates").fetch_one(&mut *tx).await?;
    if all < i64::from(bounds.total) {
        return Ok(true);
    }
    let gone = sqlx::query(
        "DELETE FROM certificates WHERE (mailbox, fingerprint) IN
             (SELECT mailbox, fingerprint FROM certificates WHERE voucher <= $1
              ORDER BY voucher, last_seen LIMIT 1)",
    )
    .bind(rank(new.voucher).min(rank(Voucher::Signature)))
    .execute(tx)
    .await?;
    Ok(gone.rows_affected() > 0)
}

/// Those of one address, or all; the strongest first, then the oldest.
pub async fn list(connection: &mut Connection, address: Option<&Address>) -> Result<Vec<KnownCertificate>, StoreError> {
    // One statement with `$1 IS NULL OR …` would read all of them for each message.
    let query = match address {
        Some(address) => {
            sqlx::query("SELECT * FROM certificates WHERE mailbox = $1 ORDER BY voucher DESC, first_seen, fingerprint")
                .bind(mailbox(address))
        }
        None => sqlx::query("SELECT * FROM certificates ORDER BY mailbox, voucher DESC, first_seen, fingerprint"),
    };
    let rows = query.fetch_all(connection).await?;
    rows.iter().map(certificate).collect()
}

pub async fn forget(
    tx: &mut Connection,
    address: &Address,
    fingerprint: Option<&Fingerprint>,
) -> Result<u32, StoreError> {
    let gone = sqlx::query("DELETE FROM certificates WHERE mailbox = $1 AND ($2 IS NULL OR fingerprint = $2)")
        .bind(mailbox(address))
        .bind(fingerprint.map(Fingerprint::as_str))
        .execute(tx)
        .await?;
    Ok(u32::try_from(gone.rows_affected()).unwrap_or(u32::MAX))
}

pub async fn pin(tx: &mut Connection, address: &Address, fingerprint: &Fingerprint) -> Result<bool, StoreError> {
    let pinned = sqlx::query("UPDATE certificates SET voucher = $3 WHERE mailbox = $1 AND fingerprint = $2")
        .bind(mailbox(address))
        .bind(fingerprint.as_str())
        .bind(rank(Voucher::Operator))
        .execute(tx)
        .await?;
    Ok(pinned.rows_affected() > 0)
}

fn certificate(row: &DbRow) -> Result<KnownCertificate, StoreError> {
    let voucher = usize::try_from(rows::number(row, "voucher")?).ok();
    let voucher = voucher.and_then(|rank| Voucher::ALL.get(rank).copied());
    Ok(KnownCertificate {
        address: id("address", &rows::text(row, "address")?)?,
        fingerprint: id("fingerprint", &rows::text(row, "fingerprint")?)?,
        bytes: row.try_get("bytes")?,
        learned_from: parsed("way to learn a certificate", &rows::text(row, "learned_from")?)?,
        voucher: voucher.ok_or_else(|| StoreError::Corrupt("the store holds an unknown voucher".to_owned()))?,
        first_seen: time(rows::number(row, "first_seen")?)?,
        last_seen: time(rows::number(row, "last_seen")?)?,
        revoked: rows::number(row, "revoked")? != 0,
    })
}

fn rank(voucher: Voucher) -> i64 {
    Voucher::ALL
        .iter()
        .position(|known| *known == voucher)
        .and_then(|rank| i64::try_from(rank).ok())
        .unwrap_or_default()
}

fn mailbox(address: &Address) -> String {
    address.as_str().to_lowercase()
}
