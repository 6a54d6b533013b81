//! Keeps messages, cases, attempts and outgoing mail, in an SQLite file or in a PostgreSQL database.
//!
//! Every method of [`crate::ports::Store`] is one transaction, committed to the disk before it returns. Nothing here came
//! out of a ciphertext: the types that are stored hold no [`crate::model::Secret`], outgoing mail is sealed before it
//! comes here, and the original bytes are deleted by the step that ends the need for them.
//!
//! `sql` is the one text of all queries; `sqlite` and `postgres` take it in and add how a database is opened and who may
//! write when. Both have the same tables (`migrations`), and both are held to `contract`.

mod chain;
#[cfg(test)]
mod contract;
mod convert;
mod error;
mod postgres;
mod schema;
mod sqlite;

pub use postgres::{Postgres, PostgresSettings};
pub use sqlite::{Restored, Sqlite};
