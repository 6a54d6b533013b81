use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use super::Error;
use crate::config::{Delivery, Filing, Login, MailboxKind, SecretSource, Settings, StorePlace};
use crate::ports::Finding;
use crate::worker::Confinement;
use crate::worker::confinement::{Files, confine_daemon};

/// What every program that uses the network reads: names, certificates, libraries, the state of the machine.
const SYSTEM: [&str; 11] = [
    "/etc",
    "/run",
    "/usr",
    "/lib",
    "/lib64",
    "/proc",
    "/sys",
    "/dev/urandom",
    "/dev/random",
    "/var/lib/ca-certificates",
    "/nix/store",
];
/// Where the operator can name other certificate authorities.
const AUTHORITIES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What the process with the network may do with files, and what it must not read: the secret keys and their passwords.
pub(super) struct Fence {
    files: Files,
    keys: Vec<PathBuf>,
}

/// A fence that is in force.
pub(super) struct Fenced {
    pub confinement: Confinement,
    /// Keys and passwords that this process can read all the same.
    pub within_reach: Vec<PathBuf>,
}

impl Fence {
    /// The fence for these settings. It leaves nothing open for folders that are missing.
    pub fn around(settings: &Settings) -> Self {
        let keys = keys(settings);
        let mut files = Files::default();
        for path in SYSTEM.map(PathBuf::from).into_iter().chain(authorities(settings)) {
            spare(&path, &keys, &mut files.read);
        }
        if commands(settings) {
            spare(Path::new("/"), &keys, &mut files.execute);
        }
        // What it must read or write to work at all, wherever the keys are.
        let own = settings.secrets().into_iter().filter(|secret| !belongs_to_workers(settings, secret));
        files.read.extend(own.filter_map(|secret| secret.path().ok()));
        files.write = written(settings);
        Fence { files, keys }
    }

    /// Puts the calling thread, and all that it starts, behind the fence, and tries whether the keys are out of reach.
    pub fn close(&self) -> Result<Fenced, Error> {
        let confinement = confine_daemon(&self.files).map_err(|error| Error::refused(format!("the fence: {error}")))?;
        Ok(Fenced { confinement, within_reach: within_reach(&self.keys) })
    }
}

/// Confines this process for good, before it has a connection, and says so in the log.
pub(super) fn confine(settings: &Settings) -> Result<(), Error> {
    for folder in made(settings) {
        // Where it cannot be made, who needs it says so.
        let _ = std::fs::DirBuilder::new().mode(0o700).recursive(true).create(folder);
    }
    let Fenced { confinement, within_reach } = Fence::around(settings).close()?;
    tracing::info!(landlock = confinement.landlock, "daemon is confined");
    confinement
        .missing
        .iter()
        .for_each(|missing| tracing::warn!(missing, "daemon is held in by less than it should be"));
    warn(&within_reach);
    Ok(())
}

/// Says in the log which keys of these settings this process can read.
pub(super) fn warn_of_keys_within_reach(settings: &Settings) {
    warn(&within_reach(&keys(settings)));
}

fn warn(within_reach: &[PathBuf]) {
    for path in within_reach {
        tracing::warn!(path = %path.display(), "daemon can read a secret key or its password");
    }
}

/// How the fence would stand, tried on a thread of its own.
pub(super) fn finding(settings: &Settings) -> Finding {
    let fence = Fence::around(settings);
    let tried = std::thread::scope(|scope| scope.spawn(|| fence.close()).join());
    let Fenced { confinement, within_reach } = match tried {
        Ok(Ok(fenced)) => fenced,
        Ok(Err(error)) => return Finding::failure("daemon", error.to_string()),
        Err(_) => return Finding::failure("daemon", "it cannot be confined"),
    };
    if let Some(path) = within_reach.first().filter(|_| confinement.missing.is_empty()) {
        let path = path.display();
        return Finding::warning(
            "daemon",
            format!(
                "it can read {path}: put keys and their passwords into a folder of their own that it does not write"
            ),
        );
    }
    match confinement.missing.first() {
        Some(missing) => Finding::warning("daemon", missing),
        None => Finding::good(
            "daemon",
            format!("it cannot read the secret keys and their passwords (Landlock {})", confinement.landlock),
        ),
    }
}

/// The files and folders that only those may read who make workers; with their real names.
fn keys(settings: &Settings) -> Vec<PathBuf> {
    let sources = settings.secret_keys.iter().chain(&settings.key_passwords);
    sources.filter_map(|source| source.path().ok()?.canonicalize().ok()).collect()
}

