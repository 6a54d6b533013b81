//! What the scenarios start and stop: each on its own port and folder.

pub mod github_double;
