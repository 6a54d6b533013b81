use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::Context;
use crate::app::{self, Description, Error, KeyOrder, KeyStore, MadeKey};
use crate::model::Address;

/// Make, look at, add and hand out OpenPGP keys and certificates.
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    Generate(Generate),
    List(List),
    Show(Show),
    Import(Import),
    Export(Export),
}

/// Make the gateway's key: Ed25519 signs, Cv25519 decrypts; every OpenPGP program can encrypt to it.
///
/// Writes NAME.sec.asc (the secret key, for the service alone), NAME.pub.asc (the certificate, for everybody) and NAME.rev.asc
/// (the revocation, to be kept offline). Files that exist are not touched.
///
/// With --post-quantum it makes a second key beside it, NAME-pq.sec.asc and so on: version 6 of OpenPGP, decrypting with
/// ML-KEM-768+X25519 (RFC 9980). Where NAME.sec.asc is not in the folder, both are made.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake key generate --address security@example.org --output keys
  advisory-intake key generate --password-file /run/credentials/setup/intake-key-password --output keys
  advisory-intake key generate --post-quantum --address security@example.org --output keys")]
pub(super) struct Generate {
    /// The address; without it: that of [identity] in the configuration.
    #[arg(long)]
    address: Option<Address>,
    /// The name beside the address; without it: that of [identity] in the configuration.
    #[arg(long)]
    name: Option<String>,
    /// A file with the password that protects the secret key. Without it the key is not protected by a password.
    #[arg(long, value_name = "FILE", conflicts_with = "password_credential")]
    password_file: Option<PathBuf>,
    /// The systemd credential with the password that protects the secret key.
    #[arg(long, value_name = "NAME")]
    password_credential: Option<String>,
    /// Years until the certificate expires; it can be extended.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=20))]
    years: u16,
    /// Make the second key, for programs that can encrypt against quantum computers, beside the first one.
    #[arg(long)]
    post_quantum: bool,
    /// The folder for the files.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    output: PathBuf,
    /// Beginning of the files' names.
    #[arg(long, value_name = "NAME", default_value = "intake")]
    file_name: String,
}

