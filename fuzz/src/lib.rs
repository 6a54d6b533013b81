//! What holds for any input, shared with the gateway's own tests, which run it over the seeds.

#[path = "../../tests/properties/mod.rs"]
mod properties;

pub use properties::*;
