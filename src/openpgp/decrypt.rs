use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use sequoia_openpgp::crypto::SessionKey;
use sequoia_openpgp::packet::{PKESK, SKESK, Tag};
use sequoia_openpgp::parse::buffered_reader::BufferedReader;
use sequoia_openpgp::parse::stream::{DecryptionHelper, DecryptorBuilder, MessageStructure, VerificationHelper};
use sequoia_openpgp::parse::{PacketParser, Parse};
use sequoia_openpgp::types::SymmetricAlgorithm;
use sequoia_openpgp::{Cert, Error, KeyHandle, Packet, anyhow};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate::fingerprint;
use super::keyring::{DecryptionKey, Keyring};
use super::packets::{LEAST_SEALED, is_cut_short};
use super::policy::for_reading;
use super::verify::{CLOCK_SKEW, Checked, Refused, SignatureChecker, refusal};
use crate::model::{Fingerprint, Limits, Unreadable};

/// Decrypted bytes that Sequoia holds back until the end, in memory several times over. What comes out before is unchecked
/// and dropped with the first error, so more of them would make nothing safer.
const HELD_BACK: usize = 1 << 20;

/// Plaintext that no ciphertext is too small for, in bytes.
const NEVER_TOO_MUCH: u64 = 1 << 20;

/// What came out of an OpenPGP message that was read to its clean end.
pub struct Decrypted {
    /// Overwritten when dropped.
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The signatures inside the ciphertext, each with its own verdict.
    pub signatures: Vec<Checked>,
    /// The certificate whose key opened it; `None`: it was signed or packed only, and never encrypted.
    pub decryption_key: Option<Fingerprint>,
}

/// What all ciphertext of one mail may cost together, however many pieces it comes in and whether they open or not.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Bytes that may still come out, compression undone.
    pub bytes: u64,
    /// Trials of a secret key that are left.
    pub trials: usize,
}

impl Budget {
    /// The whole budget of a mail.
    pub fn new(limits: &Limits) -> Self {
        Budget { bytes: limits.decrypted_size, trials: limits.recipients }
    }
}

/// Opens an OpenPGP message, armored or binary (RFC 9580 10.3), with every secret key that could fit.
///
/// `extra` are certificates from the mail itself, for checking signatures. What comes out is taken from `budget`, however
/// it is packed, also where the end is not clean. Old ciphertext without integrity protection is refused before any key touches it; an integrity check
/// that fails leaves nothing.
pub fn decrypt(
    ciphertext: &[u8],
    keyring: &Keyring,
    extra: &[Cert],
    limits: &Limits,
    budget: &mut Budget,
    now: OffsetDateTime,
) -> Result<Decrypted, Unreadable> {
    if is_cut_short(ciphertext) {
        return Err(Unreadable::Malformed);
    }
    let policy = for_reading(now);
    let mut progress = Progress::default();
    let helper = Opening {
        keyring,
        signatures: SignatureChecker::new(keyring, extra, limits),
        trials: &mut budget.trials,
        progress: &mut progress,
        packets: limits.packets,
    };
    let most = budget.bytes.min(most_of(ciphertext, limits));
    let mut plaintext = Zeroizing::new(Vec::with_capacity(ciphertext.len()));
    let read = || -> anyhow::Result<Vec<Checked>> {
        let builder = DecryptorBuilder::from_bytes(ciphertext)?.buffer_size(HELD_BACK);
        let mut decryptor = builder.with_policy(&policy, SystemTime::from(now + CLOCK_SKEW), helper)?;
        (&mut decryptor).take(most.saturating_add(1)).read_to_end(&mut plaintext)?;
        if plaintext.len() as u64 > most {
            return Err(Refused(Unreadable::TooLarge).into());
        }
        if !decryptor.message_processed() {
            return Err(Refused(Unreadable::Malformed).into());
        }
        Ok(decryptor.into_helper().signatures.checked)
    };
    // Sequoia asserts here and there what hostile data need not be; a panic in it is a message that cannot be opened.
    let read = catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Refused(Unreadable::Malformed).into()));
    budget.bytes = budget.bytes.saturating_sub(plaintext.len() as u64);
    match read {
        Ok(signatures) => Ok(Decrypted { plaintext, signatures, decryption_key: progress.opened_by }),
        Err(error) => {
            let cause = progress.cause(&error);
            if matches!(cause, Unreadable::Tampered | Unreadable::TooLarge | Unreadable::Malformed) {
                // How much came out before its check failed is not known.
                budget.bytes /= 2;
            }
            Err(cause)
        }
    }
}

