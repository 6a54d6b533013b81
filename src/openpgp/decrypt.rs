use std::io::{self, Read};
use std::time::SystemTime;

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::{PKESK, SKESK, Tag};
use sequoia_openpgp::parse::stream::{DecryptionHelper, DecryptorBuilder, MessageStructure, VerificationHelper};
use sequoia_openpgp::parse::{PacketParser, Parse};
use sequoia_openpgp::types::SymmetricAlgorithm;
use sequoia_openpgp::{Cert, Error, KeyHandle, Packet, anyhow};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate::fingerprint;
use super::keyring::{DecryptionKey, Keyring};
use super::policy::for_reading;
use super::verify::{CLOCK_SKEW, Checked, Refused, SignatureChecker, refusal};
use crate::model::{Fingerprint, Limits, Unreadable};

/// What came out of an OpenPGP message that was read to its clean end.
pub struct Decrypted {
    /// Overwritten when dropped.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The signatures inside the ciphertext, each with its own verdict.
    pub signatures: Vec<Checked>,
    /// The certificate whose key opened it; `None`: it was signed or packed only, and never encrypted.
    pub decryption_key: Option<Fingerprint>,
}

/// Opens an OpenPGP message, armored or binary (RFC 9580 10.3), with every secret key that could fit.
///
/// `extra` are certificates from the mail itself, for checking signatures. At most `budget` bytes may come out, however
/// they are packed. Old ciphertext without integrity protection is refused before any key touches it; an integrity check
/// that fails leaves nothing.
pub fn decrypt(
    ciphertext: &[u8],
    keyring: &Keyring,
    extra: &[Cert],
    limits: &Limits,
    budget: u64,
    now: OffsetDateTime,
) -> Result<Decrypted, Unreadable> {
    let policy = for_reading(now);
    let mut progress = Progress::default();
    let helper = Opening {
        keyring,
        most_recipients: limits.recipients,
        signatures: SignatureChecker::new(keyring, extra, limits),
        progress: &mut progress,
    };
    let read = || -> anyhow::Result<(Zeroizing<Vec<u8>>, Vec<Checked>)> {
        let builder = DecryptorBuilder::from_bytes(ciphertext)?;
        let mut decryptor = builder.with_policy(&policy, SystemTime::from(now + CLOCK_SKEW), helper)?;
        let mut plaintext = Zeroizing::new(Vec::with_capacity(ciphertext.len()));
        (&mut decryptor).take(budget.saturating_add(1)).read_to_end(&mut plaintext)?;
        if plaintext.len() as u64 > budget {
            return Err(Refused(Unreadable::TooLarge).into());
        }
        if !decryptor.message_processed() {
            return Err(Refused(Unreadable::Malformed).into());
        }
        Ok((plaintext, decryptor.into_helper().signatures.checked))
    };
    match read() {
        Ok((plaintext, signatures)) => Ok(Decrypted { plaintext, signatures, decryption_key: progress.opened_by }),
        Err(error) => Err(progress.cause(&error)),
    }
}

/// How far opening came, which tells what an error means.
#[derive(Default)]
struct Progress {
    opened_by: Option<Fingerprint>,
    began: bool,
}

impl Progress {
    fn cause(&self, error: &anyhow::Error) -> Unreadable {
        if let Some(cause) = refusal(error) {
            return cause;
        }
        let known = error.downcast_ref::<Error>().or_else(|| {
            error.downcast_ref::<io::Error>().and_then(|e| e.get_ref()).and_then(|inner| inner.downcast_ref::<Error>())
        });
        match known {
            Some(
                Error::UnsupportedPacketType(_)
                | Error::UnsupportedPublicKeyAlgorithm(_)
                | Error::UnsupportedEllipticCurve(_)
                | Error::UnsupportedSymmetricAlgorithm(_)
                | Error::UnsupportedAEADAlgorithm(_)
                | Error::UnsupportedCompressionAlgorithm(_)
                | Error::PolicyViolation(..),
            ) => Unreadable::Unsupported,
            Some(Error::PacketTooLarge(..)) => Unreadable::TooLarge,
            Some(Error::MalformedMessage(_) | Error::MalformedPacket(_)) => Unreadable::Malformed,
            // With the session key in hand, an error is content that does not fit its check, or was cut off.
            _ if self.began => Unreadable::Tampered,
            _ => Unreadable::Malformed,
        }
    }
}

