//! The gateway together with real servers.

mod advisories;
mod fixtures;
mod systemd;
