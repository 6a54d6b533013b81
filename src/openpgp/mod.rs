//! Keys, opening, verifying and sealing (RFC 9580), with Sequoia.
//!
//! [`Keyring`] holds everything that was configured: it is loaded once and asked many times. [`decrypt`], the `verify_…`
//! functions and [`Keyring::seal`] work on bytes and know nothing of mail. [`generate`], [`describe`] and [`import`] serve
//! the `key` commands. Time is an argument everywhere.

mod armor;
mod certificate;
mod decrypt;
mod files;
mod generate;
mod import;
mod keep;
mod keyring;
mod load;
mod outside;
mod own;
mod packets;
mod policy;
mod recipients;
mod seal;
mod verify;

pub use armor::{Label, Marker, dearmor, marker};
pub use certificate::{
    Description, addresses, armored, armored_with_secret, claimed_addresses, describe, describe_all, fingerprint,
};
pub use decrypt::{Budget, Decrypted, decrypt};
pub use files::{KeyFiles, KeyringError, key_files};
pub use generate::{GenerateError, Generated, generate, generate_post_quantum};
pub use import::{Change, ImportError, Imported, import, read_certificates};
pub use keep::{Kept, keep, merged};
pub use keyring::{Keyring, TeamMember};
pub use outside::{Outside, key_id, outside};
pub use own::{OwnKey, OwnUse};
pub use packets::{Kind, is_encrypted, is_signed, kind, serialized};
pub use policy::{unusable, unusable_for_encryption};
pub use seal::{DetachedSignature, SealError};
pub use sequoia_openpgp::Cert;
pub use verify::{Checked, Trouble, verify_cleartext, verify_detached};

#[cfg(test)]
mod tests;
