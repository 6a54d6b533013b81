use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use time::OffsetDateTime;
use tracing::warn;

use super::files;
use crate::case::Folder;
use crate::model::{FolderNames, Origin, RawMessage};
use crate::ports::{Batch, Cursor, Finding, MailSource, SourceError};

/// Which folder is read, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The configured name of the source.
    pub name: String,
    /// The Maildir: the folder that holds `new`, `cur` and `tmp`.
    pub folder: PathBuf,
    pub folders: FolderNames,
    /// Largest message that is read whole, in bytes.
    pub message_size: u64,
    /// How often the folder is looked at; a second is cheap.
    pub poll: Duration,
    /// How often files that were offered and are still there are offered again.
    pub rescan: Duration,
}

/// A Maildir as [`MailSource`].
#[derive(Debug)]
pub struct Maildir {
    settings: Settings,
    seen: Arc<Mutex<Seen>>,
}

/// What this process has offered already.
#[derive(Debug)]
struct Seen {
    names: HashSet<String>,
    /// Offered by the last fetch, so recorded when the next one begins.
    last: Vec<String>,
    since: Instant,
}

impl Maildir {
    /// The folder need not exist yet.
    pub fn new(settings: Settings) -> Self {
        let seen = Seen { names: HashSet::new(), last: Vec::new(), since: Instant::now() };
        Maildir { settings, seen: Arc::new(Mutex::new(seen)) }
    }

    /// Runs `work` where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Settings, &Mutex<Seen>) -> io::Result<T> + Send + 'static,
    ) -> Result<T, SourceError> {
        let settings = self.settings.clone();
        let seen = Arc::clone(&self.seen);
        let folder = self.settings.folder.display();
        match tokio::task::spawn_blocking(move || work(&settings, &seen)).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(SourceError::File(format!("cannot use the Maildir {folder}: {error}"))),
            Err(_) => Err(SourceError::File(format!("reading the Maildir {folder} was interrupted"))),
        }
    }
}

#[async_trait]
impl MailSource for Maildir {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn fetch(&self, _cursor: Option<&Cursor>, budget: u64) -> Result<Batch, SourceError> {
        self.blocking(move |settings, seen| fetch(settings, &mut locked(seen), budget)).await
    }

    async fn wait(&self) -> Result<(), SourceError> {
        let begun = Instant::now();
        loop {
            let waiting = self.blocking(|settings, seen| something_new(settings, &locked(seen))).await?;
            if waiting || begun.elapsed() >= self.settings.rescan {
                return Ok(());
            }
            tokio::time::sleep(self.settings.poll).await;
        }
    }

    async fn settle(&self, origin: &Origin, folder: Folder) -> Result<(), SourceError> {
        let Origin::Maildir { name, .. } = origin else {
            return Err(SourceError::File(format!("a message from elsewhere cannot be moved in {}", self.name())));
        };
        if name.contains('/') {
            return Err(SourceError::File("a message's file name with a slash is not used".into()));
        }
        let name = name.clone();
        self.blocking(move |settings, _| files::move_to(&settings.folder, &name, target(&settings.folders, folder)))
            .await
    }

    async fn check(&self) -> Vec<Finding> {
        let subject = format!("maildir {}", self.settings.name);
        let tried = self.blocking(|settings, _| {
            files::make(&settings.folder)?;
            let waiting = files::list(&settings.folder)?.len();
            probe(&settings.folder).map(|()| waiting)
        });
        vec![match tried.await {
            Ok(waiting) => Finding::good(subject, format!("readable and writable; {waiting} messages in it")),
            Err(error) => Finding::failure(subject, format!("{error}: give the folder to the gateway's user")),
        }]
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn target(names: &FolderNames, folder: Folder) -> &str {
    match folder {
        Folder::Processed => &names.processed,
        Folder::Held => &names.held,
        Folder::Ignored => &names.ignored,
    }
}

fn fetch(settings: &Settings, seen: &mut Seen, budget: u64) -> io::Result<Batch> {
    files::make(&settings.folder)?;
    for name in seen.last.drain(..) {
        files::mark_read(&settings.folder, &name)?;
    }
    let entries = files::list(&settings.folder)?;
    seen.forget(&entries, settings.rescan);
    let (mut messages, mut spent) = (Vec::new(), 0);
    for entry in entries {
        if seen.names.contains(&entry.name) {
            continue;
        }
        if !messages.is_empty() && spent + entry.size.min(settings.message_size) > budget {
            break;
        }
        let Some((size, bytes)) = read(settings, &entry) else {
            seen.names.insert(entry.name);
            continue;
        };
        spent += bytes.len() as u64;
        let origin = Origin::Maildir { source: settings.name.clone(), name: entry.name.clone() };
        let received = OffsetDateTime::from(entry.received);
        messages.push(RawMessage { origin, received, size, bytes });
        seen.names.insert(entry.name.clone());
        seen.last.push(entry.name);
    }
    let cursor = (!messages.is_empty()).then_some(Cursor::Maildir);
    Ok(Batch { messages, cursor })
}

/// One file that cannot be read does not stop the others; it is tried again after [`Settings::rescan`].
fn read(settings: &Settings, entry: &files::Entry) -> Option<(u64, Vec<u8>)> {
    match files::read(entry, settings.message_size) {
        Ok(read) => Some(read),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            warn!(source = settings.name, file = entry.name, %error, "a message file cannot be read");
            None
        }
    }
}

fn something_new(settings: &Settings, seen: &Seen) -> io::Result<bool> {
    files::make(&settings.folder)?;
    Ok(files::list(&settings.folder)?.iter().any(|entry| !seen.names.contains(&entry.name)))
}

fn probe(folder: &Path) -> io::Result<()> {
    let file = folder.join("tmp").join(".advisory-intake-check");
    std::fs::write(&file, b"")?;
    std::fs::remove_file(&file)
}

impl Seen {
    /// Drops what is gone, and everything when the time has come to offer it again.
    fn forget(&mut self, there: &[files::Entry], rescan: Duration) {
        if self.since.elapsed() >= rescan {
            self.names.clear();
            self.since = Instant::now();
            return;
        }
        let there: HashSet<&str> = there.iter().map(|entry| entry.name.as_str()).collect();
        self.names.retain(|name| there.contains(name.as_str()));
    }
}
