use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::Context;
use super::output::{harmless, table};
use crate::app::{self, Error, Evaluation, Matrix, Miss, Share};

/// Say how well labelled mails are judged.
///
/// Reads the mails that the folder's truth.jsonl names, judges them as the daemon does, and compares: what is lost, the
/// kinds, who may know, the repository, and the fields. Each miss is shown with its evidence. Touches neither network nor
/// state, and works without a configuration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake evaluate fixtures/triage
  advisory-intake evaluate --format json fixtures/triage | jq .kinds")]
pub(super) struct Evaluate {
    /// Secret keys besides the configured ones: a file, or a folder of files.
    #[arg(long = "key", value_name = "PATH")]
    keys: Vec<PathBuf>,
    /// A file with passwords for the keys; each line is tried.
    #[arg(long, value_name = "FILE")]
    key_password_file: Vec<PathBuf>,
    /// Judge each mail by weights that were learned without it: in this many folds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=100), conflicts_with = "learn")]
    folds: Option<u8>,
    /// Learn the weights of wording from the folder's mails and its sentences.tsv, and write them to this file.
    #[arg(long, value_name = "FILE")]
    learn: Option<PathBuf>,
    /// The folder with the mails and their truth.jsonl.
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
}

impl Evaluate {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load_if_there()?;
        app::quiet_log()?;
        let settings = app::inspector_settings(loaded, self.keys, self.key_password_file, Vec::new())?;
        if let Some(file) = self.learn {
            app::learn(&self.folder, settings, &file)?;
            context.output.line(format!("wrote {}", file.display()))?;
            return Ok(ExitCode::SUCCESS);
        }
        let evaluation = match self.folds {
            Some(folds) => app::evaluate_folds(&self.folder, settings, usize::from(folds))?,
            None => app::evaluate(&self.folder, settings)?,
        };
        match context.output.is_json() {
            true => context.output.json(&evaluation)?,
            false => context.output.line(describe(&evaluation))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn describe(evaluation: &Evaluation) -> String {
    let mut text = vec![shares(evaluation)];
    text.push(format!("\nKinds (rows are the truth)\n{}", matrix(&evaluation.kind_matrix)));
    text.push(format!("\nWho may know (rows are the truth)\n{}", matrix(&evaluation.disclosure_matrix)));
    text.extend(evaluation.misses.iter().map(describe_miss));
    text.join("\n")
}

fn shares(evaluation: &Evaluation) -> String {
    let measures: [(&str, Share); 8] = [
        ("real reports filed or held", evaluation.kept),
        ("reports that are reports", evaluation.precision),
        ("kinds", evaluation.kinds),
        ("private or public", evaluation.disclosure),
        ("public ones found", evaluation.public_found),
        ("repository, first", evaluation.repository),
        ("repository, first three", evaluation.repository_in_three),
        ("all repositories of several findings", evaluation.all_repositories),
    ];
    let mut table = table(&[&format!("{} mails", evaluation.mails), "right", "of", "%"]);
    let fields = evaluation.fields.iter().map(|(name, share)| (*name, *share));
    for (name, share) in measures.into_iter().chain(fields) {
        let (right, of) = (share.right.to_string(), share.of.to_string());
        table.add_row([name, &right, &of, &format!("{:.1}", share.per_cent())]);
    }
    table.to_string()
}

fn matrix(matrix: &Matrix) -> String {
    let mut columns: Vec<&str> = matrix.values().flat_map(|row| row.keys().copied()).collect();
    columns.sort_unstable();
    columns.dedup();
    let header: Vec<&str> = [""].into_iter().chain(columns.iter().copied()).collect();
    let mut table = table(&header);
    for (truth, row) in matrix {
        let counts = columns.iter().map(|column| row.get(column).map_or_else(String::new, usize::to_string));
        table.add_row([(*truth).to_owned()].into_iter().chain(counts));
    }
    table.to_string()
}

fn describe_miss(miss: &Miss) -> String {
    let or_nothing = |text: &str| if text.is_empty() { "nothing".to_owned() } else { harmless(text) };
    let (truth, judged) = (or_nothing(&miss.truth), or_nothing(&miss.judged));
    let mut lines = vec![format!("\n{}: {} is {truth}, judged {judged}", harmless(&miss.file), miss.what)];
    lines.extend(miss.evidence.iter().map(|e| format!("    {} ({:+.1}): {}", e.says, e.weight, e.because)));
    lines.join("\n")
}
