//! A web server over TLS that answers as a test says, byte for byte.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What is sent back for a request line such as `GET /path HTTP/1.1`.
type Answers = Box<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// Stopped when it is dropped.
pub struct Https {
    pub address: SocketAddr,
    /// The authority that its certificate is from.
    pub ca_file: PathBuf,
    requests: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
    _runtime: Runtime,
}

impl Https {
    /// A server with a certificate for these hosts.
    pub fn start(hosts: &[&str], answers: Answers) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (ca_file, config) = certificates(folder.path(), hosts);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (seen, answers, acceptor) = (requests.clone(), Arc::new(answers), TlsAcceptor::from(Arc::new(config)));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, answers, acceptor) = (seen.clone(), answers.clone(), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    let mut request = Vec::new();
                    let mut buffer = [0; 4096];
                    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                        match stream.read(&mut buffer).await {
                            Ok(count) if count > 0 => request.extend_from_slice(&buffer[..count]),
                            _ => return,
                        }
                    }
                    let line = String::from_utf8_lossy(&request).lines().next().unwrap_or_default().to_owned();
                    seen.lock().unwrap().push(line.clone());
                    let _ = stream.write_all(&answers(&line)).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Https { address, ca_file, requests, _folder: folder, _runtime: runtime }
    }

    /// The request lines so far.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A whole answer with a body.
pub fn answer(status: &str, header: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{header}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn certificates(folder: &Path, hosts: &[&str]) -> (PathBuf, ServerConfig) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut params = CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).unwrap();
    params.is_ca = IsCa::ExplicitNoCa;
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let ca_file = folder.join("ca.pem");
    fs::write(&ca_file, issuer.pem()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem().as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (ca_file, config)
}
