//! Composes alerts and replies (stage 8).
