//! The gateway together with real servers.

mod advisories;
mod commands;
mod fixtures;
mod hostile_imap;
mod imap;
mod maildir;
mod smtp;
mod systemd;
mod worker;
