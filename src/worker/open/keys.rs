use memchr::memmem;

use super::walk::Place;
use crate::mime::{self, Content, Entity};
use crate::model::{Address, Certificate, ContentDigest, KnownCertificate, LearnedFrom};
use crate::openpgp::{self, Cert};

/// More certificates than this in one mail are no introduction.
const MOST_CERTIFICATES: usize = 16;

/// Key material of one mail that is parsed, in bytes: every signature on a certificate costs a check.
const MOST_BYTES: usize = 512 << 10;

/// Certificates that the mail itself brings, or that were learned before: they check its signatures, and nothing more is
/// trusted about them here.
#[derive(Default)]
pub(super) struct FoundKeys {
    /// Those that were learned before come first.
    pub certs: Vec<Cert>,
    from: Vec<LearnedFrom>,
    /// How many were learned before.
    recalled: usize,
    /// What was parsed already, so that looking twice costs once; `None`: no keys.
    parsed: Vec<(ContentDigest, Option<Vec<usize>>)>,
    bytes: usize,
    /// Where the mail brings which.
    pub offers: Vec<Offered>,
    pub private_key_attached: bool,
}

/// A certificate at one place of the mail.
pub(super) struct Offered {
    /// Index into [`FoundKeys::certs`].
    pub at: usize,
    pub from: LearnedFrom,
    /// For whom an `Autocrypt` header says it is.
    pub addressee: Option<Address>,
    pub place: Place,
}

impl FoundKeys {
    /// Takes in what was learned before.
    pub fn recall(&mut self, known: &[KnownCertificate]) {
        for known in known {
            if let Some(cert) = openpgp::read_certificates(&known.bytes).ok().and_then(|certs| certs.into_iter().next())
            {
                self.certs.push(cert);
                self.from.push(known.learned_from);
            }
        }
        self.recalled = self.certs.len();
    }

    /// Notes the certificates in `bytes`, which the mail brings at `place`. Says whether there are any.
    pub fn offer(&mut self, bytes: &[u8], place: &Place) -> bool {
        let were_keys = self.add(bytes, LearnedFrom::Attachment);
        self.note(bytes, LearnedFrom::Attachment, None, place);
        were_keys
    }

    /// Notes the certificate of an `Autocrypt` header, protected or not. A forwarded mail's introduces somebody else.
    pub fn offer_autocrypt(&mut self, entity: &Entity, place: &Place) {
        if let Some(autocrypt) = mime::autocrypt(&entity.header).filter(|_| !place.forwarded) {
            self.add(&autocrypt.keydata, LearnedFrom::Autocrypt);
            self.note(&autocrypt.keydata, LearnedFrom::Autocrypt, Some(autocrypt.address), place);
        }
    }

    fn note(&mut self, bytes: &[u8], from: LearnedFrom, addressee: Option<Address>, place: &Place) {
        let digest = ContentDigest::of(bytes);
        let found = self.parsed.iter().find(|(known, _)| *known == digest).and_then(|(_, found)| found.clone());
        for at in found.unwrap_or_default() {
            if self.offers.len() < 2 * MOST_CERTIFICATES {
                self.offers.push(Offered { at, from, addressee: addressee.clone(), place: place.clone() });
            }
        }
    }

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
        if let Some((_, found)) = self.parsed.iter().find(|(known, _)| *known == digest) {
            return found.is_some();
        }
        let total = self.bytes.saturating_add(bytes.len());
        let most = self.recalled + MOST_CERTIFICATES;
        if total > MOST_BYTES || self.certs.len() >= most || self.parsed.len() >= 4 * MOST_CERTIFICATES {
            return false;
        }
        self.bytes = total;
        let Ok(certs) = openpgp::read_certificates(bytes) else {
            self.parsed.push((digest, None));
            return false;
        };
        let mut found = Vec::new();
        for cert in certs {
            self.private_key_attached |= cert.is_tsk();
            let cert = cert.strip_secret_key_material();
            match self.certs.iter().position(|known| *known == cert) {
                Some(at) => found.push(at),
                None if self.certs.len() < most => {
                    found.push(self.certs.len());
                    self.certs.push(cert);
                    self.from.push(from);
                }
                None => {}
            }
        }
        self.parsed.push((digest, Some(found)));
        true
    }

    /// The `Autocrypt` header (Autocrypt Level 1): `addr=…; keydata=…`. Only the mail's own: a forwarded mail's introduces
    /// somebody else.
    fn autocrypt(&mut self, entity: &Entity) {
        if let Some(autocrypt) = mime::autocrypt(&entity.header) {
            self.add(&autocrypt.keydata, LearnedFrom::Autocrypt);
        }
    }

    /// Where a certificate was found; [`LearnedFrom::Configured`] for one that the mail did not bring.
    pub fn learned_from(&self, cert: &Cert) -> LearnedFrom {
        let at = self.certs.iter().position(|known| known.fingerprint() == cert.fingerprint());
        at.and_then(|at| self.from.get(at).copied()).unwrap_or(LearnedFrom::Configured)
    }

    /// All that the mail brings, in the words of the model.
    pub fn in_model(&self) -> Vec<Certificate> {
        self.certs.iter().zip(&self.from).skip(self.recalled).filter_map(|(cert, from)| in_model(cert, *from)).collect()
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
