//! What the daemon and the spawner say to each other: frames as in [`super::super::protocol`], one order and one reply at
//! a time.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::model::WorkerSettings;

/// Most bytes of an order or a reply.
pub(super) const MAX_FRAME: u64 = 16 << 20;

/// What the daemon wants.
#[derive(Serialize, Deserialize)]
pub(super) enum Order<'a> {
    /// A new worker with these settings, whose files are read anew.
    Worker(Box<Cow<'a, WorkerSettings>>),
    /// What stands now in the file that was named when the spawner was started.
    HandOut,
}

/// What the spawner answers.
#[derive(Serialize, Deserialize)]
pub(super) enum Reply {
    /// A worker begins. A byte with two descriptors follows: the worker's conversation, then its life line.
    Started {
        pid: u32,
    },
    HandedOut(Vec<u8>),
    /// It cannot be done; why, for the operator.
    Failed(String),
}
