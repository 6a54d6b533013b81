//! What the program says while it works: to the journal under systemd, else to stderr as text or JSON.
//!
//! Libraries are capped at warnings ([`may_log`]): below that some of them print what they send and receive, and decrypted
//! text must not reach a log even at trace level (promise 1). The gateway's own lines hold constant text and named fields,
//! with addresses and secrets masked by their types.

use std::io::{self, IsTerminal};
use std::os::linux::fs::MetadataExt;

use tracing::Metadata;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};

/// The filter in this variable stands over the configured one.
pub const FILTER_VARIABLE: &str = "INTAKE_LOG";

/// Why the log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error(
        "the log filter {filter:?} is not understood: say error, warn, info, debug or trace, or advisory_intake::imap=debug"
    )]
    Filter { filter: String },
    #[error("the log is set up already")]
    Twice,
}

/// Begins to log as `log` says. Once in a process.
pub fn start(log: &Log) -> Result<(), TelemetryError> {
    let filter = std::env::var(FILTER_VARIABLE).unwrap_or_else(|_| log.level.clone());
    let filter = EnvFilter::try_new(&filter).map_err(|_| TelemetryError::Filter { filter })?.and(filter_fn(may_log));
    let layer = layer(log.format).with_filter(filter);
    tracing_subscriber::registry().with(layer).try_init().map_err(|_| TelemetryError::Twice)
}

fn layer(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let journal = match format {
        LogFormat::Journal => true,
        LogFormat::Auto => stderr_is_the_journal(),
        LogFormat::Text | LogFormat::Json => false,
    };
    if journal && let Ok(layer) = tracing_journald::layer() {
        return layer.with_syslog_identifier("advisory-intake".to_owned()).boxed();
    }
    let stderr = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Json => stderr.json().flatten_event(true).boxed(),
        _ => stderr.with_ansi(io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).boxed(),
    }
}

/// Whether systemd connected stderr to the journal (systemd.exec(5), `$JOURNAL_STREAM`: device and inode of the stream).
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stderr) = std::fs::metadata("/proc/self/fd/2") else { return false };
    stream == format!("{}:{}", stderr.st_dev(), stderr.st_ino())
}

/// Whether an event may be logged at all: the gateway's own always, a library's only from warnings up.
fn may_log(metadata: &Metadata<'_>) -> bool {
    let own = metadata.target() == "advisory_intake" || metadata.target().starts_with("advisory_intake::");
    own || *metadata.level() <= LevelFilter::WARN
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn libraries_are_capped_even_when_the_filter_asks_for_their_traces() {
        let sink = Sink::default();
        let writer = sink.clone();
        let filter = EnvFilter::new("trace,hyper=trace,async_imap=trace").and(filter_fn(may_log));
        let layer = tracing_subscriber::fmt::layer().with_writer(move || writer.clone()).with_filter(filter);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::trace!(target: "advisory_intake::imap", "own trace");
            tracing::trace!(target: "hyper::proto", "canary");
            tracing::debug!(target: "async_imap::client", "canary");
            tracing::info!(target: "sqlx::query", "canary");
            tracing::info!(target: "advisory_intake_lookalike", "canary");
            tracing::warn!(target: "hyper::proto", "library warning");
        });
        let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
        assert!(text.contains("own trace") && text.contains("library warning"), "{text}");
        assert!(!text.contains("canary"), "{text}");
    }
}
