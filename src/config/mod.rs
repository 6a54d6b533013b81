//! What the configuration file says, made into what the program uses.
//!
//! One TOML file, overridden by environment variables: `INTAKE__SMTP__HOST=mail.example.org` stands for `host` in `[smtp]`.
//! Whatever is unknown, of the wrong type or contradictory is refused with its place and with what to do instead. Secrets
//! are never in the file: it names files or systemd credentials that hold them ([`SecretSource`]).

mod file;
mod problem;
mod secret;
mod settings;
mod store;
mod validate;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

pub use problem::ConfigError;
pub use secret::{SecretError, SecretSource};
pub use settings::{
    Delivery, Filing, GitHub, GitHubLogin, Imap, Log, LogFormat, Login, Mailbox, MailboxKind, Postgres, Settings, Smtp,
    StorePlace, Tls,
};
pub use validate::built_in_identity;

/// Beginning of the environment variables that override settings.
pub const ENVIRONMENT_PREFIX: &str = "INTAKE__";

/// Settings, and what is allowed but should be looked at.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub settings: Settings,
    /// One sentence each.
    pub warnings: Vec<String>,
}

/// Reads the configuration `file` and the environment of this process.
pub fn load(file: &Path) -> Result<Loaded, ConfigError> {
    load_bytes(file, std::fs::read(file))
}

/// Like [`load`] for what somebody else read, or failed to read, in `file`.
pub fn load_bytes(file: &Path, bytes: io::Result<Vec<u8>>) -> Result<Loaded, ConfigError> {
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into()));
    let text = text.map_err(|error| ConfigError::unreadable(file, &error))?;
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX))
        .collect();
    load_text(file, &text, environment)
}

/// Like [`load`] for a text that was read already; `file` is for messages and for relative paths.
pub fn load_text(file: &Path, text: &str, environment: BTreeMap<String, String>) -> Result<Loaded, ConfigError> {
    let places = problem::Places::of(file, text)?;
    let raw = file::read(&places, text, &environment)?;
    let settings = validate::settings(file, raw, &places)?;
    let warnings = settings.secrets().into_iter().filter_map(SecretSource::warning).collect();
    Ok(Loaded { settings, warnings })
}
