//! The gateway together with real servers.

mod systemd;
