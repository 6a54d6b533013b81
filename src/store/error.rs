use sqlx::postgres::PgDatabaseError;

use crate::ports::StoreError;

/// Primary result codes (SQLite, "Result and Error Codes") that mean damaged data and not a bad moment.
const CORRUPT: i64 = 11;
const NOT_A_DATABASE: i64 = 26;
/// The same for PostgreSQL ("Error Codes", data_corrupted and index_corrupted).
const DAMAGED: [&str; 2] = ["XX001", "XX002"];

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                // PostgreSQL's detail, which may quote a row, is left out.
                let text = format!("the store did not do it: {}", database.message());
                let damaged = match database.try_downcast_ref::<PgDatabaseError>() {
                    Some(error) => DAMAGED.contains(&error.code()),
                    None => {
                        // Extended codes carry the primary one in their low byte.
                        let code = database.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff);
                        matches!(code, Some(CORRUPT | NOT_A_DATABASE))
                    }
                };
                if damaged { StoreError::Corrupt(text) } else { StoreError::Unavailable(text) }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                StoreError::Corrupt(format!("the store holds something unreadable: {error}"))
            }
            _ => StoreError::Unavailable(format!("the store cannot be used now: {error}")),
        }
    }
}
