//! Polls, works, delivers and shuts down; knows the world through [`crate::ports`] only.
