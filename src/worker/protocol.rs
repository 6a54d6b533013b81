//! What the daemon and a worker say to each other over their socket pair.
//!
//! A frame is a count of pieces and then each piece with its length, both as big-endian `u32`. The first piece is the
//! request or the answer in postcard's encoding; what is large (a message, finished mails) follows as pieces of its own,
//! which are moved and never copied into the first. The reader allocates as bytes arrive and not as a length announces.

use std::borrow::Cow;
use std::io::{self, IoSlice, Read, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Confinement, Ready};
use crate::model::{
    Assessed, Assessment, ComposeOrder, DigestOrder, Draft, DraftOrder, Known, Origin, OutgoingMail, Outline,
    RawMessage, WorkerSettings,
};

/// Most bytes of a worker's first frame: settings, and all keys and certificates.
pub(super) const MAX_START: u64 = 256 << 20;
/// Most bytes of one answer: the alerts for a large team, with their attachments.
pub(super) const MAX_ANSWER: u64 = 512 << 20;
/// Room for everything of a request but the message itself.
pub(super) const REQUEST_OVERHEAD: u64 = 4 << 20;
/// Most pieces of a frame: a mail each for a team that is larger than any.
const MAX_PIECES: u32 = 1 << 12;
/// Memory set aside before the first byte of a piece has come. A draft fits, so that none is left behind in memory that was
/// given back when there was more room to be made; what it ends in is wiped.
const FIRST_ALLOCATION: u64 = 1 << 20;

/// What the daemon asks. The message's bytes are the frame's second piece.
#[derive(Serialize, Deserialize)]
pub(super) enum Request<'a> {
    /// The first request, once, from the spawner; the second piece is the material. With what holds the spawner in.
    Start(Box<Cow<'a, WorkerSettings>>, Box<Confinement>),
    /// The message's bytes are its header section alone.
    Outline(Envelope),
    Assess(Envelope, Cow<'a, Known>),
    Draft(Envelope, Cow<'a, Known>, Box<Cow<'a, DraftOrder>>),
    Compose(Option<Envelope>, Cow<'a, Known>, Box<Cow<'a, ComposeOrder>>),
    Digest(Box<Cow<'a, DigestOrder>>),
    Inspect(Envelope, Cow<'a, Known>, InspectOptions),
}

/// What a worker answers.
#[derive(Serialize, Deserialize)]
pub(super) enum Answer {
    Ready(Box<Ready>),
    Outlined(Outline),
    Assessed(Box<Assessed>),
    Drafted(Box<Draft>),
    /// The mails' bytes are the further pieces, in the same order.
    Composed(Vec<OutgoingMail>),
    /// The inspection is the second piece, as JSON: it leaves fields out, which postcard cannot.
    Inspected(Box<Assessment>),
    /// The request cannot be carried out; why, for the operator.
    Refused(String),
    /// The settings cannot be worked with; why, for the operator. The worker ends.
    Unusable(String),
}

/// A [`RawMessage`] but for its bytes.
#[derive(Serialize, Deserialize)]
pub(super) struct Envelope {
    origin: Origin,
    received: OffsetDateTime,
    size: u64,
}

/// How a message is looked at.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct InspectOptions {
    /// Adds the text that a reader would see.
    pub show_text: bool,
}

impl Envelope {
    pub(super) fn of(message: &RawMessage) -> Self {
        Envelope { origin: message.origin.clone(), received: message.received, size: message.size }
    }

    /// The message again, with its bytes.
    pub(super) fn open(self, bytes: Vec<u8>) -> RawMessage {
        RawMessage { origin: self.origin, received: self.received, size: self.size, bytes }
    }
}

/// The first piece of a frame.
pub(super) fn encode<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    postcard::to_stdvec(value).map_err(io::Error::other)
}

/// The value in the first piece of a frame.
pub(super) fn decode<T: DeserializeOwned>(piece: &[u8]) -> io::Result<T> {
    postcard::from_bytes(piece).map_err(|_| garbled("a frame that is no request or answer"))
}

/// Sends a frame, as the daemon does.
pub(super) async fn send<W: AsyncWrite + Unpin>(to: &mut W, pieces: &[&[u8]]) -> io::Result<()> {
    let lengths = lengths(pieces)?;
    let mut frame = frame(&lengths, pieces);
    let mut rest = frame.as_mut_slice();
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let sent = some(to.write_vectored(rest).await?)?;
        IoSlice::advance_slices(&mut rest, sent);
    }
    to.flush().await
}

/// Receives a frame of at most `limit` bytes, as the daemon does.
pub(super) async fn receive<R: AsyncRead + Unpin>(from: &mut R, limit: u64) -> io::Result<Vec<Vec<u8>>> {
    let mut budget = limit;
    let count = count(from.read_u32().await?)?;
    let mut pieces = Vec::new();
    for _ in 0..count {
        let length = charge(&mut budget, from.read_u32().await?)?;
        let mut piece = Vec::with_capacity(length.min(FIRST_ALLOCATION) as usize);
        from.take(length).read_to_end(&mut piece).await?;
        pieces.push(whole(piece, length)?);
    }
    Ok(pieces)
}

