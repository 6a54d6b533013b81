use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;

use super::{KeyStore, PUBLIC_MODE, SECRET_MODE, write_new};
use crate::app::{Error, file_error};
use crate::model::Secret;
use crate::openpgp::{self, Cert, Change, Description};

/// A certificate that was imported, or that was there.
#[derive(Debug, Serialize)]
pub struct ImportedKey {
    /// `new`, `updated`, `unchanged`.
    pub change: String,
    pub path: PathBuf,
    /// What should be known about it, a sentence each.
    pub advice: Vec<String>,
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
        true => KeyStore::of_paths(&[folder.to_owned()])?.into_certificates(),
        false => Vec::new(),
    };
    let certs: Vec<Cert> = existing.iter().map(|(_, cert)| cert.clone()).collect();
    let imported = openpgp::import(bytes.expose(), &certs, OffsetDateTime::now_utc())?;
    for one in &imported {
        let fingerprint = &one.description.fingerprint;
        if one.certificate.is_tsk() && !secret {
            return Err(Error::refused(format!(
                "{fingerprint} is a secret key: for a member of the team import the certificate alone (gpg --armor --export); for a \
                 key of the gateway say --secret; one that came by mail belongs in neither, and its owner must revoke it"
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
        let mut advice = one.advice();
        advice.extend(exposed(file).filter(|_| one.certificate.is_tsk()));
        done.push(ImportedKey { change: change.to_owned(), path, advice, description: one.description });
    }
    Ok(done)
}

/// A sentence about a file with a secret key that others can read.
fn exposed(file: &Path) -> Option<String> {
    let mode = std::fs::metadata(file).ok()?.permissions().mode();
    let open = mode & 0o077 != 0;
    open.then(|| {
        format!("was read from {0}, which other users can read: delete {0}, or run chmod 600 {0}", file.display())
    })
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
