//! What happens to a message, as a pure state machine: the engine performs effects, the store holds states, and this
//! room alone decides what comes next.
//!
//! ```text
//!                                 ┌────────────── urgent alert (public only)
//! AwaitOpening ──► (judged) ──────┤
//!      │                          └─► AwaitFiling ◄──► AwaitFilingCheck
//!      │ question, spam, held …            │  (an attempt may have been lost: look for the marker)
//!      └──────────────────► AwaitAnswer ◄──┘
//!                                │
//!                            AwaitMove ──► Finished { outcome } ──► (a person releases it) ──► AwaitOpening
//! ```
//!
//! A state is named for what it waits for. Each has one effect, and the attempt is counted in the store before the
//! effect begins ([`crate::ports::Store::claim`]).

mod backoff;
mod plan;
mod step;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use plan::{Thread, is_alert, is_answer, plan};
pub use step::{Effort, Event, Filing, Folder, Misfit, Policy, Release, State, Step, Wait};
