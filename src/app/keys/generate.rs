use std::path::{Path, PathBuf};

use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::{PUBLIC_MODE, SECRET_MODE, write_new};
use crate::app::{Error, file_error};
use crate::config::SecretSource;
use crate::model::{Address, Fingerprint, Secret};
use crate::openpgp;

/// What is added to the file names of the key for post-quantum encryption.
const POST_QUANTUM: &str = "-pq";

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
    /// Makes the second key, of version 6 and for post-quantum encryption; the first one too where it is missing.
    pub post_quantum: bool,
}

/// A new key, and the files that hold it.
#[derive(Debug, Serialize)]
pub struct MadeKey {
    pub fingerprint: Fingerprint,
    pub post_quantum: bool,
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

/// Makes a key and writes it, two with [`KeyOrder::post_quantum`] where the first one is not in the folder yet.
///
/// # Errors
///
/// Nothing is written when one of the files exists.
pub fn generate_keys(order: &KeyOrder) -> Result<Vec<MadeKey>, Error> {
    let (first, second) = (Files::named(order, ""), Files::named(order, POST_QUANTUM));
    let wanted = match order.post_quantum {
        false => vec![(first, false)],
        true if first.existing().is_some() => vec![(second, true)],
        true => vec![(first, false), (second, true)],
    };
    if let Some(there) = wanted.iter().find_map(|(files, _)| files.existing()) {
        let there = there.display();
        return Err(Error::refused(format!(
            "{there} exists and is not overwritten: choose another --output or --file-name"
        )));
    }
    let made = wanted.into_iter().map(|(files, post_quantum)| Ok((files, post_quantum, make(order, post_quantum)?)));
    let made: Vec<_> = made.collect::<Result<_, Error>>()?;
    std::fs::create_dir_all(&order.folder).map_err(|error| file_error("make", &order.folder, &error))?;
    made.into_iter().map(|(files, post_quantum, key)| files.write(&key, post_quantum)).collect()
}

fn make(order: &KeyOrder, post_quantum: bool) -> Result<openpgp::Generated, Error> {
    let validity = Duration::days(i64::from(order.years) * 365);
    let password = order.password.as_ref().map(|password| password.expose().as_str());
    let generate = if post_quantum { openpgp::generate_post_quantum } else { openpgp::generate };
    Ok(generate(&order.name, &order.address, password, validity, OffsetDateTime::now_utc())?)
}

/// Where a new key goes.
struct Files {
    secret_key: PathBuf,
    certificate: PathBuf,
    revocation: PathBuf,
}

impl Files {
    fn named(order: &KeyOrder, addition: &str) -> Files {
        let file = |ending: &str| order.folder.join(format!("{}{addition}.{ending}.asc", order.file_name));
        Files { secret_key: file("sec"), certificate: file("pub"), revocation: file("rev") }
    }

    fn existing(&self) -> Option<&Path> {
        let all = [&self.secret_key, &self.certificate, &self.revocation];
        all.into_iter().map(PathBuf::as_path).find(|path| path.exists())
    }

    fn write(self, made: &openpgp::Generated, post_quantum: bool) -> Result<MadeKey, Error> {
        let Files { secret_key, certificate, revocation } = self;
        write_new(&secret_key, made.secret_key.expose().as_bytes(), SECRET_MODE)?;
        write_new(&certificate, made.certificate.as_bytes(), PUBLIC_MODE)?;
        write_new(&revocation, made.revocation.expose().as_bytes(), SECRET_MODE)?;
        Ok(MadeKey { fingerprint: made.fingerprint.clone(), post_quantum, secret_key, certificate, revocation })
    }
}
