use std::time::Duration;

use time::OffsetDateTime;

use super::Connection;
use crate::ports::StoreError;
use crate::store::convert::{far, micros, time};

pub async fn hold(
    tx: &mut Connection,
    name: &str,
    holder: &str,
    now: OffsetDateTime,
    lease: Duration,
) -> Result<Option<OffsetDateTime>, StoreError> {
    let held: Option<i64> = sqlx::query_scalar(
        "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3)
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
             WHERE leases.holder = excluded.holder OR leases.until <= $4 OR leases.until > $5
         RETURNING until",
    )
    .bind(name)
    .bind(holder)
    .bind(micros(now + lease))
    .bind(micros(now))
    .bind(far(now))
    .fetch_optional(&mut *tx)
    .await?;
    if held.is_some() {
        return Ok(None);
    }
    let until: Option<i64> =
        sqlx::query_scalar("SELECT until FROM leases WHERE name = $1").bind(name).fetch_optional(tx).await?;
    // Given back this very moment: to be asked for again.
    until.map_or(Ok(Some(now)), |until| time(until).map(Some))
}

pub async fn let_go(tx: &mut Connection, name: &str, holder: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM leases WHERE name = $1 AND holder = $2").bind(name).bind(holder).execute(tx).await?;
    Ok(())
}
