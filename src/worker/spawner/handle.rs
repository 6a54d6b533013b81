use std::borrow::Cow;
use std::io::{self, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};

use super::order::{MAX_FRAME, Order, Reply};
use crate::model::WorkerSettings;
use crate::worker::protocol;

/// Longest wait for a reply: reading files and starting a process takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time for the spawner to end once it is told to.
const END_TIME: Duration = Duration::from_secs(2);
/// Between looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(2);

/// The spawner as the daemon has it. Its methods block: a request is answered within milliseconds, and must not be given
/// up half-way, or the next one would get its reply. Dropping it ends the spawner and all its workers.
pub(in crate::worker) struct Spawner {
    control: Mutex<UnixStream>,
    child: Mutex<Child>,
}

/// A worker that begins to read its settings.
pub(in crate::worker) struct Spawned {
    pub pid: u32,
    /// Speaks with the worker; does not block.
    pub talk: UnixStream,
    /// Says how the worker ended; closing it ends the worker. Does not block.
    pub life: UnixStream,
}

/// Why the spawner did not do what it was asked; a sentence for the operator.
pub(in crate::worker) enum SpawnFailure {
    Refused(String),
    /// It has ended, or must be taken to have.
    Lost(String),
}

impl Spawner {
    /// Starts `program spawner`, which may hand out the content of one file.
    pub fn launch(program: &Path, hand_out: Option<&Path>) -> io::Result<Spawner> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_read_timeout(Some(PATIENCE))?;
        ours.set_write_timeout(Some(PATIENCE))?;
        let mut command = Command::new(program);
        command.arg("spawner").args(hand_out.iter().flat_map(|file| [Path::new("--hand-out"), file]));
        // Whoever reads the keys takes nothing from the environment.
        command.env_clear().env("RUST_BACKTRACE", "0");
        let child = command.stdin(OwnedFd::from(theirs)).stdout(Stdio::null()).spawn()?;
        Ok(Spawner { control: Mutex::new(ours), child: Mutex::new(child) })
    }

    /// A new worker with `settings`, whose files the spawner reads.
    pub fn worker(&self, settings: &WorkerSettings) -> Result<Spawned, SpawnFailure> {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = |error| self.lost(&error);
        match exchange(&mut control, &Order::Worker(Box::new(Cow::Borrowed(settings)))).map_err(lost)? {
            Reply::Started { pid } => {
                let [talk, life] = receive_pair(&control).map_err(lost)?.map(UnixStream::from);
                Ok(Spawned { pid, talk, life })
            }
            Reply::Failed(sentence) => Err(SpawnFailure::Refused(sentence)),
            Reply::HandedOut(_) => Err(self.lost(&confused())),
        }
    }

    /// What stands now in the file that was named at the start.
    pub fn hand_out(&self) -> Result<Vec<u8>, SpawnFailure> {
        let mut control = self.control.lock().unwrap_or_else(PoisonError::into_inner);
        match exchange(&mut control, &Order::HandOut).map_err(|error| self.lost(&error))? {
            Reply::HandedOut(content) => Ok(content),
            Reply::Failed(sentence) => Err(SpawnFailure::Refused(sentence)),
            Reply::Started { .. } => Err(self.lost(&confused())),
        }
    }

    fn lost(&self, error: &io::Error) -> SpawnFailure {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let end = ended(&mut child, Duration::from_secs(1)).unwrap_or_else(|| error.to_string());
        SpawnFailure::Lost(format!("the process that starts workers has ended: {end}"))
    }
}

impl Drop for Spawner {
    fn drop(&mut self) {
        let control = self.control.get_mut().unwrap_or_else(PoisonError::into_inner);
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // It ends when it hears nobody any more, and kills its workers; where it is past hearing, it is killed, and they
        // end with it.
        let _ = control.shutdown(Shutdown::Both);
        if ended(child, END_TIME).is_none() && child.kill().is_ok() {
            let _ = child.wait();
        }
    }
}

/// How it ended, if it does so within `patience`.
fn ended(child: &mut Child, patience: Duration) -> Option<String> {
    let end = Instant::now() + patience;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.to_string()),
            Ok(None) if Instant::now() < end => std::thread::sleep(LOOK),
            _ => return None,
        }
    }
}

fn exchange(control: &mut UnixStream, order: &Order<'_>) -> io::Result<Reply> {
    protocol::send_blocking(control, &[&protocol::encode(order)?])?;
    let pieces = protocol::receive_blocking(control, MAX_FRAME)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    pieces.first().map_or_else(|| Err(confused()), |piece| protocol::decode(piece))
}

/// Two descriptors that come with one byte.
fn receive_pair(control: &UnixStream) -> io::Result<[OwnedFd; 2]> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(2))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(control, &mut [IoSliceMut::new(&mut byte)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)?;
    let mut received = Vec::new();
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            received.extend(descriptors);
        }
    }
    received.try_into().map_err(|_| confused())
}

fn confused() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it answered something else")
}
