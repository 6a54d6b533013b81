use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustix::io::Errno;
use rustix::net::RecvFlags;
use tokio::io::AsyncReadExt;
use tokio::net::UnixStream;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::protocol::{self, Answer, Envelope, InspectOptions, Request};
use super::spawner::Origin;
use super::{Confinement, Inspection, Ready};
use crate::model::{
    Assessed, Assessment, ComposeOrder, DigestOrder, Draft, DraftOrder, Known, OutgoingMail, Outline, RawMessage,
    Secret, WorkerSettings,
};
use crate::ports::{Opener, OpenerError};

/// Messages after which a worker is replaced, so that what stays of decrypted text in its memory goes with it.
const REPLACE_AFTER: u32 = 500;
/// Time for a worker to read its keys, whose passwords may be made costly to try.
const START_TIME: Duration = Duration::from_secs(60);
/// First and longest wait after workers could not be started.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Worker processes, made when they are needed and at most `count` at a time.
///
/// A spawner makes them ([`super::spawner`]). Each holds the keys and works on one message at a time. It is replaced when
/// it dies, when it runs over [`crate::model::Limits::seconds`] (then it is killed), and after a number of messages.
/// Dropping a request kills its worker; dropping the pool ends them all, and the spawner.
pub struct Pool {
    origin: Arc<Origin>,
    replace_after: u32,
    permits: Semaphore,
    shared: Mutex<Shared>,
}

struct Shared {
    settings: Arc<WorkerSettings>,
    /// Counts the reloads: workers of an earlier one are not used again.
    generation: u64,
    idle: Vec<Worker>,
    trouble: Option<Trouble>,
}

/// Why workers cannot be started, and when it is tried again.
struct Trouble {
    sentence: String,
    wait: Duration,
    until: Instant,
}

struct Worker {
    pid: u32,
    stream: UnixStream,
    /// Says how the worker ended. Closing it, when this is dropped, kills the worker.
    life: UnixStream,
    ready: Arc<Ready>,
    generation: u64,
    served: u32,
}

impl Pool {
    /// A pool of at most `count` workers (at least one), which `program spawner` makes. Nothing is started yet.
    pub fn start(program: PathBuf, settings: WorkerSettings, count: usize) -> Pool {
        let shared = Shared { settings: Arc::new(settings), generation: 0, idle: Vec::new(), trouble: None };
        Pool {
            origin: Arc::new(Origin::new(program)),
            replace_after: REPLACE_AFTER,
            permits: Semaphore::new(count.max(1)),
            shared: Mutex::new(shared),
        }
    }

