use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::Context;
use crate::app::{self, Error};

/// Open mail for the daemon, which starts this itself and talks to it over standard input.
#[derive(Debug, Args)]
pub(super) struct Worker {
    /// Instead: become a worker without keys and mail, and try what it must not be able to do.
    #[arg(long, value_enum, value_name = "WHAT")]
    probe: Option<Probe>,
}

/// What is tried.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Probe {
    /// Files, sockets, processes: one line for each.
    Escapes,
    /// More memory than it may have, which ends it.
    Memory,
}

impl Worker {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        match self.probe {
            None => app::worker(),
            Some(Probe::Memory) => app::probe_worker_memory(),
            Some(Probe::Escapes) => {
                for attempt in app::probe_worker()? {
                    context.output.json(&attempt)?;
                }
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}
