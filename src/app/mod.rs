//! The one place where the parts are wired together: what each command does, without how it is shown.

mod cases;
mod certificates;
mod check;
mod demo;
mod error;
mod evaluate;
mod fence;
mod inspect;
mod keys;
mod message;
mod parts;
mod process;
mod routes;
mod run;
mod state;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use cases::{Cases, Which};
pub use certificates::{Certificates, LearnedCertificate};
pub use check::{Step, check};
pub use demo::{Demo, DemoRow, demo};
pub use error::{Error, file_error};
pub use evaluate::{Evaluation, Matrix, Miss, Share, evaluate, evaluate_folds, learn};
pub use inspect::{Inspector, inspector_settings};
pub use keys::{ImportedKey, KeyOrder, KeyStore, ListedKey, MadeKey, generate_keys, import_keys, password};
pub use message::{mail_files, read_message};
pub use process::process;
pub use routes::{Imported, TableProblem, check_routes, explain_mail, explain_text, import_routes};
pub use run::run;
pub use state::{back_up, restore};

pub use crate::config::{Loaded, Settings};
pub use crate::engine::Order;
pub use crate::openpgp::Description;
pub use crate::triage::Explanation;
pub use crate::worker::Inspection;

use crate::config::{self, Log, LogFormat};
use crate::model::Limits;
use crate::telemetry;
use crate::worker::confinement::Attempted;

/// Reads and checks the configuration `file`, with the environment over it.
pub fn load(file: &Path) -> Result<Loaded, Error> {
    Ok(config::load(file)?)
}

/// Begins to log as the settings say.
pub fn log(settings: &Settings) -> Result<(), Error> {
    Ok(telemetry::start(&settings.log)?)
}

/// Begins to log for a command that shows its results itself: only errors of the parts, as text. What a worker fails of
/// is a result and not said twice.
pub fn quiet_log() -> Result<(), Error> {
    Ok(telemetry::start(&Log { format: LogFormat::Text, level: "error,advisory_intake::worker=off".into() })?)
}

/// Runs what waits for the network, processes and files.
pub fn block_on<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|error| Error::refused(format!("cannot start threads: {error}")))?.block_on(work)
}

/// Opens mail for the daemon on standard input, until that is closed.
pub fn worker() -> Result<ExitCode, Error> {
    crate::worker::run().map_err(|error| Error::refused(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

/// Makes workers for the daemon on standard input, until that is closed. `hand_out` is a file that it may ask for.
pub fn spawner(hand_out: Option<PathBuf>) -> Result<ExitCode, Error> {
    crate::worker::spawner::run(hand_out).map_err(|error| Error::refused(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}

/// Tries, as a worker without keys and mail, what a worker must not be able to do.
pub fn probe_worker() -> Result<Vec<Attempted>, Error> {
    crate::worker::probe().map_err(|error| Error::refused(error.to_string()))
}

/// Takes more memory than a worker may have, which ends this process; an error or a success says that it does not.
pub fn probe_worker_memory() -> Result<ExitCode, Error> {
    crate::worker::probe_memory(&Limits::default()).map_err(|error| Error::refused(error.to_string()))?;
    Ok(ExitCode::SUCCESS)
}
