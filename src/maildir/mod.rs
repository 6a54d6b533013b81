//! A Maildir as a place where mail arrives (stage 1), so that no IMAP server is needed behind a local mail server.
//!
//! What waits is every file in `new` and `cur` (a mail program that looks into the folder moves files there by itself).
//! A file is offered once by a running gateway and again after a restart, or after [`Settings::rescan`]; the store passes
//! over what it has, by the file's unique name. So neither a crash between reading and recording nor one between
//! recording and moving loses or doubles a message:
//!
//! 1. `fetch` reads files and leaves them where they are;
//! 2. the engine records them;
//! 3. the next `fetch` moves what the previous one gave from `new` to `cur`, which is what tells people that it was read;
//! 4. `settle` moves a file into the folder for its outcome (Maildir++: `.Processed` below the Maildir).
//!
//! Nothing is ever deleted or rewritten.

mod files;
mod source;

pub use source::{Maildir, Settings};
