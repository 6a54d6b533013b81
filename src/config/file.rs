//! The file as it is written: the same keys in the same tables, everything optional.

use std::collections::BTreeMap;
use std::path::PathBuf;

use config::{Config, Environment, FileFormat};
use serde::Deserialize;

use super::problem::Places;
use super::{ConfigError, ENVIRONMENT_PREFIX, LogFormat, SecretSource};
use crate::model::{Address, FilingWay, Limits, Multi, Repository};

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub identity: IdentityTable,
    pub mailbox: BTreeMap<String, MailboxTable>,
    pub smtp: Option<SmtpTable>,
    pub github: Option<GitHubTable>,
    pub ledger: Option<LedgerTable>,
    pub keys: KeysTable,
    pub certificates: CertificatesTable,
    pub routing: RoutingTable,
    pub templates: TemplatesTable,
    pub sender: SenderTable,
    pub limits: Limits,
    pub work: WorkTable,
    pub store: StoreTable,
    pub replies: RepliesTable,
    pub digest: DigestTable,
    pub log: LogTable,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct IdentityTable {
    pub project: Option<String>,
    pub address: Option<Address>,
    pub name: Option<String>,
    pub aliases: Option<Vec<Address>>,
    pub case_prefix: Option<String>,
    pub message_id_domain: Option<String>,
    pub policy_url: Option<url::Url>,
    pub certificate_url: Option<url::Url>,
    pub github_owner: Option<String>,
    pub fallback_repository: Option<Repository>,
    pub show_reporter: Option<bool>,
}

/// Both kinds of mailbox in one table, so that a wrong key is answered with all right ones.
#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct MailboxTable {
    pub path: Option<PathBuf>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub tls: Option<TlsWord>,
    pub ca_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password: Option<SecretSource>,
    pub token_command: Option<Vec<String>>,
    pub folders: Option<Vec<String>>,
    pub timeout_seconds: Option<u64>,
    pub processed: Option<String>,
    pub held: Option<String>,
    pub ignored: Option<String>,
    pub poll_minutes: Option<u64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TlsWord {
    Implicit,
    Starttls,
    None,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SmtpTable {
    pub deliver_to: Option<PathBuf>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub tls: Option<TlsWord>,
    pub ca_file: Option<PathBuf>,
    pub user: Option<String>,
    pub password: Option<SecretSource>,
    pub timeout_seconds: Option<u64>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GitHubTable {
    pub app: Option<AppTable>,
    pub token: Option<SecretSource>,
    pub filing: Option<FilingWay>,
    pub filings_per_hour: Option<u32>,
    pub api: Option<url::Url>,
    pub timeout_seconds: Option<u64>,
    pub online_checks: Option<bool>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AppTable {
    pub id: Option<u64>,
    pub installation: Option<u64>,
    pub private_key: Option<SecretSource>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LedgerTable {
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct KeysTable {
    pub secret: Vec<SecretSource>,
    pub passwords: Vec<SecretSource>,
    pub team: Vec<PathBuf>,
    pub team_addresses: Vec<Address>,
    pub known: Vec<PathBuf>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct SenderTable {
    pub dkim: Option<bool>,
    pub dns_servers: Vec<String>,
    pub authserv_id: Option<String>,
    pub authserv_received: Option<u32>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct CertificatesTable {
    pub learn: Option<bool>,
    pub wkd: Option<bool>,
    pub wkd_ca_file: Option<PathBuf>,
    pub wkd_hosts: Vec<String>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RoutingTable {
    pub file: Option<PathBuf>,
    pub multi: Option<Multi>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TemplatesTable {
    pub folder: Option<PathBuf>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WorkTable {
    pub workers: Option<usize>,
    pub give_up_hours: Option<u64>,
    pub tell_minutes: Option<u64>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoreTable {
    pub path: Option<PathBuf>,
    /// As text: a mistake in it must not be quoted, for it may hold a password.
    pub url: Option<String>,
    pub password: Option<SecretSource>,
    pub ca_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RepliesTable {
    pub per_day: Option<u32>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct DigestTable {
    pub enabled: Option<bool>,
    pub hour: Option<u8>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LogTable {
    pub format: Option<LogFormat>,
    pub level: Option<String>,
}

/// Lists that an environment variable can hold, its items separated by commas.
const LISTS: [&str; 8] = [
    "identity.aliases",
    "keys.secret",
    "keys.passwords",
    "keys.team",
    "keys.team_addresses",
    "keys.known",
    "sender.dns_servers",
    "certificates.wkd_hosts",
];

/// Reads `text` with the variables of `environment` over it.
///
/// The file is read alone first, because only then the place of a mistake is known; then with each variable alone, so
/// that the message names the one at fault.
pub(super) fn read(places: &Places, text: &str, environment: &BTreeMap<String, String>) -> Result<File, ConfigError> {
    let alone = toml::from_str::<File>(text).map_err(|error| places.translate(text, &error))?;
    if environment.is_empty() {
        return Ok(alone);
    }
    let with = |variables: BTreeMap<String, String>| -> Result<File, config::ConfigError> {
        let lists = LISTS.iter().map(|list| (*list).to_owned());
        let in_mailboxes = places
            .children("mailbox")
            .flat_map(|name| ["folders", "token_command"].map(|key| format!("mailbox.{name}.{key}")));
        let variables = Environment::with_prefix(ENVIRONMENT_PREFIX.trim_end_matches('_'))
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .source(Some(variables.into_iter().collect()));
        let variables = lists.chain(in_mailboxes).fold(variables, |source, list| source.with_list_parse_key(&list));
        Config::builder()
            .add_source(config::File::from_str(text, FileFormat::Toml))
            .add_source(variables)
            .build()?
            .try_deserialize()
    };
    for (name, value) in environment {
        with(BTreeMap::from([(name.clone(), value.clone())])).map_err(|error| variable_problem(name, &error))?;
    }
    with(environment.clone()).map_err(|error| ConfigError::new("environment", error.to_string()))
}

/// The message without the library's remarks about where it found the key: the variable's name says that.
fn variable_problem(name: &str, error: &config::ConfigError) -> ConfigError {
    let mut inner = error;
    while let config::ConfigError::At { error, .. } = inner {
        inner = error;
    }
    match inner {
        config::ConfigError::Type { expected, .. } => ConfigError::in_variable(name, &format!("expected {expected}")),
        other => ConfigError::in_variable(name, &other.to_string()),
    }
}
