//! The way into a vulnerability process for people who do not use GitHub.
//!
//! One daemon watches a mailbox, opens OpenPGP mail, decides what each message is, files a private advisory in the right
//! repository, alerts the team and answers the reporter.
//!
//! # Reading order
//!
//! [`model`] has the words, [`case`] the state machine of a message, [`ports`] what the engine needs from the world.
//! Then along the way of a message: [`imap`] and [`maildir`] fetch it, [`store`] records it, [`worker`] opens it in a
//! separate process ([`mime`], [`openpgp`], [`trust`] for what a certificate that came by mail is worth), reads and
//! judges it ([`triage`]), drafts what is filed ([`advisory`]) and composes alert and reply ([`reply`]); [`github`] or
//! [`ledger`] files it, [`smtp`] sends. [`engine`] drives all of this through the ports, [`app`] puts the parts together,
//! [`cli`] is what a person types.
//!
//! # Processes
//!
//! The daemon has the network and the state, and cannot read the keys. It starts a spawner ([`worker::spawner`]) before its
//! first connection, which reads the keys, has no network and makes workers ([`worker::Pool`]). A worker does stages 3 to 6
//! and 8, has neither network nor files, a bound of memory, and one socket to the daemon ([`worker::confinement`]).
//! `advisory-intake run`, `spawner` and `worker` are one program.
//!
//! # Promises
//!
//! 1. Decrypted text leaves the process in three ways only: to GitHub as a private advisory or a comment on one, in mail
//!    encrypted to the team, and to the reporter encrypted to the certificate that made a good signature inside the same
//!    encrypted message.
//! 2. A reply is no oracle: to anyone else it holds nothing that came out of the ciphertext.
//! 3. Only a clean end of the ciphertext counts; before it nothing is used.
//! 4. Every message ends in one recorded outcome; nothing is deleted from the mailbox.
//! 5. A report is filed at most once, and answered after it is filed.
//! 6. In doubt: private, and a person.
//! 7. Mail is data: never a template, a query, a log format, a header or a command.
//! 8. No loops and no backscatter.
//! 9. One bad thing stays one bad thing.
//!
//! Dependencies between these rooms point downwards only; a test holds the `use` lines to the table in
//! `tests/architecture.rs`.

pub mod advisory;
pub mod app;
pub mod case;
pub mod cli;
pub mod config;
pub mod dns;
pub mod engine;
pub mod github;
pub mod imap;
pub mod ledger;
pub mod maildir;
pub mod mime;
pub mod model;
pub mod net;
pub mod openpgp;
pub mod ports;
pub mod reply;
pub mod smtp;
pub mod store;
pub mod telemetry;
pub mod triage;
pub mod trust;
pub mod wkd;
pub mod worker;
