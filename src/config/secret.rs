//! Where secrets come from: files and systemd credentials, never the configuration itself.

use std::fmt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::model::Secret;

/// Where systemd puts the credentials of a service (systemd.exec(5), "Credentials").
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The name of a place that holds a secret.
///
/// Written `{ file = "/etc/advisory-intake/password" }` or `{ credential = "imap-password" }`, or in an environment
/// variable `file:/etc/…` or `credential:imap-password`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A file; for keys also a folder of files.
    File(PathBuf),
    /// A credential that the service manager hands over (`LoadCredential=`). For a command that an operator runs by hand,
    /// the file from which the unit loads it stands in: `secrets/NAME` beside the configuration.
    Credential { name: String, beside: PathBuf },
}

/// The folder beside the configuration from which the unit loads credentials.
const SECRETS: &str = "secrets";

/// Why a secret could not be read. It names the place and never the content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error(
        "the credential {name:?} is not there: systemd hands it over by LoadCredential={name}:{beside}, which is missing"
    )]
    NoCredential { name: String, beside: String },
    #[error("cannot read the secret in {path}: {reason}")]
    Unreadable { path: String, reason: String },
    #[error("the secret in {0} is empty")]
    Empty(String),
}

impl SecretSource {
    /// The file that holds it.
    pub fn path(&self) -> Result<PathBuf, SecretError> {
        match self {
            SecretSource::File(path) => Ok(path.clone()),
            SecretSource::Credential { name, beside } => match std::env::var_os(CREDENTIALS_DIRECTORY) {
                Some(folder) => Ok(Path::new(&folder).join(name)),
                None if beside.exists() => Ok(beside.clone()),
                None => Err(SecretError::NoCredential { name: name.clone(), beside: beside.display().to_string() }),
            },
        }
    }

    /// The secret itself, without the line end that editors leave behind it.
    pub fn read(&self) -> Result<Secret<String>, SecretError> {
        let path = self.path()?;
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path)
            .map(Secret::new)
            .map_err(|error| SecretError::Unreadable { path: shown.clone(), reason: error.kind().to_string() })?;
        let secret = Secret::new(text.expose().trim_end_matches(['\r', '\n']).to_owned());
        if secret.expose().is_empty() { Err(SecretError::Empty(shown)) } else { Ok(secret) }
    }

    /// A sentence when other users of this machine can read the file.
    pub fn warning(&self) -> Option<String> {
        let SecretSource::File(path) = self else { return None };
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o007 != 0)
            .then(|| format!("{0} is open to every user of this machine: run chmod o= {0}", path.display()))
    }

    /// The credential `name`, whose file is in the folder of the configuration.
    pub fn credential(name: &str, folder: &Path) -> Self {
        SecretSource::Credential { name: name.to_owned(), beside: folder.join(SECRETS).join(name) }
    }

    /// The same place with a relative path taken from `folder`.
    pub(super) fn within(self, folder: &Path) -> Self {
        match self {
            SecretSource::File(path) => SecretSource::File(folder.join(path)),
            SecretSource::Credential { name, .. } => SecretSource::credential(&name, folder),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretSource::File(path) => write!(f, "{}", path.display()),
            SecretSource::Credential { name, .. } => write!(f, "credential {name}"),
        }
    }
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// What a person who wrote a secret into the configuration reads; the secret itself is not repeated.
const INLINE: &str = "a secret does not belong in the configuration: write it to a file that only the service can read and say \
                      { file = \"PATH\" }, or hand it over by systemd and say { credential = \"NAME\" }";

struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ file = \"PATH\" } or { credential = \"NAME\" }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretSource, E> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(SecretSource::File(path.into())),
            Some(("credential", name)) => credential(name),
            _ => Err(E::custom(INLINE)),
        }
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(E::custom(INLINE))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(E::custom(INLINE))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(E::custom(INLINE))
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<SecretSource, E> {
        Err(E::custom(INLINE))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SecretSource, A::Error> {
        match SourceTable::deserialize(MapAccessDeserializer::new(map))? {
            SourceTable { file: Some(file), credential: None } => Ok(SecretSource::File(file)),
            SourceTable { file: None, credential: Some(name) } => credential(&name),
            _ => Err(A::Error::custom("name one place for the secret: either file or credential")),
        }
    }
}

/// A credential's name becomes a file name, so it is held to what systemd allows and cannot leave its folder.
fn credential<E: Error>(name: &str) -> Result<SecretSource, E> {
    let harmless = name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    if name.is_empty() || name.starts_with('.') || !harmless {
        return Err(E::custom("the name of a credential is made of letters, digits, '.', '-' and '_'"));
    }
    Ok(SecretSource::credential(name, Path::new("")))
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceTable {
    file: Option<PathBuf>,
    credential: Option<String>,
}
