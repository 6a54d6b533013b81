use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Context;
use super::output::{harmless, table};
use crate::app::{self, DemoRow, Error};

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
        let mut table = table(&["mail", "what it was", "repository, advisory", "mails sent", "what decided"]);
        if let Some(column) = table.column_mut(0) {
            column.set_delimiter('-');
        }
        for row in &demo.rows {
            table.add_row(cells(row).map(|cell| harmless(&cell)));
        }
        let keys = self.fixtures.join("keys");
        context.output.line(format!(
            "{} mails, opened with the TEST keys of {}:\n{table}",
            demo.rows.len(),
            keys.display()
        ))?;
        context.output.line("An advisory's file is in ledger/open-telemetry/REPOSITORY/.")?;
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

/// Two lines a cell, so that the table fits a terminal.
fn cells(row: &DemoRow) -> [String; 5] {
    let lines = |lines: [&str; 2]| lines.into_iter().filter(|line| *line != "-").collect::<Vec<_>>().join("\n");
    let file = row.advisory.rsplit('/').next().unwrap_or_default();
    let done = match row.outcome.as_str() {
        "filed" => file.to_owned(),
        "commented" => format!("+ {file}"),
        other => other.to_owned(),
    };
    let repository = row.repository.strip_prefix("open-telemetry/").unwrap_or(&row.repository);
    [
        row.mail.clone(),
        lines([&row.kind, &row.disclosure]),
        lines([repository, &done]),
        lines([&row.alert, &row.reply]),
        row.because.clone(),
    ]
}
