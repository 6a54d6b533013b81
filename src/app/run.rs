use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Error, Loaded, Settings, block_on, fence, parts};
use crate::config;
use crate::engine::{Engine, EngineError, Heartbeat, Parts, Status, Summary};
use crate::model::WorkerSettings;
use crate::worker::{Pool, Ready};

/// How long work in hand may take to finish after SIGTERM: less than TimeoutStopSec of the unit (90 s). What is not done
/// by then is taken up again at the next start, from where the store says it was.
const STOP_TIME: Duration = Duration::from_secs(75);
/// Between feedings of the watchdog where systemd asks for none: then it only warns.
const PULSE: Duration = Duration::from_secs(30);
/// Exit code when the state could not be kept, or a part ended by itself: to be started again.
const BROKEN: u8 = 1;

/// Does the gateway's work until it is stopped by a signal, or (`once`) until nothing is left to do now.
///
/// An error says that it could not begin; how it ended is the exit code, and what ended it is in the log.
///
/// First of all the process that reads the keys is started, and then this one gives up the right to, while it still has
/// one thread and no connection.
pub fn run(config: &Path, loaded: Loaded, once: bool) -> Result<ExitCode, Error> {
    let settings = loaded.settings;
    loaded.warnings.iter().for_each(|warning| tracing::warn!(warning, "configuration"));
    let pool = Arc::new(parts::pool(settings.worker()?, parts::workers(&settings))?);
    pool.settle(Some(config))?;
    fence::confine(&settings)?;
    block_on(gateway(config, settings, pool, once))
}

async fn gateway(config: &Path, settings: Settings, pool: Arc<Pool>, once: bool) -> Result<ExitCode, Error> {
    let worker = settings.worker()?;
    let ready = pool.ready().await?;
    tell(&ready);
    let store = parts::store(&settings).await?;
    let parts = Parts {
        sources: parts::sources(&settings)?,
        sender: parts::sender(&settings)?,
        advisories: parts::advisories(&settings)?,
        store: store.clone(),
        opener: pool.clone(),
        dns: parts::dns(&settings)?,
        directory: parts::directory(&settings),
        clock: Arc::new(parts::SystemClock),
    };
    let engine = Arc::new(Engine::new(parts, parts::engine(&settings)));
    engine.opens_with(ready.edition);
    let mut service =
        Service::new(&engine, Reload { config: config.to_owned(), worker, settings, pool, engine: engine.clone() })?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), once, "gateway begins");
    let work = begin(engine, service.stop.clone(), once);
    let ended = service.attend(work).await;
    store.close().await;
    Ok(match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "gateway ends");
            ExitCode::from(BROKEN)
        }
    })
}

fn begin(engine: Arc<Engine>, stop: CancellationToken, once: bool) -> JoinHandle<Result<(), EngineError>> {
    tokio::spawn(async move {
        match once {
            true => engine.drain(stop).await.map(|summary| summarise(&summary)),
            false => engine.run(stop).await,
        }
    })
}

fn summarise(summary: &Summary) {
    tracing::info!(summary = ?summary, "worked off");
}

/// What a worker says about keys, team and settings, for the log.
fn tell(ready: &Ready) {
    ready.warnings.iter().for_each(|warning| tracing::warn!(warning, "keys"));
    let certificate = ready.own.as_ref().map(|own| own.fingerprint.as_str()).unwrap_or("none");
    let (team, repositories) = (ready.team.len(), ready.repositories.len());
    tracing::info!(certificate, team, repositories, "workers are ready");
}

/// The process beside its work: signals, the service manager, the watchdog.
struct Service {
    stop: CancellationToken,
    status: tokio::sync::watch::Receiver<Status>,
    heartbeat: Heartbeat,
    watchdog: Interval,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
    ready: bool,
    reload: Reload,
}

