//! Copies of the file, and the way back.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, SqliteConnection};
use time::OffsetDateTime;
use time::macros::format_description;

use super::Sqlite;
use super::open::{beside, file_error, gateway_lock, options};
use crate::ports::{Store, StoreError};

/// What a restore did besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Where what was there before is now: a copy of it, or the damaged file itself. `None`: nothing was there.
    pub before: Option<PathBuf>,
}

impl Sqlite {
    /// Copies what is committed now into a new file that only its owner can read. May be done while a gateway works.
    ///
    /// A file that is there already is left alone. What cannot be finished leaves nothing behind.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(StoreError::Unavailable(format!("{} is there already: name a new file", to.display())));
        }
        let partial = beside(to, ".partial");
        let copied = self.copy(&partial).await.and_then(|()| {
            File::open(&partial).and_then(|file| file.sync_all()).map_err(|error| file_error(&partial, &error))?;
            // Not over a file that somebody has made meanwhile.
            fs::hard_link(&partial, to).map_err(|error| file_error(to, &error))
        });
        let removed = fs::remove_file(&partial);
        copied?;
        removed.map_err(|error| file_error(&partial, &error))?;
        let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| file_error(folder, &error))
    }

    async fn copy(&self, to: &Path) -> Result<(), StoreError> {
        // SQLite fills an empty file that is there, and leaves its rights as they are.
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(|error| file_error(to, &error))?;
        let name = name(to)?;
        sqlx::query("VACUUM INTO $1").bind(name).execute(&mut *self.read().await?).await?;
        Ok(())
    }

    /// Puts a backup in the place of the store at `path`. Refused while a gateway works on it; commands that look at it
    /// meanwhile see it before or after.
    ///
    /// The backup is checked and brought up to date first, in a copy. What was there is kept beside it.
    pub async fn restore(path: &Path, from: &Path) -> Result<Restored, StoreError> {
        let _alone = gateway_lock(path)?;
        let fresh = beside(path, ".restoring");
        remove(&fresh)?;
        let restored = Self::restore_from(path, from, &fresh).await;
        let removed = remove(&fresh);
        let restored = restored?;
        removed?;
        Ok(restored)
    }

    async fn restore_from(path: &Path, from: &Path, fresh: &Path) -> Result<Restored, StoreError> {
        let copied = OpenOptions::new().write(true).create_new(true).mode(0o600).open(fresh);
        let mut copy = copied.map_err(|error| file_error(fresh, &error))?;
        let mut backup = File::open(from)
            .map_err(|error| StoreError::NotFound(format!("cannot read the backup {}: {error}", from.display())))?;
        std::io::copy(&mut backup, &mut copy)
            .and_then(|_| copy.sync_all())
            .map_err(|error| file_error(fresh, &error))?;
        // An empty file would be taken for a new store.
        if copy.metadata().map_err(|error| file_error(fresh, &error))?.len() == 0 {
            return Err(StoreError::Corrupt(format!("the backup {} is empty", from.display())));
        }
        let opened = Sqlite::open(fresh)
            .await
            .map_err(|error| StoreError::Corrupt(format!("the backup {} cannot be used: {error}", from.display())))?;
        opened.close().await;
        let now = OffsetDateTime::now_utc();
        let stamp = now.format(format_description!("[year][month][day]T[hour][minute][second]")).unwrap_or_default();
        if !path.exists() {
            fs::rename(fresh, path).map_err(|error| file_error(path, &error))?;
            return Ok(Restored { before: None });
        }
        match Sqlite::open(path).await {
            Ok(store) => {
                let kept = beside(path, &format!(".before-{stamp}"));
                let saved = store.backup(&kept).await;
                store.close().await;
                saved?;
                replace(path, fresh).await?;
                Ok(Restored { before: Some(kept) })
            }
            // Nobody can have it open, so it can be moved.
            Err(StoreError::Corrupt(_)) => {
                let kept = beside(path, &format!(".before-{stamp}"));
                for suffix in ["", "-wal", "-shm"] {
                    let (old, new) = (beside(path, suffix), beside(&kept, suffix));
                    if old.exists() {
                        fs::rename(&old, &new).map_err(|error| file_error(&old, &error))?;
                    }
                }
                fs::rename(fresh, path).map_err(|error| file_error(path, &error))?;
                Ok(Restored { before: Some(kept) })
            }
            Err(error) => Err(error),
        }
    }
}

/// Replaces every row by those of `fresh`, in one transaction: a file that others may have open is not replaced itself.
async fn replace(path: &Path, fresh: &Path) -> Result<(), StoreError> {
    let mut connection = options(path).foreign_keys(false).connect().await?;
    sqlx::query("ATTACH DATABASE $1 AS fresh").bind(name(fresh)?).execute(&mut connection).await?;
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    copy_rows(&mut tx).await?;
    tx.commit().await?;
    Ok(connection.close().await?)
}

async fn copy_rows(tx: &mut SqliteConnection) -> Result<(), StoreError> {
    // Both were brought up to date by this program, so both have the same tables. sqlite_sequence is the one of SQLite's own
    // that counts: no number is given twice.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM fresh.sqlite_schema
         WHERE type = 'table' AND (name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR name = 'sqlite_sequence')
               AND name <> '_sqlx_migrations'
         ORDER BY name = 'sqlite_sequence'",
    )
    .fetch_all(&mut *tx)
    .await?;
    for table in tables {
        let rows =
            format!("DELETE FROM main.\"{table}\"; INSERT INTO main.\"{table}\" SELECT * FROM fresh.\"{table}\"");
        // The names come from this program's own migrations.
        sqlx::raw_sql(AssertSqlSafe(rows)).execute(&mut *tx).await?;
    }
    Ok(())
}

/// Removes a store and what SQLite keeps beside it.
fn remove(path: &Path) -> Result<(), StoreError> {
    for suffix in ["", "-wal", "-shm"] {
        let file = beside(path, suffix);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file_error(&file, &error)),
            _ => {}
        }
    }
    Ok(())
}

fn name(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::Unavailable(format!("{} is no name in UTF-8", path.display())))
}
