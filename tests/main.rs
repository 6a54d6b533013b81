//! One test binary: `support` starts the real parts (servers, the daemon, GitHub's double), `scenarios` uses them.

mod architecture;
mod engine;
mod faults;
mod properties;
mod protocol;
mod readme;
mod scenarios;
mod support;