/// Sends a frame, as a worker does.
pub(super) fn send_blocking<W: Write>(to: &mut W, pieces: &[&[u8]]) -> io::Result<()> {
    let lengths = lengths(pieces)?;
    let mut frame = frame(&lengths, pieces);
    let mut rest = frame.as_mut_slice();
    IoSlice::advance_slices(&mut rest, 0);
    while !rest.is_empty() {
        let sent = some(to.write_vectored(rest)?)?;
        IoSlice::advance_slices(&mut rest, sent);
    }
    to.flush()
}

/// Receives a frame of at most `limit` bytes, as a worker does. `None`: the daemon is gone.
pub(super) fn receive_blocking<R: Read>(from: &mut R, limit: u64) -> io::Result<Option<Vec<Vec<u8>>>> {
    let mut budget = limit;
    let count = match read_u32(from) {
        Ok(number) => count(number)?,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut pieces = Vec::new();
    for _ in 0..count {
        let length = charge(&mut budget, read_u32(from)?)?;
        let mut piece = Vec::with_capacity(length.min(FIRST_ALLOCATION) as usize);
        from.take(length).read_to_end(&mut piece)?;
        pieces.push(whole(piece, length)?);
    }
    Ok(Some(pieces))
}

fn read_u32<R: Read>(from: &mut R) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_be_bytes(bytes))
}

/// The count of pieces, and the length of each.
fn lengths(pieces: &[&[u8]]) -> io::Result<Vec<[u8; 4]>> {
    std::iter::once(pieces.len()).chain(pieces.iter().map(|piece| piece.len())).map(length).collect()
}

/// A frame in the order of the wire. It is handed to the kernel in one go: a reader that is woken for each length pays with
/// a tenth of what a short message costs.
fn frame<'a>(lengths: &'a [[u8; 4]], pieces: &[&'a [u8]]) -> Vec<IoSlice<'a>> {
    let none: &[u8] = &[];
    let pieces = std::iter::once(none).chain(pieces.iter().copied());
    let both = lengths.iter().zip(pieces).flat_map(|(length, piece)| [length.as_slice(), piece]);
    both.map(IoSlice::new).collect()
}

/// What was written, which is something.
fn some(written: usize) -> io::Result<usize> {
    if written == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(written) }
}

fn length(length: usize) -> io::Result<[u8; 4]> {
    u32::try_from(length).map(u32::to_be_bytes).map_err(|_| garbled("a piece of 4 GiB or more"))
}

fn count(count: u32) -> io::Result<u32> {
    if (1..=MAX_PIECES).contains(&count) { Ok(count) } else { Err(garbled("a frame of too many pieces, or of none")) }
}

fn charge(budget: &mut u64, length: u32) -> io::Result<u64> {
    let length = u64::from(length);
    *budget = budget.checked_sub(length).ok_or_else(|| garbled("a frame over the limit"))?;
    Ok(length)
}

fn whole(piece: Vec<u8>, length: u64) -> io::Result<Vec<u8>> {
    if piece.len() as u64 == length { Ok(piece) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn garbled(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_arrive_as_they_were_sent_on_both_sides() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let cases: [&[&[u8]]; 3] = [&[b"head"], &[b"", b""], &[b"head", &[7; 100_000], b"tail"]];
        for pieces in cases {
            let mut wire = Vec::new();
            send_blocking(&mut wire, pieces).unwrap();
            let mut other = Vec::new();
            runtime.block_on(send(&mut other, pieces)).unwrap();
            assert_eq!(wire, other);
            assert_eq!(receive_blocking(&mut wire.as_slice(), 1 << 20).unwrap().unwrap(), pieces);
            assert_eq!(runtime.block_on(receive(&mut wire.as_slice(), 1 << 20)).unwrap(), pieces);
        }
        assert!(receive_blocking(&mut [].as_slice(), 1).unwrap().is_none());
    }

    #[test]
    fn refuses_frames_that_lie_or_are_too_large() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let cases: [(&str, &[u8]); 5] = [
            ("no pieces", &[0, 0, 0, 0]),
            ("too many pieces", &[255, 255, 255, 255]),
            ("a piece over the limit", &[0, 0, 0, 1, 255, 255, 255, 255, 1]),
            ("pieces over the limit together", &[0, 0, 0, 2, 0, 0, 0, 2, 1, 1, 0, 0, 0, 3, 1, 1, 1]),
            ("cut off", &[0, 0, 0, 1, 0, 0, 0, 3, 1]),
        ];
        for (name, wire) in cases {
            assert!(receive_blocking(&mut &*wire, 4).is_err(), "{name}");
            assert!(runtime.block_on(receive(&mut &*wire, 4)).is_err(), "{name}");
        }
    }
}
