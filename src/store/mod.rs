//! Keeps messages, cases, attempts and outgoing mail.
//!
//! Every method of [`crate::ports::Store`] is one transaction, committed to the disk before it returns. Nothing here came
//! out of a ciphertext: the types that are stored hold no [`crate::model::Secret`], outgoing mail is sealed before it
//! comes here, and the original bytes are deleted by the step that ends the need for them.

#[cfg(test)]
mod contract;
mod convert;
mod sqlite;

pub use sqlite::Sqlite;
