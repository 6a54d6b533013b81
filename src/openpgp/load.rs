use std::path::Path;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::crypto::Password;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse;
use time::OffsetDateTime;

use super::certificate::{addresses, warnings};
use super::files::{KeyFile, KeyFiles, KeyringError};
use super::keyring::{DecryptionKey, Keyring, TeamMember};
use super::own::Choice;
use super::policy::unusable_for_encryption;
use crate::model::{Secret, WorkerSettings};

impl Keyring {
    /// Reads everything that `settings` names and builds a keyring of it ([`KeyFiles::read`], [`Keyring::from_files`]).
    ///
    /// # Errors
    ///
    /// Only for a path that cannot be read or a named file without any key in it.
    pub fn load(settings: &WorkerSettings, now: OffsetDateTime) -> Result<Keyring, KeyringError> {
        Keyring::from_files(&KeyFiles::read(settings)?, now)
    }

    /// Unlocks the secret keys with the passwords, and looks for what the operator should know as of `now`
    /// ([`Keyring::warnings`]). Touches no file.
    ///
    /// # Errors
    ///
    /// Only for a named file without any key in it. A single broken, expired or locked key is a warning: the others go on
    /// working.
    pub fn from_files(files: &KeyFiles, now: OffsetDateTime) -> Result<Keyring, KeyringError> {
        let mut keyring = Keyring::default();
        let passwords = passwords(&files.passwords);
        for cert in merged(certificates(&files.secret, &mut keyring.warnings)?) {
            keyring.add_own(cert, &passwords);
        }
        for cert in merged(certificates(&files.team, &mut keyring.warnings)?) {
            let certificate = cert.strip_secret_key_material();
            let unusable = unusable_for_encryption(&certificate, now);
            keyring.team.push(TeamMember { addresses: addresses(&certificate), certificate, unusable });
        }
        let known = merged(certificates(&files.known, &mut keyring.warnings)?);
        keyring.known = known.into_iter().map(Cert::strip_secret_key_material).collect();
        keyring.index_certificates();
        keyring.choice = Choice::of(&keyring, now);
        keyring.warn(now);
        Ok(keyring)
    }

    /// Adds a certificate with its secret keys, expired, revoked or retired: what was once encrypted to it still opens.
    fn add_own(&mut self, cert: Cert, passwords: &[Password]) {
        if !cert.is_tsk() {
            self.warnings.push(format!(
                "{} is configured as a secret key but holds only the public part, so mail to it stays shut: export it with its \
                 secret key",
                name(&cert)
            ));
            self.own.push(cert);
            return;
        }
        let (certificate, mut stubs, mut locked, mut unlocked) = (self.own.len(), 0, 0, 0);
        for key in cert.keys().secret() {
            if is_stub(key.key()) {
                stubs += 1;
                continue;
            }
            let Some(pair) = unlock(key.key(), passwords).and_then(|key| key.into_keypair().ok()) else {
                locked += 1;
                continue;
            };
            unlocked += 1;
            if key.key().pk_algo().for_encryption() {
                let handle = key.key().key_handle();
                self.decryption.push(DecryptionKey { handle, pair: pair.clone(), certificate });
            }
            if key.key().pk_algo().for_signing() {
                self.signing.insert(key.key().fingerprint(), pair);
            }
        }
        if locked > 0 {
            self.warnings.push(format!(
                "{} of {} of the secret keys of {} stay locked, since no line of the password files opens them: put its \
                 password into one that `passwords` in [keys] names",
                locked,
                locked + unlocked,
                name(&cert)
            ));
        }
        if stubs > 0 {
            self.warnings.push(format!(
                "{stubs} of {} secret keys of {} are stubs, on a smartcard or left out when they were exported, and passed over: \
                 {}",
                stubs + locked + unlocked,
                name(&cert),
                match unlocked {
                    0 => "export the whole key with `gpg --export-secret-keys` where it is",
                    _ => "the others are used",
                }
            ));
        }
        self.own.push(cert.strip_secret_key_material());
    }

