//! From the file as it is written to settings that fit together.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file::{self, TlsWord};
use super::problem::Places;
use super::settings::{
    Delivery, Filing, GitHub, GitHubLogin, Imap, Log, Login, Mailbox, MailboxKind, Settings, Smtp, Tls, WebKeyDirectory,
};
use super::{ConfigError, SecretSource, store};
use crate::model::{Address, CaseId, FilingWay, FolderNames, Identity, InvalidAddress, InvalidId, MailId, SenderRules};

const GITHUB_API: &str = "https://api.github.com";
/// Longest wait for a server, in seconds.
const MAX_TIMEOUT: u64 = 300;

/// The identity that works without a configuration: OpenTelemetry's.
pub fn built_in_identity() -> Result<Identity, ConfigError> {
    let places = Places::of(Path::new("built-in identity"), "")?;
    let address = "security@opentelemetry.io".parse();
    let address = address.map_err(|error: InvalidAddress| places.problem("", error.to_string()))?;
    identity(file::IdentityTable { address: Some(address), ..Default::default() }, &places)
}

/// Checks `raw` and fills in what it leaves out. Relative paths are taken from the folder of `file`.
pub(super) fn settings(file: &Path, raw: file::File, places: &Places) -> Result<Settings, ConfigError> {
    let folder = file.parent().unwrap_or(Path::new("")).to_owned();
    let check = Check { places, folder: &folder };
    check.limits(&raw.limits)?;
    Ok(Settings {
        identity: identity(raw.identity, places)?,
        mailboxes: check.mailboxes(raw.mailbox)?,
        delivery: check.delivery(raw.smtp)?,
        filing: check.filing(raw.github, raw.ledger)?,
        secret_keys: check.secrets(raw.keys.secret),
        key_passwords: check.secrets(raw.keys.passwords),
        team: check.paths(raw.keys.team),
        team_addresses: raw.keys.team_addresses,
        known: check.paths(raw.keys.known),
        learn_certificates: raw.certificates.learn.unwrap_or(true),
        wkd: check.wkd(raw.certificates)?,
        multi: raw.routing.multi.unwrap_or_default(),
        routing: raw.routing.file.map(|path| folder.join(path)),
        templates: raw.templates.folder.map(|path| folder.join(path)),
        dns_servers: check.dns_servers(&raw.sender)?,
        sender: check.sender(raw.sender)?,
        limits: raw.limits,
        workers: check.positive("work.workers", raw.work.workers)?,
        store: store::place(raw.store, &folder, places)?,
        replies_per_day: raw.replies.per_day.unwrap_or(3),
        give_up_after: hours(check.positive("work.give_up_hours", raw.work.give_up_hours)?.unwrap_or(24)),
        tell_after: seconds(
            check.positive("work.tell_minutes", raw.work.tell_minutes)?.unwrap_or(15).saturating_mul(60),
        ),
        digest_hour: check.digest(&raw.digest)?,
        log: Log { format: raw.log.format.unwrap_or_default(), level: raw.log.level.unwrap_or_else(|| "info".into()) },
    })
}

fn identity(raw: file::IdentityTable, places: &Places) -> Result<Identity, ConfigError> {
    let address: Address = raw.address.ok_or_else(|| {
        places.problem("identity", "address is missing in [identity]: say at which address reports arrive")
    })?;
    let case_prefix = raw.case_prefix.unwrap_or_else(|| "OTEL-SEC".into()).to_ascii_uppercase();
    CaseId::numbered(&case_prefix, 2026, 1).map_err(|_| {
        places.problem("identity.case_prefix", "case_prefix must be letters, digits and hyphens, at most 32 of them")
    })?;
    let message_id_domain = raw.message_id_domain.unwrap_or_else(|| address.domain().to_owned());
    format!("x@{message_id_domain}").parse().map(|_: MailId| ()).map_err(|_| {
        places.problem("identity.message_id_domain", "message_id_domain must be a host name, such as example.org")
    })?;
    let fallback = raw.fallback_repository.map_or_else(|| "open-telemetry/sig-security".parse(), Ok);
    let project = raw.project.unwrap_or_else(|| "OpenTelemetry".into());
    let name = raw.name.unwrap_or_else(|| format!("{project} Security"));
    for (key, text) in [("project", &project), ("name", &name)] {
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(places.problem(&format!("identity.{key}"), format!("{key} must be one line of text")));
        }
    }
    Ok(Identity {
        name,
        aliases: raw.aliases.unwrap_or_default(),
        case_prefix,
        message_id_domain,
        policy_url: raw.policy_url.map_or_else(
            || "https://github.com/open-telemetry/community/security/policy".to_owned(),
            |url| url.to_string(),
        ),
        certificate_url: raw.certificate_url.map(|url| url.to_string()),
        github_owner: raw.github_owner.unwrap_or_else(|| "open-telemetry".into()),
        fallback_repository: fallback
            .map_err(|error: InvalidId| places.problem("identity.fallback_repository", error.to_string()))?,
        show_reporter: raw.show_reporter.unwrap_or(false),
        project,
        address,
    })
}

