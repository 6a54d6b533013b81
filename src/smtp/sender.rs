use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{Extension, MailBodyParameter, MailParameter};
use secrecy::SecretString;
use tokio::time::timeout;

use super::connect::connect;
use super::errors::{Stage, sort, without_addresses};
use crate::model::{Address, OutgoingMail, Receipt};
use crate::net::Server;
use crate::ports::{Finding, MailSender, SendError};

/// How the mail server is reached.
#[derive(Debug, Clone)]
pub struct Settings {
    pub host: String,
    /// 465 with [`Tls::Implicit`], 587 with [`Tls::StartTls`] (RFC 8314).
    pub port: u16,
    pub tls: Tls,
    /// PEM file with the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// `None` where the server trusts this machine.
    pub login: Option<Login>,
    /// Name given in EHLO; `None` takes this machine's.
    pub hello: Option<String>,
    /// Bounds one whole sending, from connecting to the final reply.
    pub timeout: Duration,
}

/// Whether and when the connection is encrypted. There is no "if offered".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (RFC 8314 3).
    Implicit,
    /// By STARTTLS (RFC 3207), without which nothing is sent.
    StartTls,
    /// Never: accepted for this machine only.
    None,
}

/// Who sends.
#[derive(Debug, Clone)]
pub struct Login {
    pub user: String,
    pub password: SecretString,
}

/// A mail server as [`MailSender`]. Connections are kept for a short while and used again.
pub struct Smtp {
    settings: Settings,
    idle: Mutex<Vec<Parked>>,
}

struct Parked {
    connection: AsyncSmtpConnection,
    since: Instant,
}

/// Connections that are kept; more may be open at once.
const MAX_IDLE: usize = 4;
/// How long one is kept: below the five minutes that RFC 5321 4.5.3.2.7 has servers wait.
const MAX_AGE: Duration = Duration::from_secs(60);

impl Smtp {
    /// Nothing is tried before the first mail, or [`MailSender::check`].
    pub fn new(settings: Settings) -> Self {
        Smtp { settings, idle: Mutex::default() }
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The server as the network sees it.
    pub(super) fn server(&self) -> Server {
        let Settings { host, port, ca_file, timeout, .. } = self.settings.clone();
        Server { host, port, ca_file, timeout }
    }

    async fn connection(&self) -> Result<AsyncSmtpConnection, SendError> {
        while let Some(mut connection) = self.unpark() {
            match timeout(self.settings.timeout / 4, connection.test_connected()).await {
                Ok(true) => return Ok(connection),
                Ok(false) => {}
                // Dead in silence, and so are the others that are kept: there must be time left for a new one.
                Err(_) => self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear(),
            }
        }
        connect(self).await
    }

    fn unpark(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|parked| parked.since.elapsed() < MAX_AGE);
        idle.pop().map(|parked| parked.connection)
    }

    fn park(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(Parked { connection, since: Instant::now() });
        }
    }

    /// `handed_over` is set once the server may have the message.
    async fn deliver(&self, mail: &OutgoingMail, handed_over: &AtomicBool) -> Result<Receipt, SendError> {
        let from = mail.envelope_from.as_ref().map(envelope_address).transpose()?;
        let to = envelope_address(&mail.envelope_to)?;
        let mut connection = self.connection().await?;
        let options = mail_options(mail, &connection)?;
        let host = &self.settings.host;
        let anonymous = self.settings.login.is_none();
        let before = |error| sort(&error, Stage::Envelope { anonymous }, host);
        connection.command(Mail::new(from, options)).await.map_err(before)?;
        connection.command(Rcpt::new(to, vec![])).await.map_err(before)?;
        connection.command(Data).await.map_err(before)?;
        handed_over.store(true, Ordering::Relaxed);
        // lettre ends the message with a line end of its own.
        let message = mail.bytes.strip_suffix(b"\r\n").unwrap_or(&mail.bytes);
        let response = connection.message(message).await.map_err(|error| sort(&error, Stage::Message, host))?;
        self.park(connection);
        let line: Vec<&str> = response.message().collect();
        Ok(Receipt { response: without_addresses(&format!("{} {}", response.code(), line.join(" "))) })
    }
}

#[async_trait]
impl MailSender for Smtp {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, SendError> {
        let handed_over = AtomicBool::new(false);
        let host = &self.settings.host;
        match timeout(self.settings.timeout, self.deliver(mail, &handed_over)).await {
            Ok(result) => result,
            Err(_) if handed_over.load(Ordering::Relaxed) => {
                Err(SendError::Unknown(format!("{host} did not say in time whether it took the mail")))
            }
            Err(_) => Err(SendError::Later(format!("{host} did not answer within {:?}", self.settings.timeout))),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        let Settings { host, port, .. } = &self.settings;
        let subject = format!("smtp {host}:{port}");
        let attempt = async {
            let mut connection = connect(self).await?;
            if connection.test_connected().await {
                let _ = connection.quit().await;
                Ok(())
            } else {
                Err(SendError::Later(format!("{host} took the login and then refused NOOP: try again later")))
            }
        };
        vec![match timeout(self.settings.timeout, attempt).await {
            Ok(Ok(())) if self.settings.login.is_some() => Finding::good(subject, "connected and logged in"),
            Ok(Ok(())) => Finding::good(subject, "connected; no login is configured"),
            Ok(Err(error)) => Finding::failure(subject, error.to_string()),
            Err(_) => Finding::failure(subject, format!("{host} did not answer in time: check host and port")),
        }]
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn envelope_address(address: &Address) -> Result<lettre::Address, SendError> {
    address
        .as_str()
        .parse()
        .map_err(|_| SendError::Refused(format!("`{address}` cannot stand in an SMTP envelope: answer by another way")))
}

/// What the message needs from the server (RFC 6152, RFC 6531).
fn mail_options(mail: &OutgoingMail, connection: &AsyncSmtpConnection) -> Result<Vec<MailParameter>, SendError> {
    let server = connection.server_info();
    let mut options = Vec::new();
    let foreign = |address: &Address| !address.as_str().is_ascii();
    if foreign(&mail.envelope_to) || mail.envelope_from.as_ref().is_some_and(foreign) {
        if !server.supports_feature(Extension::SmtpUtfEight) {
            return Err(SendError::Refused("the mail server cannot send to addresses outside ASCII".into()));
        }
        options.push(MailParameter::SmtpUtfEight);
    }
    if !mail.bytes.is_ascii() {
        if !server.supports_feature(Extension::EightBitMime) {
            return Err(SendError::Refused("the mail server cannot send 8-bit mail (8BITMIME)".into()));
        }
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(options)
}
