//! Sends finished mail (stage 9): through a mail server ([`Smtp`]), or into a Maildir ([`MaildirOut`]).
//!
//! The message's bytes are not touched. lettre speaks the protocol; connecting and encrypting are done here, because its
//! own STARTTLS keeps what was read in advance, and its pooled transport cannot say whether a broken connection broke
//! before or after the message was handed over, which decides between [`SendError::Later`] and [`SendError::Unknown`].
//!
//! [`SendError::Later`]: crate::ports::SendError::Later
//! [`SendError::Unknown`]: crate::ports::SendError::Unknown

mod connect;
mod errors;
mod maildir_out;
mod sender;
mod transport;

pub use maildir_out::MaildirOut;
pub use sender::{Login, Settings, Smtp, Tls};
