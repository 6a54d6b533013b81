//! What happens to a message, as a pure state machine: the engine performs effects, the store holds states, and this
//! room alone decides what comes next.
//!
//! ```text
//! Opening ──► (judged) ──┬── public only ──► UrgentAlert ──┐        ┌──► LateAlert (GitHub is away: the team
//!    │                   │                                 ▼        ▼    gets the report by mail, once)
//!    │                   └────────────────────────────► Filing ◄──► FilingCheck
//!    │ question, spam, held …                                            │ (the attempt has begun: from now on
//!    │                           ┌── its text is long ── Completing ◄──┤  the marker is looked for first)
//!    └──────────────────────► Answer ◄───────────────────────────────────┘
//!                               │
//!                              Move ──► Nothing { outcome } ──► (a person releases what is held) ──► Opening
//!                                          └─ (held because it stayed shut; a key or the program is new) ──┘
//! ```
//!
//! A state is named for what it waits for. Each has one effect, and the attempt is counted in the store before the
//! effect begins ([`crate::ports::Store::claim`]).

mod again;
mod backoff;
mod event;
mod next;
mod plan;
mod step;
#[cfg(test)]
mod tests;
mod thread;
mod twin;

pub use again::is_worth_opening_again;
pub use backoff::Backoff;
pub use event::Event;
pub use plan::{Thread, is_alert, is_answer, is_own, plan};
pub use step::{Delay, Effort, Filing, Folder, Misfit, Policy, Release, State, Step, Wait};
pub use thread::follow_up;
pub use twin::{Repeat, Twin, foreign, repeats};
