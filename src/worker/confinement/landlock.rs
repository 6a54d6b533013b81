use std::path::PathBuf;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, Scope, path_beneath_rules,
};

/// The newest rights that are known here; an older kernel enforces those it knows.
const NEWEST: ABI = ABI::V7;

/// What a process with the network may do with files. Folders stand for everything in them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    pub read: Vec<PathBuf>,
    /// Read as well; made, moved and removed.
    pub write: Vec<PathBuf>,
    /// Read and started as programs.
    pub execute: Vec<PathBuf>,
}

/// No file, no TCP, no abstract socket and no signal to anybody outside. Gives the ABI in force, 0 for none.
pub(super) fn for_work() -> Result<u32, RulesetError> {
    closed()?.create()?.restrict_self().map(|status| abi(&status))
}

/// Files to be read and programs to be started, and nothing else of all this.
pub(super) fn for_spawning() -> Result<u32, RulesetError> {
    let ruleset = closed()?.create()?;
    let ruleset = ruleset.add_rules(path_beneath_rules(["/"], AccessFs::from_read(NEWEST)))?;
    let ruleset = ruleset.add_rules(path_beneath_rules(["/dev/null"], AccessFs::WriteFile))?;
    ruleset.restrict_self().map(|status| abi(&status))
}

/// `files`, connections to anywhere, and no port to listen on.
pub(super) fn for_the_network(files: &Files) -> Result<u32, RulesetError> {
    let reading: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let ruleset = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?;
    let ruleset = ruleset.handle_access(AccessNet::BindTcp)?.scope(Scope::Signal)?.create()?;
    let ruleset = ruleset.add_rules(path_beneath_rules(&files.read, reading))?;
    let ruleset = ruleset.add_rules(path_beneath_rules(&files.execute, AccessFs::from_read(NEWEST)))?;
    // All but devices and what makes them.
    let writing = AccessFs::from_all(NEWEST)
        & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
    let ruleset = ruleset.add_rules(path_beneath_rules(&files.write, writing))?;
    let ruleset = ruleset.add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?;
    ruleset.restrict_self().map(|status| abi(&status))
}

fn closed() -> Result<Ruleset, RulesetError> {
    let ruleset = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?;
    ruleset.handle_access(AccessNet::from_all(NEWEST))?.scope(Scope::from_all(NEWEST))
}

fn abi(status: &RestrictionStatus) -> u32 {
    match status.landlock {
        LandlockStatus::Available { effective_abi, .. } => (effective_abi as u32).min(NEWEST as u32),
        LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => 0,
    }
}
