use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::app::{self, Error};

/// Make workers for the daemon, which starts this itself and talks to it over standard input.
#[derive(Debug, Args)]
pub(super) struct Spawner {
    /// A file whose content the daemon may ask for.
    #[arg(long, value_name = "FILE")]
    hand_out: Option<PathBuf>,
}

impl Spawner {
    pub fn execute(self) -> Result<ExitCode, Error> {
        app::spawner(self.hand_out)
    }
}
