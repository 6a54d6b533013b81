use std::process::ExitCode;

use clap::Args;

use super::Context;
use crate::app::{self, Error};

/// Do the work: read the mailboxes, file, alert, answer, until stopped.
///
/// SIGTERM finishes what is in hand and stops. SIGHUP reads keys, certificates, routing and templates again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake run
  advisory-intake run --once               work off what is there, then exit
  INTAKE__LOG__FORMAT=json advisory-intake run --config ./advisory-intake.toml

Exit codes: 0 stopped or done, 1 the state could not be kept, 2 the configuration is wrong")]
pub(super) struct Run {
    /// Work until nothing is left to do now, then exit.
    #[arg(long)]
    once: bool,
}

impl Run {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = app::load(&context.config)?;
        app::log(&loaded.settings)?;
        app::run(&context.config, loaded, self.once)
    }
}
