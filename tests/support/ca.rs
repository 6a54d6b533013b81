//! A certificate authority for one test, and a server certificate for this machine.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose};

/// Files that a server and its clients load.
#[derive(Debug, Clone)]
pub struct Ca {
    /// The authority, for clients.
    pub ca_file: PathBuf,
    /// Certificate for `localhost` and `127.0.0.1`, with its key, for servers.
    pub cert_file: PathBuf,
    pub key_file: PathBuf,
}

impl Ca {
    /// Makes an authority and a server certificate in `folder`.
    pub fn new(folder: &Path) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        params.is_ca = IsCa::ExplicitNoCa;
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let ca =
            Ca { ca_file: folder.join("ca.pem"), cert_file: folder.join("cert.pem"), key_file: folder.join("key.pem") };
        fs::write(&ca.ca_file, issuer.pem()).unwrap();
        fs::write(&ca.cert_file, certificate.pem()).unwrap();
        fs::write(&ca.key_file, key.serialize_pem()).unwrap();
        ca
    }
}
