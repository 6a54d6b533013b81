use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::model::{ContentDigest, OutgoingMail, Receipt};
use crate::ports::{Finding, MailSender, SendError};

/// Delivers into a Maildir folder in place of a mail server: for the demo, and where another program fetches the mail.
///
/// A mail is written to `tmp`, forced to disk and renamed to `new`, so a reader sees all of it or nothing. Its name comes
/// from its Message-ID: sending it again leaves one file, wherever a reader has moved it meanwhile.
#[derive(Debug, Clone)]
pub struct MaildirOut {
    folder: PathBuf,
}

impl MaildirOut {
    /// The folder is created with the first mail.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        MaildirOut { folder: folder.into() }
    }
}

#[async_trait]
impl MailSender for MaildirOut {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, SendError> {
        let folder = self.folder.clone();
        let name = unique_name(mail);
        let bytes = mail.bytes.clone();
        let shown = self.folder.display().to_string();
        let response = format!("delivered as {name}");
        match tokio::task::spawn_blocking(move || deliver(&folder, &name, &bytes)).await {
            Ok(Ok(())) => Ok(Receipt { response }),
            Ok(Err(error)) => Err(SendError::Later(format!("cannot write to the Maildir {shown}: {error}"))),
            Err(_) => Err(SendError::Later(format!("writing to the Maildir {shown} was interrupted"))),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        let folder = self.folder.clone();
        let subject = format!("maildir {}", folder.display());
        let tried = tokio::task::spawn_blocking(move || {
            make_folders(&folder)?;
            let probe = folder.join("tmp").join(".advisory-intake-check");
            fs::write(&probe, b"")?;
            fs::remove_file(&probe)
        });
        vec![match tried.await {
            Ok(Ok(())) => Finding::good(subject, "writable"),
            Ok(Err(error)) => {
                Finding::failure(subject, format!("not writable ({error}): give it to the gateway's user"))
            }
            Err(_) => Finding::failure(subject, "the check was interrupted: run it again"),
        }]
    }
}

fn unique_name(mail: &OutgoingMail) -> String {
    format!("{}.advisory-intake", ContentDigest::of(mail.message_id.as_str().as_bytes()).hex())
}

fn deliver(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    make_folders(folder)?;
    if was_read(folder, name)? {
        return Ok(());
    }
    let tmp = folder.join("tmp").join(name);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&tmp)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&tmp, folder.join("new").join(name))?;
    File::open(folder.join("new"))?.sync_all()
}

fn make_folders(folder: &Path) -> io::Result<()> {
    ["tmp", "new", "cur"].iter().try_for_each(|sub| fs::create_dir_all(folder.join(sub)))
}

/// Whether a reader has moved the mail to `cur` already, where it carries flags behind a colon.
fn was_read(folder: &Path, name: &str) -> io::Result<bool> {
    for entry in fs::read_dir(folder.join("cur"))? {
        let file_name = entry?.file_name();
        if file_name.to_string_lossy().split(':').next() == Some(name) {
            return Ok(true);
        }
    }
    Ok(false)
}
