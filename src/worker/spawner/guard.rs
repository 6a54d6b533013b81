use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::model::WorkerSettings;

/// Remembers which files hold secrets, so that none is ever read as anything else.
///
/// The spawner believes the daemon's settings; the first come before the daemon has seen anything from outside. If it were
/// taken over later, it could name a key as the routing table and read of it in the complaint about that table.
#[derive(Default)]
pub(super) struct Guard {
    secrets: BTreeSet<PathBuf>,
}

impl Guard {
    /// Whether workers may be started with these settings. The error is a sentence for the operator.
    pub fn admit(&mut self, settings: &WorkerSettings) -> Result<(), String> {
        self.secrets.extend(settings.secret_keys.iter().chain(&settings.key_passwords).map(|path| real(path)));
        let shown = settings.routing.iter().chain(&settings.templates);
        match shown.map(|path| (path, real(path))).find(|(_, path)| self.is_secret(path)) {
            Some((path, _)) => Err(format!("{} holds a secret: it is read as nothing else", path.display())),
            None => Ok(()),
        }
    }

    fn is_secret(&self, path: &Path) -> bool {
        self.secrets.iter().any(|secret| path.starts_with(secret))
    }
}

/// Without links, so that one file has one name.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