    /// Starts the spawner now and for good: it is not started again should it end ([`Pool::orphaned`]). For a process that
    /// then gives up what the spawner needs. `hand_out` is a file whose content is had from the spawner from then on.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn settle(&self, hand_out: Option<&Path>) -> Result<(), OpenerError> {
        self.origin.settle(hand_out).map_err(OpenerError::Setup)
    }

    /// Waits until no worker can ever be made again, because a spawner that was started for good has ended.
    pub async fn orphaned(&self) {
        self.origin.orphaned().await;
    }

    /// What stands now in the file that was named to [`Pool::settle`].
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub async fn handed_out(&self) -> Result<Vec<u8>, OpenerError> {
        let origin = self.origin.clone();
        blocking(move || origin.hand_out()).await.map_err(OpenerError::Setup)
    }

    /// The same pool, with workers that are replaced after `messages`.
    pub fn replace_after(mut self, messages: u32) -> Pool {
        self.replace_after = messages.max(1);
        self
    }

    /// What a worker says about its keys, the team and its settings; starts one if none is there.
    pub async fn ready(&self) -> Result<Ready, OpenerError> {
        let (worker, _permit) = self.checkout().await?;
        let ready = Ready::clone(&worker.ready);
        self.give_back(worker);
        Ok(ready)
    }

    /// Process ids of the workers that wait for a message, for people who look after them.
    pub fn idle(&self) -> Vec<u32> {
        self.shared().idle.iter().map(|worker| worker.pid).collect()
    }

    /// Reads keys, routing and templates again. Where that fails, everything stays as it was.
    pub async fn reload(&self, settings: WorkerSettings) -> Result<Ready, OpenerError> {
        let mut worker = Worker::start(&self.origin, Arc::new(settings.clone())).await.map_err(OpenerError::Setup)?;
        let ready = Ready::clone(&worker.ready);
        let mut shared = self.shared();
        shared.settings = Arc::new(settings);
        shared.generation += 1;
        shared.trouble = None;
        worker.generation = shared.generation;
        shared.idle = vec![worker];
        Ok(ready)
    }

    /// Opens, reads and judges a message, and says everything about it for a person who holds the key.
    pub async fn inspect(
        &self,
        message: &RawMessage,
        known: &Known,
        options: InspectOptions,
    ) -> Result<(Assessment, Inspection), OpenerError> {
        let request = Request::Inspect(Envelope::of(message), bounded(known), options);
        match self.exchange(request, Some(&message.bytes)).await? {
            (Answer::Inspected(assessment), pieces) => {
                let json = Secret::new(pieces.into_iter().next().unwrap_or_default());
                let inspection = serde_json::from_slice(json.expose()).map_err(|_| confused())?;
                Ok((*assessment, inspection))
            }
            (answer, _) => Err(unexpected(answer)),
        }
    }

    async fn exchange(
        &self,
        request: Request<'_>,
        bytes: Option<&[u8]>,
    ) -> Result<(Answer, Vec<Vec<u8>>), OpenerError> {
        let (mut worker, _permit) = self.checkout().await?;
        let limits = self.shared().settings.limits.clone();
        // A message over the limit is cut: its stated size tells the worker so.
        let body = bytes.map(|bytes| &bytes[..bytes.len().min(limits.message_size as usize)]);
        let head = protocol::encode(&request).map_err(|_| confused())?;
        let pieces: Vec<&[u8]> = std::iter::once(head.as_slice()).chain(body).collect();
        let reason = match timeout(Duration::from_secs(limits.seconds), worker.ask(&pieces)).await {
            Ok(Ok(answer)) => {
                self.give_back(worker);
                return Ok(answer);
            }
            Ok(Err(error)) => worker.last_words(&error).await,
            Err(_) => format!("it took more than {} seconds", limits.seconds),
        };
        tracing::warn!(reason, "worker lost");
        Err(OpenerError::Died(reason))
    }

    /// A worker that is alive, and the right to use it.
    async fn checkout(&self) -> Result<(Worker, SemaphorePermit<'_>), OpenerError> {
        let closed = |_| OpenerError::Setup("the workers are shutting down".into());
        let permit = self.permits.acquire().await.map_err(closed)?;
        let (settings, generation) = {
            let mut shared = self.shared();
            while let Some(worker) = shared.idle.pop() {
                if worker.waits() {
                    return Ok((worker, permit));
                }
            }
            if let Some(trouble) = shared.trouble.as_ref().filter(|trouble| trouble.until > Instant::now()) {
                return Err(OpenerError::Setup(trouble.sentence.clone()));
            }
            (shared.settings.clone(), shared.generation)
        };
        match Worker::start(&self.origin, settings).await {
            Ok(mut worker) => {
                worker.generation = generation;
                self.shared().trouble = None;
                Ok((worker, permit))
            }
            Err(sentence) => {
                self.shared().remember(&sentence);
                Err(OpenerError::Setup(sentence))
            }
        }
    }

    fn give_back(&self, mut worker: Worker) {
        worker.served += 1;
        let mut shared = self.shared();
        if worker.served < self.replace_after && worker.generation == shared.generation {
            shared.idle.push(worker);
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn remember(&mut self, sentence: &str) {
        let wait = self.trouble.as_ref().map_or(FIRST_WAIT, |trouble| (trouble.wait * 2).min(LONGEST_WAIT));
        tracing::error!(reason = sentence, wait_seconds = wait.as_secs(), "no worker can be started");
        self.trouble = Some(Trouble { sentence: sentence.to_owned(), wait, until: Instant::now() + wait });
    }
}

impl Worker {
    /// Has one made and waits until it has read its keys. The error is a sentence for the operator.
    async fn start(origin: &Arc<Origin>, settings: Arc<WorkerSettings>) -> Result<Worker, String> {
        let origin = origin.clone();
        let spawned = blocking(move || origin.worker(&settings)).await?;
        let failed = |error: io::Error| format!("cannot talk to a worker: {error}");
        let mut worker = Worker {
            pid: spawned.pid,
            stream: UnixStream::from_std(spawned.talk).map_err(failed)?,
            life: UnixStream::from_std(spawned.life).map_err(failed)?,
            ready: Arc::default(),
            generation: 0,
            served: 0,
        };
        match timeout(START_TIME, worker.hear()).await {
            Ok(Ok((Answer::Ready(ready), _))) => worker.ready = Arc::from(ready),
            Ok(Ok((Answer::Unusable(sentence), _))) => return Err(sentence),
            Ok(Ok(_)) => return Err(confused().to_string()),
            Ok(Err(error)) => {
                return Err(format!("a worker ended while it started: {}", worker.last_words(&error).await));
            }
            Err(_) => return Err("a worker did not start within a minute; look at its keys and passwords".into()),
        }
        worker.introduce();
        Ok(worker)
    }

    /// The first line about it in the log: what holds it in, and what does not.
    fn introduce(&self) {
        let Confinement { landlock, seccomp, memory, missing } = &self.ready.confinement;
        let worker = self.pid;
        tracing::info!(worker, landlock, seccomp, memory, "worker is confined");
        missing
            .iter()
            .for_each(|missing| tracing::warn!(worker, missing, "worker is held in by less than it should be"));
    }

    async fn ask(&mut self, pieces: &[&[u8]]) -> io::Result<(Answer, Vec<Vec<u8>>)> {
        protocol::send(&mut self.stream, pieces).await?;
        self.hear().await
    }

    async fn hear(&mut self) -> io::Result<(Answer, Vec<Vec<u8>>)> {
        let mut pieces = protocol::receive(&mut self.stream, protocol::MAX_ANSWER).await?;
        let head = Secret::new(pieces.remove(0));
        Ok((protocol::decode(head.expose())?, pieces))
    }

    /// Whether it is alive and has nothing to say, asked of the kernel: its end of the conversation is closed before
    /// anybody can see that it is dead.
    fn waits(&self) -> bool {
        let looked = rustix::net::recv(&self.stream, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT);
        matches!(looked, Err(Errno::AGAIN))
    }

    /// How it ended, for the operator.
    async fn last_words(&mut self, error: &io::Error) -> String {
        let mut words = String::new();
        match timeout(Duration::from_secs(1), self.life.read_to_string(&mut words)).await {
            Ok(Ok(1..)) => words,
            _ => error.to_string(),
        }
    }
}

/// Does what blocks for milliseconds where it holds up nobody, and to its end, even when nobody waits for it any more.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err("the workers are shutting down".into()))
}

