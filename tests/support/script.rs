//! A server that says what a test tells it to, over TLS or not: for servers that misbehave.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::ca::Ca;

/// A listening port whose connections are handled by a script.
#[derive(Debug)]
pub struct Scripted {
    pub port: u16,
    pub ca: Ca,
    _folder: TempDir,
}

/// One client of a scripted server.
#[derive(Debug)]
pub struct Talk<S> {
    stream: BufStream<S>,
}

pub type TlsTalk = Talk<tokio_rustls::server::TlsStream<TcpStream>>;

impl Scripted {
    /// Runs `script` for every connection, after a TLS handshake.
    pub async fn tls<F: Future<Output = ()> + Send>(script: impl Fn(TlsTalk) -> F + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::new(folder.path());
        let acceptor = acceptor(&ca);
        let script = Arc::new(script);
        let port = listen(move |stream| {
            let (acceptor, script) = (acceptor.clone(), Arc::clone(&script));
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    script(Talk { stream: BufStream::new(stream) }).await;
                }
            }
        })
        .await;
        Scripted { port, ca, _folder: folder }
    }

    /// Runs `script` for every connection as it is.
    pub async fn plain<F: Future<Output = ()> + Send>(
        script: impl Fn(Talk<TcpStream>) -> F + Send + Sync + 'static,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::new(folder.path());
        let script = Arc::new(script);
        let port = listen(move |stream| {
            let script = Arc::clone(&script);
            async move { script(Talk { stream: BufStream::new(stream) }).await }
        })
        .await;
        Scripted { port, ca, _folder: folder }
    }
}

async fn listen<F: Future<Output = ()> + Send>(handle: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let handle = Arc::new(handle);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let handle = Arc::clone(&handle);
            tokio::spawn(async move { handle(stream).await });
        }
    });
    port
}

pub(super) fn acceptor(ca: &Ca) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(&ca.cert_file).unwrap();
    let key = PrivateKeyDer::from_pem_file(&ca.key_file).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    /// Sends text as it is; a client that has gone is no error.
    pub async fn say(&mut self, text: &str) {
        let _ = self.stream.write_all(text.as_bytes()).await;
        let _ = self.stream.flush().await;
    }

    /// The client's next line without its end; `None` when it has gone.
    pub async fn hear(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line).await {
            Ok(1..) => Some(line.trim_end().to_owned()),
            _ => None,
        }
    }

    /// Says nothing more and keeps the connection.
    pub async fn stall(&mut self) {
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
}
