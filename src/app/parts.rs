use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use super::{Error, Settings, file_error};
use crate::config;
use crate::config::{Delivery, Filing, GitHubLogin, Login, Mailbox, MailboxKind, SecretSource, StorePlace, Tls};
use crate::dns::Resolver;
use crate::engine;
use crate::github::{self, GitHub};
use crate::imap::{self, Imap};
use crate::ledger::Ledger;
use crate::maildir::{self, Maildir};
use crate::model::{Limits, WorkerSettings};
use crate::ports::{Advisories, Clock, Directory, Dns, MailSender, MailSource, Store};
use crate::smtp::{self, MaildirOut, Smtp};
use crate::store::{Postgres, PostgresSettings, Sqlite};
use crate::wkd::{self, Wkd};
use crate::worker::Pool;

/// How often a Maildir is read: looking is cheap.
const MAILDIR_POLL: Duration = Duration::from_secs(1);
/// What one step needs besides the longest wait for the server.
const MARGIN: Duration = Duration::from_secs(15);

/// The clock of this machine.
pub(super) struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }
}

/// Everything that reads mail, one source for each folder of each account.
pub(super) fn sources(settings: &Settings) -> Result<Vec<Arc<dyn MailSource>>, Error> {
    let each = settings.mailboxes.iter().map(|mailbox| mailbox_sources(mailbox, &settings.limits));
    Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// The sources of one mailbox of the configuration.
pub(super) fn mailbox_sources(mailbox: &Mailbox, limits: &Limits) -> Result<Vec<Arc<dyn MailSource>>, Error> {
    let account = match &mailbox.kind {
        MailboxKind::Maildir(folder) => {
            return Ok(vec![Arc::new(Maildir::new(maildir::Settings {
                name: mailbox.name.clone(),
                folder: folder.clone(),
                folders: mailbox.folders.clone(),
                message_size: limits.message_size,
                poll: MAILDIR_POLL,
                rescan: mailbox.poll,
            }))]);
        }
        MailboxKind::Imap(account) => account,
    };
    let tls = match account.tls {
        Tls::Implicit => imap::Tls::Implicit,
        Tls::Starttls => imap::Tls::StartTls,
        // The configuration refuses it; should it come here all the same, nothing is sent in the clear.
        Tls::None => return Err(Error::refused("mail is not fetched without TLS")),
    };
    let login = match &account.login {
        Login::Password(secret) => imap::Login::Password(text(secret)?),
        Login::TokenCommand(command) => imap::Login::XOAuth2 { token_command: command.clone() },
    };
    let source = |folder: &String| -> Arc<dyn MailSource> {
        Arc::new(Imap::new(imap::Settings {
            name: mailbox.name.clone(),
            host: account.host.clone(),
            port: account.port,
            tls,
            ca_file: account.ca_file.clone(),
            user: account.user.clone(),
            login: login.clone(),
            mailbox: folder.clone(),
            folders: mailbox.folders.clone(),
            message_size: limits.message_size,
            poll: mailbox.poll,
            timeout: account.timeout,
        }))
    };
    Ok(account.folders.iter().map(source).collect())
}

/// What sends mail.
pub(super) fn sender(settings: &Settings) -> Result<Arc<dyn MailSender>, Error> {
    let server = match &settings.delivery {
        Delivery::Maildir(folder) => return Ok(Arc::new(MaildirOut::new(folder))),
        Delivery::Smtp(server) => server,
    };
    let login = match &server.login {
        Some((user, password)) => Some(smtp::Login { user: user.clone(), password: text(password)? }),
        None => None,
    };
    Ok(Arc::new(Smtp::new(smtp::Settings {
        host: server.host.clone(),
        port: server.port,
        tls: match server.tls {
            Tls::Implicit => smtp::Tls::Implicit,
            Tls::Starttls => smtp::Tls::StartTls,
            Tls::None => smtp::Tls::None,
        },
        ca_file: server.ca_file.clone(),
        login,
        hello: None,
        timeout: server.timeout,
    })))
}

/// The store. A file's folder is made, for this user alone, where only the last one is missing.
pub(super) async fn store(settings: &Settings) -> Result<Arc<dyn Store>, Error> {
    let path = match &settings.store {
        StorePlace::File(path) => path,
        StorePlace::Postgres(_) => return existing_store(settings).await,
    };
    make_folder(path)?;
    Ok(Arc::new(Sqlite::open(path).await?))
}

/// Makes the folder of a file, where only that one is missing.
pub(super) fn make_folder(path: &Path) -> Result<(), Error> {
    if let Some(folder) = path.parent().filter(|folder| can_be_made(folder)) {
        let made = std::fs::DirBuilder::new().mode(0o700).create(folder);
        made.map_err(|error| file_error("make", folder, &error))?;
    }
    Ok(())
}

/// That a gateway has worked with this state.
pub(super) fn must_exist(path: &Path) -> Result<(), Error> {
    let path_shown = path.display();
    match path.exists() {
        true => Ok(()),
        false => Err(Error::refused(format!(
            "there is no state in {path_shown} yet: the gateway has not run with these settings"
        ))),
    }
}

/// The store that a gateway has made already.
pub(super) async fn existing_store(settings: &Settings) -> Result<Arc<dyn Store>, Error> {
    match &settings.store {
        StorePlace::File(path) => {
            must_exist(path)?;
            Ok(Arc::new(Sqlite::open(path).await?))
        }
        StorePlace::Postgres(place) => Ok(Arc::new(Postgres::open(&postgres(place)?).await?)),
    }
}

/// How the database is reached.
pub(super) fn postgres(place: &config::Postgres) -> Result<PostgresSettings, Error> {
    Ok(PostgresSettings {
        url: place.url.clone(),
        password: place.password.as_ref().map(text).transpose()?,
        ca_file: place.ca_file.clone(),
    })
}

/// Whether a missing folder needs nothing but itself.
pub(super) fn can_be_made(folder: &Path) -> bool {
    // The folder around a relative name is this one.
    let around = folder.parent().map(|around| if around.as_os_str().is_empty() { Path::new(".") } else { around });
    !folder.as_os_str().is_empty() && !folder.exists() && around.is_some_and(Path::is_dir)
}

/// What files advisories. Within a tokio runtime.
pub(super) fn advisories(settings: &Settings) -> Result<Arc<dyn Advisories>, Error> {
    let github = match &settings.filing {
        Filing::Ledger(folder) => return Ok(Arc::new(Ledger::new(folder))),
        Filing::GitHub(github) => github,
    };
    let auth = match &github.login {
        GitHubLogin::Token(token) => github::Auth::Token(text(token)?),
        GitHubLogin::App { id, installation, private_key } => {
            github::Auth::App { id: *id, installation: *installation, pem: text(private_key)? }
        }
    };
    let settings = github::Settings {
        base_uri: github.api.to_string(),
        timeout: github.timeout,
        online_checks: github.online_checks,
        ..github::Settings::new(auth, github.way)
    };
    Ok(Arc::new(GitHub::new(settings)?))
}

/// What asks mail domains for their people's certificates, where the configuration wants that.
pub(super) fn directory(settings: &Settings) -> Option<Arc<dyn Directory>> {
    let wkd = settings.wkd.as_ref().filter(|_| settings.learn_certificates)?;
    let settings = wkd::Settings { ca_file: wkd.ca_file.clone(), hosts: wkd.hosts.clone(), ..wkd::Settings::new() };
    Some(Arc::new(Wkd::new(settings)))
}

/// The workers that open mail: processes of this program.
pub(super) fn pool(settings: WorkerSettings, workers: usize) -> Result<Pool, Error> {
    let program =
        std::env::current_exe().map_err(|error| Error::refused(format!("cannot find this program: {error}")))?;
    Ok(Pool::start(gone_aside(program), settings, workers))
}

/// The program's own name when it was replaced while it runs: workers then come from the new one, which says so itself.
fn gone_aside(program: PathBuf) -> PathBuf {
    match program.to_str().and_then(|path| path.strip_suffix(" (deleted)")) {
        Some(path) => path.into(),
        None => program,
    }
}

/// What asks the DNS about senders, where it may be asked. Within a tokio runtime.
pub(super) fn dns(settings: &Settings) -> Result<Option<Arc<dyn Dns>>, Error> {
    if !settings.sender.dkim {
        return Ok(None);
    }
    let resolver = Resolver::new(&settings.dns_servers, settings.identity.address.domain()).map_err(Error::refused)?;
    Ok(Some(Arc::new(resolver)))
}

/// How many workers open mail.
pub(super) fn workers(settings: &Settings) -> usize {
    settings.workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, usize::from))
}

