use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::parse::Parse;
use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{Description, describe};
use super::policy::one_line;

/// A certificate as `key import` would keep it.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Merged with the one that was there.
    pub certificate: Cert,
    pub change: Change,
    /// With the warnings to show before it is kept.
    pub description: Description,
}

/// What an import changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    New,
    /// New user ids, keys, signatures or secret parts for one that is there.
    Updated,
    Unchanged,
}

/// Why an import was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    #[error("this is no OpenPGP key or certificate ({0}): export one with `gpg --armor --export`")]
    Unreadable(String),
    #[error("there is no OpenPGP key or certificate in it: export one with `gpg --armor --export`")]
    Empty,
}

/// All certificates in `bytes` (armored or binary), secret parts included.
pub fn read_certificates(bytes: &[u8]) -> Result<Vec<Cert>, ImportError> {
    let unreadable = |error: sequoia_openpgp::anyhow::Error| ImportError::Unreadable(one_line(&error));
    let certs: Vec<Cert> =
        CertParser::from_bytes(bytes).map_err(unreadable)?.collect::<Result<_, _>>().map_err(unreadable)?;
    if certs.is_empty() { Err(ImportError::Empty) } else { Ok(certs) }
}

/// Reads `bytes` and merges each certificate with the one of the same primary key in `existing`, if any; signatures that
/// are not the holder's never replace anything.
pub fn import(bytes: &[u8], existing: &[Cert], now: OffsetDateTime) -> Result<Vec<Imported>, ImportError> {
    let imported = read_certificates(bytes)?.into_iter().map(|cert| {
        let known = existing.iter().find(|known| known.fingerprint() == cert.fingerprint());
        let (certificate, change) = match known {
            None => (cert, Change::New),
            Some(known) => match known.clone().merge_public_and_secret(cert) {
                Ok(both) if both == *known && both.is_tsk() == known.is_tsk() => (both, Change::Unchanged),
                Ok(both) => (both, Change::Updated),
                // Only certificates of different primary keys refuse to merge.
                Err(_) => (known.clone(), Change::Unchanged),
            },
        };
        let description = describe(&certificate, now);
        Imported { certificate, change, description }
    });
    Ok(imported.collect())
}
