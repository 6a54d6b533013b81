//! Keeps messages, cases, attempts and outgoing mail.
