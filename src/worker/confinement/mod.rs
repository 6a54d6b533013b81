//! What holds a process in that opens mail, or that has the network: Landlock, a filter of system calls, resource limits.
//!
//! Each kind of process is confined once, before it sees anything from outside, and for good:
//!
//! | process | by | before |
//! |---|---|---|
//! | worker | [`confine_worker`] | the first message |
//! | spawner | [`confine_spawner`] | it makes the first worker |
//! | daemon | [`confine_daemon`] | its first connection |
//!
//! A kernel without Landlock or without the filter is gone on with: what is missing is said ([`Confinement::missing`]),
//! and each of the three takes away nearly the same, so the others still hold. A worker tries from inside what it must
//! not be able to do ([`verify`]), and refuses to work when something of it succeeds: that, and no version number, is
//! what counts.

mod allocator;
mod landlock;
mod limits;
mod probe;
mod seccomp;
mod syscalls;

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use ::landlock::RulesetError;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

pub use self::landlock::Files;
pub use limits::ceiling;
pub use probe::{Attempted, attempts};

/// The first Landlock that holds back TCP as well as files, signals and abstract sockets (Linux 6.12).
const COMPLETE_LANDLOCK: u32 = 6;

/// What is in force in a process.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confinement {
    /// The version (ABI) of Landlock; 0: none.
    pub landlock: u32,
    /// Whether system calls are filtered.
    pub seccomp: bool,
    /// Most private memory, in bytes; `None`: no ceiling of its own.
    pub memory: Option<u64>,
    /// What this machine lacks, a sentence each, for the operator.
    pub missing: Vec<String>,
}

/// Why a process cannot be confined; for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    #[error("its resource limits cannot be set: {0}")]
    Limits(#[from] io::Error),
    #[error("Landlock fails: {0}")]
    Landlock(#[from] RulesetError),
    #[error(
        "a worker refuses to work because it could still {}: a newer kernel, or one with seccomp and Landlock switched on, \
         holds it back", .0.join(", ")
    )]
    Leaky(Vec<&'static str>),
}

/// Confines a worker: no file, no socket, no process, no thread, and at most `memory` bytes. Then tries all that from
/// inside.
///
/// # Errors
///
/// Where something of it can be done all the same.
pub fn confine_worker(memory: u64) -> Result<Confinement, ConfinementError> {
    let mut confinement = Confinement::of_landlock(landlock::for_work()?);
    limits::for_work(memory)?;
    confinement.memory = Some(memory);
    allocator::make_failure_final();
    // Last: it refuses what the others need.
    confinement.filtered(seccomp::for_work());
    verify()?;
    Ok(confinement)
}

/// Confines the calling thread alone as a worker is, but for the resource limits, which only a process has: for measuring
/// what being confined costs.
///
/// # Errors
///
/// Where something of what is taken can be done all the same.
pub fn confine_thread() -> Result<Confinement, ConfinementError> {
    let mut confinement = Confinement::of_landlock(landlock::for_work()?);
    confinement.filtered(seccomp::for_work());
    verify()?;
    Ok(confinement)
}

/// Tries from inside everything that a worker must not be able to do.
///
/// # Errors
///
/// [`ConfinementError::Leaky`] with what succeeds.
pub fn verify() -> Result<(), ConfinementError> {
    let escapes: Vec<_> = attempts().filter(|attempt| !attempt.refused).map(|attempt| attempt.what).collect();
    if escapes.is_empty() { Ok(()) } else { Err(ConfinementError::Leaky(escapes)) }
}

/// Confines the spawner, and with it all that it starts: no network, no writing, no other process's memory.
///
/// # Errors
///
/// Only where the kernel offers something and fails to do it.
pub fn confine_spawner() -> Result<Confinement, ConfinementError> {
    let mut confinement = Confinement::of_landlock(landlock::for_spawning()?);
    confinement.filtered(seccomp::for_spawning());
    Ok(confinement)
}

