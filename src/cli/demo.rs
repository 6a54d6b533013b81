use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Context;
use super::output::{harmless, table};
use crate::app::{self, Error};

/// Show the whole way on test mails: a Maildir in, a folder of advisories and a Maildir out.
///
/// Runs the daemon's own code on fixtures/mail with the TEST keys of fixtures/keys, in a folder of its own; it needs no
/// configuration and no network.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake demo
  advisory-intake demo --keep              leave the mails, advisories and state to be looked at")]
pub(super) struct Demo {
    /// Leave everything in place.
    #[arg(long)]
    keep: bool,
    /// The folder with keys/ and mail/.
    #[arg(long, value_name = "FOLDER", default_value = "fixtures")]
    fixtures: PathBuf,
}

impl Demo {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        app::quiet_log()?;
        let progress = context.output.progress(0);
        let demo = app::block_on(app::demo(&self.fixtures, self.keep, |step| {
            progress.set_length(step.of);
            progress.set_position(step.done);
            progress.set_message(step.what.to_owned());
        }));
        progress.finish_and_clear();
        let demo = demo?;
        if context.output.is_json() {
            demo.rows.iter().try_for_each(|row| context.output.json(row))?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = table(&["mail", "kind", "disclosure", "repository", "advisory", "alert", "reply", "because"]);
        for row in &demo.rows {
            let cells = [
                &row.mail,
                &row.kind,
                &row.disclosure,
                &row.repository,
                &row.advisory,
                &row.alert,
                &row.reply,
                &row.because,
            ];
            table.add_row(cells.map(|cell| harmless(cell)));
        }
        context.output.line(format!("The keys are TEST keys: {}\n{table}", self.fixtures.join("keys").display()))?;
        let folder = demo.folder.display();
        context.output.line(match self.keep {
            true => format!(
                "Everything is in {folder}: mail/ (in), ledger/ (advisories), out/ (alerts and replies), intake.sqlite"
            ),
            false => format!("It all happened in {folder}, which is gone now; --keep leaves it."),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
