//! Sets up tracing: journald under systemd, else standard error, as text or JSON.
