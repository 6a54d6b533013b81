//! The counting reader: judges bytes before the parser above it spends memory, time or stack on them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::net::Wire;

/// Longest response, literals aside, in bytes. The parser starts over with every packet, so its cost grows with the
/// square of this.
const MAX_RESPONSE: usize = 64 << 10;
/// Deepest nesting of parentheses; the parser recurses once for each.
const MAX_DEPTH: usize = 32;

/// What a server broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Breach {
    #[error("announced a literal of {0} bytes, which is over the limit")]
    Literal(u64),
    #[error("sent an endless line")]
    Line,
    #[error("sent more than was asked for")]
    Total,
    #[error("nested its answer too deeply")]
    Depth,
    #[error("sent an answer that is not IMAP")]
    Malformed,
}

/// How much one command may bring, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    /// Largest single literal.
    pub(super) literal: u64,
    /// Everything together.
    pub(super) total: u64,
}

impl Allowance {
    /// For commands whose answers are a few lines.
    pub(super) const SMALL: Allowance = Allowance { literal: 64 << 10, total: 1 << 20 };
}

/// A connection whose incoming bytes are counted.
#[derive(Debug)]
pub(super) struct Guard {
    wire: Wire,
    scan: Scan,
    /// Runs out when nothing arrives for `patience`; `None` while waiting is the point (IDLE).
    stall: Option<Pin<Box<Sleep>>>,
    patience: Duration,
}

impl Guard {
    pub(super) fn new(wire: Wire, patience: Duration) -> Self {
        Guard { wire, scan: Scan::new(Allowance::SMALL), stall: None, patience }
    }

    /// Before a command: what it may bring from now on.
    pub(super) fn expect(&mut self, allowance: Allowance) {
        self.scan.allowance = allowance;
        self.stall = Some(Box::pin(sleep(self.patience)));
    }

    /// Silence is fine from now on.
    pub(super) fn be_patient(&mut self) {
        self.stall = None;
    }
}

impl AsyncRead for Guard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        if Pin::new(&mut this.wire).poll_read(cx, buf)?.is_pending() {
            if let Some(stall) = &mut this.stall {
                ready!(stall.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            return Poll::Pending;
        }
        if let Some(stall) = &mut this.stall {
            stall.as_mut().reset(Instant::now() + this.patience);
        }
        let fresh = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.scan.admit(fresh).map_err(|breach| io::Error::new(io::ErrorKind::InvalidData, breach)))
    }
}

impl AsyncWrite for Guard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}

/// Where in a response the last byte was.
#[derive(Debug)]
struct Scan {
    allowance: Allowance,
    /// The response so far, without its literals.
    response: Vec<u8>,
    /// Where its current line begins: looking at one line again and again would be quadratic.
    line: usize,
    /// Bytes of the current literal that are still to come.
    literal: u64,
    quoted: bool,
    escaped: bool,
    depth: usize,
}

impl Scan {
    fn new(allowance: Allowance) -> Self {
        Scan { allowance, response: Vec::new(), line: 0, literal: 0, quoted: false, escaped: false, depth: 0 }
    }

