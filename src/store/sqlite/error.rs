use crate::ports::StoreError;

/// Primary result codes (SQLite, "Result and Error Codes") that mean damaged data and not a bad moment.
const CORRUPT: i64 = 11;
const NOT_A_DATABASE: i64 = 26;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                // Extended codes carry the primary one in their low byte.
                let code = database.code().and_then(|code| code.parse::<i64>().ok()).map(|code| code & 0xff);
                let text = format!("the store did not do it: {}", database.message());
                match code {
                    Some(CORRUPT | NOT_A_DATABASE) => StoreError::Corrupt(text),
                    _ => StoreError::Unavailable(text),
                }
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                StoreError::Corrupt(format!("the store holds something unreadable: {error}"))
            }
            _ => StoreError::Unavailable(format!("the store cannot be used now: {error}")),
        }
    }
}
