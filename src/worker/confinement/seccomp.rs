use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::syscalls;

/// `EPERM`: what a refused call returns. Not the death of the process: libraries ask for files that they can do without (a
/// locale, `/dev/urandom`), and a message must not be lost for that; and the self-check could not look and live.
const REFUSED: SeccompAction = SeccompAction::Errno(1);
/// `PROT_EXEC` of mmap(2) and mprotect(2).
const EXECUTABLE: u64 = 4;
/// `MAP_SHARED` of mmap(2), also a part of `MAP_SHARED_VALIDATE`: such memory would not count against the ceiling.
const SHARED: u64 = 1;
/// Marks calls by the x32 numbers of x86_64, which reach the same code.
const X32: i64 = 0x4000_0000;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Failed = Box<dyn std::error::Error>;

/// Lets this thread call nothing from now on but what work on a message needs. The allow list is short because a worker
/// reads and writes one socket and else only computes.
pub(super) fn for_work() -> Result<(), Failed> {
    let mut rules = any_arguments(syscalls::FOR_WORK);
    let private = vec![none_of(2, EXECUTABLE)?, none_of(3, SHARED)?];
    rules.insert(syscalls::MMAP, vec![SeccompRule::new(private)?]);
    rules.insert(syscalls::MPROTECT, vec![SeccompRule::new(vec![none_of(2, EXECUTABLE)?])?]);
    // To who is at the other end, and to no address.
    rules.insert(syscalls::SENDTO, vec![SeccompRule::new(vec![nothing_at(4)?])?]);
    // So does abort(3) end this process, and no other.
    let own = u64::from(std::process::id());
    rules.insert(syscalls::TGKILL, vec![SeccompRule::new(vec![equals(0, own)?])?]);
    apply(rules, REFUSED, SeccompAction::Allow)
}

/// Takes the calls from this thread that making workers does not need, and from all that it starts.
pub(super) fn for_spawning() -> Result<(), Failed> {
    let mut rules = any_arguments(syscalls::NOT_FOR_SPAWNING);
    if cfg!(target_arch = "x86_64") {
        rules.extend(syscalls::NOT_FOR_SPAWNING.iter().map(|number| (number | X32, Vec::new())));
    }
    apply(rules, SeccompAction::Allow, REFUSED)
}

fn any_arguments(numbers: &[i64]) -> Rules {
    numbers.iter().map(|number| (*number, Vec::new())).collect()
}

fn none_of(argument: u8, bits: u64) -> Result<SeccompCondition, Failed> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bits), 0)?)
}

fn equals(argument: u8, value: u64) -> Result<SeccompCondition, Failed> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)?)
}

/// A null pointer.
fn nothing_at(argument: u8) -> Result<SeccompCondition, Failed> {
    Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?)
}

fn apply(rules: Rules, otherwise: SeccompAction, for_rules: SeccompAction) -> Result<(), Failed> {
    let architecture = std::env::consts::ARCH.try_into()?;
    let program: BpfProgram = SeccompFilter::new(rules, otherwise, for_rules, architecture)?.try_into()?;
    Ok(seccompiler::apply_filter(&program)?)
}
