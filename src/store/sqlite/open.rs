use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Sqlite;
use super::sql::chain;
use crate::ports::StoreError;
use crate::store::convert::new_holder;
use crate::store::schema;

static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations/sqlite");

/// How long a statement waits for another process (a command beside the daemon) to finish its transaction.
const BUSY: Duration = Duration::from_secs(15);
const READERS: u32 = 4;

impl Sqlite {
    /// Opens the store at `path`, made when missing, and brings its tables up to date. Only its owner can read it.
    ///
    /// A damaged file, one of another program, or one from a newer version is refused, with what to do about it.
    pub async fn open(path: &Path) -> Result<Sqlite, StoreError> {
        private_file(path)?;
        let options = options(path);
        let pool = |size| SqlitePoolOptions::new().max_connections(size).acquire_timeout(BUSY);
        let writer = pool(1).connect_with(options.clone()).await.map_err(|error| unusable(path, error))?;
        check(&writer, path).await?;
        MIGRATIONS.run(&writer).await.map_err(|error| not_migrated(path, error))?;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        chain::begin(&mut tx).await?;
        tx.commit().await?;
        let readers = pool(READERS).connect_lazy_with(options);
        Ok(Sqlite { path: path.to_owned(), writer, readers, holder: new_holder(), gateway: Mutex::new(None) })
    }

    /// Closes all connections and writes the log back into the file.
    pub(super) async fn disconnect(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

pub fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        // What is deleted is overwritten, in the file and (by cutting it) in the write-ahead log.
        .pragma("secure_delete", "ON")
        // Nothing of it is ever outside its folder, where it may not write besides.
        .pragma("temp_store", "MEMORY")
        .pragma("journal_size_limit", "0")
}

/// The lock that one working gateway holds; it goes with the process, however that ends.
pub fn gateway_lock(store: &Path) -> Result<File, StoreError> {
    let path = beside(store, ".lock");
    let file = private_file(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::Unavailable(format!(
            "another gateway is working on {}; stop it first (systemctl stop advisory-intake)",
            store.display()
        ))),
        Err(TryLockError::Error(error)) => Err(file_error(&path, &error)),
    }
}

pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The file, made with rights for its owner only. SQLite gives its log the same rights.
fn private_file(path: &Path) -> Result<File, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| file_error(path, &error))?;
    let mode = file.metadata().map_err(|error| file_error(path, &error))?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(|error| file_error(path, &error))?;
    }
    Ok(file)
}

pub fn file_error(path: &Path, error: &std::io::Error) -> StoreError {
    let what_to_do = match error.kind() {
        std::io::ErrorKind::NotFound => "make its folder for the gateway's user",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "its folder must be writable for this user"
        }
        _ => "see that it is a file on a disk with room",
    };
    StoreError::Unavailable(format!("cannot use the store {}: {error}; {what_to_do}", path.display()))
}

/// Reads every page once: better no start than work on a damaged file.
async fn check(pool: &SqlitePool, path: &Path) -> Result<(), StoreError> {
    let found: Vec<String> =
        sqlx::query_scalar("PRAGMA quick_check(1)").fetch_all(pool).await.map_err(|error| unusable(path, error))?;
    match found.first().map(String::as_str) {
        Some("ok") => Ok(()),
        _ => Err(damaged(path)),
    }
}

fn unusable(path: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Corrupt(_) => damaged(path),
        other => other,
    }
}

fn damaged(path: &Path) -> StoreError {
    StoreError::Corrupt(format!(
        "the store {} is damaged or no store at all; `store restore FILE` puts a backup in its place; or move it away and start with none: \
         the mail is still in the mailbox",
        path.display()
    ))
}

fn not_migrated(path: &Path, error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => unusable(path, error),
        other => schema::not_migrated(&path.display().to_string(), &MIGRATIONS, other),
    }
}
