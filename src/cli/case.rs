use std::process::ExitCode;

use clap::{Args, Subcommand};
use time::OffsetDateTime;
use time::macros::format_description;

use super::Context;
use super::output::{table, word};
use super::verify::Verify;
use crate::app::{self, Cases, Error, Order, Which};
use crate::case::Release;
use crate::model::{Outcome, Repository};
use crate::ports::{History, MessageFilter, MessageRecord};

/// What the gateway did and why, and what waits for a person.
///
/// All of this works while the gateway runs.
#[derive(Debug, Subcommand)]
pub(super) enum Case {
    List(List),
    Show(Show),
    Release(ReleaseCase),
    Retry(Retry),
    Hold(Hold),
    Drop(Drop),
    Verify(Verify),
}

/// List messages, newest first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake case list --held
  advisory-intake case list --format json | jq .case.id")]
pub(super) struct List {
    /// Only what waits for a person.
    #[arg(long)]
    held: bool,
    /// Only what is not finished.
    #[arg(long)]
    unfinished: bool,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    limit: u32,
}

/// Show all that is known about a case or a message.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake case show OTEL-SEC-2026-0001
  advisory-intake case show m12")]
pub(super) struct Show {
    #[command(flatten)]
    which: Target,
}

/// Send a held message on its way: it is filed, whatever it seemed to be.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake case release m12
  advisory-intake case release m12 --repository open-telemetry/opentelemetry-go")]
pub(super) struct ReleaseCase {
    #[command(flatten)]
    which: Target,
    /// Where to file it, instead of where it seems to belong.
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<Repository>,
}

/// Try again now what waits for its next attempt.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake case retry OTEL-SEC-2026-0001")]
pub(super) struct Retry {
    #[command(flatten)]
    which: Target,
}

/// Keep a message for a person before it is filed.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake case hold m12")]
pub(super) struct Hold {
    #[command(flatten)]
    which: Target,
}

/// Let a held message go: nothing is filed, and the mail moves to the folder for ignored ones.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake case drop m12")]
pub(super) struct Drop {
    #[command(flatten)]
    which: Target,
}

#[derive(Debug, Args)]
struct Target {
    /// A case, such as OTEL-SEC-2026-0001, or a message, such as m12.
    #[arg(value_name = "CASE|MESSAGE")]
    which: Which,
}

impl Case {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load()?;
        app::quiet_log()?;
        app::block_on(async {
            let cases = Cases::open(&loaded.settings).await?;
            match self {
                Case::Verify(verify) => return verify.execute(&cases, context).await,
                Case::List(list) => list.execute(&cases, context).await?,
                Case::Show(Show { which: Target { which } }) => show(&cases, &which, context).await?,
                Case::Release(ReleaseCase { which, repository }) => {
                    let release = Release { repository };
                    act(&cases, &which, Order::Release(release), "released", context).await?;
                }
                Case::Retry(Retry { which }) => act(&cases, &which, Order::Retry, "to be tried again", context).await?,
                Case::Hold(Hold { which }) => act(&cases, &which, Order::Hold, "held", context).await?,
                Case::Drop(Drop { which }) => act(&cases, &which, Order::Drop, "dropped", context).await?,
            }
            Ok(ExitCode::SUCCESS)
        })
    }
}

impl List {
    async fn execute(self, cases: &Cases, context: &Context) -> Result<(), Error> {
        let filter = MessageFilter {
            held_only: self.held,
            unfinished_only: self.unfinished,
            limit: self.limit,
            ..MessageFilter::default()
        };
        let records = cases.list(&filter).await?;
        if context.output.is_json() {
            return records.iter().try_for_each(|record| context.output.json(record));
        }
        if records.is_empty() {
            return context.output.line("nothing");
        }
        let mut table = table(&["message", "received", "case", "kind", "state", "advisory"]);
        for record in &records {
            table.add_row([
                record.message.to_string(),
                minute(record.received),
                record.case.as_ref().map_or_else(String::new, |case| case.id.to_string()),
                record.assessment.as_ref().map_or("", |assessment| assessment.verdict.kind.as_str()).to_owned(),
                state(record),
                advisory(record),
            ]);
        }
        context.output.line(table.to_string())
    }
}