struct Opening<'a, 'p> {
    keyring: &'a Keyring,
    most_recipients: usize,
    signatures: SignatureChecker<'a>,
    progress: &'p mut Progress,
}

impl VerificationHelper for Opening<'_, '_> {
    fn inspect(&mut self, parser: &PacketParser) -> anyhow::Result<()> {
        match parser.packet.tag() {
            // RFC 9580 5.7: no integrity check at all, so a changed text would come out as if it were the sender's.
            Tag::SED => Err(Refused(Unreadable::NoIntegrityProtection).into()),
            // LibrePGP 5.16, GnuPG's OCB packet.
            Tag::AED => Err(Refused(Unreadable::Unsupported).into()),
            _ if matches!(parser.packet, Packet::Unknown(_)) && parser.packet.tag() == Tag::SEIP => {
                Err(Refused(Unreadable::Unsupported).into())
            }
            _ => self.signatures.count(&parser.packet),
        }
    }

    fn get_certs(&mut self, ids: &[KeyHandle]) -> anyhow::Result<Vec<Cert>> {
        self.signatures.get_certs(ids)
    }

    fn check(&mut self, structure: MessageStructure) -> anyhow::Result<()> {
        self.signatures.check(structure)
    }
}

impl DecryptionHelper for Opening<'_, '_> {
    fn decrypt(
        &mut self,
        recipients: &[PKESK],
        passwords: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> anyhow::Result<Option<Cert>> {
        let mut named_us = false;
        for (recipient, key) in self.named(recipients) {
            named_us = true;
            if let Some(cert) = self.attempt(recipient, key, algorithm, decrypt) {
                return Ok(Some(cert));
            }
        }
        let hidden: Vec<&PKESK> = recipients.iter().filter(|r| r.recipient().is_none()).collect();
        let tried = hidden.iter().take(self.most_recipients);
        for recipient in tried {
            for key in self.keyring.decryption.iter().filter(|key| fits(recipient, key)) {
                if let Some(cert) = self.attempt(recipient, key, algorithm, decrypt) {
                    return Ok(Some(cert));
                }
            }
        }
        Err(Refused(match (named_us, hidden.len() > self.most_recipients) {
            (true, _) => Unreadable::Tampered,
            (false, true) => Unreadable::TooLarge,
            (false, false) if recipients.is_empty() && !passwords.is_empty() => Unreadable::SymmetricOnly,
            (false, false) => Unreadable::NoKey,
        })
        .into())
    }
}

impl<'a> Opening<'a, '_> {
    /// Recipients that name a key of ours, with that key: cheap, so all of them.
    fn named<'r>(&self, recipients: &'r [PKESK]) -> Vec<(&'r PKESK, &'a DecryptionKey)> {
        let mut named = Vec::new();
        for recipient in recipients {
            let Some(handle) = recipient.recipient() else { continue };
            let keys = self.keyring.decryption.iter().filter(|key| key.handle.aliases(&handle) && fits(recipient, key));
            named.extend(keys.map(|key| (recipient, key)));
        }
        named.truncate(self.most_recipients);
        named
    }

    fn attempt(
        &mut self,
        recipient: &PKESK,
        key: &DecryptionKey,
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> Option<Cert> {
        let mut pair = key.pair.clone();
        let (found, session_key) = recipient.decrypt(&mut pair, algorithm)?;
        if !decrypt(found, &session_key) {
            return None;
        }
        let cert = self.keyring.own.get(key.certificate)?;
        self.progress.began = true;
        self.progress.opened_by = fingerprint(cert);
        // Sequoia holds signatures to this certificate: one that was made for another recipient does not count.
        Some(cert.clone())
    }
}

fn fits(recipient: &PKESK, key: &DecryptionKey) -> bool {
    recipient.pk_algo() == key.pair.public().pk_algo()
}
