use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::bells::Room;
use super::pulse::Pulse;
use super::turn::{Turn, Whose};
use super::{Shared, fail};
use crate::ports::{MailSource, SourceError, StoreError};

/// Least time between two fetches that bring nothing new.
const PAUSE: Duration = Duration::from_secs(1);

/// Why mail could not be brought into the store.
#[derive(Debug, thiserror::Error)]
pub(super) enum PollError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no answer in time")]
    Timeout,
}

/// What a fetch brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetched {
    /// New messages: there may be more at once.
    New,
    /// Only messages that are in the store already.
    Known,
    Nothing,
}

/// Reads one source until told to stop, as long as no other gateway does.
pub(super) async fn poll(shared: Arc<Shared>, source: Arc<dyn MailSource>, pulse: Pulse, stop: CancellationToken) {
    let span = tracing::info_span!("poll", source = source.name());
    async {
        let mut failures = 0;
        let mut turn = Turn::new(&shared, source.name());
        while !stop.is_cancelled() {
            pulse.within(shared.settings.timeouts.fetch * 2);
            let round = async {
                match shared.fetch(&*source).await? {
                    Fetched::New => Ok(()),
                    Fetched::Known => {
                        tokio::time::sleep(PAUSE).await;
                        Ok(())
                    }
                    Fetched::Nothing => wait(&*source, &pulse).await,
                }
            };
            // Nothing is lost when this is cut off: what is not in the store is fetched again.
            let result = tokio::select! {
                () = stop.cancelled() => break,
                result = turn.with(round) => result,
            };
            let pause = match result {
                Ok(Whose::Ours(())) => {
                    failures = 0;
                    continue;
                }
                Ok(Whose::Others(wait)) => {
                    shared.board.source(source.name(), Ok(()));
                    wait.min(shared.settings.look)
                }
                Err(error) => {
                    failures += 1;
                    report(&shared, source.name(), &error);
                    shared.settings.backoff.after(failures, rand::random())
                }
            };
            pulse.within(pause * 2 + shared.settings.look);
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        turn.end().await;
        pulse.rest();
    }
    .instrument(span)
    .await;
}

/// Waits for news, beating meanwhile: waiting is what an idle source does all day.
async fn wait(source: &dyn MailSource, pulse: &Pulse) -> Result<(), PollError> {
    let mut waiting = std::pin::pin!(source.wait());
    loop {
        pulse.within(PAUSE * 30);
        match timeout(PAUSE * 10, &mut waiting).await {
            Ok(result) => return Ok(result?),
            Err(_) => continue,
        }
    }
}

fn report(shared: &Shared, source: &str, error: &PollError) {
    match error {
        PollError::Store(error) => shared.board.area("store", Err(&error.to_string())),
        error => shared.board.source(source, Err(&error.to_string())),
    }
}

impl Shared {
    /// Brings what is new into the store.
    pub async fn fetch(&self, source: &dyn MailSource) -> Result<Fetched, PollError> {
        let (store, name) = (&self.parts.store, source.name());
        let cursor = store.cursor(name).await?;
        let batch = timeout(self.settings.timeouts.fetch, source.fetch(cursor.as_ref(), self.settings.batch))
            .await
            .map_err(|_| PollError::Timeout)??;
        self.board.source(name, Ok(()));
        if batch.messages.is_empty() && (batch.cursor.is_none() || batch.cursor == cursor) {
            return Ok(Fetched::Nothing);
        }
        fail::point("record", "before");
        let recorded = store.record(name, &batch, self.parts.clock.now()).await?;
        fail::point("record", "after");
        self.tally.recorded(recorded.len());
        for message in &recorded {
            tracing::info!(message = %message.message, duplicate_of = message.duplicate_of.map(tracing::field::display), "message recorded");
        }
        if recorded.is_empty() && !batch.messages.is_empty() {
            return Ok(Fetched::Known);
        }
        self.bells.ring(Room::Open);
        Ok(if batch.messages.is_empty() { Fetched::Nothing } else { Fetched::New })
    }
}
