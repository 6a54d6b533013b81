use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::PathBuf;
use std::process::Stdio;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::process::{Child, ChildStderr, Command};

use super::guard::Guard;
use super::order::{MAX_FRAME, Order, Reply};
use crate::model::{Secret, WorkerSettings};
use crate::worker::confinement::{self, ConfinementError};
use crate::worker::protocol::{self, Request};
use crate::worker::{Confinement, Material};

/// This program, even when another was installed in its place meanwhile: daemon, spawner and workers are always one.
const OWN_PROGRAM: &str = "/proc/self/exe";
/// Most that one worker may say on its standard error: the place of a panic, not a log.
const MAX_WORDS: u64 = 16 << 10;

/// Why the spawner ended other than by the daemon's leave; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SpawnerError {
    #[error("the spawner is started by the daemon and not by hand: use `run`, `process` or `inspect`")]
    ByHand,
    #[error("the spawner cannot be confined: {0}")]
    Unconfined(#[from] ConfinementError),
    #[error("the spawner lost the daemon: {0}")]
    Lost(#[from] io::Error),
}

/// What `advisory-intake spawner` does: makes workers for the daemon on standard input, which is a socket, until it is
/// closed. `hand_out` is a file whose content the daemon may ask for.
///
/// # Errors
///
/// When standard input is no socket, or the process cannot be confined.
pub fn run(hand_out: Option<PathBuf>) -> Result<(), SpawnerError> {
    confinement::begin()?;
    let control = BlockingStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    control.peer_addr().map_err(|_| SpawnerError::ByHand)?;
    control.set_nonblocking(true)?;
    let confinement = confinement::confine_spawner()?;
    // One thread: it waits for the daemon, for workers that end, and for nothing else.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let control = UnixStream::from_std(control)?;
        Spawner { control, confinement, hand_out, guard: Guard::default() }.serve().await;
        Ok(())
    })
}

struct Spawner {
    control: UnixStream,
    confinement: Confinement,
    hand_out: Option<PathBuf>,
    guard: Guard,
}

impl Spawner {
    /// Until the daemon closes its end, or says what cannot be understood. Workers that still live end then.
    async fn serve(mut self) {
        while let Ok(pieces) = protocol::receive(&mut self.control, MAX_FRAME).await {
            let Some(order) = pieces.first().and_then(|piece| protocol::decode(piece).ok()) else { return };
            if self.obey(order).await.is_err() {
                return;
            }
        }
    }

    async fn obey(&mut self, order: Order<'_>) -> io::Result<()> {
        match order {
            Order::HandOut => {
                let reply = match self.hand_out.as_deref().map(std::fs::read) {
                    Some(Ok(content)) => Reply::HandedOut(content),
                    Some(Err(error)) => Reply::Failed(error.to_string()),
                    None => Reply::Failed("no file was named".into()),
                };
                self.reply(&reply).await
            }
            Order::Worker(settings) => match self.start(&settings) {
                Ok(worker) => {
                    self.reply(&Reply::Started { pid: worker.pid }).await?;
                    self.pass([worker.talk, worker.life]).await
                }
                Err(sentence) => self.reply(&Reply::Failed(sentence)).await,
            },
        }
    }

    async fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        protocol::send(&mut self.control, &[&protocol::encode(reply)?]).await
    }

    /// Hands descriptors to the daemon (unix(7), `SCM_RIGHTS`) and forgets them here.
    async fn pass(&self, descriptors: [OwnedFd; 2]) -> io::Result<()> {
        let borrowed = descriptors.each_ref().map(AsFd::as_fd);
        let send = || {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            control.push(SendAncillaryMessage::ScmRights(&borrowed));
            Ok(sendmsg(&self.control, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?)
        };
        self.control.async_io(Interest::WRITABLE, send).await.map(drop)
    }

    /// Starts a worker and sends it what it works with. The error is a sentence for the operator.
    fn start(&mut self, settings: &WorkerSettings) -> Result<Started, String> {
        self.guard.admit(settings)?;
        let material = Material::read(settings).map_err(|error| error.to_string())?;
        let failed = |error: io::Error| format!("cannot start a worker: {error}");
        let start = Start::new(settings, &material, &self.confinement).map_err(failed)?;
        let (talk, theirs) = BlockingStream::pair().map_err(failed)?;
        let (life, ours) = BlockingStream::pair().map_err(failed)?;
        for end in [&talk, &life, &ours] {
            end.set_nonblocking(true).map_err(failed)?;
        }
        let mut child = command(theirs.into()).spawn().map_err(failed)?;
        let pid = child.id().unwrap_or_default();
        let sending = UnixStream::from_std(talk.try_clone().map_err(failed)?).map_err(failed)?;
        let life_line = UnixStream::from_std(ours).map_err(failed)?;
        tokio::spawn(start.send(sending));
        tokio::spawn(relay(child.stderr.take()));
        tokio::spawn(attend(child, life_line));
        Ok(Started { pid, talk: talk.into(), life: life.into() })
    }
}

/// A worker that was just started.
struct Started {
    pid: u32,
    /// Speaks with the worker.
    talk: OwnedFd,
    /// Says how the worker ended; closing it ends the worker.
    life: OwnedFd,
}

fn command(conversation: OwnedFd) -> Command {
    let mut command = Command::new(OWN_PROGRAM);
    command.arg0(env!("CARGO_PKG_NAME")).arg("worker").env_clear().env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::from(conversation)).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A worker's first frame: the keys are in it.
struct Start {
    head: Vec<u8>,
    material: Secret<Vec<u8>>,
}

impl Start {
    fn new(settings: &WorkerSettings, material: &Material, spawner: &Confinement) -> io::Result<Self> {
        let request = Request::Start(Box::new(std::borrow::Cow::Borrowed(settings)), Box::new(spawner.clone()));
        Ok(Start { head: protocol::encode(&request)?, material: Secret::new(protocol::encode(material)?) })
    }

    /// A worker that ends before it has heard everything says so by its exit code.
    async fn send(self, mut to: UnixStream) {
        let _ = protocol::send(&mut to, &[&self.head, self.material.expose()]).await;
    }
}

/// Waits for the worker's end and tells it over the life line; when the daemon lets go of that, ends the worker.
async fn attend(mut child: Child, mut life: UnixStream) {
    let let_go = tokio::select! {
        _ = child.wait() => false,
        _ = life.read_u8() => true,
    };
    if let_go {
        // It can have ended by itself in between.
        let _ = child.start_kill();
    }
    if let Ok(status) = child.wait().await {
        let _ = life.write_all(status.to_string().as_bytes()).await;
    }
}

/// Passes on what a worker says on its standard error, up to a bound: it may write to no file itself.
async fn relay(words: Option<ChildStderr>) {
    let Some(mut words) = words else { return };
    let mut bound = MAX_WORDS;
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = words.read(&mut buffer).await {
        let passed = bound.min(length as u64);
        bound -= passed;
        // Whoever does not read the log has only himself to blame.
        let _ = io::Write::write_all(&mut io::stderr(), &buffer[..passed as usize]);
    }
}
