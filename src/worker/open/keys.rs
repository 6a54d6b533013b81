use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use memchr::memmem;

use crate::mime::{Content, Entity};
use crate::model::{Certificate, ContentDigest, LearnedFrom};
use crate::openpgp::{self, Cert};

/// More certificates than this in one mail are no introduction.
const MOST_CERTIFICATES: usize = 16;

/// Key material of one mail that is parsed, in bytes: every signature on a certificate costs a check.
const MOST_BYTES: usize = 512 << 10;

/// Certificates that the mail itself brings: they check its signatures, and nothing more is trusted about them.
#[derive(Default)]
pub(super) struct FoundKeys {
    pub certs: Vec<Cert>,
    from: Vec<LearnedFrom>,
    /// What was parsed already, so that looking twice costs once.
    parsed: Vec<(ContentDigest, bool)>,
    bytes: usize,
    pub private_key_attached: bool,
}

impl FoundKeys {
    /// Collects all certificates below `entity`, so that they are there before the first signature is checked. Returns
    /// whether any is new.
    pub fn collect(&mut self, entity: &Entity) -> bool {
        let before = self.certs.len();
        self.autocrypt(entity);
        for part in entity.walk().into_iter().filter(|part| matches!(part.content, Content::Leaf)) {
            if part.media_type() == "application/pgp-keys" {
                self.add(&part.decoded(), LearnedFrom::Attachment);
            } else if may_hold_armor(part) {
                let decoded = part.decoded();
                if decoded.trim_ascii_start().starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----") {
                    self.add(&decoded, LearnedFrom::Attachment);
                }
            }
        }
        self.certs.len() > before
    }

    /// Takes in what is key material, and says whether it was. Secret parts are dropped at once.
    pub fn add(&mut self, bytes: &[u8], from: LearnedFrom) -> bool {
        let digest = ContentDigest::of(bytes);
        if let Some((_, were_keys)) = self.parsed.iter().find(|(known, _)| *known == digest) {
            return *were_keys;
        }
        let total = self.bytes.saturating_add(bytes.len());
        if total > MOST_BYTES || self.certs.len() >= MOST_CERTIFICATES || self.parsed.len() >= 4 * MOST_CERTIFICATES {
            return false;
        }
        self.bytes = total;
        let certs = openpgp::read_certificates(bytes);
        self.parsed.push((digest, certs.is_ok()));
        let Ok(certs) = certs else { return false };
        for cert in certs {
            self.private_key_attached |= cert.is_tsk();
            let cert = cert.strip_secret_key_material();
            let known = self.certs.contains(&cert);
            if !known && self.certs.len() < MOST_CERTIFICATES {
                self.certs.push(cert);
                self.from.push(from);
            }
        }
        true
    }

    /// The `Autocrypt` header (Autocrypt Level 1): `addr=…; keydata=…`. Only the mail's own: a forwarded mail's introduces
    /// somebody else.
    fn autocrypt(&mut self, entity: &Entity) {
        let Some(value) = entity.header.values("autocrypt").next() else { return };
        let text = String::from_utf8_lossy(value);
        let Some((_, data)) = text.split_once("keydata=") else { return };
        let compact: String = data.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)).collect();
        if let Ok(bytes) = STANDARD.decode(compact) {
            self.add(&bytes, LearnedFrom::Autocrypt);
        }
    }

    /// Where a certificate was found; [`LearnedFrom::Configured`] for one that the mail did not bring.
    pub fn learned_from(&self, cert: &Cert) -> LearnedFrom {
        let at = self.certs.iter().position(|known| known.fingerprint() == cert.fingerprint());
        at.and_then(|at| self.from.get(at).copied()).unwrap_or(LearnedFrom::Configured)
    }

    /// All of them in the words of the model.
    pub fn in_model(&self) -> Vec<Certificate> {
        self.certs.iter().zip(&self.from).filter_map(|(cert, from)| in_model(cert, *from)).collect()
    }
}

/// A certificate in the words of the model.
pub(super) fn in_model(cert: &Cert, learned_from: LearnedFrom) -> Option<Certificate> {
    Some(Certificate {
        fingerprint: openpgp::fingerprint(cert)?,
        bytes: openpgp::serialized(cert),
        learned_from,
        addresses: openpgp::addresses(cert),
    })
}

fn may_hold_armor(part: &Entity) -> bool {
    let named = part.file_name().is_some_and(|name| super::ciphertext::is_openpgp_name(&name));
    let text = part.media_type().starts_with("text/");
    named || text && memmem::find(part.body, b"BEGIN PGP PUBLIC KEY").is_some()
}
