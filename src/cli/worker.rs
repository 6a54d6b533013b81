use std::process::ExitCode;

use clap::Args;

use crate::app::{self, Error};

/// Open mail for the daemon, which starts this itself and talks to it over standard input.
#[derive(Debug, Args)]
pub(super) struct Worker {}

impl Worker {
    pub fn execute(self) -> Result<ExitCode, Error> {
        app::worker()
    }
}
