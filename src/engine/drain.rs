//! Working to the end of what is there, instead of for ever.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::poll::Fetched;
use super::step::StepError;
use super::turn::{Turn, Whose};
use super::{Engine, EngineError, Shared, Summary};
use crate::case::State;
use crate::model::{Origin, RawMessage};
use crate::ports::{Batch, Lane, MailSource, MessageFilter, MessageRecord, StoreError};

/// Under which name messages from pipes are recorded.
const PIPE: &str = "pipe";
/// Held messages that are opened again at most.
const REOPENED: u32 = 400;
/// How often it is looked whether all is done.
const TICK: Duration = Duration::from_millis(25);

impl Engine {
    /// Reads every source to its end and works until nothing is due within [`super::Settings::drain_patience`]. What
    /// waits for longer (a server that is down) stays in the store for the next run. `stop` ends it early, in good order.
    pub async fn drain(&self, stop: CancellationToken) -> Result<Summary, EngineError> {
        self.shared.parts.store.take_over().await?;
        let done = stop.child_token();
        let mut tasks = JoinSet::new();
        self.spawn_lanes(&mut tasks, &done);
        let failures = tokio::select! {
            failures = self.shared.fetch_all() => failures,
            () = stop.cancelled() => Vec::new(),
        };
        self.shared.reopen(REOPENED).await?;
        let settled = tokio::select! {
            settled = self.shared.until_settled() => settled,
            () = done.cancelled() => Ok(()),
        };
        done.cancel();
        self.join(tasks, &done).await?;
        settled?;
        Ok(self.shared.tally.summary(self.shared.waiting().await?, failures))
    }

    /// Takes one message in and drives it as far as it goes now: to its outcome, or to where it waits for something that
    /// is away. Its mails are sent. May be used beside a running gateway on the same store.
    pub async fn process(&self, message: RawMessage) -> Result<MessageRecord, EngineError> {
        let shared = &self.shared;
        let batch = Batch { messages: vec![RawMessage { origin: Origin::Pipe, ..message }], cursor: None };
        let recorded = shared.parts.store.record(PIPE, &batch, shared.parts.clock.now()).await?;
        let id = recorded
            .first()
            .map(|recorded| recorded.message)
            .ok_or_else(|| StoreError::Corrupt("a message from a pipe was taken for one that is known".to_owned()))?;
        shared.tally.recorded(recorded.len());
        loop {
            let now = shared.parts.clock.now();
            match shared.parts.store.claim(Lane::One(id), now, shared.settings.lease()).await? {
                Some(claimed) => match shared.perform(claimed).await {
                    Err(StepError::Store(error)) => return Err(error.into()),
                    Err(StepError::Misfit(error)) => return Err(EngineError::Task(error.to_string())),
                    Ok(()) => {}
                },
                None if shared.is_soon(shared.parts.store.next_due(Some(Lane::One(id))).await?) => {
                    tokio::time::sleep(TICK).await;
                }
                None => break,
            }
        }
        while shared.send_next().await? {}
        let filter = MessageFilter { message: Some(id), limit: 1, ..MessageFilter::default() };
        let record = shared.parts.store.messages(&filter).await?.pop();
        Ok(record.ok_or_else(|| StoreError::NotFound(format!("there is no message {id}")))?)
    }
}

impl Shared {
    /// Reads every source to its end; returns those that could not be.
    async fn fetch_all(&self) -> Vec<(String, String)> {
        let mut failures = Vec::new();
        for source in &self.parts.sources {
            if let Err(error) = self.fetch_to_the_end(&**source).await {
                self.board.source(source.name(), Err(&error));
                failures.push((source.name().to_owned(), error));
            }
        }
        failures
    }

    async fn fetch_to_the_end(&self, source: &dyn MailSource) -> Result<(), String> {
        let mut turn = Turn::new(self, source.name());
        let read = turn.with(async {
            while self.fetch(source).await? == Fetched::New {}
            Ok(())
        });
        let read = read.await;
        turn.end().await;
        match read.map_err(|error| error.to_string())? {
            Whose::Ours(()) => Ok(()),
            Whose::Others(_) => Err("another gateway is reading it".to_owned()),
        }
    }

    /// Waits until nobody works and nothing is due soon.
    async fn until_settled(&self) -> Result<(), StoreError> {
        loop {
            let before = self.tally.quiet();
            if before.is_some() && !self.has_work_soon().await? && self.tally.quiet() == before {
                return Ok(());
            }
            tokio::time::sleep(TICK).await;
        }
    }

    async fn has_work_soon(&self) -> Result<bool, StoreError> {
        let settle = self.parts.sources.iter().map(|source| Some(Lane::Settle(source.name())));
        let suspects = Lane::Suspect { lost: u32::MAX };
        for lane in [Some(Lane::Open), Some(Lane::File), Some(suspects), None].into_iter().chain(settle) {
            if self.is_soon(self.parts.store.next_due(lane).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_soon(&self, due: Option<time::OffsetDateTime>) -> bool {
        due.is_some_and(|due| due <= self.parts.clock.now() + self.settings.drain_patience)
    }

    async fn waiting(&self) -> Result<u64, StoreError> {
        let filter = MessageFilter { unfinished_only: true, limit: u32::MAX, ..MessageFilter::default() };
        let waiting = self.parts.store.messages(&filter).await?;
        Ok(waiting.iter().filter(|message| !matches!(message.state, State::Nothing { .. })).count() as u64)
    }
}
