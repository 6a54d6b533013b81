//! TCP and TLS for the mail protocols: connections with a deadline, certificates that are verified, and a plaintext phase
//! before STARTTLS that never reads a byte more than the line it asks for.
//!
//! The last point is what makes STARTTLS safe against injected commands (RFC 3207 6, CVE-2011-0411 and its family): bytes
//! that somebody puts behind the server's "go ahead" stay in the socket, where the TLS handshake meets them and fails.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

/// A connection in either state, plain or encrypted.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + fmt::Debug> Stream for T {}

/// A connection whose kind no longer matters.
pub type Wire = Box<dyn Stream>;

/// Why there is no connection. The texts are for the operator and name the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Name resolution, refused or broken connection, deadline: passes by itself.
    #[error("{0}")]
    Unreachable(String),
    /// The handshake failed, most often over the certificate: a person must act.
    #[error("{0}")]
    Tls(String),
    /// A setting is wrong.
    #[error("{0}")]
    Setup(String),
    /// The server does not speak the protocol as it should.
    #[error("{0}")]
    Protocol(String),
}

/// One server, and how its certificate is judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Name or address; the certificate must carry it.
    pub host: String,
    pub port: u16,
    /// PEM file with the authorities to trust *instead of* the system's.
    pub ca_file: Option<PathBuf>,
    /// For the TCP connection and for the handshake, each.
    pub timeout: Duration,
}

impl Server {
    /// Opens a TCP connection.
    pub async fn dial(&self) -> Result<TcpStream, NetError> {
        let at = format!("{}:{}", self.host, self.port);
        match timeout(self.timeout, TcpStream::connect((self.host.as_str(), self.port))).await {
            Ok(Ok(stream)) => {
                // Commands are small and answered at once; a failure here costs speed and nothing else.
                let _ = stream.set_nodelay(true);
                Ok(stream)
            }
            Ok(Err(error)) => Err(NetError::Unreachable(format!("no connection to {at}: {error}"))),
            Err(_) => Err(NetError::Unreachable(format!("no connection to {at} within {:?}", self.timeout))),
        }
    }

    /// Makes an encrypted connection of a plain one, verifying the server's certificate and name.
    pub async fn encrypt(&self, stream: TcpStream) -> Result<Wire, NetError> {
        let name = ServerName::try_from(self.host.clone())
            .map_err(|_| NetError::Setup(format!("`{}` is neither a host name nor an address", self.host)))?;
        let connector = connector(self.ca_file.as_deref())?;
        match timeout(self.timeout, connector.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Box::new(stream)),
            Ok(Err(error)) => Err(self.refused_handshake(&error)),
            Err(_) => Err(NetError::Unreachable(format!("{} did not finish the TLS handshake in time", self.host))),
        }
    }

    fn refused_handshake(&self, error: &io::Error) -> NetError {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(why)) => NetError::Tls(format!(
                "the certificate of {} is not trusted ({why:?}): check the host name, or name its authority in `ca_file`",
                self.host
            )),
            Some(other) => NetError::Tls(format!("no TLS with {}: {other}", self.host)),
            None => NetError::Unreachable(format!("{} broke off the TLS handshake: {error}", self.host)),
        }
    }

    /// Whether the host is this machine by its very name, so that nothing crosses a network.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// Opens a plaintext connection, which is allowed to this machine only.
    pub async fn dial_loopback(&self) -> Result<TcpStream, NetError> {
        let refusal = || {
            NetError::Setup(format!(
                "unencrypted connections are allowed to this machine only, and `{}` is not: use \"starttls\" or \"implicit\"",
                self.host
            ))
        };
        if !self.is_loopback() {
            return Err(refusal());
        }
        let stream = self.dial().await?;
        // `localhost` is what the resolver says it is.
        match stream.peer_addr() {
            Ok(peer) if peer.ip().is_loopback() => Ok(stream),
            _ => Err(refusal()),
        }
    }
}

fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, NetError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => add_file(&mut roots, path)?,
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err(NetError::Setup(
            "no certificate authority to trust: install ca-certificates, or set `ca_file`".into(),
        ));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| NetError::Setup(format!("no TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn add_file(roots: &mut RootCertStore, path: &Path) -> Result<(), NetError> {
    let unusable = |why: String| NetError::Setup(format!("`ca_file` {} cannot be used: {why}", path.display()));
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    Ok(())
}

/// One line at a time, each bounded in length and time, with nothing read in advance: for the phase before TLS, and for
/// what comes before a protocol library takes over.
#[derive(Debug)]
pub struct Lines<'a, S> {
    stream: S,
    server: &'a Server,
}

/// Longest line accepted, in bytes; a capability list fits many times.
const MAX_LINE: usize = 8 << 10;
/// Most lines that a caller should accept as one answer.
pub const MAX_LINES: usize = 100;

impl<'a, S: Stream> Lines<'a, S> {
    /// Starts on a fresh connection.
    pub fn new(stream: S, server: &'a Server) -> Self {
        Lines { stream, server }
    }

    /// Reads exactly one line, without its line end.
    pub async fn receive(&mut self) -> Result<String, NetError> {
        let host = &self.server.host;
        let mut line = Vec::new();
        let read = async {
            while !line.ends_with(b"\n") && line.len() < MAX_LINE {
                line.push(self.stream.read_u8().await?);
            }
            io::Result::Ok(())
        };
        match timeout(self.server.timeout, read).await {
            Ok(Ok(())) if line.ends_with(b"\n") => Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            Ok(Ok(())) => Err(NetError::Protocol(format!("{host} sent an endless line"))),
            Ok(Err(error)) => Err(NetError::Unreachable(format!("{host} closed the connection: {error}"))),
            Err(_) => Err(NetError::Unreachable(format!("{host} did not answer within {:?}", self.server.timeout))),
        }
    }

    /// Sends one line.
    pub async fn send(&mut self, line: &str) -> Result<(), NetError> {
        let write = async {
            self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
            self.stream.flush().await
        };
        match timeout(self.server.timeout, write).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(NetError::Unreachable(format!("{} closed the connection", self.server.host))),
        }
    }

    /// The connection, from which nothing was read beyond the last line.
    pub fn into_inner(self) -> S {
        self.stream
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        let cases = [
            ("localhost", true),
            ("LOCALHOST", true),
            ("127.0.0.1", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("[::1]", true),
            ("localhost.example.org", false),
            ("10.0.0.1", false),
            ("0.0.0.0", false),
            ("mail.example.org", false),
        ];
        for (host, expected) in cases {
            let server = Server { host: host.into(), port: 25, ca_file: None, timeout: Duration::from_secs(1) };
            assert_eq!(server.is_loopback(), expected, "{host}");
        }
    }
}
