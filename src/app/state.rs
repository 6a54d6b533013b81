use std::path::{Path, PathBuf};

use super::{Error, Settings, parts};
use crate::config::StorePlace;
use crate::store::Sqlite;

/// Copies the state into `file`, which must not be there yet. Works while the gateway runs.
pub async fn back_up(settings: &Settings, file: &Path) -> Result<(), Error> {
    let path = path(settings, "pg_dump --format=custom --file=FILE", file)?;
    parts::must_exist(path)?;
    let store = Sqlite::open(path).await?;
    let copied = store.backup(file).await;
    crate::ports::Store::close(&store).await;
    Ok(copied?)
}

/// Puts the state of a backup in the place of what is there; returns where that is now. Refused while the gateway runs.
pub async fn restore(settings: &Settings, file: &Path) -> Result<Option<PathBuf>, Error> {
    let path =
        path(settings, "pg_restore --clean --if-exists --single-transaction FILE with all gateways stopped", file)?;
    parts::make_folder(path)?;
    Ok(Sqlite::restore(path, file).await?.before)
}

/// The state's own file; for a database, what does it there.
fn path<'s>(settings: &'s Settings, instead: &str, file: &Path) -> Result<&'s Path, Error> {
    match &settings.store {
        StorePlace::File(path) => Ok(path),
        StorePlace::Postgres(_) => Err(Error::refused(format!(
            "the state is in a PostgreSQL database: use {}, which is made for it",
            instead.replace("FILE", &file.display().to_string())
        ))),
    }
}
