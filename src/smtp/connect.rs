use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use secrecy::ExposeSecret;
use tokio::net::TcpStream;

use super::errors::{Stage, sort};
use super::sender::{Smtp, Tls};
use super::transport::Transport;
use crate::net::{Lines, MAX_LINES, NetError, Server, Wire};
use crate::ports::SendError;

/// What stands in for the greeting, which a server sends once and not again after STARTTLS.
const GREETING: &[u8] = b"220 after STARTTLS\r\n";

/// A connection that is encrypted as configured and logged in.
pub(super) async fn connect(smtp: &Smtp) -> Result<AsyncSmtpConnection, SendError> {
    let settings = smtp.settings();
    let server = smtp.server();
    let hello = settings.hello.clone().map_or_else(ClientId::default, ClientId::Domain);
    let transport = match settings.tls {
        Tls::Implicit => {
            let stream = server.dial().await.map_err(no_connection)?;
            Transport::new(server.encrypt(stream).await.map_err(no_connection)?, b"")
        }
        Tls::StartTls => Transport::new(start_tls(&server, &hello).await.map_err(no_connection)?, GREETING),
        Tls::None => Transport::new(Box::new(server.dial_loopback().await.map_err(no_connection)?), b""),
    };
    let mut connection = AsyncSmtpConnection::connect_with_transport(Box::new(transport), &hello)
        .await
        .map_err(|error| sort(&error, Stage::Connect, &settings.host))?;
    if let Some(login) = &settings.login {
        let credentials = Credentials::new(login.user.clone(), login.password.expose_secret().to_owned());
        connection
            .auth(&[Mechanism::Plain, Mechanism::Login], &credentials)
            .await
            .map_err(|error| sort(&error, Stage::Login, &settings.host))?;
    }
    Ok(connection)
}

/// RFC 3207, line by line; what the server claims before TLS is used for nothing but finding STARTTLS.
async fn start_tls(server: &Server, hello: &ClientId) -> Result<Wire, NetError> {
    let mut plain = Lines::new(server.dial().await?, server);
    expect(&mut plain, server, "220").await?;
    plain.send(&format!("EHLO {hello}")).await?;
    let offers = expect(&mut plain, server, "250").await?;
    if !offers.iter().any(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(NetError::Setup(format!(
            "{} does not offer STARTTLS, so nothing was sent: use \"implicit\" with its TLS port",
            server.host
        )));
    }
    plain.send("STARTTLS").await?;
    expect(&mut plain, server, "220").await?;
    server.encrypt(plain.into_inner()).await
}

/// Reads one reply (RFC 5321 4.2.1) and gives its texts, if it has the wanted code.
async fn expect(plain: &mut Lines<'_, TcpStream>, server: &Server, wanted: &str) -> Result<Vec<String>, NetError> {
    let mut texts = Vec::new();
    for _ in 0..MAX_LINES {
        let line = plain.receive().await?;
        let (code, rest) = line.split_at_checked(3).unwrap_or((&line, ""));
        if code != wanted {
            let known = code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit());
            return Err(match known {
                true if code.starts_with('4') => NetError::Unreachable(format!("{} answered {code}", server.host)),
                true => NetError::Setup(format!("{} answered {code} before TLS: ask its operator", server.host)),
                false => NetError::Protocol(format!("{} does not speak SMTP on this port", server.host)),
            });
        }
        texts.push(rest.get(1..).unwrap_or("").to_owned());
        if !rest.starts_with('-') {
            return Ok(texts);
        }
    }
    Err(NetError::Protocol(format!("{} sent an endless reply", server.host)))
}

fn no_connection(error: NetError) -> SendError {
    match error {
        NetError::Unreachable(text) => SendError::Later(text),
        NetError::Tls(text) | NetError::Setup(text) | NetError::Protocol(text) => SendError::Setup(text),
    }
}
