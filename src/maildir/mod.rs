//! Reads a Maildir behind a local mail server (stage 1).
