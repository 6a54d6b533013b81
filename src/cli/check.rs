use std::process::ExitCode;

use clap::Args;

use super::Context;
use super::output::Colour;
use crate::app::{self, Error};
use crate::ports::{Finding, Level};

/// Try everything that the gateway needs, and say what to do about what does not work.
///
/// Logs in to the mailboxes and the mail server, asks GitHub for the rights on every repository that routing names, and
/// looks at keys, certificates, the state and the clock. Nothing is changed and nothing is sent.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake check
  advisory-intake check --offline          without network: configuration, keys, certificates, routing, state
  advisory-intake check --format json | jq 'select(.level != \"good\")'

Exit codes: 0 all is well, 1 something should be looked at, 2 something does not work")]
pub(super) struct Check {
    /// Only what needs no network.
    #[arg(long)]
    offline: bool,
}

impl Check {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = app::load(&context.config)?;
        app::quiet_log()?;
        let progress = context.output.progress(0);
        let findings = app::block_on(app::check(loaded, self.offline, |step| {
            progress.set_length(step.of);
            progress.set_position(step.done);
            progress.set_message(step.what.to_owned());
        }));
        progress.finish_and_clear();
        let findings = findings?;
        findings.iter().try_for_each(|finding| show(finding, context))?;
        Ok(ExitCode::from(match findings.iter().map(|finding| finding.level).max() {
            None | Some(Level::Good) => 0,
            Some(Level::Warning) => 1,
            Some(Level::Failure) => 2,
        }))
    }
}

fn show(finding: &Finding, context: &Context) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(finding);
    }
    let (colour, word) = match finding.level {
        Level::Good => (Colour::Green, "ok     "),
        Level::Warning => (Colour::Yellow, "warning"),
        Level::Failure => (Colour::Red, "FAILED "),
    };
    context.output.line(format!("{} {}: {}", context.output.colour(colour, word), finding.subject, finding.message))
}
