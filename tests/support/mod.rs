//! What the scenarios start and stop: each on its own port and folder.

pub mod ca;
pub mod ciphertext;
pub mod daemon;
pub mod dkim;
pub mod dns;
pub mod dovecot;
pub mod github_double;
pub mod gnupg;
pub mod hostile;
pub mod https;
pub mod markdown;
pub mod pgpmime;
pub mod postfix;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod script;
pub mod soak;
pub mod world;
