//! Ciphertext in formats that no installed program makes, by the Sequoia library, and what `inspect` says about it.

use std::io::{self, Read, Write};
use std::path::Path;

use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{PublicParts, UnspecifiedRole};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::stream::{Armorer, Compressor, Encryptor, LiteralWriter, Message, Recipient};
use sequoia_openpgp::types::{AEADAlgorithm, CompressionAlgorithm, Features};
use sequoia_openpgp::{Cert, KeyHandle};
use serde_json::Value;

use super::daemon::Gateway;
use super::world::fixture;

/// A key that can be encrypted to.
pub type PublicKey = Key<PublicParts, UnspecifiedRole>;

/// How something is sealed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sealing {
    /// Version 2 of the encrypted packet with this, else version 1.
    pub aead: Option<AEADAlgorithm>,
    /// No recipient is named.
    pub hidden: bool,
    /// Recipients before ours who are somebody else.
    pub others: usize,
    /// Passwords that open it, too.
    pub passwords: usize,
}

impl Sealing {
    /// An entity with this text for these keys, in armor.
    pub fn seal(&self, text: &str, keys: &[&PublicKey]) -> Vec<u8> {
        self.sealed(true, text, 0, keys)
    }

    /// The same in binary.
    pub fn seal_binary(&self, text: &str, keys: &[&PublicKey]) -> Vec<u8> {
        self.sealed(false, text, 0, keys)
    }

    /// So many zeros, compressed, in binary.
    pub fn seal_compressed(&self, zeros: u64, keys: &[&PublicKey]) -> Vec<u8> {
        self.sealed(false, "", zeros, keys)
    }

    fn sealed(&self, armor: bool, text: &str, zeros: u64, keys: &[&PublicKey]) -> Vec<u8> {
        let other = encryption_key(&stranger()).unwrap();
        let all = std::iter::repeat_n(&other, self.others).chain(keys.iter().copied());
        let recipients: Vec<Recipient> = all.map(|key| self.recipient(key)).collect();
        let passwords = (0..self.passwords).map(|number| format!("password {number}"));
        let mut sealed = Vec::new();
        let mut message = Message::new(&mut sealed);
        if armor {
            message = Armorer::new(message).build().unwrap();
        }
        let mut encryptor = Encryptor::for_recipients(message, recipients).add_passwords(passwords);
        if let Some(aead) = self.aead {
            encryptor = encryptor.aead_algo(aead);
        }
        let mut message = encryptor.build().unwrap();
        if zeros > 0 {
            message = Compressor::new(message).algo(CompressionAlgorithm::Zlib).build().unwrap();
        }
        let mut message = LiteralWriter::new(message).build().unwrap();
        write!(message, "Content-Type: text/plain\r\n\r\n{text}\r\n").unwrap();
        io::copy(&mut io::repeat(0).take(zeros), &mut message).unwrap();
        message.finalize().unwrap();
        sealed
    }

    fn recipient<'a>(&self, key: &'a PublicKey) -> Recipient<'a> {
        let named: KeyHandle = match self.aead {
            Some(_) => key.fingerprint().into(),
            None => key.keyid().into(),
        };
        Recipient::new(Features::empty(), Some(named).filter(|_| !self.hidden), key)
    }
}

/// Somebody whose key nobody here has.
pub fn stranger() -> Cert {
    let builder = CertBuilder::new().set_cipher_suite(CipherSuite::Cv25519).add_userid("stranger@elsewhere.example");
    builder.add_transport_encryption_subkey().generate().unwrap().0
}

/// The encryption key of a certificate, expired and revoked ones too; none that cannot be encrypted to here.
pub fn encryption_key(cert: &Cert) -> Option<PublicKey> {
    let policy = StandardPolicy::new();
    let key = cert.keys().subkeys().find(|key| {
        let algorithm = key.key().pk_algo();
        algorithm.is_supported() && algorithm.for_encryption() && key.binding_signature(&policy, None).is_ok()
    })?;
    Some(key.key().clone().parts_into_public().role_into_unspecified())
}

/// A PGP/MIME mail with this ciphertext.
pub fn mail(subject: &str, armored: &[u8]) -> Vec<u8> {
    mail_from("erin@reporter.example", "intake@keys.example", subject, armored)
}

/// The same by somebody, to some gateway; its Message-ID is made of the subject.
pub fn mail_from(from: &str, to: &str, subject: &str, armored: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: Erin <{from}>\nTo: {to}\nSubject: {subject}\nMessage-ID: <{subject}@reporter.example>\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\nMIME-Version: 1.0\nContent-Type: multipart/encrypted; \
         protocol=\"application/pgp-encrypted\"; boundary=\"b\"\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n\
         --b\nContent-Type: application/octet-stream\n\n"
    );
    [head.as_bytes(), armored, b"\n--b--\n"].concat()
}

/// What `inspect` prints about a folder of mails, with the keys of `fixtures/key-kinds`.
pub fn inspected(mails: &Path) -> Vec<Value> {
    let gateway = Gateway::new(
        "[identity]\naddress = \"intake@keys.example\"\n[mailbox.main]\npath = \"mail\"\n[smtp]\ndeliver_to = \"out\"\n\
         [ledger]\nfolder = \"ledger\"\n[keys]\nsecret = []\n",
    );
    let keys = fixture("key-kinds").display().to_string();
    let passwords = fixture("key-kinds/passwords.txt").display().to_string();
    let arguments = ["inspect", "--format", "json", "--show-text", "--key", &keys, "--key-password-file", &passwords];
    let output = gateway.run(&[&arguments[..], &[&mails.display().to_string()]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
