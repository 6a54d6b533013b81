use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{Secret, WorkerSettings};

/// File name endings that are read from a folder; anything else there (a README, a password) is none of our business.
const ENDINGS: [&str; 7] = ["asc", "gpg", "pgp", "key", "sec", "pub", "cert"];

/// Why the configured keys could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("cannot read {}: {reason}; check the path and that the service's user may read it", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{} holds no OpenPGP key: export one into it with `gpg --armor --export-secret-keys` or `key generate`", path.display())]
    NoKey { path: PathBuf },
}

/// The content of every key file that is configured, as it was read: what [`super::Keyring::from_files`] is built of.
/// Apart from it so that one process may read the files and another, which cannot open any, may use the keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyFiles {
    pub(super) secret: Vec<KeyFile>,
    pub(super) passwords: Vec<Secret<Vec<u8>>>,
    pub(super) team: Vec<KeyFile>,
    pub(super) known: Vec<KeyFile>,
}

/// One file, not yet looked into.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeyFile {
    pub path: PathBuf,
    pub bytes: Secret<Vec<u8>>,
    /// Named in the configuration, so that it must hold a key; other files were found in a folder.
    pub named: bool,
}

impl KeyFiles {
    /// Reads everything that `settings` names, in its order, files of a folder sorted by name.
    ///
    /// # Errors
    ///
    /// For a path that cannot be read.
    pub fn read(settings: &WorkerSettings) -> Result<KeyFiles, KeyringError> {
        let passwords = settings.key_passwords.iter().map(|path| read(path).map(Secret::new));
        Ok(KeyFiles {
            secret: read_all(&settings.secret_keys)?,
            passwords: passwords.collect::<Result<_, _>>()?,
            team: read_all(&settings.team_certificates)?,
            known: read_all(&settings.known_certificates)?,
        })
    }
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<KeyFile>, KeyringError> {
    let mut files = Vec::new();
    for path in paths {
        let named = !path.is_dir();
        for path in key_files(path)? {
            files.push(KeyFile { bytes: Secret::new(read(&path)?), named, path });
        }
    }
    Ok(files)
}

/// The files that `path` stands for: itself, or those of a folder that can hold keys, by name.
///
/// # Errors
///
/// A folder that cannot be read.
pub fn key_files(path: &Path) -> Result<Vec<PathBuf>, KeyringError> {
    if path.is_dir() { files_of(path) } else { Ok(vec![path.to_owned()]) }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, KeyringError> {
    let failed = |reason| KeyringError::Unreadable { path: folder.to_owned(), reason };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let known = path.extension().and_then(|e| e.to_str()).is_some_and(|e| ENDINGS.contains(&e));
        if known && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, KeyringError> {
    fs::read(path).map_err(|reason| KeyringError::Unreadable { path: path.to_owned(), reason })
}
