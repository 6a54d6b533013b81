use std::io;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

use crate::model::Limits;

/// What a worker needs besides what a message is made of: keys, routing, templates, the work on small things.
const BASE: u64 = 64 << 20;
/// One alert, sealed: its content is bounded, and armor makes it a third larger.
const ALERT: u64 = 16 << 20;
/// Bounds recursion, whatever the service manager allows.
const STACK: u64 = 8 << 20;

/// Most private memory of a worker for a team of this size, in bytes: what [`Limits::memory`] says, else four times what
/// may come out of a message's ciphertext, the message twice over, and an alert for each member of the team.
pub fn ceiling(limits: &Limits, team: usize) -> u64 {
    let derived = limits
        .decrypted_size
        .saturating_mul(4)
        .saturating_add(limits.message_size.saturating_mul(2))
        .saturating_add(ALERT.saturating_mul(team as u64))
        .saturating_add(BASE);
    limits.memory.unwrap_or(derived)
}

/// Nobody reads this process's memory: no core file, no ptrace by others of the same user.
pub(super) fn forbid_core_dumps() -> io::Result<()> {
    at_most(Resource::Core, 0)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// `memory` bytes of private memory (`RLIMIT_DATA`; memory that would not count cannot be had, see the filter of system
/// calls), and no new descriptor, no byte in a file, no new process.
pub(super) fn for_work(memory: u64) -> io::Result<()> {
    at_most(Resource::Data, memory)?;
    at_most(Resource::Stack, STACK)?;
    [Resource::Nofile, Resource::Fsize, Resource::Nproc].into_iter().try_for_each(|resource| at_most(resource, 0))
}

/// Lowers a limit, for good.
fn at_most(resource: Resource, value: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let value = Some(now.maximum.map_or(value, |maximum| maximum.min(value)));
    Ok(setrlimit(resource, Rlimit { current: value, maximum: value })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_holds_four_times_the_decrypted_size_and_an_alert_for_everybody() {
        const MIB: u64 = 1 << 20;
        let limits = Limits::default();
        let cases = [
            (limits.clone(), 0, (4 * 32 + 2 * 32 + 64) * MIB),
            (limits.clone(), 9, (4 * 32 + 2 * 32 + 64 + 9 * 16) * MIB),
            (Limits { decrypted_size: u64::MAX, ..limits.clone() }, 0, u64::MAX),
            (Limits { memory: Some(MIB), ..limits }, 9, MIB),
        ];
        for (limits, team, bytes) in cases {
            assert_eq!(ceiling(&limits, team), bytes, "{limits:?}");
        }
    }
}
