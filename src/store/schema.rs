//! Tables of other versions of this program.

use sqlx::migrate::{MigrateError, Migrator};

use crate::ports::StoreError;

/// Why the tables of `store` are not those of this version. Migrations go forward only.
pub fn not_migrated(store: &str, known: &Migrator, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version)
        | MigrateError::VersionMismatch(version)
        | MigrateError::VersionTooNew(version, _) => StoreError::Corrupt(format!(
            "the store {store} was written by another version of this program (its tables are at {version}, this one knows \
             them up to {}); install that version, or a newer one",
            known.iter().map(|migration| migration.version).max().unwrap_or_default()
        )),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Corrupt(format!("the tables of {store} cannot be brought up to date: {other}")),
    }
}