/// The most that may come out of a ciphertext of this length, in bytes.
fn most_of(ciphertext: &[u8], limits: &Limits) -> u64 {
    (ciphertext.len() as u64).saturating_mul(limits.compression_ratio).max(NEVER_TOO_MUCH)
}

/// How far opening came, which tells what an error means.
#[derive(Default)]
struct Progress {
    opened_by: Option<Fingerprint>,
    began: bool,
    /// A recipient, or a password, of a version that nobody here knows.
    unknown_version: bool,
    /// A session key for a cipher that nothing here does.
    unknown_cipher: bool,
}

impl Progress {
    fn cause(&self, error: &anyhow::Error) -> Unreadable {
        match refusal(error) {
            // What stands inside is nothing that anybody could see from outside, and a sender is told of such causes.
            Some(Unreadable::NoIntegrityProtection | Unreadable::NoKey | Unreadable::SymmetricOnly) if self.began => {
                return Unreadable::Malformed;
            }
            Some(cause) => return cause,
            None => {}
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
    signatures: SignatureChecker<'a>,
    /// [`Budget::trials`].
    trials: &'p mut usize,
    progress: &'p mut Progress,
    /// Packets that may still come.
    packets: usize,
}

impl VerificationHelper for Opening<'_, '_> {
    fn inspect(&mut self, parser: &PacketParser) -> anyhow::Result<()> {
        self.packets = self.packets.checked_sub(1).ok_or(Refused(Unreadable::TooLarge))?;
        match parser.packet.tag() {
            // RFC 9580 5.7: no integrity check at all, so a changed text would come out as if it were the sender's.
            Tag::SED => Err(Refused(Unreadable::NoIntegrityProtection).into()),
            // LibrePGP 5.16, GnuPG's OCB packet.
            Tag::AED => Err(Refused(Unreadable::Unsupported).into()),
            _ if matches!(parser.packet, Packet::Unknown(_)) && parser.packet.tag() == Tag::SEIP => {
                Err(Refused(Unreadable::Unsupported).into())
            }
            // As `is_cut_short`, where it takes decrypting or unpacking to see it: the version is read by now.
            Tag::SEIP if parser.recursion_depth() > 0 && parser.buffer().len() < LEAST_SEALED - 1 => {
                Err(Refused(Unreadable::Malformed).into())
            }
            Tag::PKESK | Tag::SKESK if matches!(parser.packet, Packet::Unknown(_)) => {
                self.progress.unknown_version = true;
                Ok(())
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
        let (named, hidden) = self.candidates(recipients);
        let named_us = !named.is_empty();
        // ElGamal, for instance: a key of ours that nothing here can use.
        let unsupported = |(_, key): &Candidate<'_, '_>| !key.pair.public().pk_algo().is_supported();
        let unusable = named_us && named.iter().all(unsupported) || self.progress.unknown_version && !named_us;
        for (recipient, key) in named.into_iter().chain(hidden) {
            let Some(left) = self.trials.checked_sub(1) else {
                return Err(Refused(Unreadable::TooLarge).into());
            };
            *self.trials = left;
            if let Some(cert) = self.attempt(recipient, key, algorithm, decrypt) {
                return Ok(Some(cert));
            }
        }
        Err(Refused(match named_us {
            _ if unusable || self.progress.unknown_cipher => Unreadable::Unsupported,
            true => Unreadable::Tampered,
            false if recipients.is_empty() && !passwords.is_empty() => Unreadable::SymmetricOnly,
            false => Unreadable::NoKey,
        })
        .into())
    }
}

/// A recipient, and a key of ours that may be meant.
type Candidate<'r, 'a> = (&'r PKESK, &'a DecryptionKey);

impl<'a> Opening<'a, '_> {
    /// Recipients that name a key of ours, then those that name nobody (RFC 9580 5.1.1), which may be any of our keys.
    fn candidates<'r>(&self, recipients: &'r [PKESK]) -> (Vec<Candidate<'r, 'a>>, Vec<Candidate<'r, 'a>>) {
        let (mut named, mut hidden) = (Vec::new(), Vec::new());
        for recipient in recipients {
            let handle = recipient.recipient();
            for key in self.keyring.decryption.iter().filter(|key| fits(recipient, key)) {
                match &handle {
                    Some(handle) if key.handle.aliases(handle) => named.push((recipient, key)),
                    None if hidden.len() <= *self.trials => hidden.push((recipient, key)),
                    _ => {}
                }
            }
        }
        (named, hidden)
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
            // Camellia or Twofish, for instance: the session key is right, and nothing here can use it.
            self.progress.unknown_cipher |= found.is_some_and(|cipher| !cipher.is_supported());
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
