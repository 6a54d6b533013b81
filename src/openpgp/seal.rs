use std::io::Write;
use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::policy::Policy;
use sequoia_openpgp::serialize::stream::{Armorer, Encryptor, LiteralWriter, Message, Recipient, Signer};
use sequoia_openpgp::types::HashAlgorithm;
use sequoia_openpgp::{anyhow, armor};
use time::OffsetDateTime;

use super::keyring::Keyring;
use super::own::withstands_quantum_computers;
use super::policy::{encryption_keys, one_line, standard, unusable_for_encryption};

/// A signature that stands beside what it signs (RFC 3156 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetachedSignature {
    /// In ASCII armor, lines ended by LF.
    pub armored: String,
    /// For the `micalg` parameter of `multipart/signed`.
    pub micalg: &'static str,
}

/// Why something was not sealed or signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    #[error("no own secret key can sign now: make one with `key generate`, or extend the one that expired")]
    NoSigner,
    #[error("there is nobody to encrypt to")]
    NoRecipient,
    #[error("the certificate {fingerprint} {reason}: ask its holder for a new one")]
    Unusable { fingerprint: String, reason: String },
    #[error("the OpenPGP library refused: {0}")]
    Failed(String),
}

impl Keyring {
    /// Encrypts `plaintext` to all `recipients` and signs it inside with the own certificate, in ASCII armor with LF.
    ///
    /// Every recipient must be usable at `now` (policy, alive, not revoked); the format is the newest that all of them say
    /// they read (RFC 9580 5.13: version 1 of the encrypted packet unless all support version 2).
    pub fn seal(&self, plaintext: &[u8], recipients: &[&Cert], now: OffsetDateTime) -> Result<String, SealError> {
        let signer = self.signer(now)?;
        if recipients.is_empty() {
            return Err(SealError::NoRecipient);
        }
        for cert in recipients {
            if let Some(reason) = unusable_for_encryption(cert, now) {
                return Err(SealError::Unusable { fingerprint: cert.fingerprint().to_hex(), reason });
            }
        }
        text(encrypt(plaintext, recipients, signer, now))
    }

    /// Signs `content` as it is, byte for byte: for `multipart/signed` it must have its CRLF already.
    pub fn sign_detached(&self, content: &[u8], now: OffsetDateTime) -> Result<DetachedSignature, SealError> {
        let signer = self.signer(now)?;
        Ok(DetachedSignature { armored: text(sign(content, signer, now))?, micalg: "pgp-sha512" })
    }

    fn signer(&self, now: OffsetDateTime) -> Result<KeyPair, SealError> {
        self.own_certificate().and_then(|cert| self.signer_of(cert, now)).ok_or(SealError::NoSigner)
    }

    /// The unlocked key of `cert` that may sign at `now`.
    pub(super) fn signer_of(&self, cert: &Cert, now: OffsetDateTime) -> Option<KeyPair> {
        let policy = standard(now);
        let keys =
            cert.keys().with_policy(&policy, SystemTime::from(now)).supported().alive().revoked(false).for_signing();
        keys.filter_map(|key| self.signing.get(&key.key().fingerprint())).next().cloned()
    }
}

fn encrypt(plaintext: &[u8], readers: &[&Cert], signer: KeyPair, now: OffsetDateTime) -> anyhow::Result<Vec<u8>> {
    let policy = standard(now);
    let mut sealed = Vec::with_capacity(plaintext.len() * 3 / 2 + 1024);
    let message = Armorer::new(Message::new(&mut sealed)).kind(armor::Kind::Message).build()?;
    let keys = readers.iter().flat_map(|cert| recipients(cert, &policy, now));
    let message = Encryptor::for_recipients(message, keys).build()?;
    let mut signing = Signer::new(message, signer)?.hash_algo(HashAlgorithm::SHA512)?.creation_time(now);
    for cert in readers {
        signing = signing.add_intended_recipient(cert);
    }
    let mut message = LiteralWriter::new(signing.build()?).build()?;
    message.write_all(plaintext)?;
    message.finalize()?;
    Ok(sealed)
}

/// The keys of `cert` that a message is encrypted to: all that can be used, but no classical one beside one that withstands
/// quantum computers, since a message is only as shut as the weakest of its keys (RFC 9980).
fn recipients<'a>(cert: &'a Cert, policy: &'a dyn Policy, now: OffsetDateTime) -> Vec<Recipient<'a>> {
    let keys: Vec<_> = encryption_keys(cert, policy, now).collect();
    let strong = |algorithm| withstands_quantum_computers(algorithm);
    let any_strong = keys.iter().any(|key| strong(key.key().pk_algo()));
    keys.into_iter().filter(|key| !any_strong || strong(key.key().pk_algo())).map(Into::into).collect()
}

fn sign(content: &[u8], signer: KeyPair, now: OffsetDateTime) -> anyhow::Result<Vec<u8>> {
    let mut signature = Vec::new();
    let message = Armorer::new(Message::new(&mut signature)).kind(armor::Kind::Signature).build()?;
    let signing = Signer::new(message, signer)?.detached().hash_algo(HashAlgorithm::SHA512)?.creation_time(now);
    let mut message = signing.build()?;
    message.write_all(content)?;
    message.finalize()?;
    Ok(signature)
}

fn text(armored: anyhow::Result<Vec<u8>>) -> Result<String, SealError> {
    let bytes = armored.map_err(|error| SealError::Failed(one_line(&error)))?;
    String::from_utf8(bytes).map_err(|error| SealError::Failed(error.to_string()))
}
