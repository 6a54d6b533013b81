use std::fs;
use std::path::{Path, PathBuf};

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::CertParser;
use sequoia_openpgp::crypto::Password;
use sequoia_openpgp::packet::Key;
use sequoia_openpgp::packet::key::{SecretKeyMaterial, SecretParts, UnspecifiedRole};
use sequoia_openpgp::parse::Parse;
use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::certificate::{addresses, warnings};
use super::keyring::{DecryptionKey, Keyring, TeamMember};
use super::policy::unusable_for_encryption;
use crate::model::WorkerSettings;

/// File name endings that are read from a folder; anything else there (a README, a password) is none of our business.
const ENDINGS: [&str; 7] = ["asc", "gpg", "pgp", "key", "sec", "pub", "cert"];

/// Why the configured keys could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    #[error("cannot read {}: {reason}; check the path and that the service's user may read it", path.display())]
    Unreadable { path: PathBuf, reason: std::io::Error },
    #[error("{} holds no OpenPGP key: export one into it with `gpg --armor --export-secret-keys` or `key generate`", path.display())]
    NoKey { path: PathBuf },
}

impl Keyring {
    /// Reads everything that `settings` names, unlocks the secret keys with the passwords, and looks for what the operator
    /// should know as of `now` ([`Keyring::warnings`]).
    ///
    /// # Errors
    ///
    /// Only for a path that cannot be read or a named file without any key in it. A single broken, expired or locked key
    /// is a warning: the others go on working.
    pub fn load(settings: &WorkerSettings, now: OffsetDateTime) -> Result<Keyring, KeyringError> {
        let mut keyring = Keyring::default();
        let passwords = passwords(&settings.key_passwords)?;
        for cert in merged(certificates(&settings.secret_keys, &mut keyring.warnings)?) {
            keyring.add_own(cert, &passwords);
        }
        for cert in merged(certificates(&settings.team_certificates, &mut keyring.warnings)?) {
            let certificate = cert.strip_secret_key_material();
            let unusable = unusable_for_encryption(&certificate, now);
            keyring.team.push(TeamMember { addresses: addresses(&certificate), certificate, unusable });
        }
        let known = merged(certificates(&settings.known_certificates, &mut keyring.warnings)?);
        keyring.known = known.into_iter().map(Cert::strip_secret_key_material).collect();
        keyring.index_certificates();
        keyring.choose_own(now);
        keyring.warn(now);
        Ok(keyring)
    }

    /// Adds a certificate with its secret keys, expired, revoked or retired: what was once encrypted to it still opens.
    fn add_own(&mut self, cert: Cert, passwords: &[Password]) {
        if !cert.is_tsk() {
            self.warnings.push(format!(
                "{} is configured as a secret key but holds only the public part: export it with its secret key",
                name(&cert)
            ));
            return;
        }
        let (certificate, mut locked, mut unlocked) = (self.own.len(), 0, 0);
        for key in cert.keys().secret() {
            if is_stub(key.key()) {
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
                "{locked} secret keys of {} stay locked: no line of the password files opens them",
                name(&cert)
            ));
        } else if unlocked == 0 {
            self.warnings.push(format!("{} holds no secret key that can be used, only stubs", name(&cert)));
        }
        self.own.push(cert.strip_secret_key_material());
    }

    /// The first certificate that can sign and be encrypted to at `now`.
    fn choose_own(&mut self, now: OffsetDateTime) {
        self.current = self.own.iter().enumerate().position(|(at, cert)| {
            unusable_for_encryption(cert, now).is_none()
                && self.signer_of(cert, now).is_some()
                && self.decryption.iter().any(|key| key.certificate == at)
        });
    }

    fn warn(&mut self, now: OffsetDateTime) {
        let mut found = Vec::new();
        if self.decryption.is_empty() {
            found.push("there is no secret key: encrypted mail stays shut; make one with `key generate`".to_owned());
        } else if self.current.is_none() {
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
fn is_stub(key: &Key<SecretParts, UnspecifiedRole>) -> bool {
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

fn passwords(files: &[PathBuf]) -> Result<Vec<Password>, KeyringError> {
    let mut passwords = Vec::new();
    for file in files {
        let content = Zeroizing::new(read(file)?);
        for line in content.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.is_empty() {
                passwords.push(Password::from(line));
            }
        }
    }
    Ok(passwords)
}

/// All certificates in `paths`, in the order of the paths, files of a folder sorted by name.
fn certificates(paths: &[PathBuf], warnings: &mut Vec<String>) -> Result<Vec<Cert>, KeyringError> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            for file in files_of(path)? {
                if parse(&Zeroizing::new(read(&file)?), &file, &mut found, warnings) == 0 {
                    warnings.push(format!("{} holds no OpenPGP key: it is passed over", file.display()));
                }
            }
        } else if parse(&Zeroizing::new(read(path)?), path, &mut found, warnings) == 0 {
            return Err(KeyringError::NoKey { path: path.clone() });
        }
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

/// The files that `path` stands for: itself, or those of a folder that can hold keys, by name.
///
/// # Errors
///
/// A folder that cannot be read.
pub fn key_files(path: &Path) -> Result<Vec<PathBuf>, KeyringError> {
    if path.is_dir() { files_of(path) } else { Ok(vec![path.to_owned()]) }
}

fn files_of(folder: &Path) -> Result<Vec<PathBuf>, KeyringError> {
    let failed = |reason| KeyringError::Unreadable { path: folder.to_owned(), reason };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let known = path.extension().and_then(|e| e.to_str()).is_some_and(|e| ENDINGS.contains(&e));
        if known && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, KeyringError> {
    fs::read(path).map_err(|reason| KeyringError::Unreadable { path: path.to_owned(), reason })
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
