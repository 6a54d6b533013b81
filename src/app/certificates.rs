use std::sync::Arc;

use super::{Error, Settings, parts};
use crate::model::{Address, Fingerprint, KnownCertificate};
use crate::openpgp::{self, Description};
use crate::ports::Store;

/// What was learned about other people's certificates. Works while the gateway runs.
pub struct Certificates {
    store: Arc<dyn Store>,
}

/// A learned certificate for people.
#[derive(Debug, Clone, serde::Serialize)]
pub struct LearnedCertificate {
    pub address: Address,
    pub learned_from: crate::model::LearnedFrom,
    pub voucher: crate::model::Voucher,
    #[serde(with = "time::serde::rfc3339")]
    pub first_seen: time::OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub last_seen: time::OffsetDateTime,
    #[serde(flatten)]
    pub description: Description,
    /// In ASCII armor, public parts only.
    pub armored: String,
}

impl Certificates {
    /// Opens the state of the gateway with these settings. There has to be one.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        Ok(Certificates { store: parts::existing_store(settings).await? })
    }

    /// Those of one address, or all.
    pub async fn list(&self, address: Option<&Address>) -> Result<Vec<LearnedCertificate>, Error> {
        let known = self.store.certificates(address).await?;
        if let (Some(_), []) = (address, &known[..]) {
            return Err(unknown());
        }
        Ok(known.iter().filter_map(described).collect())
    }

    /// Forgets what was learned for an address, or one certificate of it. Returns how many that were.
    pub async fn forget(&self, address: &Address, fingerprint: Option<&Fingerprint>) -> Result<u32, Error> {
        match self.store.forget_certificates(address, fingerprint).await? {
            0 => Err(unknown()),
            count => Ok(count),
        }
    }

    /// Says that a learned certificate is the right one for the address.
    pub async fn pin(&self, address: &Address, fingerprint: &Fingerprint) -> Result<(), Error> {
        if self.store.pin_certificate(address, fingerprint).await? { Ok(()) } else { Err(unknown()) }
    }
}

fn unknown() -> Error {
    Error::refused("no such certificate was learned: certificate list shows what there is")
}

fn described(known: &KnownCertificate) -> Option<LearnedCertificate> {
    let cert = openpgp::read_certificates(&known.bytes).ok()?.into_iter().next()?;
    Some(LearnedCertificate {
        address: known.address.clone(),
        learned_from: known.learned_from,
        voucher: known.voucher,
        first_seen: known.first_seen,
        last_seen: known.last_seen,
        description: openpgp::describe(&cert, time::OffsetDateTime::now_utc()),
        armored: openpgp::armored(&cert),
    })
}
