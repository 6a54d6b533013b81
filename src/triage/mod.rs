//! Reads and judges an opened message (stages 4 and 5): what it says, what it is, who may know, and where it belongs.
//!
//! Everything here is pure and takes time linear in the text: no I/O, no clock, no randomness, and no text makes it
//! panic. [`Routing`] is the table of repositories, [`extract`] fills a [`Report`](crate::model::Report), [`judge`] a
//! [`Verdict`](crate::model::Verdict) by adding up weighted signals from tables; each that took part is told as evidence
//! in the table's words, never in the mail's.

mod extract;
mod judge;
mod reading;
mod routing;
mod scan;
#[cfg(test)]
mod tests;

pub use extract::extract;
pub use judge::judge;
pub use routing::{Routing, RoutingError};
