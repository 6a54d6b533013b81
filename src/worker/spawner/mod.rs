//! The process that makes workers: it reads the keys and has no network.
//!
//! The daemon starts it before its first connection and then gives up its own right to read the keys. For each worker the
//! spawner reads the files that the settings name, starts a process that may open none, hands it their content, and hands
//! the daemon the other end of the conversation: keys never pass through the daemon.

mod guard;
mod handle;
mod order;
mod origin;
mod process;

pub(super) use origin::Origin;
pub use process::{SpawnerError, run};
