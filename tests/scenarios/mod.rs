//! The gateway together with real servers.

mod advisories;
mod backlog;
mod certificates;
mod check;
mod commands;
mod confinement;
mod corpus;
mod end_to_end;
mod fence;
mod fixtures;
mod golden;
mod hostile;
mod hostile_imap;
mod imap;
mod injection;
mod key_kinds;
mod maildir;
mod opening;
mod refusals;
mod sender;
mod shapes;
mod smtp;
mod strangers;
mod systemd;
mod triage;
mod worker;