    fn admit(&mut self, mut bytes: &[u8]) -> Result<(), Breach> {
        let total = self.allowance.total.checked_sub(bytes.len() as u64).ok_or(Breach::Total)?;
        self.allowance.total = total;
        while let Some((first, rest)) = bytes.split_first() {
            if self.literal > 0 {
                let skipped = usize::try_from(self.literal).unwrap_or(usize::MAX).min(bytes.len());
                self.literal -= skipped as u64;
                bytes = bytes.get(skipped..).unwrap_or_default();
                continue;
            }
            self.byte(*first)?;
            bytes = rest;
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8) -> Result<(), Breach> {
        self.response.push(byte);
        if self.response.len() > MAX_RESPONSE {
            return Err(Breach::Line);
        }
        match byte {
            b'\n' => return self.end_of_line(),
            _ if self.escaped => self.escaped = false,
            b'\\' if self.quoted => self.escaped = true,
            b'"' => self.quoted = !self.quoted,
            b'(' if !self.quoted => self.depth += 1,
            b')' if !self.quoted => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > MAX_DEPTH && self.has_structure() { Err(Breach::Depth) } else { Ok(()) }
    }

    fn end_of_line(&mut self) -> Result<(), Breach> {
        if self.has_structure() {
            let line = self.response.get(self.line..).unwrap_or_default();
            // The parser above unwraps this date.
            if self.quoted || contains(line, b"INTERNALDATE NIL") {
                return Err(Breach::Malformed);
            }
            if let Some(size) = announced(line) {
                if size > self.allowance.literal {
                    return Err(Breach::Literal(size));
                }
                self.literal = size;
                self.line = self.response.len();
                return Ok(());
            }
        }
        *self = Scan::new(self.allowance);
        Ok(())
    }

    /// Whether this response has literals, quotes and parentheses, and is not a line of text for people (RFC 9051 7.1).
    fn has_structure(&self) -> bool {
        let Some(rest) = self.response.strip_prefix(b"* ") else {
            return false;
        };
        let word = rest.split(|b| matches!(b, b' ' | b'\r' | b'\n')).next().unwrap_or_default();
        !["OK", "NO", "BAD", "BYE", "PREAUTH"].iter().any(|status| word.eq_ignore_ascii_case(status.as_bytes()))
    }
}

/// The size in `… {123}` or `… {123+}` at the end of a line.
fn announced(line: &[u8]) -> Option<u64> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let digits = line.get(line.iter().rposition(|b| *b == b'{')? + 1..)?;
    let digits = std::str::from_utf8(digits.strip_suffix(b"+").unwrap_or(digits)).ok()?;
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &[u8], step: usize) -> Result<(), Breach> {
        let mut scan = Scan::new(Allowance { literal: 1_000, total: 1 << 20 });
        text.chunks(step).try_for_each(|chunk| scan.admit(chunk))
    }

    #[test]
    fn judges_bytes_however_they_are_cut() {
        let long = format!("* 1 FETCH ({}", "x".repeat(MAX_RESPONSE));
        let many_literals = format!("* LIST {}", "{0}\r\n".repeat(MAX_RESPONSE / 4));
        let deep = format!("* 1 FETCH (BODY {}", "(".repeat(40));
        let deep_in_quotes = format!("* 1 FETCH (X \"{}\")\r\n", "(".repeat(40));
        let deep_in_text = format!("* OK {}\r\n", "(".repeat(40));
        let deep_in_literal = format!("* 1 FETCH (BODY[] {{40}}\r\n{})\r\n", "(".repeat(40));
        let cases: [(&str, Result<(), Breach>); 15] = [
            ("* OK hello {99999999}\r\nA1 OK done\r\n", Ok(())),
            ("* 1 FETCH (BODY[] {5}\r\nab\r\n) UID 7)\r\nA1 OK\r\n", Ok(())),
            ("* 1 FETCH (BODY[] {1001}\r\n", Err(Breach::Literal(1_001))),
            ("* 1 FETCH (BODY[] {1001+}\r\n", Err(Breach::Literal(1_001))),
            ("* 1 FETCH (BODY[] {99999999999999999999999}\r\n", Err(Breach::Literal(u64::MAX))),
            ("* 1 FETCH (UID 3 BODY[] {3}\r\nabc BODY[2] {1001}\r\n", Err(Breach::Literal(1_001))),
            ("* 1 FETCH (X \"\\\"{5}\r\n", Err(Breach::Malformed)),
            ("* 1 FETCH (internaldate nil)\r\n", Err(Breach::Malformed)),
            ("* 1 FETCH (INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\r\n", Ok(())),
            (&long, Err(Breach::Line)),
            (&many_literals, Err(Breach::Line)),
            (&deep, Err(Breach::Depth)),
            (&deep_in_quotes, Ok(())),
            (&deep_in_text, Ok(())),
            (&deep_in_literal, Ok(())),
        ];
        for (text, expected) in cases {
            for step in [1, 7, 4_096] {
                assert_eq!(scan(text.as_bytes(), step), expected, "{:.60} in steps of {step}", text);
            }
        }
    }

    #[test]
    fn the_total_is_counted_across_responses() {
        let mut scan = Scan::new(Allowance { literal: 10, total: 30 });
        assert_eq!(scan.admit(b"* 1 EXISTS\r\n"), Ok(()));
        assert_eq!(scan.admit(b"* 1 EXISTS\r\n"), Ok(()));
        assert_eq!(scan.admit(b"* 1 EXISTS\r\n"), Err(Breach::Total));
    }
}
