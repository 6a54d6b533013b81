//! What breaks between the gateway and each of its servers, while mail of every kind comes in. The engine, the adapters, the
//! workers and the servers are the real ones, in this process, so that waits can be short; a proxy stands before each server.
//!
//! However it breaks: while it does, nothing is lost and nothing happens twice; once it stops every message has its one
//! outcome, every report its one advisory, everybody their mail under one Message-ID, and the mailbox is empty.

mod github;
mod imap;
mod mails;
mod rig;
mod smtp;
mod store;