#[async_trait]
impl Opener for Pool {
    async fn outline(&self, message: &RawMessage) -> Result<Outline, OpenerError> {
        let most = self.shared().settings.limits.header_size;
        let header = &message.bytes[..message.bytes.len().min(most)];
        match self.exchange(Request::Outline(Envelope::of(message)), Some(header)).await? {
            (Answer::Outlined(outline), _) => Ok(outline),
            (answer, _) => Err(unexpected(answer)),
        }
    }

    async fn assess(&self, message: &RawMessage, known: &Known) -> Result<Assessed, OpenerError> {
        let request = Request::Assess(Envelope::of(message), bounded(known));
        match self.exchange(request, Some(&message.bytes)).await? {
            (Answer::Assessed(assessed), _) => Ok(*assessed),
            (answer, _) => Err(unexpected(answer)),
        }
    }

    async fn draft(&self, message: &RawMessage, known: &Known, order: &DraftOrder) -> Result<Draft, OpenerError> {
        let request = Request::Draft(Envelope::of(message), bounded(known), Box::new(Cow::Borrowed(order)));
        match self.exchange(request, Some(&message.bytes)).await? {
            (Answer::Drafted(draft), _) => Ok(*draft),
            (answer, _) => Err(unexpected(answer)),
        }
    }

    async fn compose(
        &self,
        message: Option<&RawMessage>,
        known: &Known,
        order: &ComposeOrder,
    ) -> Result<Vec<OutgoingMail>, OpenerError> {
        let request = Request::Compose(message.map(Envelope::of), bounded(known), Box::new(Cow::Borrowed(order)));
        composed(self.exchange(request, message.map(|message| message.bytes.as_slice())).await?)
    }

    async fn digest(&self, order: &DigestOrder) -> Result<Vec<OutgoingMail>, OpenerError> {
        composed(self.exchange(Request::Digest(Box::new(Cow::Borrowed(order))), None).await?)
    }
}

/// What a request has room for, whoever filled it.
fn bounded(known: &Known) -> Cow<'static, Known> {
    Cow::Owned(known.within_bounds())
}

/// The mails together with their bytes.
fn composed(answer: (Answer, Vec<Vec<u8>>)) -> Result<Vec<OutgoingMail>, OpenerError> {
    match answer {
        (Answer::Composed(mails), pieces) if mails.len() == pieces.len() => {
            Ok(mails.into_iter().zip(pieces).map(|(mail, bytes)| OutgoingMail { bytes, ..mail }).collect())
        }
        (answer, _) => Err(unexpected(answer)),
    }
}

fn unexpected(answer: Answer) -> OpenerError {
    match answer {
        Answer::Refused(sentence) => OpenerError::Refused(sentence),
        _ => confused(),
    }
}

fn confused() -> OpenerError {
    OpenerError::Setup("a worker answered something else; are daemon and worker the same program?".into())
}
