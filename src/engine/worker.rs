use std::future::Future;

use super::Shared;
use crate::ports::{Claimed, OpenerError};

/// Why a worker gave nothing.
pub(super) enum Failed {
    Died(String),
    Setup(String),
    Refused(String),
}

impl Shared {
    /// Waits for a worker, but not for ever.
    pub async fn ask<T>(&self, work: impl Future<Output = Result<T, OpenerError>>) -> Result<T, Failed> {
        let failed = match tokio::time::timeout(self.settings.timeouts.open, work).await {
            Ok(Ok(value)) => {
                self.board.area("workers", Ok(()));
                return Ok(value);
            }
            Ok(Err(OpenerError::Died(why))) => Failed::Died(why),
            Err(_) => Failed::Died("no answer in time".to_owned()),
            Ok(Err(OpenerError::Setup(why))) => Failed::Setup(why),
            Ok(Err(OpenerError::Refused(why))) => Failed::Refused(why),
        };
        match &failed {
            Failed::Died(error) => tracing::error!(error, "worker died on a message"),
            Failed::Setup(why) => self.board.area("workers", Err(why)),
            Failed::Refused(error) => tracing::error!(error, "worker refused a message"),
        }
        Err(failed)
    }

    /// Whether the daemon itself went down on this state too often to try it once more.
    pub fn is_worn_out(&self, claimed: &Claimed) -> bool {
        claimed.lost >= self.settings.policy.lost_after
    }
}
