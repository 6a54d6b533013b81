//! What the scenarios start and stop: each on its own port and folder.

pub mod ca;
pub mod dovecot;
pub mod github_double;
pub mod postfix;
pub mod process;
pub mod script;
pub mod wire;