/// What the checks of all sections share.
struct Check<'a> {
    places: &'a Places,
    folder: &'a Path,
}

impl Check<'_> {
    fn mailboxes(
        &self,
        raw: std::collections::BTreeMap<String, file::MailboxTable>,
    ) -> Result<Vec<Mailbox>, ConfigError> {
        if raw.is_empty() {
            return Err(self
                .places
                .problem("", "no mailbox: add [mailbox.main] with the account where reports arrive"));
        }
        raw.into_iter().map(|(name, table)| self.mailbox(name, table)).collect()
    }

    fn mailbox(&self, name: String, raw: file::MailboxTable) -> Result<Mailbox, ConfigError> {
        let path = format!("mailbox.{name}");
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        {
            let what = format!("a mailbox's name is made of a-z, 0-9, '-' and '_', and {name:?} is not");
            return Err(self.places.problem(&path, what));
        }
        let poll = self.positive(&format!("{path}.poll_minutes"), raw.poll_minutes)?.unwrap_or(5);
        let folders = self.folder_names(&path, &raw)?;
        let kind = self.mailbox_kind(&path, raw)?;
        if let MailboxKind::Imap(imap) = &kind
            && let Some(both) =
                imap.folders.iter().find(|name| [&folders.processed, &folders.held, &folders.ignored].contains(name))
        {
            let what = format!("{both:?} is read and is also where finished mail goes: name another folder");
            return Err(self.places.problem(&format!("{path}.folders"), what));
        }
        Ok(Mailbox { name, kind, folders, poll: minutes(poll) })
    }

    fn folder_names(&self, path: &str, raw: &file::MailboxTable) -> Result<FolderNames, ConfigError> {
        let usual = FolderNames::default();
        let name = |key: &str, given: &Option<String>, usual: String| match given {
            Some(name) if name.is_empty() || name.chars().any(char::is_control) => {
                Err(self.places.problem(&format!("{path}.{key}"), format!("{key} must be the name of a folder")))
            }
            given => Ok(given.clone().unwrap_or(usual)),
        };
        Ok(FolderNames {
            processed: name("processed", &raw.processed, usual.processed)?,
            held: name("held", &raw.held, usual.held)?,
            ignored: name("ignored", &raw.ignored, usual.ignored)?,
        })
    }

    fn mailbox_kind(&self, path: &str, raw: file::MailboxTable) -> Result<MailboxKind, ConfigError> {
        let problem = |key: &str, what: String| self.places.problem(&format!("{path}.{key}"), what);
        let host = match (raw.path, raw.host) {
            (Some(maildir), None) => return Ok(MailboxKind::Maildir(self.folder.join(maildir))),
            (None, Some(host)) => host,
            (Some(_), Some(_)) => {
                return Err(problem(
                    "path",
                    format!("[{path}] has both path and host: a mailbox is a Maildir or an IMAP account"),
                ));
            }
            (None, None) => {
                return Err(problem("host", format!("[{path}] needs host for an IMAP account, or path for a Maildir")));
            }
        };
        let tls = tls(raw.tls.unwrap_or(TlsWord::Implicit));
        let port = raw.port.unwrap_or(if tls == Tls::Starttls { 143 } else { 993 });
        if tls == Tls::None {
            return Err(problem("tls", "mail is not fetched without TLS: tls is \"implicit\" or \"starttls\"".into()));
        }
        let login = match (raw.password, raw.token_command) {
            (Some(password), None) => Login::Password(password.within(self.folder)),
            (None, Some(command)) if !command.is_empty() => Login::TokenCommand(command),
            _ => {
                let what = format!(
                    "[{path}] needs either password or token_command, a program that prints an OAuth 2.0 access token"
                );
                return Err(problem("password", what));
            }
        };
        let folders = raw.folders.unwrap_or_else(|| vec!["INBOX".into(), "Junk".into()]);
        if folders.is_empty() || folders.iter().any(|folder| folder.is_empty() || folder.chars().any(char::is_control))
        {
            return Err(problem("folders", "folders must name at least one folder to read, such as \"INBOX\"".into()));
        }
        Ok(MailboxKind::Imap(Imap {
            user: raw.user.ok_or_else(|| problem("user", format!("[{path}] needs user, the name to log in with")))?,
            timeout: self.timeout(path, raw.timeout_seconds, 60)?,
            ca_file: raw.ca_file.map(|file| self.folder.join(file)),
            host,
            port,
            tls,
            login,
            folders,
        }))
    }

    fn delivery(&self, raw: Option<file::SmtpTable>) -> Result<Delivery, ConfigError> {
        let raw = raw.unwrap_or_default();
        let problem = |key: &str, what: &str| self.places.problem(&format!("smtp.{key}"), what);
        let host = match (raw.deliver_to, raw.host) {
            (Some(maildir), None) => return Ok(Delivery::Maildir(self.folder.join(maildir))),
            (None, Some(host)) => host,
            (Some(_), Some(_)) => return Err(problem("deliver_to", "[smtp] has both host and deliver_to: keep one")),
            (None, None) => return Err(problem("host", "[smtp] needs host, the server that takes outgoing mail")),
        };
        let tls = tls(raw.tls.unwrap_or(TlsWord::Starttls));
        let login = match (raw.user, raw.password) {
            (Some(user), Some(password)) => Some((user, password.within(self.folder))),
            (None, None) => None,
            _ => return Err(problem("user", "[smtp] needs user and password together, or neither")),
        };
        if tls == Tls::None && (!is_loopback(&host) || login.is_some()) {
            return Err(problem(
                "tls",
                "tls = \"none\" is for a mail server on this machine without login: say \"starttls\" or \"implicit\"",
            ));
        }
        let port = raw.port.unwrap_or(match tls {
            Tls::Implicit => 465,
            Tls::Starttls => 587,
            Tls::None => 25,
        });
        let timeout = self.timeout("smtp", raw.timeout_seconds, 60)?;
        let ca_file = raw.ca_file.map(|file| self.folder.join(file));
        Ok(Delivery::Smtp(Smtp { host, port, tls, ca_file, login, timeout }))
    }

    fn filing(
        &self,
        github: Option<file::GitHubTable>,
        ledger: Option<file::LedgerTable>,
    ) -> Result<Filing, ConfigError> {
        match (github, ledger) {
            (Some(github), None) => self.github(github).map(Filing::GitHub),
            (None, Some(ledger)) => ledger
                .folder
                .map(|folder| Filing::Ledger(self.folder.join(folder)))
                .ok_or_else(|| self.places.problem("ledger", "[ledger] needs folder, where advisories are written")),
            (Some(_), Some(_)) => {
                Err(self.places.problem("ledger", "advisories go to [github] or to a [ledger]: keep one"))
            }
            (None, None) => Err(self.places.problem("", "[github] is missing: say how advisories are filed")),
        }
    }

    fn github(&self, raw: file::GitHubTable) -> Result<GitHub, ConfigError> {
        let problem = |key: &str, what: &str| self.places.problem(&format!("github.{key}"), what);
        let login = match (raw.app, raw.token) {
            (None, Some(token)) => GitHubLogin::Token(token.within(self.folder)),
            (Some(file::AppTable { id: Some(id), installation, private_key: Some(key) }), None) => {
                GitHubLogin::App { id, installation, private_key: key.within(self.folder) }
            }
            (Some(_), None) => return Err(problem("app", "[github.app] needs id and private_key")),
            (Some(_), Some(_)) => return Err(problem("token", "[github] has both app and token: keep one")),
            (None, None) => return Err(problem("app", "[github] needs [github.app], or token")),
        };
        let api = raw.api.map_or_else(|| GITHUB_API.parse(), Ok);
        let api: url::Url = api.map_err(|error: url::ParseError| problem("api", &error.to_string()))?;
        if api.scheme() != "https" && !(api.scheme() == "http" && api.host_str().is_some_and(is_loopback)) {
            return Err(problem("api", "api must begin with https://, since tokens and reports travel there"));
        }
        let timeout = self.timeout("github", raw.timeout_seconds, 45)?;
        let filings_per_hour = self.positive("github.filings_per_hour", raw.filings_per_hour)?.unwrap_or(200);
        let way = raw.filing.unwrap_or(FilingWay::Report);
        Ok(GitHub { api, login, way, filings_per_hour, timeout, online_checks: raw.online_checks.unwrap_or(true) })
    }

    fn limits(&self, limits: &crate::model::Limits) -> Result<(), ConfigError> {
        let sizes = [
            ("message_size", limits.message_size),
            ("decrypted_size", limits.decrypted_size),
            ("compression_ratio", limits.compression_ratio),
            ("packets", limits.packets as u64),
            ("mime_depth", limits.mime_depth as u64),
            ("mime_parts", limits.mime_parts as u64),
            ("header_count", limits.header_count as u64),
            ("header_size", limits.header_size as u64),
            ("header_field", limits.header_field as u64),
            ("recipients", limits.recipients as u64),
            ("signatures", limits.signatures as u64),
            ("ciphertexts", limits.ciphertexts as u64),
            ("attachments", limits.attachments as u64),
            ("seconds", limits.seconds),
            ("memory", limits.memory.unwrap_or(1)),
        ];
        sizes
            .into_iter()
            .try_for_each(|(key, value)| self.positive(&format!("limits.{key}"), Some(value)).map(|_| ()))?;
        // Beyond a hundred levels the parsers' recursion could end a worker on honest mail.
        if limits.mime_depth > 100 {
            return Err(self.places.problem("limits.mime_depth", "mime_depth is at most 100"));
        }
        Ok(())
    }

    fn sender(&self, raw: file::SenderTable) -> Result<SenderRules, ConfigError> {
        let token =
            |id: &String| !id.is_empty() && id.bytes().all(|b| b.is_ascii_graphic() && !b"()<>;\"\\".contains(&b));
        if raw.authserv_id.as_ref().is_some_and(|id| !token(id)) {
            let what = "authserv_id is the first word of the server's Authentication-Results, such as mx.example.org";
            return Err(self.places.problem("sender.authserv_id", what));
        }
        Ok(SenderRules {
            dkim: raw.dkim.unwrap_or(false),
            authserv_id: raw.authserv_id.map(|id| id.to_ascii_lowercase()),
            authserv_received: raw.authserv_received.unwrap_or(0),
        })
    }

    fn dns_servers(&self, raw: &file::SenderTable) -> Result<Vec<SocketAddr>, ConfigError> {
        let server = |text: &String| {
            let alone = || text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
            text.parse().or_else(|_| alone()).map_err(|_| {
                let what = format!("{text:?} is no address of a DNS server: write 192.0.2.1, or 192.0.2.1:53");
                self.places.problem("sender.dns_servers", what)
            })
        };
        raw.dns_servers.iter().map(server).collect()
    }

    fn wkd(&self, raw: file::CertificatesTable) -> Result<Option<WebKeyDirectory>, ConfigError> {
        let host = |entry: &String| {
            let (host, address) = entry.split_once('=')?;
            let address = if address == "none" { None } else { Some(address.parse().ok()?) };
            Some((host.to_ascii_lowercase(), address))
        };
        let problem = || {
            let what = "wkd_hosts has entries like \"openpgpkey.example.org=192.0.2.1:443\", or \"…=none\"";
            self.places.problem("certificates.wkd_hosts", what)
        };
        let hosts = raw.wkd_hosts.iter().map(|entry| host(entry).ok_or_else(problem)).collect::<Result<_, _>>()?;
        let ca_file = raw.wkd_ca_file.map(|file| self.folder.join(file));
        Ok(raw.wkd.unwrap_or(false).then_some(WebKeyDirectory { ca_file, hosts }))
    }

    fn digest(&self, raw: &file::DigestTable) -> Result<Option<u8>, ConfigError> {
        match raw.hour.unwrap_or(7) {
            hour @ 0..=23 => Ok(raw.enabled.unwrap_or(true).then_some(hour)),
            _ => Err(self.places.problem("digest.hour", "hour is an hour of the day in UTC: 0 to 23")),
        }
    }

    /// How long a server is waited for. Bounded, since claims and pauses are made to outlast it.
    fn timeout(&self, table: &str, value: Option<u64>, usual: u64) -> Result<Duration, ConfigError> {
        match value.unwrap_or(usual) {
            count @ 1..=MAX_TIMEOUT => Ok(seconds(count)),
            _ => {
                let path = format!("{table}.timeout_seconds");
                Err(self.places.problem(&path, format!("{path} must be 1 to {MAX_TIMEOUT}")))
            }
        }
    }

    fn positive<T: PartialEq + Default>(&self, path: &str, value: Option<T>) -> Result<Option<T>, ConfigError> {
        match value {
            Some(zero) if zero == T::default() => Err(self.places.problem(path, format!("{path} must be more than 0"))),
            value => Ok(value),
        }
    }

    fn secrets(&self, sources: Vec<SecretSource>) -> Vec<SecretSource> {
        sources.into_iter().map(|source| source.within(self.folder)).collect()
    }

    fn paths(&self, paths: Vec<PathBuf>) -> Vec<PathBuf> {
        paths.into_iter().map(|path| self.folder.join(path)).collect()
    }
}

fn tls(word: TlsWord) -> Tls {
    match word {
        TlsWord::Implicit => Tls::Implicit,
        TlsWord::Starttls => Tls::Starttls,
        TlsWord::None => Tls::None,
    }
}

pub(super) fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count.saturating_mul(60))
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(count.saturating_mul(3_600))
}
