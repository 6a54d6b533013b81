//! The gateway together with real servers.

mod fixtures;
mod systemd;
