//! Instants at which a test lets the daemon die. Release builds have none of them.

/// Aborts the process here when the environment says so: `ADVISORY_INTAKE_ABORT_AT` holds the name of an instant, such as
/// `filed/before`.
#[cfg(debug_assertions)]
pub(super) fn point(what: &str, when: &str) {
    use std::sync::LazyLock;

    static WANTED: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("ADVISORY_INTAKE_ABORT_AT").ok());
    if WANTED.as_deref().and_then(|wanted| wanted.strip_prefix(what)?.strip_prefix('/')) == Some(when) {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(super) fn point(_what: &str, _when: &str) {}
