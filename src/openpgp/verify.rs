use std::io::Read;
use std::time::SystemTime;

use sequoia_openpgp::packet::Signature;
use sequoia_openpgp::parse::stream::{
    DetachedVerifierBuilder, GoodChecksum, MessageLayer, MessageStructure, VerificationError, VerificationHelper,
    VerifierBuilder,
};
use sequoia_openpgp::parse::{PacketParser, Parse};
use sequoia_openpgp::{Cert, Error, KeyHandle, Packet, anyhow};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use super::certificate::fingerprint;
use super::keyring::{Keyring, has_key};
use super::policy::for_verifying;
use crate::model::{Fingerprint, Limits, Unreadable};

/// Clocks of senders run ahead by a little.
pub(super) const CLOCK_SKEW: Duration = Duration::minutes(10);

/// What came of checking one signature.
#[derive(Debug, Clone)]
pub struct Checked {
    /// `None`: the signature is cryptographically right, and acceptable under the standard policy.
    pub trouble: Option<Trouble>,
    /// The certificate's primary key, or the issuer that the signature names (when it names one by fingerprint).
    pub signer: Option<Fingerprint>,
    /// The certificate whose key made it; `None` when it is not known.
    pub certificate: Option<Cert>,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It is not right for this content and this key.
    Bad,
    UnknownKey,
    /// Its key or its algorithms are not acceptable: expired, revoked, SHA-1, meant for another recipient. It does fit the
    /// content and the key.
    Unacceptable(String),
    /// Nothing can be said about it: damaged on the way, or of an unknown format.
    Unreadable,
}

impl Checked {
    /// For what stands where a signature should be and is none.
    pub fn unreadable() -> Self {
        Checked { trouble: Some(Trouble::Unreadable), signer: None, certificate: None }
    }
}

/// Checks a signature that stands beside what it signs, over `content` as it is, byte for byte (RFC 3156 5).
///
/// `extra` are certificates from the mail itself. An error means that there is no signature to speak of.
pub fn verify_detached(
    content: &[u8],
    signature: &[u8],
    keyring: &Keyring,
    extra: &[Cert],
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<Vec<Checked>, Unreadable> {
    let policy = for_verifying(now);
    let helper = SignatureChecker::new(keyring, extra, limits);
    let verify = || -> anyhow::Result<Vec<Checked>> {
        let mut verifier = DetachedVerifierBuilder::from_bytes(signature)?.with_policy(
            &policy,
            SystemTime::from(now + CLOCK_SKEW),
            helper,
        )?;
        verifier.verify_bytes(content)?;
        Ok(verifier.into_helper().checked)
    };
    verify().map_err(|error| refusal(&error).unwrap_or(Unreadable::Malformed))
}

/// Checks a message of the cleartext signature framework (RFC 9580 7) and returns the text that was signed, without
/// dash-escapes: only this is what the signature covers.
pub fn verify_cleartext(
    message: &[u8],
    keyring: &Keyring,
    extra: &[Cert],
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<(Zeroizing<Vec<u8>>, Vec<Checked>), Unreadable> {
    let policy = for_verifying(now);
    let helper = SignatureChecker::new(keyring, extra, limits);
    let verify = || -> anyhow::Result<_> {
        let mut verifier =
            VerifierBuilder::from_bytes(message)?.with_policy(&policy, SystemTime::from(now + CLOCK_SKEW), helper)?;
        let mut text = Zeroizing::new(Vec::with_capacity(message.len()));
        (&mut verifier).take(limits.decrypted_size.saturating_add(1)).read_to_end(&mut text)?;
        if text.len() as u64 > limits.decrypted_size {
            return Err(Refused(Unreadable::TooLarge).into());
        }
        Ok((text, verifier.into_helper().checked))
    };
    verify().map_err(|error| refusal(&error).unwrap_or(Unreadable::Malformed))
}

/// A refusal of ours on its way through Sequoia's errors.
#[derive(Debug, thiserror::Error)]
#[error("refused: {0:?}")]
pub(super) struct Refused(pub Unreadable);

/// Finds a [`Refused`] in an error.
pub(super) fn refusal(error: &anyhow::Error) -> Option<Unreadable> {
    error.downcast_ref::<Refused>().map(|refused| refused.0)
}

/// Collects what Sequoia finds about signatures. It accepts every structure: judging is the caller's.
pub(super) struct SignatureChecker<'a> {
    keyring: &'a Keyring,
    extra: &'a [Cert],
    signatures: usize,
    most: usize,
    pub checked: Vec<Checked>,
}

impl<'a> SignatureChecker<'a> {
    pub fn new(keyring: &'a Keyring, extra: &'a [Cert], limits: &Limits) -> Self {
        SignatureChecker { keyring, extra, signatures: 0, most: limits.signatures, checked: Vec::new() }
    }

    /// Refuses a message with too many signatures before they are checked.
    pub fn count(&mut self, packet: &Packet) -> anyhow::Result<()> {
        if matches!(packet, Packet::Signature(_) | Packet::OnePassSig(_)) {
            self.signatures += 1;
        }
        // A signature made in one pass has a packet on either side of the content.
        if self.signatures > self.most.saturating_mul(2) {
            return Err(Refused(Unreadable::TooLarge).into());
        }
        Ok(())
    }
}

impl VerificationHelper for SignatureChecker<'_> {
    fn inspect(&mut self, parser: &PacketParser) -> anyhow::Result<()> {
        self.count(&parser.packet)
    }

    fn get_certs(&mut self, ids: &[KeyHandle]) -> anyhow::Result<Vec<Cert>> {
        let mut found: Vec<Cert> = Vec::new();
        let configured = ids.iter().flat_map(|id| self.keyring.find(id));
        let brought = self.extra.iter().filter(|cert| ids.iter().any(|id| has_key(cert, id)));
        for cert in configured.chain(brought) {
            match found.iter_mut().find(|known| known.fingerprint() == cert.fingerprint()) {
                // What the mail brings may be newer: extended, with another subkey, or revoked.
                Some(known) if known != cert => *known = known.clone().merge_public(cert.clone())?,
                Some(_) => {}
                None => found.push(cert.clone()),
            }
        }
        Ok(found)
    }

    fn check(&mut self, structure: MessageStructure) -> anyhow::Result<()> {
        let layers: Vec<MessageLayer> = structure.into_iter().collect();
        // In a message with ciphertext only signatures inside of it count.
        let inside =
            layers.iter().rposition(|layer| matches!(layer, MessageLayer::Encryption { .. })).map_or(0, |at| at + 1);
        for layer in layers.into_iter().skip(inside) {
            if let MessageLayer::SignatureGroup { results } = layer {
                self.checked.extend(results.into_iter().map(checked));
            }
        }
        Ok(())
    }
}

