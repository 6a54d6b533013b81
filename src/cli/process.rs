use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Context, case};
use crate::app::{self, Error};

/// Put one message through the same way as mail from a mailbox.
///
/// For a pipe transport of a mail server: once the message is recorded it is not lost, and the command succeeds; a running
/// gateway takes it from there.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake process report.eml
  intake: \"|/usr/local/bin/advisory-intake process -\"      in /etc/aliases

Exit codes: 0 recorded, 2 the configuration is wrong, 75 (EX_TEMPFAIL) not recorded: try again later")]
pub(super) struct Process {
    /// The mail; - is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What a mail server takes for "keep it and try again" (sysexits.h).
const EX_TEMPFAIL: u8 = 75;

impl Process {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load()?;
        app::log(&loaded.settings)?;
        let raw = app::read_message(&self.file, &loaded.settings.limits)?;
        match app::process(loaded, raw) {
            Ok(processed) if context.output.is_json() => context.output.json(&processed)?,
            Ok(processed) => context.output.line(case::outcome(&processed))?,
            Err(Error::Store(error)) => {
                context.output.fail(&error.to_string());
                return Ok(ExitCode::from(EX_TEMPFAIL));
            }
            Err(error) => return Err(error),
        }
        Ok(ExitCode::SUCCESS)
    }
}
