use std::io;
use std::path::Path;

use crate::config::{ConfigError, SecretError};
use crate::openpgp::{GenerateError, ImportError, KeyringError};
use crate::ports::{OpenerError, StoreError};
use crate::telemetry::TelemetryError;

/// Why a command could not do its work: one sentence for the person who typed it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Secret(#[from] SecretError),
    #[error(transparent)]
    Log(#[from] TelemetryError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Opener(#[from] OpenerError),
    #[error(transparent)]
    GitHub(#[from] crate::github::SettingsError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Import(#[from] ImportError),
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// The result could not be shown.
    #[error("cannot write the result: {0}")]
    Output(io::Error),
    /// What was asked for is not possible.
    #[error("{0}")]
    Refused(String),
}

impl Error {
    /// A refusal in one sentence.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Error::Refused(sentence.into())
    }
}

/// A file that could not be read or written (`verb`).
pub fn file_error(verb: &str, path: &Path, error: &io::Error) -> Error {
    Error::Refused(format!("cannot {verb} {}: {error}", path.display()))
}
