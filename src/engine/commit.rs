//! Commits that are worth waiting for.

use std::future::Future;
use std::time::{Duration, Instant};

use super::Shared;
use crate::ports::StoreError;

/// How long a commit is tried while the store cannot be used. Claims last longer, so that it still counts.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(5);

impl Shared {
    /// Commits what came of an effect, again and again while the store cannot be used for now (locked, full, away). Given
    /// up at once, a filed advisory would be looked for, and a sent mail sent again, only after its claim has run out.
    ///
    /// `commit` must be such that a second time does no harm when the first was done and its answer lost.
    pub async fn commit<T, F>(&self, mut commit: impl FnMut() -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, StoreError>>,
    {
        let begun = Instant::now();
        let mut failures = 0;
        loop {
            match commit().await {
                Err(error @ StoreError::Unavailable(_)) if begun.elapsed() < PATIENCE => {
                    failures += 1;
                    self.board.area("store", Err(&error.to_string()));
                    let pause = self.settings.backoff.after(failures, rand::random()).min(PAUSE);
                    tokio::time::sleep(pause).await;
                }
                result => return result,
            }
        }
    }
}