/// Confines the calling thread, and all that it starts, to `files`: for the process that has the network. Before the
/// threads of a runtime are started, or they are left out.
///
/// # Errors
///
/// Only where the kernel offers something and fails to do it.
pub fn confine_daemon(files: &Files) -> Result<Confinement, ConfinementError> {
    Ok(Confinement::of_landlock(landlock::for_the_network(files)?))
}

/// What every process that comes near a key or a mail begins with: it leaves no core file, nobody of the same user reads its memory,
/// and it holds nothing open but its three standard descriptors.
pub(super) fn begin() -> io::Result<()> {
    limits::forbid_core_dumps()?;
    close_inherited()
}

/// Ends this process when the one that started it ends.
pub(super) fn end_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Closes what whoever started the daemon left open: a file or a connection that is open already is held back by nothing.
fn close_inherited() -> io::Result<()> {
    let mut open = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        open.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()));
    }
    // What listed the folder is closed by now; whatever else is not standard came from outside.
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        if std::fs::symlink_metadata(format!("/proc/self/fd/{descriptor}")).is_ok() {
            // SAFETY: the program has only just begun and runs one thread: nothing in it owns or will use a descriptor
            // that it did not open itself, and this one is open.
            drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
    }
    Ok(())
}

impl Confinement {
    fn of_landlock(abi: u32) -> Self {
        let mut missing = Vec::new();
        if abi == 0 {
            missing.push("this kernel has no Landlock: switch it on (lsm=landlock,… on its command line)".into());
        } else if abi < COMPLETE_LANDLOCK {
            missing.push(format!(
                "Landlock of this kernel is of an early kind ({abi}): Linux 6.12 and later have it whole"
            ));
        }
        Confinement { landlock: abi, missing, ..Confinement::default() }
    }

    fn filtered(&mut self, result: Result<(), Box<dyn std::error::Error>>) {
        match result {
            Ok(()) => self.seccomp = true,
            Err(error) => self.missing.push(format!("system calls are not filtered (seccomp): {error}")),
        }
    }
}

#[cfg(test)]
pub(super) use allocator::tests::most_held;

#[cfg(test)]
mod tests {
    use super::*;

    /// On a thread of its own, which is all that is confined.
    fn escapes(confine: impl FnOnce() + Send + 'static) -> Vec<&'static str> {
        let thread = std::thread::spawn(|| {
            confine();
            match verify() {
                Ok(()) => Vec::new(),
                Err(ConfinementError::Leaky(escapes)) => escapes,
                Err(error) => panic!("{error}"),
            }
        });
        thread.join().unwrap()
    }

    #[test]
    fn what_is_not_held_back_is_seen_from_inside() {
        let all: Vec<&str> = attempts().map(|attempt| attempt.what).collect();
        assert_eq!(escapes(|| ()), all, "a process that nothing holds in");
        let landlock_alone = escapes(|| assert_ne!(landlock::for_work().unwrap(), 0));
        assert_eq!(landlock_alone, ["open a socket", "make a pair of sockets", "start a thread"]);
        assert_eq!(escapes(|| seccomp::for_work().unwrap()), [""; 0]);
        let spawning = escapes(|| drop(confine_spawner().unwrap()));
        assert_eq!(
            spawning,
            [
                "open a folder",
                "read a file",
                "write to a file",
                "make a pair of sockets",
                "start a program",
                "start a thread"
            ]
        );
    }

    #[test]
    fn a_kernel_that_lacks_something_is_named() {
        assert!(Confinement::of_landlock(0).missing[0].contains("no Landlock"));
        assert!(Confinement::of_landlock(3).missing[0].contains("of an early kind (3)"));
        assert!(Confinement::of_landlock(COMPLETE_LANDLOCK).missing.is_empty());
        let mut confinement = Confinement::default();
        confinement.filtered(Err("no such call".into()));
        assert!(!confinement.seccomp && confinement.missing[0].contains("not filtered (seccomp): no such call"));
    }
}
