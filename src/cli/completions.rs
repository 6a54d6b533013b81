use std::process::ExitCode;

use clap::Args;
use clap_complete::Shell;

use super::Context;
use crate::app::Error;

/// Print completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake completions bash > /etc/bash_completion.d/advisory-intake")]
pub(super) struct Completions {
    /// The shell.
    shell: Shell,
}

impl Completions {
    pub fn execute(self, command: &mut clap::Command, context: &Context) -> Result<ExitCode, Error> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, command, "advisory-intake", &mut script);
        context.output.raw(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
