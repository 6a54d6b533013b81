//! Parses and builds mail (RFC 5322, RFC 2045 to 2049).
//!
//! Structure is split here, by line and within limits, so that hostile nesting costs nothing and a signed part is exactly
//! the bytes that came. Only single header fields and character sets are left to `mail-parser`, whose own parser recurses
//! without limit and matches boundaries in mid-line.

mod author;
mod autocrypt;
mod automatic;
pub mod build;
mod charset;
mod decode;
pub mod dkim;
mod entity;
mod facts;
mod flowed;
mod header;
mod html;
mod lines;
mod results;
mod tnef;
mod uuencode;
mod words;

pub use author::{author, from};
pub use autocrypt::{Autocrypt, autocrypt};
pub use automatic::automatic;
pub use charset::charset;
pub use decode::transfer;
pub use entity::{Content, Entity, file_name, parse};
pub use facts::headers;
pub use flowed::unflowed;
pub use header::{HeaderSection, Mailbox, Structured};
pub use html::html_text;
pub use results::believed;
pub use tnef::{BrokenTnef, Tnef, TnefFile, is_tnef, tnef};
pub use uuencode::{Uu, uudecode};

/// Which limit a mail is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    #[error("nested too deep")]
    Depth,
    #[error("too many parts")]
    Parts,
    #[error("too many header fields")]
    HeaderCount,
    #[error("a header section too long")]
    HeaderSize,
}

#[cfg(test)]
mod tests;
