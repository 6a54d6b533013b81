//! From nothing to a logged-in session.

use std::process::Stdio;

use async_imap::error::Error;
use async_imap::{Authenticator, Client, Session};
use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;
use tokio::time::timeout;

use super::guard::{Allowance, Guard};
use super::source::{Login, Settings, Tls};
use crate::net::{Lines, MAX_LINES, NetError, Server, Stream, Wire};
use crate::ports::SourceError;

/// Connects, encrypts and logs in. The password or token leaves this machine over TLS only.
pub(super) async fn open(settings: &Settings) -> Result<Session<Guard>, SourceError> {
    let server = settings.server();
    let (wire, offers) = encrypted(settings.tls, &server).await.map_err(unusable)?;
    let has = |offer: &str| offers.iter().any(|offered| offered.eq_ignore_ascii_case(offer));
    let mut guard = Guard::new(wire, settings.timeout);
    guard.expect(Allowance::SMALL);
    let client = Client::new(guard);
    match &settings.login {
        Login::Password(_) if has("LOGINDISABLED") => Err(SourceError::Login(format!(
            "{} takes no password here (LOGINDISABLED): use its TLS port, or a token",
            server.host
        ))),
        Login::Password(password) => {
            let attempt = client.login(&settings.user, password.expose_secret());
            finish(timeout(settings.timeout, attempt).await.map(|result| result.map_err(|(error, _)| error)), settings)
        }
        Login::XOAuth2 { .. } if !has("AUTH=XOAUTH2") => Err(SourceError::Login(format!(
            "{} does not offer login by token (XOAUTH2): configure a password",
            server.host
        ))),
        Login::XOAuth2 { token_command } => {
            let token = token(token_command, settings).await?;
            let bearer = Bearer { user: settings.user.clone(), token, sent: false };
            let attempt = client.authenticate("XOAUTH2", bearer);
            finish(timeout(settings.timeout, attempt).await.map(|result| result.map_err(|(error, _)| error)), settings)
        }
    }
}

/// An encrypted connection past its greeting, and what the server offers on it.
async fn encrypted(tls: Tls, server: &Server) -> Result<(Wire, Vec<String>), NetError> {
    let wire = match tls {
        Tls::Implicit => {
            let mut lines = Lines::new(server.encrypt(server.dial().await?).await?, server);
            greeting(&mut lines, server).await?;
            lines.into_inner()
        }
        Tls::StartTls => start_tls(server).await?,
    };
    let mut lines = Lines::new(wire, server);
    let offers = command(&mut lines, server, "CAPABILITY").await?;
    Ok((lines.into_inner(), offers))
}

/// RFC 9051 6.2.1. What was said before TLS is forgotten.
async fn start_tls(server: &Server) -> Result<Wire, NetError> {
    let mut lines = Lines::new(server.dial().await?, server);
    greeting(&mut lines, server).await?;
    let offers = command(&mut lines, server, "CAPABILITY").await?;
    if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
        return Err(NetError::Setup(format!(
            "{} does not offer STARTTLS, so no login was tried: use \"implicit\" with its TLS port",
            server.host
        )));
    }
    command(&mut lines, server, "STARTTLS").await?;
    server.encrypt(lines.into_inner()).await
}

/// PREAUTH is refused: before TLS it is how an attacker keeps the session in the clear (RFC 9051 11.1).
async fn greeting<S: Stream>(lines: &mut Lines<'_, S>, server: &Server) -> Result<(), NetError> {
    let line = lines.receive().await?.to_ascii_uppercase();
    let mut words = line.split(' ');
    match (words.next(), words.next()) {
        (Some("*"), Some("OK")) => Ok(()),
        (Some("*"), Some("BYE")) => Err(NetError::Unreachable(format!("{} turns connections away", server.host))),
        (Some("*"), Some("PREAUTH")) => {
            Err(NetError::Protocol(format!("{} says that it is logged in before any login (PREAUTH)", server.host)))
        }
        _ => Err(NetError::Protocol(format!("{} does not speak IMAP on this port", server.host))),
    }
}

/// Runs a command without arguments and gives the words of an untagged answer to it.
async fn command<S: Stream>(lines: &mut Lines<'_, S>, server: &Server, command: &str) -> Result<Vec<String>, NetError> {
    lines.send(&format!("a {command}")).await?;
    let mut words = Vec::new();
    for _ in 0..MAX_LINES {
        let line = lines.receive().await?;
        let mut parts = line.split_ascii_whitespace();
        match (parts.next(), parts.next()) {
            (Some("a"), Some(status)) if status.eq_ignore_ascii_case("OK") => return Ok(words),
            (Some("a"), _) => return Err(NetError::Protocol(format!("{} refuses {command}", server.host))),
            (Some("*"), Some(status)) if status.eq_ignore_ascii_case("BYE") => {
                return Err(NetError::Unreachable(format!("{} turns connections away", server.host)));
            }
            (Some("*"), Some(name)) if name.eq_ignore_ascii_case(command) => {
                words.extend(parts.map(str::to_owned));
            }
            (Some("*"), _) => {}
            _ => break,
        }
    }
    Err(NetError::Protocol(format!("{} gives no proper answer to {command}", server.host)))
}

type Attempt<T> = Result<Result<T, Error>, tokio::time::error::Elapsed>;

fn finish(attempt: Attempt<Session<Guard>>, settings: &Settings) -> Result<Session<Guard>, SourceError> {
    let Settings { host, user, .. } = settings;
    match attempt {
        Ok(Ok(session)) => Ok(session),
        // The server's text is not shown: it may repeat what was sent.
        Ok(Err(Error::No(_) | Error::Bad(_))) => {
            Err(SourceError::Login(format!("{host} refuses the login of {user}: check user and password or token")))
        }
        Ok(Err(Error::Validate(_))) => {
            Err(SourceError::Login("the user or password for IMAP holds a line break: remove it".into()))
        }
        Ok(Err(_)) => Err(SourceError::Unreachable(format!("the connection to {host} broke at the login"))),
        Err(_) => Err(SourceError::Unreachable(format!("{host} did not answer the login in time"))),
    }
}

fn unusable(error: NetError) -> SourceError {
    match error {
        NetError::Unreachable(text) => SourceError::Unreachable(text),
        NetError::Tls(text) | NetError::Setup(text) | NetError::Protocol(text) => SourceError::Server(text),
    }
}

/// What `token_command` prints: run anew for every login, so a token may be short-lived.
async fn token(command: &[String], settings: &Settings) -> Result<SecretString, SourceError> {
    let wrong = |why: String| SourceError::Login(format!("`token_command` of {} {why}", settings.name));
    let (program, arguments) = command.split_first().ok_or_else(|| wrong("is empty".into()))?;
    let run =
        Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).output();
    let output = match timeout(settings.timeout, run).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(wrong(format!("cannot be run: {error}"))),
        Err(_) => return Err(wrong("does not end".into())),
    };
    if !output.status.success() {
        return Err(wrong(format!("failed ({}): run it by hand", output.status)));
    }
    let token = String::from_utf8(output.stdout).map_err(|_| wrong("printed something else than a token".into()))?;
    match token.trim() {
        "" => Err(wrong("printed nothing".into())),
        token => Ok(token.to_owned().into()),
    }
}

/// The XOAUTH2 exchange: the token first, then silence, which makes the server end a refused login properly.
struct Bearer {
    user: String,
    token: SecretString,
    sent: bool,
}

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        if std::mem::replace(&mut self.sent, true) {
            return String::new();
        }
        format!("user={}\x01auth=Bearer {}\x01\x01", self.user, self.token.expose_secret())
    }
}