fn checked(result: Result<GoodChecksum, VerificationError>) -> Checked {
    let of_cert =
        |cert: &Cert, trouble| Checked { trouble, signer: fingerprint(cert), certificate: Some(cert.clone()) };
    match result {
        Ok(GoodChecksum { sig, ka }) if sig.version() < 4 => {
            of_cert(ka.cert(), Some(Trouble::Unacceptable(format!("it has the outdated format {}", sig.version()))))
        }
        Ok(GoodChecksum { ka, .. }) => of_cert(ka.cert(), None),
        Err(VerificationError::MissingKey { sig }) => {
            Checked { trouble: Some(Trouble::UnknownKey), signer: issuer(sig), certificate: None }
        }
        Err(VerificationError::UnboundKey { sig, cert, error }) => {
            let reason = format!("its key is not acceptable: {}", why(&error));
            let fits = cert.keys().key_handles(sig.get_issuers()).any(|key| sig.verify_document(key.key()).is_ok());
            of_cert(cert, Some(refused(fits, reason)))
        }
        Err(VerificationError::BadKey { sig, ka, error }) => {
            let reason = format!("its key might not sign at that time: {}", why(&error));
            of_cert(ka.cert(), Some(refused(sig.verify_document(ka.key()).is_ok(), reason)))
        }
        Err(VerificationError::BadSignature { sig, ka, error }) => {
            of_cert(ka.cert(), Some(refused(sig.verify_document(ka.key()).is_ok(), why(&error).to_owned())))
        }
        Err(VerificationError::MalformedSignature { sig, .. }) => {
            Checked { trouble: Some(Trouble::Unreadable), signer: issuer(sig), certificate: None }
        }
        Err(_) => Checked::unreadable(),
    }
}

/// What is wrong with a signature that was turned down for `reason` before or after its mathematics: one that does not
/// fit is bad, whatever else is wrong with it.
fn refused(fits: bool, reason: String) -> Trouble {
    if fits { Trouble::Unacceptable(reason) } else { Trouble::Bad }
}

/// An error about a signature in fixed words: Sequoia's own can hold text from the signature, notations for instance.
fn why(error: &anyhow::Error) -> &'static str {
    match error.downcast_ref::<Error>() {
        Some(Error::NoBindingSignature(_)) => "it has no acceptable self-signature, an outdated one perhaps",
        Some(Error::PolicyViolation(..)) => "it uses what is no longer considered secure",
        Some(Error::Expired(_)) => "it had expired",
        Some(Error::NotYetLive(_)) => "it is not valid yet",
        Some(Error::InvalidKey(_)) => "it is revoked or not meant for signing",
        Some(Error::BadSignature(_)) => "it was made for another recipient",
        _ => "it is not accepted by the cryptographic policy",
    }
}

fn issuer(signature: &Signature) -> Option<Fingerprint> {
    signature.get_issuers().into_iter().find_map(|issuer| match issuer {
        KeyHandle::Fingerprint(fingerprint) => fingerprint.to_hex().parse().ok(),
        KeyHandle::KeyID(_) => None,
    })
}
