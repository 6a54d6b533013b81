use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::{Error, Settings, file_error};
use crate::config::SecretSource;
use crate::model::{Address, Fingerprint, Secret};
use crate::openpgp::{self, Cert, Change, Description};

/// Rights of files with secrets, and of files for everybody.
const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

/// What `key generate` is asked for.
#[derive(Debug)]
pub struct KeyOrder {
    pub name: String,
    pub address: Address,
    pub password: Option<Secret<String>>,
    pub years: u16,
    pub folder: PathBuf,
    /// Beginning of the files' names.
    pub file_name: String,
}

/// A new key, and the files that hold it.
#[derive(Debug, Serialize)]
pub struct MadeKey {
    pub fingerprint: Fingerprint,
    pub secret_key: PathBuf,
    pub certificate: PathBuf,
    pub revocation: PathBuf,
}

/// The password in a file or a systemd credential; `None` when neither is named.
pub fn password(file: Option<&Path>, credential: Option<&str>) -> Result<Option<Secret<String>>, Error> {
    let source = match (file, credential) {
        (Some(file), _) => SecretSource::File(file.to_owned()),
        (None, Some(name)) => SecretSource::credential(name, Path::new(".")),
        (None, None) => return Ok(None),
    };
    Ok(Some(source.read()?))
}

