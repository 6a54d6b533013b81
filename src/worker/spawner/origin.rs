use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::handle::{SpawnFailure, Spawned, Spawner};
use crate::model::WorkerSettings;

/// Where workers come from: a spawner, started when it is first needed, and started again when it is lost, unless it was
/// started for good.
pub(in crate::worker) struct Origin {
    program: PathBuf,
    spawner: Mutex<State>,
    orphaned: watch::Sender<bool>,
}

enum State {
    /// None runs; one can be started.
    Open,
    Running(Arc<Spawner>),
    /// Runs, and is the last one.
    Settled(Arc<Spawner>),
    /// The last one has ended: what became of it.
    Orphaned(String),
}

impl Origin {
    pub fn new(program: PathBuf) -> Self {
        Origin { program, spawner: Mutex::new(State::Open), orphaned: watch::Sender::new(false) }
    }

    /// Starts the spawner for good. The error is a sentence for the operator.
    pub fn settle(&self, hand_out: Option<&Path>) -> Result<(), String> {
        let spawner = self.launch(hand_out)?;
        *self.state() = State::Settled(Arc::new(spawner));
        Ok(())
    }

    /// A new worker. Blocks for as long as files are read and a process is started; the error is a sentence for the
    /// operator.
    pub fn worker(&self, settings: &WorkerSettings) -> Result<Spawned, String> {
        let spawner = self.spawner()?;
        spawner.worker(settings).map_err(|failure| self.take(failure))
    }

    /// The content of the file that was named to [`Origin::settle`]; as above.
    pub fn hand_out(&self) -> Result<Vec<u8>, String> {
        let spawner = self.spawner()?;
        spawner.hand_out().map_err(|failure| self.take(failure))
    }

    /// Waits until there will never be a worker again.
    pub async fn orphaned(&self) {
        // The sender lives as long as this.
        let _ = self.orphaned.subscribe().wait_for(|orphaned| *orphaned).await;
    }

    fn spawner(&self) -> Result<Arc<Spawner>, String> {
        let mut state = self.state();
        match &*state {
            State::Running(spawner) | State::Settled(spawner) => Ok(spawner.clone()),
            State::Orphaned(sentence) => Err(sentence.clone()),
            State::Open => {
                let spawner = Arc::new(self.launch(None)?);
                *state = State::Running(spawner.clone());
                Ok(spawner)
            }
        }
    }

    fn launch(&self, hand_out: Option<&Path>) -> Result<Spawner, String> {
        let program = self.program.display();
        Spawner::launch(&self.program, hand_out).map_err(|error| format!("cannot start workers ({program}): {error}"))
    }

    /// The sentence of a failure; a spawner that is lost is not asked again.
    fn take(&self, failure: SpawnFailure) -> String {
        match failure {
            SpawnFailure::Refused(sentence) => sentence,
            SpawnFailure::Lost(sentence) => {
                let mut state = self.state();
                *state = match &*state {
                    State::Settled(_) | State::Orphaned(_) => State::Orphaned(sentence.clone()),
                    State::Open | State::Running(_) => State::Open,
                };
                self.orphaned.send_replace(matches!(*state, State::Orphaned(_)));
                sentence
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.spawner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
