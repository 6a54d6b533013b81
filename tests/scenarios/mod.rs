//! The gateway together with real servers.
