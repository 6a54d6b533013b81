use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use tokio::sync::{Mutex, MutexGuard, Notify};
use tokio::time::{Instant, sleep};
use tracing::warn;

use super::connection::Connection;
use super::fetch::{Trouble, fetch};
use super::folders::Way;
use super::idle::{Woken, idle};
use crate::case::Folder;
use crate::model::{FolderNames, Origin};
use crate::net::Server;
use crate::ports::{Batch, Cursor, Finding, MailSource, SourceError};

/// One mailbox of one server. Junk is another [`Imap`] with the same account.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The configured name of the account.
    pub name: String,
    pub host: String,
    /// 993 with [`Tls::Implicit`], 143 with [`Tls::StartTls`].
    pub port: u16,
    pub tls: Tls,
    /// PEM file with the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub user: String,
    pub login: Login,
    /// The mailbox that is read: `INBOX`.
    pub mailbox: String,
    pub folders: FolderNames,
    /// Largest message that is fetched whole, in bytes.
    pub message_size: u64,
    /// How often the mailbox is looked at when the server says nothing: minutes.
    pub poll: Duration,
    /// For connecting, for the handshake, and for any silence of the server while it owes an answer.
    pub timeout: Duration,
}

impl Settings {
    /// The server as the network sees it.
    pub(super) fn server(&self) -> Server {
        Server { host: self.host.clone(), port: self.port, ca_file: self.ca_file.clone(), timeout: self.timeout }
    }

    fn folder(&self, folder: Folder) -> &str {
        match folder {
            Folder::Processed => &self.folders.processed,
            Folder::Held => &self.folders.held,
            Folder::Ignored => &self.folders.ignored,
        }
    }
}

/// When the connection is encrypted; there is no way without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (RFC 8314 3).
    Implicit,
    /// By STARTTLS, without which no login is tried.
    StartTls,
}

/// How the account is opened.
#[derive(Debug, Clone)]
pub enum Login {
    Password(SecretString),
    /// An OAuth 2 access token, which a command prints: program and arguments, run for every login.
    XOAuth2 {
        token_command: Vec<String>,
    },
}

/// A mailbox as [`MailSource`].
pub struct Imap {
    settings: Settings,
    name: String,
    state: Mutex<State>,
    /// Tells [`MailSource::wait`] that another call needs the connection.
    wanted: Notify,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
    trouble: Trouble,
    /// The server refused IDLE.
    no_idle: bool,
}

/// How long waiting leaves the connection to others after an interruption.
const BREATH: Duration = Duration::from_millis(50);

impl Imap {
    /// Nothing is tried before the first call.
    pub fn new(settings: Settings) -> Self {
        let name = format!("{}/{}", settings.name, settings.mailbox);
        Imap { settings, name, state: Mutex::default(), wanted: Notify::new() }
    }

    /// Waits for the connection, interrupting IDLE.
    async fn state(&self) -> MutexGuard<'_, State> {
        if let Ok(state) = self.state.try_lock() {
            return state;
        }
        self.wanted.notify_one();
        self.state.lock().await
    }

    /// The connection that is there, or a new one. It is taken out: a call that is abandoned or fails does not put it back.
    async fn connection(&self, state: &mut State) -> Result<Connection, SourceError> {
        match state.connection.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.settings).await,
        }
    }

    /// One turn of waiting, with the connection to itself.
    async fn wait_once(&self, left: Duration) -> Result<Woken, SourceError> {
        let mut state = self.state.lock().await;
        let mut connection = self.connection(&mut state).await?;
        let woken = if connection.fresh {
            Woken::Look
        } else if connection.offers.idle && !state.no_idle {
            idle(&mut connection, left, &self.wanted).await?
        } else {
            Woken::NoIdle
        };
        if woken == Woken::NoIdle && connection.offers.idle && !state.no_idle {
            warn!(source = self.name, "the server offers IDLE and refuses it: polling instead");
            state.no_idle = true;
        }
        state.connection = Some(connection);
        Ok(woken)
    }
}

#[async_trait]
impl MailSource for Imap {
    fn name(&self) -> &str {
        &self.name
    }

    async fn fetch(&self, cursor: Option<&Cursor>, budget: u64) -> Result<Batch, SourceError> {
        let mut state = self.state().await;
        let mut connection = self.connection(&mut state).await?;
        let result = fetch(&mut connection, &self.settings, &self.name, cursor, budget, &mut state.trouble).await;
        if result.is_ok() {
            state.connection = Some(connection);
        }
        result
    }

    async fn wait(&self) -> Result<(), SourceError> {
        let end = Instant::now() + self.settings.poll;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.wait_once(left).await? {
                Woken::Look => return Ok(()),
                Woken::Interrupted => sleep(BREATH).await,
                Woken::NoIdle => {
                    sleep(left).await;
                    return Ok(());
                }
            }
        }
    }

    async fn settle(&self, origin: &Origin, folder: Folder) -> Result<(), SourceError> {
        let Origin::Imap { mailbox, uid_validity, uid, .. } = origin else {
            return Err(SourceError::Server(format!("a message from elsewhere cannot be moved in {}", self.name)));
        };
        if *mailbox != self.settings.mailbox {
            return Err(SourceError::Server(format!("a message of `{mailbox}` cannot be moved in {}", self.name)));
        }
        let mut state = self.state().await;
        let mut connection = self.connection(&mut state).await?;
        // With another UIDVALIDITY the number means nothing; the message comes again under a new one.
        if connection.uid_validity == *uid_validity {
            connection.transfer(*uid, self.settings.folder(folder)).await?;
        }
        state.connection = Some(connection);
        Ok(())
    }

    async fn check(&self) -> Vec<Finding> {
        let subject = format!("imap {}", self.name);
        let mut connection = match Connection::open(&self.settings).await {
            Ok(connection) => connection,
            Err(error) => return vec![Finding::failure(subject, error.to_string())],
        };
        let count = connection.exists;
        let mut findings = vec![if connection.read_only {
            Finding::failure(
                &subject,
                "logged in, but the mailbox is read-only: give the account the right to move mail",
            )
        } else {
            Finding::good(&subject, format!("connected and logged in; {count} messages in the mailbox"))
        }];
        findings.push(match connection.offers.idle {
            true => Finding::good(&subject, "tells of new mail at once (IDLE)"),
            false => Finding::warning(&subject, format!("no IDLE: new mail waits up to {:?}", self.settings.poll)),
        });
        findings.push(match connection.way() {
            Way::Move => Finding::good(&subject, "moves messages (MOVE)"),
            Way::CopyAndExpunge => Finding::good(&subject, "moves messages by copy and UID EXPUNGE"),
            Way::CopyAndFlag => Finding::warning(
                &subject,
                "can neither MOVE nor UID EXPUNGE: finished messages stay, flagged as deleted; expunge them by hand",
            ),
        });
        for folder in [Folder::Processed, Folder::Held, Folder::Ignored] {
            let name = self.settings.folder(folder);
            findings.push(match connection.folder(name).await {
                Ok(_) => Finding::good(&subject, format!("folder `{name}` is there")),
                Err(error) => Finding::failure(&subject, error.to_string()),
            });
        }
        findings
    }
}

impl fmt::Debug for Imap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap").field("settings", &self.settings).finish_non_exhaustive()
    }
}
