use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use super::output::{harmless, table, word};
use crate::app::{self, Certificates, Error, LearnedCertificate};
use crate::model::{Address, Fingerprint};

/// What was learned about other people's certificates from mail and key directories.
///
/// All of this works while the gateway runs. Certificates that the configuration names are shown by `key list`.
#[derive(Debug, Subcommand)]
pub(super) enum Certificate {
    List(List),
    Show(Show),
    Pin(Pin),
    Forget(Forget),
}

/// List learned certificates, by address.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake certificate list
  advisory-intake certificate list --format json | jq .fingerprint")]
pub(super) struct List {}

/// Show all that is known about an address's certificates, with the certificates.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake certificate show mira@halden-labs.example")]
pub(super) struct Show {
    address: Address,
}

/// Say that a learned certificate is the right one: signatures by it are good, and by no other one of the address.
///
/// Compare the fingerprint with its holder first, on another way than by mail.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake certificate pin mira@halden-labs.example 0123456789ABCDEF0123456789ABCDEF01234567")]
pub(super) struct Pin {
    address: Address,
    fingerprint: Fingerprint,
}

/// Forget what was learned for an address, as if its mail had never come.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake certificate forget mira@halden-labs.example
  advisory-intake certificate forget mira@halden-labs.example 0123456789ABCDEF0123456789ABCDEF01234567")]
pub(super) struct Forget {
    address: Address,
    /// Only this one.
    fingerprint: Option<Fingerprint>,
}

impl Certificate {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        let settings = context.load()?.settings;
        app::block_on(async {
            let certificates = Certificates::open(&settings).await?;
            match self {
                Certificate::List(List {}) => list(&certificates.list(None).await?, context),
                Certificate::Show(Show { address }) => {
                    certificates.list(Some(&address)).await?.iter().try_for_each(|known| show(known, context))
                }
                Certificate::Pin(Pin { address, fingerprint }) => {
                    certificates.pin(&address, &fingerprint).await?;
                    context.output.line(format!("{fingerprint} counts as the certificate of {}", address.as_str()))
                }
                Certificate::Forget(Forget { address, fingerprint }) => {
                    let count = certificates.forget(&address, fingerprint.as_ref()).await?;
                    context.output.line(format!("{count} forgotten for {}", address.as_str()))
                }
            }
        })?;
        Ok(ExitCode::SUCCESS)
    }
}

fn list(known: &[LearnedCertificate], context: &Context) -> Result<(), Error> {
    if context.output.is_json() {
        return known.iter().try_for_each(|known| context.output.json(known));
    }
    let mut table = table(&["address", "fingerprint", "first seen", "shown by", "from", "state"]);
    for known in known {
        table.add_row([
            harmless(known.address.as_str()),
            known.description.fingerprint.clone(),
            known.first_seen.date().to_string(),
            word(&known.voucher),
            word(&known.learned_from),
            known.description.unusable.clone().unwrap_or_else(|| "usable".into()),
        ]);
    }
    context.output.line(table.to_string())
}

fn show(known: &LearnedCertificate, context: &Context) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(known);
    }
    let LearnedCertificate { description, .. } = known;
    let user_ids = description.user_ids.iter().map(|id| harmless(id)).collect::<Vec<_>>().join(", ");
    let lines = [
        ("certificate", description.fingerprint.clone()),
        ("address", harmless(known.address.as_str())),
        ("user id", user_ids),
        ("first seen", known.first_seen.date().to_string()),
        ("last seen", known.last_seen.date().to_string()),
        ("found in", word(&known.learned_from)),
        ("shown by", known.voucher.explain().to_owned()),
        ("state", description.unusable.clone().unwrap_or_else(|| "usable".into())),
        ("keys", description.algorithms.join("; ")),
    ];
    for (name, value) in lines {
        context.output.line(format!("{name:<12} {value}"))?;
    }
    context.output.line(&known.armored)
}