fn belongs_to_workers(settings: &Settings, secret: &SecretSource) -> bool {
    settings.secret_keys.contains(secret) || settings.key_passwords.contains(secret)
}

/// Which of these this process can read now.
fn within_reach(keys: &[PathBuf]) -> Vec<PathBuf> {
    keys.iter().filter(|path| std::fs::File::open(path).is_ok()).cloned().collect()
}

/// Certificate authorities besides the system's. Their folder, because such files are replaced and not written.
fn authorities(settings: &Settings) -> Vec<PathBuf> {
    let named = AUTHORITIES.iter().filter_map(std::env::var_os).map(PathBuf::from);
    let accounts = settings.mailboxes.iter().filter_map(|mailbox| match &mailbox.kind {
        MailboxKind::Imap(account) => account.ca_file.clone(),
        MailboxKind::Maildir(_) => None,
    });
    let sending = match &settings.delivery {
        Delivery::Smtp(server) => server.ca_file.clone(),
        Delivery::Maildir(_) => None,
    };
    let database = match &settings.store {
        StorePlace::Postgres(place) => place.ca_file.clone(),
        StorePlace::File(_) => None,
    };
    let directories = settings.wkd.as_ref().and_then(|wkd| wkd.ca_file.clone());
    let all = named
        .chain(accounts)
        .chain(sending)
        .chain(directories)
        .chain(database)
        .filter_map(|path| path.canonicalize().ok());
    all.flat_map(|path| [path.parent().map(Path::to_owned), Some(path)]).flatten().collect()
}

/// Whether other programs are started, which may read whatever they need.
fn commands(settings: &Settings) -> bool {
    settings.mailboxes.iter().any(|mailbox| {
        matches!(&mailbox.kind, MailboxKind::Imap(account) if matches!(account.login, Login::TokenCommand(_)))
    })
}

/// The folders that are written: state, Maildirs, advisories as files.
fn written(settings: &Settings) -> Vec<PathBuf> {
    let mut folders = made(settings);
    folders.extend(settings.mailboxes.iter().filter_map(|mailbox| match &mailbox.kind {
        MailboxKind::Maildir(folder) => Some(folder.clone()),
        MailboxKind::Imap(_) => None,
    }));
    folders
}

/// Those of them that the gateway makes itself.
fn made(settings: &Settings) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let StorePlace::File(file) = &settings.store {
        let around = file.parent().map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder });
        folders.extend(around.map(Path::to_owned));
    }
    if let Delivery::Maildir(folder) = &settings.delivery {
        folders.push(folder.clone());
    }
    if let Filing::Ledger(folder) = &settings.filing {
        folders.push(folder.clone());
    }
    folders
}

/// `path`, or where some of `keys` are in it, all in it but those: what is made later on the way to a key is left out.
fn spare(path: &Path, keys: &[PathBuf], into: &mut Vec<PathBuf>) {
    let Ok(path) = path.canonicalize() else { return };
    if keys.iter().any(|key| path.starts_with(key)) {
        return;
    }
    if !keys.iter().any(|key| key.starts_with(&path)) {
        into.push(path);
        return;
    }
    let Ok(entries) = std::fs::read_dir(&path) else { return };
    for entry in entries.flatten() {
        // What a link points to is asked about by its own name.
        if !entry.path().is_symlink() {
            spare(&entry.path(), keys, into);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn everything_but_the_keys_is_within_the_fence() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["a/x", "a/keys/one", "a/keys/two", "b/y", "secret/z"] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(root.join("secret"), root.join("b/way")).unwrap();
        let cases: [(&[&str], &[&str]); 4] = [
            (&[], &[""]),
            (&["a/keys/one", "secret"], &["a/keys/two", "a/x", "b"]),
            (&["a", "secret", "b"], &[]),
            (&["a/keys"], &["a/x", "b", "secret"]),
        ];
        for (keys, expected) in cases {
            let keys: Vec<PathBuf> = keys.iter().map(|key| root.join(key)).collect();
            let mut found = Vec::new();
            spare(&root, &keys, &mut found);
            found.sort();
            let expected: Vec<PathBuf> =
                expected.iter().map(|name| if name.is_empty() { root.clone() } else { root.join(name) }).collect();
            assert_eq!(found, expected, "without {keys:?}");
        }
    }
}
