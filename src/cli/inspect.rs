use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use futures::StreamExt;

use super::output::{harmless, table, word};
use super::{Context, FAILED};
use crate::app::{self, Error, Inspection, Inspector};

/// Say what mail files are, and what the gateway would do about them.
///
/// Opens, verifies, reads and judges as the daemon does, and touches neither network nor state. One result for each file,
/// in the order given, however odd the mail is. Works without a configuration, with the built-in routing table.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake inspect report.eml
  advisory-intake inspect --key intake.sec.asc --key-password-file password --cert certs/ --format json mails/
  advisory-intake inspect --show-text - < report.eml")]
pub(super) struct Inspect {
    /// Secret keys besides the configured ones: a file, or a folder of files.
    #[arg(long = "key", value_name = "PATH")]
    keys: Vec<PathBuf>,
    /// A file with passwords for the keys; each line is tried.
    #[arg(long, value_name = "FILE")]
    key_password_file: Vec<PathBuf>,
    /// Certificates that verify signatures, besides the configured ones: a file, or a folder of files.
    #[arg(long = "cert", value_name = "PATH")]
    certs: Vec<PathBuf>,
    /// Show the text, too.
    #[arg(long)]
    show_text: bool,
    /// Mails: files, folders (their *.eml, sorted), or - for standard input.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl Inspect {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let loaded = context.load_if_there()?;
        app::quiet_log()?;
        let settings = app::inspector_settings(loaded, self.keys, self.key_password_file, self.certs)?;
        let mails = app::mail_files(&self.paths)?;
        if mails.is_empty() {
            context.output.warn("there is no *.eml in what was named");
        }
        app::block_on(async {
            let inspector = Inspector::start(settings, self.show_text).await?;
            let progress = context.output.progress(mails.len() as u64);
            let mut results =
                futures::stream::iter(mails).map(|mail| inspector.inspect(mail)).buffered(inspector.width());
            let mut code = ExitCode::SUCCESS;
            while let Some(result) = results.next().await {
                progress.inc(1);
                progress.suspend(|| match result {
                    Ok(inspection) => show(&inspection, context),
                    // A file that is not there costs its own line.
                    Err(Error::Refused(sentence)) => {
                        context.output.fail(&sentence);
                        code = ExitCode::from(FAILED);
                        Ok(())
                    }
                    Err(error) => Err(error),
                })?;
            }
            progress.finish_and_clear();
            Ok(code)
        })
    }
}

fn show(inspection: &Inspection, context: &Context) -> Result<(), Error> {
    match context.output.is_json() {
        true => context.output.json(inspection),
        false => context.output.line(describe(inspection)),
    }
}

/// The table for people: what it is, what protected it, what would be done, and why.
fn describe(inspection: &Inspection) -> String {
    let mut table = table(&[&inspection.file, inspection.kind.as_str()]);
    for (name, value) in rows(inspection) {
        table.add_row([name, &harmless(&value)]);
    }
    table.to_string()
}

fn rows(inspection: &Inspection) -> Vec<(&'static str, String)> {
    let list = |items: Vec<String>| items.join(", ");
    let mut rows = vec![
        ("from", inspection.sender.address.as_ref().map_or("nobody".into(), |address| address.as_str().to_owned())),
        ("subject", inspection.subject.expose().clone()),
        ("authenticated by", word(&inspection.sender.authenticated)),
        ("encryption", word(&inspection.encryption)),
        ("signature", word(&inspection.signature)),
    ];
    let mut optional = |name, value: Option<String>| rows.extend(value.map(|value| (name, value)));
    optional("failure", inspection.failure.as_ref().map(word));
    optional("signer", inspection.signer.as_ref().map(|signer| signer.spaced()));
    optional("disclosure", inspection.disclosure.map(|disclosure| disclosure.as_str().to_owned()));
    optional("repository", inspection.repository.as_ref().map(ToString::to_string));
    optional("also", some(list(inspection.also.iter().map(ToString::to_string).collect())));
    optional("case", inspection.case.as_ref().map(ToString::to_string));
    if let Some(report) = &inspection.report {
        let packages = report.packages.iter().map(|package| {
            format!("{} {} {}", word(&package.ecosystem), package.name, package.affected.as_deref().unwrap_or_default())
        });
        let attachments = report
            .attachments
            .iter()
            .map(|file| format!("{} ({}, {} bytes)", file.name.expose(), file.media_type, file.bytes));
        optional("summary", some(report.summary.expose().clone()));
        optional("packages", some(list(packages.collect())));
        optional("cvss", some(list(report.cvss.iter().map(|cvss| cvss.vector.clone()).collect())));
        optional("cwe", some(list(report.cwe.clone())));
        optional("deadline", report.deadline.map(|day| day.to_string()));
        optional("attachments", some(list(attachments.collect())));
    }
    optional("actions", some(list(inspection.actions.iter().map(word).collect())));
    for evidence in &inspection.evidence {
        optional("evidence", Some(format!("{} ({:+.1}): {}", evidence.says, evidence.weight, evidence.because)));
    }
    optional("text", inspection.text.as_ref().map(|text| text.expose().clone()));
    rows
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
