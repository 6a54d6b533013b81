use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use time::OffsetDateTime;

use super::desk::Desk;
use super::protocol::{self, Answer, REQUEST_OVERHEAD, Request};
use crate::model::{OutgoingMail, RawMessage, Secret, WorkerSettings};
use crate::reply::ComposeError;

/// Why a worker ended other than by the daemon's leave; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("a worker is started by the daemon and not by hand: use `run`, `process` or `inspect`")]
    ByHand,
    #[error("a worker cannot be protected against core dumps: {0}")]
    Unprotected(io::Error),
    #[error("a worker lost the daemon: {0}")]
    Lost(#[from] io::Error),
}

/// What `advisory-intake worker` does: answers the daemon on standard input, which is a socket, until it is closed.
///
/// # Errors
///
/// When standard input is no socket, or what comes over it is no request.
pub fn run() -> Result<(), WorkerError> {
    print_no_payload_on_panic();
    forbid_core_dumps().map_err(WorkerError::Unprotected)?;
    let mut stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    stream.peer_addr().map_err(|_| WorkerError::ByHand)?;
    let Some(mut pieces) = protocol::receive_blocking(&mut stream, REQUEST_OVERHEAD)? else { return Ok(()) };
    let Request::Start(settings) = protocol::decode(&take_first(&mut pieces))? else {
        return Err(io::Error::from(io::ErrorKind::InvalidData).into());
    };
    let desk = match set_up(settings.into_owned(), &mut stream)? {
        Some(desk) => desk,
        None => return Ok(()),
    };
    serve(&desk, &mut stream)
}

/// Loads everything and says how that went. `None`: it did not go, and the daemon knows why.
fn set_up(settings: WorkerSettings, stream: &mut UnixStream) -> Result<Option<(Desk, u64)>, WorkerError> {
    let limit = settings.limits.message_size.saturating_add(REQUEST_OVERHEAD);
    let (answer, desk) = match Desk::open(settings, OffsetDateTime::now_utc()) {
        Ok(desk) => (Answer::Ready(Box::new(desk.ready())), Some((desk, limit))),
        Err(error) => (Answer::Unusable(error.to_string()), None),
    };
    protocol::send_blocking(stream, &[&protocol::encode(&answer)?])?;
    Ok(desk)
}

fn serve((desk, limit): &(Desk, u64), stream: &mut UnixStream) -> Result<(), WorkerError> {
    while let Some(mut pieces) = protocol::receive_blocking(stream, *limit)? {
        let request = protocol::decode(&take_first(&mut pieces))?;
        let (answer, bodies) = answer(desk, request, pieces.pop().unwrap_or_default())?;
        let head = Secret::new(protocol::encode(&answer)?);
        let pieces: Vec<&[u8]> =
            std::iter::once(head.expose().as_slice()).chain(bodies.iter().map(|b| b.expose().as_slice())).collect();
        protocol::send_blocking(stream, &pieces)?;
    }
    Ok(())
}

type Bodies = Vec<Secret<Vec<u8>>>;

fn answer(desk: &Desk, request: Request<'_>, bytes: Vec<u8>) -> io::Result<(Answer, Bodies)> {
    let now = OffsetDateTime::now_utc();
    Ok(match request {
        Request::Start(_) => (Answer::Refused("a worker is started once".into()), Bodies::new()),
        Request::Outline(envelope) => (Answer::Outlined(desk.outline(&envelope.open(bytes))), Bodies::new()),
        Request::Assess(envelope, known) => {
            (Answer::Assessed(Box::new(desk.assess(&envelope.open(bytes), &known, now))), Bodies::new())
        }
        Request::Draft(envelope, known, order) => {
            (Answer::Drafted(Box::new(desk.draft(&envelope.open(bytes), &known, &order, now))), Bodies::new())
        }
        Request::Compose(envelope, known, order) => {
            let message: Option<RawMessage> = envelope.map(|envelope| envelope.open(bytes));
            composed(desk.compose(message.as_ref(), &known, &order))
        }
        Request::Digest(order) => composed(desk.digest(&order)),
        Request::Inspect(envelope, known, options) => {
            let (assessment, inspection) = desk.inspect(&envelope.open(bytes), &known, options, now);
            let json = serde_json::to_vec(&inspection).map_err(io::Error::other)?;
            (Answer::Inspected(Box::new(assessment)), vec![Secret::new(json)])
        }
    })
}

/// The mails without their bytes, and the bytes.
fn composed(result: Result<Vec<OutgoingMail>, ComposeError>) -> (Answer, Bodies) {
    let mut mails = match result {
        Ok(mails) => mails,
        Err(error) => return (Answer::Refused(error.to_string()), Bodies::new()),
    };
    let bodies = mails.iter_mut().map(|mail| Secret::new(std::mem::take(&mut mail.bytes))).collect();
    (Answer::Composed(mails), bodies)
}

fn take_first(pieces: &mut Vec<Vec<u8>>) -> Vec<u8> {
    if pieces.is_empty() { Vec::new() } else { pieces.remove(0) }
}

/// The payload of a panic can quote what was worked on, so only the place is printed.
fn print_no_payload_on_panic() {
    std::panic::set_hook(Box::new(|panic| match panic.location() {
        Some(place) => eprintln!("worker panicked at {}:{}", place.file(), place.line()),
        None => eprintln!("worker panicked"),
    }));
}

/// Nobody reads this process's memory: no core file, no ptrace by others of the same user.
fn forbid_core_dumps() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