    fn warn(&mut self, now: OffsetDateTime) {
        let mut found = Vec::new();
        if self.decryption.is_empty() {
            found.push("there is no secret key: encrypted mail stays shut; make one with `key generate`".to_owned());
        } else if self.choice.signs.is_none() {
            let why = self
                .own
                .iter()
                .filter_map(|cert| unusable_for_encryption(cert, now).map(|reason| format!("{} {reason}", name(cert))));
            let why: Vec<String> = why.collect();
            found.push(format!(
                "no own certificate can be used now, so no mail is signed or sealed ({}): extend it, or make a new one with `key \
                 generate`",
                why.join("; ")
            ));
        }
        if let Some(cert) = self.own_certificate() {
            found.extend(
                warnings(cert, now).into_iter().map(|warning| format!("own certificate {} {warning}", name(cert))),
            );
        }
        for member in &self.team {
            let certificate = &member.certificate;
            match &member.unusable {
                Some(reason) => found.push(format!(
                    "team certificate {} {reason}: its holder gets the link and nothing else; ask for a new one",
                    name(certificate)
                )),
                None => found.extend(
                    warnings(certificate, now)
                        .into_iter()
                        .filter(|warning| !warning.contains("tag 20"))
                        .map(|warning| format!("team certificate {} {warning}", name(certificate))),
                ),
            }
        }
        self.warnings.extend(found);
    }
}

/// A certificate as an operator recognises it.
fn name(cert: &Cert) -> String {
    let user_id = cert.userids().next().map(|id| id.userid().to_string());
    user_id.map_or_else(|| cert.fingerprint().to_hex(), |id| format!("{} ({id})", cert.fingerprint().to_hex()))
}

/// Whether this is what `gpg --export-secret-subkeys` leaves of a key: it claims a secret and holds none.
pub(super) fn is_stub(key: &Key<SecretParts, UnspecifiedRole>) -> bool {
    match key.secret() {
        SecretKeyMaterial::Unencrypted(_) => false,
        SecretKeyMaterial::Encrypted(locked) => !locked.s2k().is_supported(),
    }
}

fn unlock(
    key: &Key<SecretParts, UnspecifiedRole>,
    passwords: &[Password],
) -> Option<Key<SecretParts, UnspecifiedRole>> {
    if key.has_unencrypted_secret() {
        return Some(key.clone());
    }
    passwords.iter().find_map(|password| key.clone().decrypt_secret(password).ok())
}

/// Each line of each file that is not empty.
fn passwords(files: &[Secret<Vec<u8>>]) -> Vec<Password> {
    let lines = files.iter().flat_map(|file| file.expose().split(|byte| *byte == b'\n'));
    lines
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
        .map(Password::from)
        .collect()
}

/// All certificates in `files`, in their order.
fn certificates(files: &[KeyFile], warnings: &mut Vec<String>) -> Result<Vec<Cert>, KeyringError> {
    let mut found = Vec::new();
    for KeyFile { path, bytes, named } in files {
        if parse(bytes.expose(), path, &mut found, warnings) > 0 {
            continue;
        }
        if *named {
            return Err(KeyringError::NoKey { path: path.clone() });
        }
        warnings.push(format!("{} holds no OpenPGP key: it is passed over", path.display()));
    }
    Ok(found)
}

fn parse(bytes: &[u8], file: &Path, found: &mut Vec<Cert>, warnings: &mut Vec<String>) -> usize {
    let before = found.len();
    let Ok(parser) = CertParser::from_bytes(bytes) else { return 0 };
    for cert in parser {
        match cert {
            Ok(cert) => found.push(cert),
            Err(error) => warnings.push(format!(
                "a key in {} cannot be read ({}): export it again",
                file.display(),
                super::policy::one_line(&error)
            )),
        }
    }
    found.len() - before
}

/// One certificate for each primary key, in order of first appearance.
fn merged(certs: Vec<Cert>) -> Vec<Cert> {
    let mut merged: Vec<Cert> = Vec::new();
    for cert in certs {
        match merged.iter_mut().find(|known| known.fingerprint() == cert.fingerprint()) {
            // Only certificates of different primary keys refuse to merge.
            Some(known) => {
                if let Ok(both) = known.clone().merge_public_and_secret(cert) {
                    *known = both;
                }
            }
            None => merged.push(cert),
        }
    }
    merged
}