/// How the engine works.
pub(super) fn engine(settings: &Settings) -> engine::Settings {
    let identity = &settings.identity;
    let mut wanted =
        engine::Settings::new(identity.case_prefix.clone(), identity.fallback_repository.clone(), &settings.limits);
    wanted.openers = workers(settings);
    wanted.multi = settings.multi;
    wanted.replies_per_day = settings.replies_per_day;
    wanted.digest_hour = settings.digest_hour;
    wanted.learn_certificates = settings.learn_certificates;
    wanted.policy.give_up_after = settings.give_up_after;
    wanted.policy.tell_after = settings.tell_after;
    if let Filing::GitHub(github) = &settings.filing {
        wanted.filings_per_hour = Some(github.filings_per_hour);
        wanted.timeouts.file = github.timeout + MARGIN;
        // By then an attempt without an answer has ended, and GitHub's list has what came of it.
        wanted.policy.settle_time = wanted.timeouts.file * 3 / 2;
    }
    for mailbox in &settings.mailboxes {
        if let MailboxKind::Imap(account) = &mailbox.kind {
            wanted.timeouts.settle = wanted.timeouts.settle.max(account.timeout + MARGIN);
        }
    }
    if let Delivery::Smtp(server) = &settings.delivery {
        wanted.timeouts.send = wanted.timeouts.send.max(server.timeout + MARGIN);
    }
    wanted
}

/// A secret as the adapters take it: it masks itself there, too.
fn text(secret: &SecretSource) -> Result<secrecy::SecretString, Error> {
    Ok(secret.read()?.expose().clone().into())
}