/// List the gateway's keys, the team's certificates and the other known ones.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  advisory-intake key list --format json | jq 'select(.unusable) | .fingerprint'")]
pub(super) struct List {
    /// Look at these files and folders instead of the configured ones.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Show a certificate: user ids, algorithms, validity, warnings.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake key show intake@example.org
  advisory-intake key show 0123456789ABCDEF keys/")]
pub(super) struct Show {
    /// The end of a fingerprint, or a part of a user id.
    which: String,
    /// Look at these files and folders instead of the configured ones.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// Add the certificates of a file to a folder, such as that of the team.
///
/// A certificate that is there already is left as it is, unless --update is given: then both are merged, as OpenPGP merges
/// them. Secret keys are refused, save with --secret.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake key import alice.asc --into /etc/advisory-intake/team
  curl https://example.org/bob.asc | advisory-intake key import - --into /etc/advisory-intake/team --update")]
pub(super) struct Import {
    /// The file; - is standard input.
    file: PathBuf,
    /// The folder; each certificate becomes a file named by its fingerprint.
    #[arg(long, value_name = "FOLDER")]
    into: PathBuf,
    /// Merge with what is there.
    #[arg(long)]
    update: bool,
    /// Take secret keys, too.
    #[arg(long)]
    secret: bool,
}

/// Print a certificate, never a secret key: for the web site, a key server, a reporter.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  advisory-intake key export > security.asc                         the gateway's own
  advisory-intake key export --post-quantum > security-pq.asc       the one for post-quantum encryption
  advisory-intake key export alice@example.org")]
pub(super) struct Export {
    /// The end of a fingerprint, or a part of a user id; without it: the gateway's own.
    which: Option<String>,
    /// The gateway's own certificate for post-quantum encryption.
    #[arg(long, conflicts_with = "which")]
    post_quantum: bool,
    /// Look at these files and folders instead of the configured ones.
    #[arg(value_name = "PATH", requires = "which")]
    paths: Vec<PathBuf>,
}

impl Key {
    pub fn execute(self, context: &Context) -> Result<ExitCode, Error> {
        match self {
            Key::Generate(generate) => generate.execute(context)?,
            Key::List(List { paths }) => {
                store(context, &paths)?.describe().iter().try_for_each(|key| show(key, false, context))?;
            }
            Key::Show(Show { which, paths }) => {
                store(context, &paths)?.find(&which)?.iter().try_for_each(|key| show(key, true, context))?;
            }
            Key::Import(import) => import.execute(context)?,
            Key::Export(Export { which, post_quantum, paths }) => {
                let store = store(context, &paths)?;
                let armored = match which {
                    Some(which) => store.export(&which)?,
                    None => store.export_own(post_quantum)?,
                };
                context.output.raw(armored.as_bytes())?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn store(context: &Context, paths: &[PathBuf]) -> Result<KeyStore, Error> {
    match paths {
        [] => KeyStore::configured(&context.load()?.settings),
        paths => KeyStore::of_paths(paths),
    }
}

impl Generate {
    fn execute(self, context: &Context) -> Result<(), Error> {
        let identity = context.load_if_there()?.map(|loaded| loaded.settings.identity);
        let address = self.address.or_else(|| identity.as_ref().map(|identity| identity.address.clone()));
        let address = address.ok_or_else(|| Error::refused("no address is known: give --address"))?;
        let name = self.name.or_else(|| identity.map(|identity| identity.name)).unwrap_or_default();
        let password = app::password(self.password_file.as_deref(), self.password_credential.as_deref())?;
        if password.is_none() {
            context.output.warn(
                "the secret key is not protected by a password: keep its file where only the service can read it",
            );
        }
        let order = KeyOrder {
            name,
            address,
            password,
            years: self.years,
            folder: self.output,
            file_name: self.file_name,
            post_quantum: self.post_quantum,
        };
        app::generate_keys(&order)?.iter().try_for_each(|made| tell(made, context))
    }
}

fn tell(made: &MadeKey, context: &Context) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(made);
    }
    let kind = match made.post_quantum {
        false => "version 4, for every OpenPGP program",
        true => "version 6, post-quantum encryption, for programs that can do it",
    };
    context.output.line(format!("key          {kind}"))?;
    context.output.line(format!("fingerprint  {}", made.fingerprint.spaced()))?;
    context.output.line(format!("secret key   {}", made.secret_key.display()))?;
    context.output.line(format!("certificate  {}", made.certificate.display()))?;
    context.output.line(format!("revocation   {} (keep it offline)", made.revocation.display()))
}

impl Import {
    fn execute(self, context: &Context) -> Result<(), Error> {
        for imported in app::import_keys(&self.file, &self.into, self.update, self.secret)? {
            let name = &imported.description.fingerprint;
            imported.advice.iter().for_each(|advice| context.output.warn(&format!("{name} {advice}")));
            match context.output.is_json() {
                true => context.output.json(&imported)?,
                false => context.output.line(format!("{} {}", imported.change, imported.path.display()))?,
            }
        }
        Ok(())
    }
}

fn show(key: &app::ListedKey, long: bool, context: &Context) -> Result<(), Error> {
    if context.output.is_json() {
        return context.output.json(key);
    }
    let Description { fingerprint, user_ids, unusable, .. } = &key.description;
    let day = |at: time::OffsetDateTime| at.date().to_string();
    let usable = unusable.as_deref().unwrap_or("usable");
    let state = match key.purpose {
        Some(purpose) => format!("{usable}, {}", purpose.explain()),
        None => usable.to_owned(),
    };
    let expires =
        key.description.expires.map_or_else(|| "never expires".to_owned(), |at| format!("expires {}", day(at)));
    let user_ids = user_ids.iter().map(|id| super::output::harmless(id)).collect::<Vec<_>>().join(", ");
    context.output.line(format!("{:<6} {fingerprint}  {user_ids}  {expires}  {state}", key.role))?;
    if long {
        context.output.line(format!("       created {}", day(key.description.created)))?;
        context.output.line(format!("       file    {}", key.path.display()))?;
        let secret = if key.description.secret { "here" } else { "not here" };
        context.output.line(format!("       secret  {secret}"))?;
        for algorithm in &key.description.algorithms {
            context.output.line(format!("       key     {algorithm}"))?;
        }
    }
    key.description.warnings.iter().for_each(|warning| context.output.warn(warning));
    Ok(())
}
