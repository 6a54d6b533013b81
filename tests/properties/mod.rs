//! What holds whatever the bytes are. One function each, `check(data)`, which panics where it does not hold: the fuzz
//! targets of `fuzz/` call them with anything, and [`seeds`] with the inputs that are kept.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use advisory_intake::app;
use advisory_intake::model::{Known, Limits, OpenedMessage, Origin, RawMessage, WorkerSettings};
use advisory_intake::openpgp::Keyring;
use advisory_intake::worker::Desk;
use advisory_intake::worker::open::open;
use time::OffsetDateTime;
use time::macros::datetime;

pub mod armor;
pub mod header;
pub mod inside;
pub mod limits;
pub mod neutral;
#[path = "open.rs"]
pub mod opened;
pub mod routing;
pub mod whole;

#[cfg(test)]
mod seeds;

/// When the gateway of these checks works: after its test keys were made.
const NOW: OffsetDateTime = datetime!(2026-12-01 12:00 UTC);

/// The test keys, loaded once; limits that keep each input cheap.
struct Bench {
    settings: WorkerSettings,
    keyring: Keyring,
    desk: Desk,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    let keys = root().join("fixtures/keys");
    let secret = ["intake", "intake-2023"].map(|name| keys.join(format!("{name}.sec.asc"))).to_vec();
    let settings = app::inspector_settings(None, secret, Vec::new(), vec![keys.join("reporters")]).unwrap();
    let settings = WorkerSettings { limits: small(), ..settings };
    let keyring = Keyring::load(&settings, NOW).unwrap();
    let desk = Desk::open(settings.clone(), NOW).unwrap();
    Bench { settings, keyring, desk }
});

/// The repository: these files are compiled into its tests and into the package in `fuzz/`.
fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let above = if package.join("fuzz_targets").is_dir() { package.parent() } else { None };
    above.unwrap_or(package).to_owned()
}

/// Limits that an input of some kilobytes can reach.
fn small() -> Limits {
    Limits {
        message_size: 1 << 20,
        decrypted_size: 256 << 10,
        mime_depth: 6,
        mime_parts: 24,
        header_count: 48,
        header_size: 8 << 10,
        recipients: 8,
        signatures: 4,
        ciphertexts: 4,
        ..Limits::default()
    }
}

fn raw(mail: &[u8]) -> RawMessage {
    RawMessage { origin: Origin::Pipe, received: NOW, size: mail.len() as u64, bytes: mail.to_vec() }
}

fn opening(mail: &[u8]) -> OpenedMessage {
    let Bench { settings, keyring, .. } = &*BENCH;
    open(&raw(mail), keyring, settings, &Known::default(), NOW)
}

/// Whether text goes on one line of a header, a log or a terminal.
fn is_one_line(text: &str) -> bool {
    !text.chars().any(char::is_control)
}
