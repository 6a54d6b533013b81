use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Context;
use crate::app::{self, Error};

/// Copy the gateway's state, or go back to a copy.
#[derive(Debug, Subcommand)]
pub(super) enum Store {
    Backup(Backup),
    Restore(Restore),
}

/// Copy the state into a new file, while the gateway runs or not.
///
/// The file can be read by its owner only, and is as secret as the state itself: it has addresses, verdicts, and the
/// originals of unfinished and held work.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake store backup /var/backups/intake-$(date +%F).sqlite")]
pub(super) struct Backup {
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Put the state of a backup in the place of what is there, which is kept beside it. The gateway must be stopped.
///
/// What was done after the backup is not known any more: mail that still lies in the mailbox is read again, and mail that
/// waited to be sent then is sent once more, with the same Message-ID.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  systemctl stop advisory-intake
  advisory-intake store restore /var/backups/intake-2026-11-22.sqlite
  systemctl start advisory-intake")]
pub(super) struct Restore {
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Store {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let settings = context.load()?.settings;
        app::quiet_log()?;
        app::block_on(async {
            match self {
                Store::Backup(Backup { file }) => {
                    app::back_up(&settings, &file).await?;
                    match context.output.is_json() {
                        true => context.output.json(&json!({ "backup": file }))?,
                        false => context.output.line(format!("the state is copied to {}", file.display()))?,
                    }
                }
                Store::Restore(Restore { file }) => {
                    let before = app::restore(&settings, &file).await?;
                    let kept = before.as_ref().map(|path| format!("; what was there is in {}", path.display()));
                    let line = format!("the state is that of {}{}", file.display(), kept.unwrap_or_default());
                    match context.output.is_json() {
                        true => context.output.json(&json!({ "restored": file, "before": before }))?,
                        false => context.output.line(line)?,
                    }
                }
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}