/// Makes a key and writes it. Nothing is written when one of its three files exists.
pub fn generate_key(order: &KeyOrder) -> Result<MadeKey, Error> {
    let file = |ending: &str| order.folder.join(format!("{}.{ending}.asc", order.file_name));
    let [secret_key, certificate, revocation] = [file("sec"), file("pub"), file("rev")];
    if let Some(there) = [&secret_key, &certificate, &revocation].into_iter().find(|path| path.exists()) {
        let there = there.display();
        return Err(Error::refused(format!(
            "{there} exists and is not overwritten: choose another --output or --file-name"
        )));
    }
    let validity = Duration::days(i64::from(order.years) * 365);
    let password = order.password.as_ref().map(|password| password.expose().as_str());
    let made = openpgp::generate(&order.name, &order.address, password, validity, OffsetDateTime::now_utc())?;
    std::fs::create_dir_all(&order.folder).map_err(|error| file_error("make", &order.folder, &error))?;
    write_new(&secret_key, made.secret_key.expose().as_bytes(), SECRET_MODE)?;
    write_new(&certificate, made.certificate.as_bytes(), PUBLIC_MODE)?;
    write_new(&revocation, made.revocation.expose().as_bytes(), SECRET_MODE)?;
    Ok(MadeKey { fingerprint: made.fingerprint, secret_key, certificate, revocation })
}

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
        Ok(store)
    }

    /// What is in these files and folders.
    pub fn of_paths(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut store = KeyStore { keys: Vec::new() };
        store.add("file", paths)?;
        Ok(store)
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
                    (ListedKey { role, path: file.clone(), description }, cert)
                }));
            }
        }
        Ok(())
    }

    /// All of them.
    pub fn describe(&self) -> Vec<ListedKey> {
        self.keys.iter().map(|(key, _)| key.clone()).collect()
    }

    /// Those whose fingerprint ends with `which`, or one of whose user ids contains it.
    pub fn find(&self, which: &str) -> Result<Vec<ListedKey>, Error> {
        Ok(self.matching(which)?.into_iter().map(|(key, _)| key.clone()).collect())
    }

    /// The certificate in ASCII armor, never with a secret part: the gateway's own, or the only one that `which` names.
    pub fn export(&self, which: Option<&str>) -> Result<String, Error> {
        let found: Vec<&(ListedKey, Cert)> = match which {
            Some(which) => self.matching(which)?,
            None => {
                let own = self.keys.iter().find(|(key, _)| key.role == "own" && key.description.unusable.is_none());
                own.into_iter().collect()
            }
        };
        match found.as_slice() {
            [(_, certificate)] => Ok(openpgp::armored(certificate)),
            [] => Err(Error::refused("there is no usable key of the gateway: make one with key generate")),
            several => Err(Error::refused(format!("{} certificates fit: give a fingerprint", several.len()))),
        }
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

/// A certificate that was imported, or that was there.
#[derive(Debug, Serialize)]
pub struct ImportedKey {
    /// `new`, `updated`, `unchanged`.
    pub change: String,
    pub path: PathBuf,
    #[serde(flatten)]
    pub description: Description,
}

/// Writes the certificates of `file` (`-`: standard input) into `folder`, one file each, named by fingerprint.
///
/// One that is there is merged only with `update`, and secret keys are taken only with `secret`; nothing is written at all
/// when one of them is refused.
pub fn import_keys(file: &Path, folder: &Path, update: bool, secret: bool) -> Result<Vec<ImportedKey>, Error> {
    let mut bytes = Secret::new(Vec::new());
    read_all(file, &mut bytes)?;
    let existing: Vec<(PathBuf, Cert)> = match folder.is_dir() {
        true => {
            KeyStore::of_paths(&[folder.to_owned()])?.keys.into_iter().map(|(key, cert)| (key.path, cert)).collect()
        }
        false => Vec::new(),
    };
    let certs: Vec<Cert> = existing.iter().map(|(_, cert)| cert.clone()).collect();
    let imported = openpgp::import(bytes.expose(), &certs, OffsetDateTime::now_utc())?;
    for one in &imported {
        let fingerprint = &one.description.fingerprint;
        if one.certificate.is_tsk() && !secret {
            return Err(Error::refused(format!(
                "{fingerprint} is a secret key: export the certificate alone, or say --secret"
            )));
        }
        if one.change == Change::Updated && !update {
            return Err(Error::refused(format!(
                "{fingerprint} is there already and would change: say --update to merge both"
            )));
        }
    }
    std::fs::create_dir_all(folder).map_err(|error| file_error("make", folder, &error))?;
    let mut done = Vec::new();
    for one in imported {
        let there = existing.iter().find(|(_, cert)| cert.fingerprint() == one.certificate.fingerprint());
        // A file with several certificates is left alone: the keyring merges what stands in two files.
        let alone = |path: &PathBuf| existing.iter().filter(|(other, _)| other == path).count() == 1;
        let path = there.map(|(path, _)| path.clone()).filter(alone);
        let path = path.unwrap_or_else(|| folder.join(format!("{}.asc", one.description.fingerprint)));
        write_certificate(&path, &one)?;
        let change = match one.change {
            Change::New => "new",
            Change::Updated => "updated",
            Change::Unchanged => "unchanged",
        };
        done.push(ImportedKey { change: change.to_owned(), path, description: one.description });
    }
    Ok(done)
}

fn write_certificate(path: &Path, imported: &openpgp::Imported) -> Result<(), Error> {
    let secret = imported.certificate.is_tsk();
    let (text, mode) = match secret {
        true => (openpgp::armored_with_secret(&imported.certificate), SECRET_MODE),
        false => (Secret::new(openpgp::armored(&imported.certificate)), PUBLIC_MODE),
    };
    match imported.change {
        Change::Unchanged => Ok(()),
        Change::New => write_new(path, text.expose().as_bytes(), mode),
        // Another file first, so that a full disk costs nothing of what is there.
        Change::Updated => {
            let fresh = path.with_extension("asc.new");
            write_new(&fresh, text.expose().as_bytes(), mode)?;
            std::fs::rename(&fresh, path).map_err(|error| file_error("write", path, &error))
        }
    }
}

fn read_all(file: &Path, bytes: &mut Secret<Vec<u8>>) -> Result<(), Error> {
    let mut read = Vec::new();
    let result = match file.as_os_str() == "-" {
        true => std::io::stdin().lock().read_to_end(&mut read),
        false => File::open(file).and_then(|mut file| file.read_to_end(&mut read)),
    };
    *bytes = Secret::new(read);
    result.map(|_| ()).map_err(|error| file_error("read", file, &error))
}

/// Writes a file that must not exist.
fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        // The mode at creation is cut by the umask, which is right for secrets and wrong for certificates.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| file_error("write", path, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(folder: &Path) -> KeyOrder {
        KeyOrder {
            name: "Intake".into(),
            address: "intake@example.org".parse().unwrap(),
            password: Some(Secret::new("correct horse".into())),
            years: 2,
            folder: folder.to_owned(),
            file_name: "intake".into(),
        }
    }

    #[test]
    fn a_key_is_written_for_its_owner_alone_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let made = generate_key(&order(folder.path())).unwrap();
        for (path, mode) in [(&made.secret_key, 0o600), (&made.certificate, 0o644), (&made.revocation, 0o600)] {
            assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
        }
        let before = std::fs::read(&made.secret_key).unwrap();
        std::fs::remove_file(&made.certificate).unwrap();
        let refused = generate_key(&order(folder.path())).unwrap_err().to_string();
        assert!(refused.contains("exists and is not overwritten"), "{refused}");
        assert!(!made.certificate.exists(), "nothing is written beside it");
        assert_eq!(std::fs::read(&made.secret_key).unwrap(), before);
    }

    #[test]
    fn certificates_are_found_exported_and_imported_without_their_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let made = generate_key(&order(folder.path())).unwrap();
        let store = KeyStore::of_paths(std::slice::from_ref(&made.secret_key)).unwrap();
        let tail = &made.fingerprint.as_str()[24..];
        for which in [made.fingerprint.as_str(), tail, &made.fingerprint.spaced(), "INTAKE@example"] {
            assert_eq!(store.find(which).unwrap().len(), 1, "{which}");
            assert!(store.export(Some(which)).unwrap().starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
        }
        assert!(store.find("nobody@example.org").is_err());

        let team = folder.path().join("team");
        let refused = import_keys(&made.secret_key, &team, false, false).unwrap_err().to_string();
        assert!(refused.contains("is a secret key"), "{refused}");
        let changes = |file: &Path, update, secret| {
            let imported = import_keys(file, &team, update, secret)?;
            Ok::<_, Error>(imported.into_iter().map(|one| one.change).collect::<Vec<_>>())
        };
        assert_eq!(changes(&made.certificate, false, false).unwrap(), ["new"]);
        assert_eq!(changes(&made.certificate, false, false).unwrap(), ["unchanged"]);
        assert!(changes(&made.revocation, false, false).is_err(), "a revocation alone is no certificate");
        assert!(changes(&made.secret_key, false, true).unwrap_err().to_string().contains("--update"));
        assert_eq!(changes(&made.secret_key, true, true).unwrap(), ["updated"]);
        let file = team.join(format!("{}.asc", made.fingerprint));
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
