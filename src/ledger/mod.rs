//! Advisories as files in a folder: for the demo, and for a team that files by hand.
//!
//! A ledger stands in place of GitHub, so it holds decrypted text on disk, readable by its owner alone. Configure it
//! only where that is wanted.

mod page;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Mutex;
use url::Url;

use crate::model::{AdvisoryDraft, CommentDraft, Commented, CommentedAs, Filed, Marker, Repository};
use crate::ports::{Advisories, FilingError, Finding};

/// A folder with one Markdown file an advisory: `<owner>/<name>/GHSA-xxxx-xxxx-xxxx.md`.
///
/// The id is computed from the draft's marker, so filing a second time meets the first file and leaves it as it is, with
/// everything that people wrote into it.
#[derive(Debug, Clone)]
pub struct Ledger {
    folder: PathBuf,
    /// One writer at a time: a comment reads the file and writes it again.
    writing: Arc<Mutex<()>>,
}

impl Ledger {
    /// A ledger in `folder`, which is made when the first advisory is filed (mode 0700; files 0600).
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        let folder = folder.into();
        Ledger { folder: std::path::absolute(&folder).unwrap_or(folder), writing: Arc::new(Mutex::new(())) }
    }

    /// Where an advisory's file is.
    pub fn path(&self, advisory: &Filed) -> PathBuf {
        self.folder_of(&advisory.repository).join(format!("{}.md", advisory.ghsa_id))
    }

    fn folder_of(&self, repository: &Repository) -> PathBuf {
        self.folder.join(repository.owner()).join(repository.name())
    }

    /// The advisory that carries `marker`, whether or not it exists.
    fn place(&self, repository: &Repository, marker: &Marker) -> Result<(Filed, PathBuf), FilingError> {
        let ghsa_id = page::id_of(marker).map_err(|error| FilingError::Refused(error.to_string()))?;
        let mut filed = Filed { repository: repository.clone(), ghsa_id, url: String::new() };
        let path = self.path(&filed);
        filed.url = Url::from_file_path(&path).map_or_else(|()| path.display().to_string(), String::from);
        Ok((filed, path))
    }
}

#[async_trait]
impl Advisories for Ledger {
    async fn file(&self, repository: &Repository, draft: &AdvisoryDraft) -> Result<Filed, FilingError> {
        let (filed, path) = self.place(repository, &draft.marker)?;
        let (place, draft) = (path.clone(), draft.clone());
        let _one = self.writing.lock().await;
        blocking(&path, move || match read(&place)? {
            Some(text) if page::is_about(&text, &draft.marker) => Ok(()),
            Some(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "another file has this name already")),
            None => write(&place, &page::advisory(&draft)),
        })
        .await?;
        Ok(filed)
    }

    async fn find(&self, repository: &Repository, marker: &Marker) -> Result<Option<Filed>, FilingError> {
        let (filed, path) = self.place(repository, marker)?;
        let place = path.clone();
        let text = blocking(&path, move || read(&place)).await?;
        Ok(text.filter(|text| page::is_about(text, marker)).map(|_| filed))
    }

    async fn comment(&self, advisory: &Filed, draft: &CommentDraft) -> Result<Commented, FilingError> {
        let path = self.path(advisory);
        let (place, draft) = (path.clone(), draft.clone());
        let _one = self.writing.lock().await;
        let there = blocking(&path, move || match read(&place)? {
            Some(text) if page::has_comment(&text, &draft.marker) => Ok(true),
            Some(text) => write(&place, &page::with_comment(&text, &draft)).map(|()| true),
            None => Ok(false),
        })
        .await?;
        if !there {
            return Err(FilingError::Refused(format!("the ledger has no file {}", path.display())));
        }
        Ok(Commented { advisory: advisory.clone(), how: CommentedAs::Comment })
    }

    async fn check(&self, repository: &Repository) -> Vec<Finding> {
        let subject = format!("ledger {repository}");
        let probe = self.folder.join(".check");
        let place = probe.clone();
        let tried = blocking(&probe, move || write(&place, "").and_then(|()| fs::remove_file(&place))).await;
        vec![match tried {
            Ok(()) => Finding::good(subject, format!("advisories are written to {}", self.folder.display())),
            Err(error) => Finding::failure(subject, format!("{error}; make the folder writable for the gateway")),
        }]
    }
}

/// Runs file work off the async threads. The path names the file in errors; contents never do.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, FilingError> {
    let done = tokio::task::spawn_blocking(work).await;
    let error = match done {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error,
        Err(stopped) => return Err(FilingError::Unknown(format!("writing {} was cut off: {stopped}", path.display()))),
    };
    let reason = format!("ledger file {}: {error}", path.display());
    Err(match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => FilingError::Setup(reason),
        io::ErrorKind::AlreadyExists | io::ErrorKind::InvalidData => FilingError::Refused(reason),
        _ => FilingError::Later { reason, after: None },
    })
}

/// The file's text, `None` when there is no such file.
fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts `text` in place as a whole or not at all, and on the disk before it returns.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let half = path.with_extension("part");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&half, path)?;
    File::open(folder)?.sync_all()
}