async fn act(cases: &Cases, target: &Target, order: Order, done: &str, context: &Context) -> Result<(), Error> {
    for record in cases.order(&target.which, &order).await? {
        match context.output.is_json() {
            true => context.output.json(&record)?,
            false => {
                context.output.line(format!("{} is {done}; it waits for {}", record.message, record.state.name()))?
            }
        }
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    record: &'a MessageRecord,
    history: &'a History,
}

async fn show(cases: &Cases, which: &Which, context: &Context) -> Result<(), Error> {
    for (record, history) in cases.show(which).await? {
        match context.output.is_json() {
            true => context.output.json(&Shown { record: &record, history: &history })?,
            false => context.output.line(describe(&record, &history))?,
        }
    }
    Ok(())
}

/// One message for people: what it is, what came of it, why, and each step on the way.
fn describe(record: &MessageRecord, history: &History) -> String {
    let mut lines = vec![
        format!("{}  received {}  {}", record.message, minute(record.received), state(record)),
        format!("  from      {}", origin(record)),
    ];
    if let Some(case) = &record.case {
        lines.push(format!("  case      {}", case.id));
    }
    if !advisory(record).is_empty() {
        lines.push(format!("  advisory  {}", advisory(record)));
    }
    if let Some(assessment) = &record.assessment {
        let (facts, verdict) = (&assessment.facts, &assessment.verdict);
        let disclosure = verdict.disclosure.map_or("", |disclosure| disclosure.as_str());
        lines.push(format!("  kind      {} {disclosure}", verdict.kind));
        lines.push(format!(
            "  sender    {} by {}",
            facts.author.as_ref().map_or("nobody", |a| a.as_str()),
            word(&facts.authenticated)
        ));
        lines.push(format!("  protected encryption {}, signature {}", word(&facts.encryption), word(&facts.signature)));
        lines.extend(facts.whom_it_names().map(|whom| format!("  shut      {whom}")));
        lines.extend(verdict.destination.iter().map(|repository| format!("  routed to {repository}")));
        lines.extend(
            verdict.evidence.iter().map(|evidence| {
                format!("  because   {} ({:+.1}): {}", evidence.says, evidence.weight, evidence.because)
            }),
        );
    }
    lines.extend(history.steps.iter().map(|step| format!("  {}  {}", minute(step.at), step.what)));
    lines.extend(history.mails.iter().map(|mail| {
        format!("  {}  {} to {}: {}", minute(mail.queued), mail.kind.as_str(), mail.to.as_str(), mail.status)
    }));
    lines.join("\n")
}

/// In one line: what came of a message.
pub(super) fn outcome(record: &MessageRecord) -> String {
    format!("{} {} {}", record.message, state(record), advisory(record)).trim_end().to_owned()
}

fn state(record: &MessageRecord) -> String {
    match record.state.outcome() {
        None => format!("waits for {}", record.state.name()),
        Some(Outcome::Filed(_)) => "filed".into(),
        Some(Outcome::Commented { .. }) => "added to its advisory".into(),
        Some(Outcome::Answered) => "answered".into(),
        Some(Outcome::Held(reason)) => format!("held: {}", reason.explain()),
        Some(Outcome::Ignored(reason)) => format!("ignored: {}", reason.explain()),
    }
}

fn advisory(record: &MessageRecord) -> String {
    let filed = match record.state.outcome() {
        Some(Outcome::Filed(filed) | Outcome::Commented { advisory: filed, .. }) => Some(filed),
        _ => record.case.as_ref().and_then(|case| case.advisory.as_ref()),
    };
    filed.map_or_else(String::new, |filed| filed.url.clone())
}

fn origin(record: &MessageRecord) -> String {
    use crate::model::Origin;
    match &record.origin {
        Origin::Imap { source, mailbox, uid, .. } => format!("{source}, folder {mailbox}, UID {uid}"),
        Origin::Maildir { source, name } => format!("{source}, file {name}"),
        Origin::Pipe => "a pipe".into(),
    }
}

/// To the minute, in UTC.
fn minute(at: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]");
    at.to_offset(time::UtcOffset::UTC).format(form).unwrap_or_default()
}
