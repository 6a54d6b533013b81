use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Context;
use crate::app::{self, Error};

/// Print the manual page, or write one page a command into a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake man | man -l -
  advisory-intake man --output /usr/local/share/man/man1")]
pub(super) struct Man {
    /// The folder for all pages.
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

impl Man {
    pub fn execute(self, command: clap::Command, context: &Context) -> Result<ExitCode, Error> {
        match self.output {
            Some(folder) => {
                clap_mangen::generate_to(command, &folder)
                    .map_err(|error| app::file_error("write", &folder, &error))?;
            }
            None => {
                let mut page = Vec::new();
                clap_mangen::Man::new(command).render(&mut page).map_err(Error::Output)?;
                context.output.raw(&page)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
