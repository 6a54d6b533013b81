//! A mailbox of an IMAP server (RFC 3501, RFC 9051) as a place where mail arrives (stage 1).
//!
//! The server is not trusted to behave: a guard below async-imap's parser counts every byte before it is parsed, so a
//! huge literal, an endless line or deep nesting ends the connection and not the program; every step has a deadline; and
//! commands are run here, up to their tagged answer, because async-imap's own `fetch` and `search` take a refusal for an
//! empty result and its IDLE hangs or panics on one.
//!
//! One connection serves one mailbox and is kept between calls. After any error it is dropped and the next call makes a new
//! one; waiting before that is the engine's business. A call that is abandoned half-way drops the connection too.
//!
//! Nothing is marked as seen, and nothing is deleted: messages are moved, where the server cannot do that copied and then
//! expunged by UID, and where it cannot even do that copied and flagged.

mod connection;
mod fetch;
mod folders;
mod guard;
mod idle;
mod login;
mod modified_utf7;
mod source;

pub use source::{Imap, Login, Settings, Tls};

/// async-imap prints whole commands, LOGIN among them, at the trace level of `log`.
#[cfg(test)]
#[test]
fn the_library_cannot_print_passwords() {
    const { assert!(log::STATIC_MAX_LEVEL as usize <= log::LevelFilter::Debug as usize) };
}
