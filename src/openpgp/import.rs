use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::parse::Parse;
use serde::Serialize;
use time::OffsetDateTime;

use super::certificate::{Description, describe};
use super::load::is_stub;
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

impl Imported {
    /// What the operator should know about it before it is used, a sentence each, without its name.
    pub fn advice(&self) -> Vec<String> {
        let Description { unusable, secret, warnings, .. } = &self.description;
        let mut advice = Vec::new();
        if let Some(reason) = unusable {
            advice.push(match (secret, self.opens_mail()) {
                (true, true) => {
                    format!("{reason}: it opens mail that was encrypted to it, and neither signs nor is sent out")
                }
                (true, false) => format!("{reason}: mail to it stays shut, so make another key with `key generate`"),
                (false, _) => format!("{reason}: nothing is encrypted to it, so ask its holder for a new one"),
            });
        }
        advice.extend(warnings.iter().cloned());
        if *secret {
            advice.extend(self.advice_on_secrets());
        }
        advice
    }

    /// Whether a secret key came with it that decrypts here once it is unlocked.
    fn opens_mail(&self) -> bool {
        self.certificate.keys().secret().any(|key| {
            let algorithm = key.key().pk_algo();
            algorithm.for_encryption() && algorithm.is_supported() && !is_stub(key.key())
        })
    }

    fn advice_on_secrets(&self) -> Option<String> {
        let all: Vec<_> = self.certificate.keys().secret().collect();
        let stubs = all.iter().filter(|key| is_stub(key.key())).count();
        let open = all.iter().filter(|key| key.key().has_unencrypted_secret()).count();
        match (stubs, open) {
            (stubs, _) if stubs == all.len() => Some(
                "holds no secret key, only stubs of keys on a smartcard or elsewhere: export the whole key with `gpg \
                 --export-secret-keys` where it is"
                    .to_owned(),
            ),
            (1.., _) => {
                Some(format!("lacks {stubs} of its {} secret keys, which are stubs: the others are used", all.len()))
            }
            (0, 1..) => {
                Some("its secret key has no password: keep its file where only the service can read it".to_owned())
            }
            (0, 0) => {
                Some("its secret key has a password: add that to a file that `passwords` in [keys] names".to_owned())
            }
        }
    }
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
