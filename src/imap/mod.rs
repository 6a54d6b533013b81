//! Reads mailboxes over IMAP (stage 1; RFC 9051, RFC 3501).
