//! Reading a mailbox alone: several gateways on one store take turns.

use std::future::Future;
use std::time::{Duration, Instant};

use super::Shared;
use super::poll::PollError;
use crate::ports::StoreError;

/// The right to read one source.
pub(super) struct Turn<'a> {
    shared: &'a Shared,
    source: &'a str,
    /// When the store last said that it is ours.
    held: Option<Instant>,
}

/// What came of work that one gateway does at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose<T> {
    Ours(T),
    /// Another gateway has the turn, for this long at least.
    Others(Duration),
}

impl<'a> Turn<'a> {
    pub fn new(shared: &'a Shared, source: &'a str) -> Self {
        Turn { shared, source, held: None }
    }

    /// Does `work` while the turn is ours, prolonging it. When it is lost the work is cut off: two that read one mailbox
    /// for a moment do no harm, for each message is recorded once.
    pub async fn with<T>(&mut self, work: impl Future<Output = Result<T, PollError>>) -> Result<Whose<T>, PollError> {
        if let Some(wait) = self.ask().await? {
            return Ok(Whose::Others(wait));
        }
        tokio::select! {
            done = work => done.map(Whose::Ours),
            lost = self.keep() => lost.map(Whose::Others).map_err(PollError::from),
        }
    }

    /// Gives the turn to whoever asks next.
    pub async fn end(self) {
        if self.held.is_some()
            && let Err(error) = self.shared.parts.store.let_go(self.source).await
        {
            tracing::debug!(%error, "turn was not given back: it ends by itself");
        }
    }

    /// How often the lease is prolonged: once may fail.
    fn prolong(&self) -> Duration {
        self.shared.settings.turn / 3
    }

    async fn keep(&mut self) -> Result<Duration, StoreError> {
        loop {
            tokio::time::sleep(self.prolong()).await;
            if let Some(wait) = self.ask().await? {
                return Ok(wait);
            }
        }
    }

    /// Asks for the turn, unless it is ours for a while yet; how long it is somebody else's.
    async fn ask(&mut self) -> Result<Option<Duration>, StoreError> {
        if self.held.is_some_and(|at| at.elapsed() < self.prolong()) {
            return Ok(None);
        }
        let had = self.held.take().is_some();
        let now = self.shared.parts.clock.now();
        let Some(until) = self.shared.parts.store.hold(self.source, now, self.shared.settings.turn).await? else {
            self.held = Some(Instant::now());
            return Ok(None);
        };
        if had {
            tracing::warn!(source = self.source, "another gateway has taken over reading");
        } else {
            tracing::debug!(source = self.source, "another gateway is reading");
        }
        Ok(Some(Duration::try_from(until - now).unwrap_or_default()))
    }
}
