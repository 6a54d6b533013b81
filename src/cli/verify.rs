use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::{Context, FAILED};
use crate::app::{Cases, Error};
use crate::model::KnownLink;

/// Prove that no message's outcome was removed or changed since it was written.
///
/// Every outcome is a link of a chain of SHA-256 hashes, and the last hash stands for all of them. Note it somewhere else, and
/// name it with --since another day: then not even somebody who may write to the state can have changed what was before.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake case verify
  advisory-intake case verify --since 1234:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
pub(super) struct Verify {
    /// A link that was noted before.
    #[arg(long, value_name = "NUMBER:HASH")]
    since: Option<KnownLink>,
}

impl Verify {
    pub async fn execute(self, cases: &Cases, context: &Context) -> Result<ExitCode, Error> {
        let chain = cases.verify(self.since).await?;
        if context.output.is_json() {
            let last = chain.last().map(|last| last.to_string());
            context.output.json(&json!({ "links": chain.links, "last": last, "broken": chain.broken }))?;
        } else if let Some(last) = chain.last().filter(|_| chain.broken.is_none()) {
            context.output.line(format!("{} outcomes, none removed or changed\nlast: {last}", chain.links))?;
        } else if chain.broken.is_none() {
            context.output.line("there are no outcomes yet")?;
        }
        match chain.broken {
            None => Ok(ExitCode::SUCCESS),
            Some(broken) => {
                let links = chain.links;
                context
                    .output
                    .fail(&format!("link {} is broken: {} ({links} before it are whole)", broken.link, broken.what));
                Ok(ExitCode::from(FAILED))
            }
        }
    }
}
