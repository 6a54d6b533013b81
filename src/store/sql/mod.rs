//! What a store does, as SQL that SQLite and PostgreSQL both understand. Each driver's room takes this one in with types of its own
//! (`Driver`, `Connection`, `DbRow`), and with `for_update!`, `skip_locked!` and `lock` for what only a database with
//! several writers needs.
//!
//! Flags are integers, times are microseconds, and what the program defines is JSON text: so a value is bound in one way.

mod advance;
mod certificates;
pub mod chain;
mod claim;
mod digest;
mod filings;
mod leases;
mod outbox;
mod read;
mod record;
mod rows;
mod store;
mod twins;

use super::{Connection, DbRow, Driver, Kept, lock};

/// What only one transaction may do at one time, because it first looks and then writes. They are taken in this order, and
/// the last one just before the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock<'a> {
    /// Telling new messages from copies of old ones.
    Recording,
    /// Finding the next case's number.
    Cases,
    /// Telling messages with the same ciphertext apart.
    Ciphertexts,
    /// Keeping learned certificates within bounds.
    Certificates,
    /// Counting replies to one mailbox.
    Replies(&'a str),
    /// Counting what is filed.
    Filings,
    /// Making a digest.
    Digests,
    /// Numbering outcomes and events: in the order in which they are committed.
    Events,
}
