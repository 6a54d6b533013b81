use std::path::PathBuf;

use serde::Serialize;
use time::OffsetDateTime;

use crate::app::{Error, Settings, file_error};
use crate::model::Secret;
use crate::openpgp::{self, Cert, Description, Keyring, OwnUse};

/// Keys and certificates, and where they are.
pub struct KeyStore {
    keys: Vec<(ListedKey, Cert)>,
}

/// A key or certificate for people.
#[derive(Debug, Clone, Serialize)]
pub struct ListedKey {
    /// `own`, `team`, `known`; `file` for what was named on the command line.
    pub role: &'static str,
    pub path: PathBuf,
    /// What an own key is for; `None` for those of others, and where the keys cannot be loaded.
    pub purpose: Option<OwnUse>,
    #[serde(flatten)]
    pub description: Description,
}

impl KeyStore {
    /// What the settings name.
    pub fn configured(settings: &Settings) -> Result<Self, Error> {
        let worker = settings.worker()?;
        let mut store = KeyStore { keys: Vec::new() };
        store.add("own", &worker.secret_keys)?;
        store.add("team", &worker.team_certificates)?;
        store.add("known", &worker.known_certificates)?;
        // Decided where mail is opened, so that it is never decided twice.
        if let Ok(keyring) = Keyring::load(&worker, OffsetDateTime::now_utc()) {
            store.tell_purposes(&keyring);
        }
        Ok(store)
    }

    /// What is in these files and folders.
    pub fn of_paths(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut store = KeyStore { keys: Vec::new() };
        store.add("file", paths)?;
        Ok(store)
    }

    fn tell_purposes(&mut self, keyring: &Keyring) {
        let own = keyring.own_keys(OffsetDateTime::now_utc());
        for (key, _) in self.keys.iter_mut().filter(|(key, _)| key.role == "own") {
            let found = own.iter().find(|own| own.fingerprint.as_str() == key.description.fingerprint);
            key.purpose = found.map(|own| own.purpose);
        }
    }

    fn add(&mut self, role: &'static str, paths: &[PathBuf]) -> Result<(), Error> {
        let now = OffsetDateTime::now_utc();
        for path in paths {
            for file in openpgp::key_files(path)? {
                let bytes = std::fs::read(&file).map(Secret::new).map_err(|error| file_error("read", &file, &error))?;
                let certs = match openpgp::read_certificates(bytes.expose()) {
                    Ok(certs) => certs,
                    // A revocation or a README beside the keys is no mistake; a file that was named is.
                    Err(_) if path.is_dir() => continue,
                    Err(error) => return Err(Error::refused(format!("{}: {error}", file.display()))),
                };
                self.keys.extend(certs.into_iter().map(|cert| {
                    let description = openpgp::describe(&cert, now);
                    (ListedKey { role, path: file.clone(), purpose: None, description }, cert)
                }));
            }
        }
        Ok(())
    }

    /// Each certificate with its file.
    pub(super) fn into_certificates(self) -> Vec<(PathBuf, Cert)> {
        self.keys.into_iter().map(|(key, cert)| (key.path, cert)).collect()
    }

    /// All of them.
    pub fn describe(&self) -> Vec<ListedKey> {
        self.keys.iter().map(|(key, _)| key.clone()).collect()
    }

    /// Those whose fingerprint ends with `which`, or one of whose user ids contains it.
    pub fn find(&self, which: &str) -> Result<Vec<ListedKey>, Error> {
        Ok(self.matching(which)?.into_iter().map(|(key, _)| key.clone()).collect())
    }

    /// The certificate in ASCII armor, never with a secret part, that `which` alone names.
    pub fn export(&self, which: &str) -> Result<String, Error> {
        match self.matching(which)?.as_slice() {
            [(_, certificate)] => Ok(openpgp::armored(certificate)),
            several => Err(Error::refused(format!("{} certificates fit: give a fingerprint", several.len()))),
        }
    }

    /// The gateway's own certificate in ASCII armor: the one for everybody, or the one for post-quantum encryption.
    pub fn export_own(&self, post_quantum: bool) -> Result<String, Error> {
        let purpose = if post_quantum { OwnUse::PostQuantum } else { OwnUse::Signs };
        let own = |(key, _): &&(ListedKey, Cert)| key.purpose == Some(purpose);
        let none = "there is no usable key of the gateway for this: key list shows why, key generate makes one";
        let (_, certificate) = self.keys.iter().find(own).ok_or_else(|| Error::refused(none))?;
        Ok(openpgp::armored(certificate))
    }

    fn matching(&self, which: &str) -> Result<Vec<&(ListedKey, Cert)>, Error> {
        let compact: String = which.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        let hex = compact.strip_prefix("0X").unwrap_or(&compact);
        let is_hex = hex.len() >= 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let wanted = which.to_lowercase();
        let fits = |key: &Description| {
            is_hex && key.fingerprint.ends_with(hex)
                || key.user_ids.iter().any(|user_id| user_id.to_lowercase().contains(&wanted))
        };
        let found: Vec<_> = self.keys.iter().filter(|(key, _)| fits(&key.description)).collect();
        if found.is_empty() {
            return Err(Error::refused(format!("no certificate fits {which:?}: key list shows what there is")));
        }
        Ok(found)
    }
}