impl Service {
    fn new(engine: &Engine, reload: Reload) -> Result<Self, Error> {
        let listen = |kind| signal(kind).map_err(|error| Error::refused(format!("cannot listen to signals: {error}")));
        // Twice as often as systemd asks, so that one late turn does no harm (sd_watchdog_enabled(3)).
        let period = sd_notify::watchdog_enabled().map_or(PULSE, |limit| limit / 2);
        let mut watchdog = interval(period.max(Duration::from_millis(10)));
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Service {
            stop: CancellationToken::new(),
            status: engine.status(),
            heartbeat: engine.heartbeat(),
            watchdog,
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
            ready: false,
            reload,
        })
    }

    /// Attends to everything beside `work` until it ends, or until it has been told to stop for too long.
    async fn attend(&mut self, mut work: JoinHandle<Result<(), EngineError>>) -> Result<(), EngineError> {
        let mut deadline: Option<Instant> = None;
        let pool = self.reload.pool.clone();
        loop {
            tokio::select! {
                () = pool.orphaned() => {
                    work.abort();
                    return Err(EngineError::Task("the process that starts workers has ended".into()));
                }
                ended = &mut work => {
                    return ended.unwrap_or_else(|error| Err(EngineError::Task(error.to_string())));
                }
                () = until(deadline) => {
                    work.abort();
                    tracing::warn!("work in hand takes too long to finish: it is taken up at the next start");
                    return Ok(());
                }
                _ = self.terminate.recv() => self.begin_to_stop(&mut deadline),
                _ = self.interrupt.recv() => self.begin_to_stop(&mut deadline),
                _ = self.hangup.recv() => self.reload().await,
                _ = self.watchdog.tick() => self.feed_watchdog(),
                Ok(()) = self.status.changed() => self.show_status(),
            }
        }
    }

    fn begin_to_stop(&mut self, deadline: &mut Option<Instant>) {
        if deadline.is_none() {
            tracing::info!("stopping: work in hand is finished first");
            notify(&[NotifyState::Stopping, NotifyState::Status("finishing what is in hand")]);
            *deadline = Some(Instant::now() + STOP_TIME);
            self.stop.cancel();
        }
    }

    /// Fed only while every loop of the engine keeps its word, so that systemd starts a gateway again that hangs.
    fn feed_watchdog(&self) {
        let overdue = self.heartbeat.overdue();
        if overdue.is_empty() {
            notify(&[NotifyState::Watchdog]);
        } else {
            tracing::error!(loops = overdue.join(", "), "work hangs");
        }
    }

    /// Ready once every source has been tried: from then on the status line says how it stands.
    fn show_status(&mut self) {
        let (line, settled) = {
            let status = self.status.borrow_and_update();
            (status.line(), status.is_settled())
        };
        notify(&[NotifyState::Status(&line)]);
        if settled && !self.ready {
            self.ready = true;
            tracing::info!(status = line, "gateway is ready");
            notify(&[NotifyState::Ready]);
        }
    }

    async fn reload(&mut self) {
        let mut states = vec![NotifyState::Reloading];
        states.extend(NotifyState::monotonic_usec_now().ok());
        notify(&states);
        match self.reload.again().await {
            Ok(ready) => tell(&ready),
            Err(error) => tracing::error!(error = %error, "nothing was read again: everything stays as it was"),
        }
        notify(&[NotifyState::Ready]);
    }
}

/// What SIGHUP reads again.
struct Reload {
    config: PathBuf,
    settings: Settings,
    worker: WorkerSettings,
    pool: Arc<Pool>,
    engine: Arc<Engine>,
}

impl Reload {
    /// Reads the configuration, keys, certificates, routing and templates again. What the engine works with as well
    /// (identity, limits) stays as it is until the gateway is started again.
    async fn again(&mut self) -> Result<Ready, Error> {
        // Somebody else reads the file: this process may not, where the keys are beside it.
        let text = self.pool.handed_out().await.map_err(io::Error::other);
        let loaded = config::load_bytes(&self.config, text).map_err(Error::from)?;
        let fresh = loaded.settings.worker()?;
        let worker =
            WorkerSettings { identity: self.worker.identity.clone(), limits: self.worker.limits.clone(), ..fresh };
        let ready = self.pool.reload(worker.clone()).await?;
        self.engine.opens_with(ready.edition.clone());
        loaded.warnings.iter().for_each(|warning| tracing::warn!(warning, "configuration"));
        if self.needs_restart(&loaded.settings) {
            tracing::warn!("settings other than keys, certificates, routing and templates count after a restart");
        }
        self.worker = worker;
        fence::warn_of_keys_within_reach(&loaded.settings);
        tracing::info!("keys, certificates, routing and templates are read again");
        Ok(ready)
    }

    fn needs_restart(&self, fresh: &Settings) -> bool {
        let old = &self.settings;
        let same = Settings {
            secret_keys: old.secret_keys.clone(),
            key_passwords: old.key_passwords.clone(),
            team: old.team.clone(),
            team_addresses: old.team_addresses.clone(),
            known: old.known.clone(),
            routing: old.routing.clone(),
            templates: old.templates.clone(),
            ..fresh.clone()
        };
        same != *old
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

/// Tells the service manager, where there is one.
fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
