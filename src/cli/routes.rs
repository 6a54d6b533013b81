use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{Colour, harmless, table};
use super::{Context, FAILED};
use crate::app::{self, Error, Explanation, TableProblem};

/// Look after the table that says which repository a report belongs to.
#[derive(Debug, Subcommand)]
pub(super) enum Routes {
    Check(Check),
    Explain(Explain),
    Import(Import),
}

impl Routes {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Routes::Check(check) => check.execute(context),
            Routes::Explain(explain) => explain.execute(context),
            Routes::Import(import) => import.execute(context),
        }
    }
}

/// Say what is wrong with a routing table, line by line.
///
/// Unknown keys, names and packages that two repositories claim, repositories that have no section, ill-formed names, renames
/// that go in a circle; and what does no harm but nothing else either: prefixes that a shorter one covers, names that no
/// look-up finds, detours over repositories that have moved on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake routes check routing.toml
  advisory-intake routes check             the configured table, or the one that is built in

Exit codes: 0 all is well, 1 something does nothing, 2 the table would be refused")]
pub(super) struct Check {
    /// The table; without it the configured one, or the one that is built in.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Check {
    fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load_if_there()?;
        let (problems, repositories) = app::check_routes(self.file.as_deref(), loaded.as_ref())?;
        for problem in &problems {
            show(problem, context)?;
        }
        if problems.is_empty() && !context.output.is_json() {
            context.output.line(format!("{repositories} repositories, and nothing to change"))?;
        }
        Ok(ExitCode::from(match problems.iter().map(|problem| problem.is_error).max() {
            None => 0,
            Some(false) => 1,
            Some(true) => FAILED,
        }))
    }
}

fn show(problem: &TableProblem, context: &Context) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(problem);
    }
    let (colour, word) = if problem.is_error { (Colour::Red, "error") } else { (Colour::Yellow, "warning") };
    let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
    let (file, sentence) = (harmless(&problem.file), harmless(&problem.sentence));
    context.output.line(format!("{file}{line}: {}: {sentence}", context.output.colour(colour, word)))
}

/// Show which repository a text belongs to, and by which signals.
///
/// Each signal is shown with its weight, where it stands, and the repository that it speaks for; below them the score of
/// every repository. A mail is opened as `inspect` opens it, with the configured keys. Prints what the text holds to the
/// terminal of whoever typed it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake routes explain the filelog receiver follows symbolic links
  advisory-intake routes explain --subject 'XXE in the Java agent' - < text
  advisory-intake routes explain mail.eml
  advisory-intake routes explain --format json mail.eml | jq .ranking")]
pub(super) struct Explain {
    /// The subject that goes with the text; what it names weighs more.
    #[arg(long, value_name = "TEXT", default_value = "")]
    subject: String,
    /// The text, in any number of words; `-` reads it from standard input; the name of a file stands for the mail in it.
    #[arg(value_name = "TEXT", required = true)]
    text: Vec<String>,
}

/// Longest text that is read from standard input, in bytes: of a mail no more is judged.
const LONGEST_TEXT: u64 = 256 << 10;

impl Explain {
    fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load_if_there()?;
        let explanation = match self.text.as_slice() {
            [one] if one == "-" => app::explain_text(&self.subject, &standard_input()?, loaded.as_ref())?,
            [one] if Path::new(one).is_file() => {
                app::quiet_log()?;
                app::block_on(app::explain_mail(PathBuf::from(one), loaded))?
            }
            words => app::explain_text(&self.subject, &words.join(" "), loaded.as_ref())?,
        };
        match context.output.is_json() {
            true => context.output.json(&as_json(&explanation))?,
            false => context.output.line(describe(&explanation))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn standard_input() -> Result<String, Error> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(LONGEST_TEXT).read_to_end(&mut bytes);
    read.map_err(|error| Error::refused(format!("cannot read standard input: {error}")))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn as_json(explanation: &Explanation) -> serde_json::Value {
    let ranking = explanation.ranking.iter();
    let ranking: Vec<_> =
        ranking.map(|(repository, score)| json!({"repository": repository, "score": score})).collect();
    json!({
        "repository": explanation.destination,
        "also": explanation.also,
        "confidence": explanation.confidence,
        "signals": explanation.signals,
        "ranking": ranking,
    })
}

fn describe(explanation: &Explanation) -> String {
    let mut text = Vec::new();
    if !explanation.signals.is_empty() {
        let mut signals = table(&["signal", "weight", "from", "repository"]);
        for signal in &explanation.signals {
            let because = match &signal.package {
                Some(package) => format!("{}: {package}", signal.because),
                None => signal.because.to_owned(),
            };
            let from = match (signal.in_summary, signal.line) {
                (true, _) => "subject".to_owned(),
                (false, Some(line)) => format!("text, line {line}"),
                (false, None) => "text".to_owned(),
            };
            let weight = format!("{:+.1}", signal.weight);
            signals.add_row([&harmless(&because), &weight, &from, signal.repository.as_str()]);
        }
        text.push(signals.to_string());
        let mut ranking = table(&["repository", "score"]);
        for (repository, score) in &explanation.ranking {
            ranking.add_row([repository.as_str(), &format!("{score:.1}")]);
        }
        text.push(ranking.to_string());
    }
    text.push(match explanation.ranking.is_empty() {
        true => format!("{}, the fallback: nothing points to a repository", explanation.destination),
        false => format!("{}, with confidence {:.2}", explanation.destination, explanation.confidence),
    });
    if !explanation.also.is_empty() {
        let also: Vec<&str> = explanation.also.iter().map(|repository| repository.as_str()).collect();
        text.push(format!("and, because it says that it has several findings: {}", also.join(", ")));
    }
    text.join("\n")
}

/// Make the package part of a routing table afresh from the OpenTelemetry registry.
///
/// Reads the entries of a checkout of opentelemetry.io (data/registry/*.yml) and, where it is named, the list of workstreams
/// of the community's repository, whose repositories are added. What is written by hand stays as it is, and counts more than
/// the registry. A file that does not read costs itself, and is told in one sentence.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake routes import --registry opentelemetry.io --workstreams community/workstreams.yml \\
      --table routing.toml --output routing.toml
  advisory-intake routes import --registry opentelemetry.io | diff config/routing.toml -

Exit codes: 0 all is well, 1 something was not taken, 2 nothing was made")]
pub(super) struct Import {
    /// A checkout of opentelemetry.io, or the folder with the registry's files.
    #[arg(long, value_name = "DIR")]
    registry: PathBuf,
    /// The list of workstreams: workstreams.yml of the community's repository.
    #[arg(long, value_name = "FILE")]
    workstreams: Option<PathBuf>,
    /// The table whose hand-written part is kept; without it the configured one, or the one that is built in.
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Where the result is written; without it to standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl Import {
    fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load_if_there()?;
        let (table, output) = (self.table.as_deref(), self.output.as_deref());
        let made = app::import_routes(&self.registry, self.workstreams.as_deref(), table, output, loaded.as_ref())?;
        made.notes.iter().for_each(|note| context.output.warn(&harmless(note)));
        match output {
            None => context.output.raw(made.table.as_bytes())?,
            Some(_) if context.output.is_json() => context.output.json(&made)?,
            Some(output) => {
                let state = if made.written { "written" } else { "as it was" };
                let (files, packages, left_out) = (made.files, made.packages, made.left_out);
                let counts = format!("{packages} packages from {files} files, {left_out} left out");
                context.output.line(format!("{}: {counts}; {state}", output.display()))?;
            }
        }
        Ok(ExitCode::from(u8::from(!made.notes.is_empty())))
    }
}
