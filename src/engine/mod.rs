//! Polls, works, delivers and shuts down; knows the world through [`crate::ports`] only.
//!
//! Each kind of work has tasks of its own, so that what stalls stalls alone: one task a source fetches and records, while
//! no other gateway does (`turn`); as
//! many as there are workers open, judge and compose (`open`, `answer`); some file (`filing`); one does either for messages with which the
//! gateway went down before (`lanes`); one a source moves what is
//! done (`settle`); some send (`outbox`); one makes the daily
//! digest (`digest`); one opens again what stayed shut (`reopen`). They share nothing but the store: a task claims a message, performs the one
//! effect its state asks for with no transaction open, and commits the next state with all that belongs to it (`step`).

mod answer;
mod bells;
mod commit;
mod digest;
mod drain;
mod fail;
mod filing;
mod known;
mod lanes;
mod open;
mod order;
mod outbox;
mod poll;
mod pulse;
mod reopen;
mod settings;
mod settle;
mod status;
mod step;
mod tally;
mod turn;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use bells::Bells;
use status::Board;
use tally::Tally;

use crate::model::{Edition, MessageId};
use crate::ports::{Advisories, Clock, Directory, Dns, MailSender, MailSource, Opener, Store, StoreError};

pub use order::{Order, OrderError, give};
pub use pulse::Heartbeat;
pub use settings::{Settings, Timeouts};
pub use status::{Condition, Status};
pub use tally::Summary;

/// What the engine works with.
#[derive(Clone)]
pub struct Parts {
    pub sources: Vec<Arc<dyn MailSource>>,
    pub sender: Arc<dyn MailSender>,
    pub advisories: Arc<dyn Advisories>,
    pub store: Arc<dyn Store>,
    pub opener: Arc<dyn Opener>,
    /// `None`: the DNS is not asked about senders.
    pub dns: Option<Arc<dyn Dns>>,
    /// `None`: nobody's key directory is asked.
    pub directory: Option<Arc<dyn Directory>>,
    pub clock: Arc<dyn Clock>,
}

/// The gateway at work.
pub struct Engine {
    shared: Arc<Shared>,
    heartbeat: Heartbeat,
}

/// Why the engine stopped without being asked to.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of this program: to be started again.
    #[error("a task ended by itself: {0}")]
    Task(String),
}

/// What all tasks share.
struct Shared {
    parts: Parts,
    settings: Settings,
    bells: Bells,
    board: Board,
    tally: Tally,
    /// With what mail is opened now; `None` where nobody has said.
    edition: watch::Sender<Option<Edition>>,
    /// Held from looking for others with the same ciphertext until the result is in the store, so that of two that are
    /// opened at one time one is found by the other.
    twins: Mutex<()>,
    /// Held from counting a filing until what was put off is in the store, so that one tells the team of a flood.
    floods: Mutex<()>,
    /// Messages that a task of this process works on. Claims keep others away, but they end by the clock, and that may
    /// jump. Each with the turn at which it was claimed.
    in_hand: std::sync::Mutex<HashMap<MessageId, i64>>,
    begun: Instant,
}

impl Engine {
    pub fn new(parts: Parts, settings: Settings) -> Self {
        let board = Board::new(parts.sources.iter().map(|source| source.name()));
        let settings = settings.sound();
        let shared = Shared {
            parts,
            settings,
            bells: Bells::default(),
            board,
            tally: Tally::default(),
            edition: watch::Sender::new(None),
            twins: Mutex::default(),
            floods: Mutex::default(),
            in_hand: std::sync::Mutex::default(),
            begun: Instant::now(),
        };
        Engine { shared: Arc::new(shared), heartbeat: Heartbeat::new() }
    }

    /// How it stands, for readiness and the status line.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.shared.board.watch()
    }

    /// Tells with which keys and version mail is opened from now on. Held messages that could not be opened with what
    /// there was before are opened again, a few at a time.
    pub fn opens_with(&self, edition: Edition) {
        self.shared.edition.send_replace(Some(edition));
    }

    /// For the watchdog.
    pub fn heartbeat(&self) -> Heartbeat {
        self.heartbeat.clone()
    }

    /// Works until `stop` is cancelled, and then finishes what is in hand: at most as long as the longest of
    /// [`Timeouts`].
    pub async fn run(&self, stop: CancellationToken) -> Result<(), EngineError> {
        fail::point("take over", "before");
        self.shared.parts.store.take_over().await?;
        fail::point("take over", "after");
        let mut tasks = JoinSet::new();
        self.spawn_polls(&mut tasks, &stop);
        self.spawn_lanes(&mut tasks, &stop);
        self.spawn_digest(&mut tasks, &stop);
        let pulse = self.heartbeat.register("reopen".to_owned(), self.shared.settings.lease());
        tasks.spawn(reopen::keep_trying(self.shared.clone(), pulse, stop.clone()));
        self.join(tasks, &stop).await
    }

    fn spawn_polls(&self, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
        for source in &self.shared.parts.sources {
            let pulse = self.heartbeat.register(format!("poll {}", source.name()), self.shared.settings.timeouts.fetch);
            tasks.spawn(poll::poll(self.shared.clone(), source.clone(), pulse, stop.clone()));
        }
    }

    fn spawn_digest(&self, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
        if let Some(hour) = self.shared.settings.digest_hour {
            let pulse = self.heartbeat.register("digest".to_owned(), self.shared.settings.lease());
            tasks.spawn(digest::daily(self.shared.clone(), hour, pulse, stop.clone()));
        }
    }

    fn spawn_lanes(&self, tasks: &mut JoinSet<()>, stop: &CancellationToken) {
        let settings = &self.shared.settings;
        let mut spawn = |work: lanes::Work, count: usize| {
            for number in 0..count.max(1) {
                let pulse = self.heartbeat.register(format!("{} {number}", work.name()), settings.lease());
                tasks.spawn(lanes::work(self.shared.clone(), work.clone(), pulse, stop.clone()));
            }
        };
        spawn(lanes::Work::Open, settings.openers);
        spawn(lanes::Work::File, settings.filers);
        // One: of two that are tried at one time nobody could say which it was.
        spawn(lanes::Work::Suspect, 1);
        spawn(lanes::Work::Mail, settings.senders);
        for source in &self.shared.parts.sources {
            spawn(lanes::Work::Settle(source.clone()), 1);
        }
    }

    /// Waits for all tasks; one that panics stops the others in good order.
    async fn join(&self, mut tasks: JoinSet<()>, stop: &CancellationToken) -> Result<(), EngineError> {
        let mut result = Ok(());
        while let Some(joined) = tasks.join_next().await {
            if let Err(error) = joined {
                tracing::error!(%error, "task ended by itself");
                result = Err(EngineError::Task(error.to_string()));
                stop.cancel();
            }
        }
        result
    }
}
