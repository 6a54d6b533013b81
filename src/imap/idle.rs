//! Waiting for mail (RFC 2177), interrupted whenever somebody else needs the connection.

use std::time::Duration;

use tokio::sync::Notify;

use super::connection::{Connection, Failure};
use super::guard::Allowance;
use crate::ports::SourceError;

/// Servers may end a connection that idles longer than half an hour (RFC 2177).
const LONGEST: Duration = Duration::from_secs(25 * 60);

/// Why waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// There may be mail, or it is time to look.
    Look,
    /// Somebody needs the connection.
    Interrupted,
    /// The server offered IDLE and refuses it.
    NoIdle,
}

/// Idles until mail may have arrived, `left` has passed, or `wanted` is notified. The connection is ready for commands
/// afterwards.
pub(super) async fn idle(connection: &mut Connection, left: Duration, wanted: &Notify) -> Result<Woken, SourceError> {
    let host = connection.host().to_owned();
    try_idle(connection, left.min(LONGEST), wanted).await.map_err(|failure| failure.into_error(&host, "IDLE"))
}

async fn try_idle(connection: &mut Connection, left: Duration, wanted: &Notify) -> Result<Woken, Failure> {
    connection.expect(Allowance::SMALL);
    let tag = connection.send("IDLE").await?;
    if !connection.invited(&tag).await? {
        return Ok(Woken::NoIdle);
    }
    let woken = tokio::select! {
        heard = connection.hear(&tag) => {
            heard?;
            Woken::Look
        }
        () = tokio::time::sleep(left) => Woken::Look,
        () = wanted.notified() => Woken::Interrupted,
    };
    connection.done(&tag).await?;
    Ok(woken)
}
