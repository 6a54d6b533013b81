//! What the `key` commands do with files.

mod generate;
mod import;
mod store;
#[cfg(test)]
mod tests;

use std::fs::{OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use super::{Error, file_error};

pub use generate::{KeyOrder, MadeKey, generate_keys, password};
pub use import::{ImportedKey, import_keys};
pub use store::{KeyStore, ListedKey};

/// Rights of files with secrets, and of files for everybody.
const SECRET_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

/// Writes a file that must not exist.
fn write_new(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        // The mode at creation is cut by the umask, which is right for secrets and wrong for certificates.
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(|error| file_error("write", path, &error))
}
