use sequoia_openpgp::Cert;
use sequoia_openpgp::types::PublicKeyAlgorithm;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::certificate::fingerprint;
use super::keyring::{DecryptionKey, Keyring};
use super::policy::{encryption_keys, unusable_for_encryption};
use crate::model::Fingerprint;

/// Which of several own certificates do what, as indices into [`Keyring::own`]: decided once, when they are loaded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Choice {
    pub signs: Option<usize>,
    pub post_quantum: Option<usize>,
}

/// One of the gateway's own certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnKey {
    pub fingerprint: Fingerprint,
    pub purpose: OwnUse,
    /// Why nobody should encrypt to it any more; `None`: it can be encrypted to.
    pub unusable: Option<String>,
}

/// What an own certificate is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnUse {
    /// Signs everything that is sent, and is sent out: every OpenPGP program can encrypt to it.
    Signs,
    /// Sent out beside it, for programs that can encrypt against quantum computers.
    PostQuantum,
    /// Opens what was encrypted to it and is sent to nobody: retired, expired, or not the first of its kind.
    Opens,
    /// Its secret keys are missing or locked: what was encrypted to it stays shut.
    Shut,
}

impl OwnUse {
    /// The purpose in words for the operator.
    pub fn explain(self) -> &'static str {
        match self {
            OwnUse::Signs => "signs replies and is sent out",
            OwnUse::PostQuantum => "is sent out as the post-quantum choice",
            OwnUse::Opens => "opens mail that was encrypted to it",
            OwnUse::Shut => "opens nothing, its secret key is not here or locked",
        }
    }
}

impl Choice {
    /// The first certificate of version 4 that can sign and be encrypted to at `now` signs, since every program reads it; if
    /// there is none, the first of any version. The first other one that only a program with ML-KEM can encrypt to is
    /// the post-quantum choice.
    pub fn of(keyring: &Keyring, now: OffsetDateTime) -> Choice {
        let usable: Vec<(usize, &Cert)> = keyring
            .own
            .iter()
            .enumerate()
            .filter(|(at, cert)| keyring.opens(*at) && unusable_for_encryption(cert, now).is_none())
            .collect();
        let signs = || usable.iter().filter(|(_, cert)| keyring.signer_of(cert, now).is_some());
        let classic = signs().find(|(_, cert)| cert.primary_key().key().version() == 4);
        let signs = classic.or_else(|| signs().next()).map(|(at, _)| *at);
        let post_quantum = usable.iter().find(|(at, cert)| Some(*at) != signs && is_post_quantum(cert, now));
        Choice { signs, post_quantum: post_quantum.map(|(at, _)| *at) }
    }
}

impl Keyring {
    /// The certificate that signs, and that reporters encrypt to; `None` when no secret key can be used now.
    pub fn own_certificate(&self) -> Option<&Cert> {
        self.choice.signs.and_then(|at| self.own.get(at))
    }

    /// The certificate that is offered beside [`Keyring::own_certificate`] to programs that can encrypt against quantum
    /// computers; `None` when there is none.
    pub fn post_quantum_certificate(&self) -> Option<&Cert> {
        self.choice.post_quantum.and_then(|at| self.own.get(at))
    }

    /// Every certificate that is configured as own, retired ones and those without their secret keys too.
    pub fn own_certificates(&self) -> &[Cert] {
        &self.own
    }

    /// What each of [`Keyring::own_certificates`] is for, in the same order.
    pub fn own_keys(&self, now: OffsetDateTime) -> Vec<OwnKey> {
        let each = self.own.iter().enumerate().filter_map(|(at, cert)| {
            let purpose = match at {
                _ if self.choice.signs == Some(at) => OwnUse::Signs,
                _ if self.choice.post_quantum == Some(at) => OwnUse::PostQuantum,
                _ if self.opens(at) => OwnUse::Opens,
                _ => OwnUse::Shut,
            };
            Some(OwnKey { fingerprint: fingerprint(cert)?, purpose, unusable: unusable_for_encryption(cert, now) })
        });
        each.collect()
    }

    /// Whether mail to the own certificate with this index can be opened.
    fn opens(&self, at: usize) -> bool {
        let opens = |key: &&DecryptionKey| key.certificate == at && key.pair.public().pk_algo().is_supported();
        self.decryption.iter().any(|key| opens(&key))
    }
}

/// Whether all that can be encrypted to in `cert` withstands quantum computers (RFC 9980).
pub(super) fn is_post_quantum(cert: &Cert, now: OffsetDateTime) -> bool {
    let policy = super::policy::standard(now);
    let mut algorithms = encryption_keys(cert, &policy, now).map(|key| key.key().pk_algo()).peekable();
    algorithms.peek().is_some() && algorithms.all(withstands_quantum_computers)
}

/// Whether mail that is encrypted with this algorithm stays shut to quantum computers.
pub(super) fn withstands_quantum_computers(algorithm: PublicKeyAlgorithm) -> bool {
    matches!(algorithm, PublicKeyAlgorithm::MLKEM768_X25519 | PublicKeyAlgorithm::MLKEM1024_X448)
}

#[cfg(test)]
mod tests;
