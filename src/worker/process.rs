use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use time::OffsetDateTime;

use super::confinement::{self, Attempted, Confinement, ConfinementError};
use super::desk::Desk;
use super::protocol::{self, Answer, MAX_START, REQUEST_OVERHEAD, Request};
use super::{Material, Ready};
use crate::model::{Limits, OutgoingMail, RawMessage, Secret, WorkerSettings};
use crate::reply::ComposeError;

/// Why a worker ended other than by the daemon's leave; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    #[error("a worker is started by the daemon and not by hand: use `run`, `process` or `inspect`")]
    ByHand,
    #[error("a worker cannot be protected against core dumps and inherited descriptors: {0}")]
    Unprotected(io::Error),
    #[error(transparent)]
    Unconfined(#[from] ConfinementError),
    #[error("a worker lost the daemon: {0}")]
    Lost(#[from] io::Error),
}

/// How a worker is confined: with so many bytes of memory. [`confinement::confine_worker`], save in a test.
type Confine = fn(u64) -> Result<Confinement, ConfinementError>;

/// What `advisory-intake worker` does: answers the daemon on standard input, which is a socket, until it is closed.
///
/// # Errors
///
/// When standard input is no socket, or what comes over it is no request.
pub fn run() -> Result<(), WorkerError> {
    print_no_payload_on_panic();
    confinement::end_with_parent().and_then(|()| confinement::begin()).map_err(WorkerError::Unprotected)?;
    let mut stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    stream.peer_addr().map_err(|_| WorkerError::ByHand)?;
    work(&mut stream, confinement::confine_worker)
}

/// Becomes a worker that has no keys and no messages, and tries from inside what it must not be able to do.
///
/// # Errors
///
/// When the process cannot be confined at all.
pub fn probe() -> Result<Vec<Attempted>, WorkerError> {
    confine_alone(&Limits::default())?;
    Ok(confinement::attempts().collect())
}

/// Becomes a worker under `limits` that has no keys and no messages, and takes one byte more than it may have: that ends
/// this process.
///
/// # Errors
///
/// When the process cannot be confined at all.
pub fn probe_memory(limits: &Limits) -> Result<u8, WorkerError> {
    let memory = confine_alone(limits)?;
    let taken = vec![1; memory as usize + 1];
    Ok(std::hint::black_box(taken)[0])
}

fn confine_alone(limits: &Limits) -> Result<u64, WorkerError> {
    confinement::begin().map_err(WorkerError::Unprotected)?;
    let memory = confinement::ceiling(limits, 0);
    confinement::confine_worker(memory)?;
    Ok(memory)
}

fn work(stream: &mut UnixStream, confine: Confine) -> Result<(), WorkerError> {
    let Some(mut pieces) = protocol::receive_blocking(stream, MAX_START)? else { return Ok(()) };
    let Request::Start(settings, spawner) = protocol::decode(&take_first(&mut pieces))? else {
        return Err(io::Error::from(io::ErrorKind::InvalidData).into());
    };
    let material = Secret::new(take_first(&mut pieces));
    match set_up(settings.into_owned(), &material, *spawner, confine) {
        Ok((desk, limit, ready)) => {
            protocol::send_blocking(stream, &[&protocol::encode(&Answer::Ready(Box::new(ready)))?])?;
            drop(material);
            serve(&(desk, limit), stream)
        }
        // The daemon is told why, and nothing more is done.
        Err(sentence) => Ok(protocol::send_blocking(stream, &[&protocol::encode(&Answer::Unusable(sentence))?])?),
    }
}

/// Reads the keys, which takes what libraries set up at their first use as well, and then shuts the process in: nothing
/// from outside has been seen before. The error is a sentence for the operator.
fn set_up(
    settings: WorkerSettings,
    material: &Secret<Vec<u8>>,
    spawner: Confinement,
    confine: Confine,
) -> Result<(Desk, u64, Ready), String> {
    let limit = settings.limits.message_size.saturating_add(REQUEST_OVERHEAD);
    let material: Material = protocol::decode(material.expose()).map_err(|error| error.to_string())?;
    let now = OffsetDateTime::now_utc();
    let desk = Desk::set_up(settings, &material, now).map_err(|error| error.to_string())?;
    let confinement = confine(desk.memory_ceiling()).map_err(|error| error.to_string())?;
    let ready = Ready { confinement, spawner, ..desk.ready(now) };
    Ok((desk, limit, ready))
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
        Request::Start(..) => (Answer::Refused("a worker is started once".into()), Bodies::new()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openpgp::KeyFiles;

    /// What a worker says that nothing holds in; it is a thread here.
    #[test]
    fn a_worker_that_nothing_holds_in_refuses_to_work() {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let unconfined: Confine = |_| confinement::verify().map(|()| Confinement::default());
        let worker = std::thread::spawn(move || work(&mut theirs, unconfined));
        let settings = crate::worker::tests::settings();
        let material =
            Material { keys: KeyFiles::read(&settings).unwrap(), routing: None, templates: Default::default() };
        let start = Request::Start(Box::new(std::borrow::Cow::Owned(settings)), Box::default());
        let pieces = [protocol::encode(&start).unwrap(), protocol::encode(&material).unwrap()];
        protocol::send_blocking(&mut ours, &[&pieces[0], &pieces[1]]).unwrap();
        let answer = protocol::receive_blocking(&mut ours, 1 << 20).unwrap().unwrap();
        let Answer::Unusable(sentence) = protocol::decode(&answer[0]).unwrap() else { panic!("it works") };
        assert!(sentence.contains("refuses to work because it could still open a folder"), "{sentence}");
        assert!(sentence.contains("open a socket, make a pair of sockets, connect"), "{sentence}");
        worker.join().unwrap().unwrap();
        assert!(protocol::receive_blocking(&mut ours, 1 << 20).unwrap().is_none(), "it has gone");
    }
}
