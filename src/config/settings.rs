//! The settings as the program uses them: every value checked, every path absolute or relative to the working folder.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::SecretSource;
use crate::model::{Address, FilingWay, FolderNames, Identity, Limits, Multi, SenderRules, WorkerSettings};

/// Everything that one gateway is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub identity: Identity,
    /// Where mail arrives; at least one.
    pub mailboxes: Vec<Mailbox>,
    pub delivery: Delivery,
    pub filing: Filing,
    /// The gateway's secret keys: files, or folders of files.
    pub secret_keys: Vec<SecretSource>,
    /// Passwords of the secret keys, one a line.
    pub key_passwords: Vec<SecretSource>,
    /// Certificates of the team: files, or folders of files.
    pub team: Vec<PathBuf>,
    /// Members of the team without a certificate.
    pub team_addresses: Vec<Address>,
    /// Other certificates that verify signatures: files, or folders of files.
    pub known: Vec<PathBuf>,
    /// Whether certificates that come by mail are kept and used.
    pub learn_certificates: bool,
    /// How the Web Key Directories of mail domains are asked; `None`: not at all.
    pub wkd: Option<WebKeyDirectory>,
    /// The routing table; `None` is the built-in one.
    pub routing: Option<PathBuf>,
    /// Where a report of several findings is filed.
    pub multi: Multi,
    /// A folder whose files replace built-in templates.
    pub templates: Option<PathBuf>,
    /// What may show who sent a message.
    pub sender: SenderRules,
    /// Servers that are asked for the keys of mail domains; empty: those of the system.
    pub dns_servers: Vec<SocketAddr>,
    pub limits: Limits,
    /// Worker processes; `None` is one a core.
    pub workers: Option<usize>,
    pub store: StorePlace,
    /// Most replies to one address in 24 hours.
    pub replies_per_day: u32,
    /// How long filing is tried before a person is asked.
    pub give_up_after: Duration,
    /// How long filing is tried before the team gets the report by mail.
    pub tell_after: Duration,
    /// The hour (0 to 23, UTC) at which the team gets the daily digest; `None`: never.
    pub digest_hour: Option<u8>,
    pub log: Log,
}

impl Settings {
    /// Every secret that the settings name.
    pub fn secrets(&self) -> Vec<&SecretSource> {
        let mailboxes = self.mailboxes.iter().filter_map(|mailbox| match &mailbox.kind {
            MailboxKind::Imap(Imap { login: Login::Password(secret), .. }) => Some(secret),
            _ => None,
        });
        let delivery = match &self.delivery {
            Delivery::Smtp(Smtp { login: Some((_, secret)), .. }) => Some(secret),
            _ => None,
        };
        let filing = match &self.filing {
            Filing::GitHub(GitHub { login: GitHubLogin::App { private_key: secret, .. }, .. })
            | Filing::GitHub(GitHub { login: GitHubLogin::Token(secret), .. }) => Some(secret),
            Filing::Ledger(_) => None,
        };
        let store = match &self.store {
            StorePlace::Postgres(place) => place.password.as_ref(),
            StorePlace::File(_) => None,
        };
        mailboxes
            .chain(delivery)
            .chain(store)
            .chain(filing)
            .chain(&self.secret_keys)
            .chain(&self.key_passwords)
            .collect()
    }

    /// What a worker process is started with.
    pub fn worker(&self) -> Result<WorkerSettings, super::SecretError> {
        let paths = |sources: &[SecretSource]| sources.iter().map(SecretSource::path).collect::<Result<Vec<_>, _>>();
        Ok(WorkerSettings {
            identity: self.identity.clone(),
            limits: self.limits.clone(),
            sender: self.sender.clone(),
            secret_keys: paths(&self.secret_keys)?,
            key_passwords: paths(&self.key_passwords)?,
            team_certificates: self.team.clone(),
            team_addresses: self.team_addresses.clone(),
            known_certificates: self.known.clone(),
            templates: self.templates.clone(),
            routing: self.routing.clone(),
        })
    }
}

/// Where the gateway's state is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// An SQLite file.
    File(PathBuf),
    Postgres(Postgres),
}

/// A PostgreSQL database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// Without a password.
    pub url: Url,
    pub password: Option<SecretSource>,
    /// Certificates in PEM that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// How Web Key Directories are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebKeyDirectory {
    /// Certificates in PEM that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where hosts are, whatever the DNS says; `None`: they do not exist.
    pub hosts: Vec<(String, Option<SocketAddr>)>,
}

/// A place where mail arrives.
#[derive(Debug, Clone, PartialEq)]
pub struct Mailbox {
    /// As in `[mailbox.NAME]`; stands in the store and in logs.
    pub name: String,
    pub kind: MailboxKind,
    /// Folders for what is done with.
    pub folders: FolderNames,
    /// Looks for mail this often, whatever the server says.
    pub poll: Duration,
}

/// The two kinds of places where mail arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum MailboxKind {
    Imap(Imap),
    /// The Maildir at this path.
    Maildir(PathBuf),
}

/// An account on an IMAP server.
#[derive(Debug, Clone, PartialEq)]
pub struct Imap {
    pub host: String,
    pub port: u16,
    /// Never [`Tls::None`].
    pub tls: Tls,
    /// Certificates in PEM that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub user: String,
    pub login: Login,
    /// Mailboxes on the server that are read; at least one.
    pub folders: Vec<String>,
    /// Longest wait for one answer of the server.
    pub timeout: Duration,
}

/// How the connection is protected. There is no "where offered": that is none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, which must succeed.
    Starttls,
    /// Not at all: a mail server on this machine, without login.
    None,
}

/// How to log in to the mailbox.
#[derive(Debug, Clone, PartialEq)]
pub enum Login {
    Password(SecretSource),
    /// XOAUTH2: a program and its arguments, which prints an access token.
    TokenCommand(Vec<String>),
}

/// Where outgoing mail goes.
#[derive(Debug, Clone, PartialEq)]
pub enum Delivery {
    Smtp(Smtp),
    /// A Maildir, for trying things out.
    Maildir(PathBuf),
}

/// A mail server for outgoing mail.
#[derive(Debug, Clone, PartialEq)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub ca_file: Option<PathBuf>,
    /// User and password.
    pub login: Option<(String, SecretSource)>,
    /// Longest time for one mail.
    pub timeout: Duration,
}

/// Where advisories go.
#[derive(Debug, Clone, PartialEq)]
pub enum Filing {
    GitHub(GitHub),
    /// A folder of files, for trying things out.
    Ledger(PathBuf),
}

/// How advisories are filed on GitHub.
#[derive(Debug, Clone, PartialEq)]
pub struct GitHub {
    /// Root of the REST API. `https`, or a loopback address.
    pub api: url::Url,
    pub login: GitHubLogin,
    pub way: FilingWay,
    /// Most advisories and comments within an hour.
    pub filings_per_hour: u32,
    /// Longest time for one request.
    pub timeout: Duration,
    /// Whether releases, linked issues and other advisories are looked up.
    pub online_checks: bool,
}

/// As whom advisories are filed.
#[derive(Debug, Clone, PartialEq)]
pub enum GitHubLogin {
    /// A GitHub App; its installation is looked up when it is not named.
    App { id: u64, installation: Option<u64>, private_key: SecretSource },
    /// A personal or fine-grained access token.
    Token(SecretSource),
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Log {
    pub format: LogFormat,
    /// A filter in the form of `tracing`: `info`, or `info,advisory_intake::imap=trace`.
    pub level: String,
}

/// The form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// The journal under systemd, else text.
    #[default]
    Auto,
    Journal,
    Text,
    Json,
}
