use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::ValidateAmalgamation;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::PublicKeyAlgorithm;
use serde::Serialize;
use time::{Duration, OffsetDateTime};

use super::policy::{day, standard, unusable, unusable_for_encryption};
use crate::model::{Address, Fingerprint, Secret};

/// RSA keys with fewer bits than this are told to be weak.
const STRONG_RSA: usize = 3072;

/// From this long before its end on, an expiry is worth a warning.
const EXPIRES_SOON: Duration = Duration::days(30);

/// The `features` bit by which GnuPG says that it reads its own OCB packet (tag 20, LibrePGP 5.16), which nothing here opens.
const TAG_20_BIT: usize = 1;

/// What `key list` and `key show` tell about a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    pub fingerprint: String,
    pub user_ids: Vec<String>,
    /// Primary key first: `EdDSA (certify, sign)`.
    pub algorithms: Vec<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub created: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires: Option<OffsetDateTime>,
    /// Why nothing new may be done with it; `None`: usable.
    pub unusable: Option<String>,
    /// Whether secret parts came with it.
    pub secret: bool,
    /// What the operator should know.
    pub warnings: Vec<String>,
}

/// The primary key's fingerprint; `None` for key versions that have no place in the model (neither 4 nor 6).
pub fn fingerprint(cert: &Cert) -> Option<Fingerprint> {
    cert.fingerprint().to_hex().parse().ok()
}

/// The mail addresses in the user ids, valid ones only.
pub fn addresses(cert: &Cert) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for user_id in cert.userids() {
        if let Some(address) = user_id.userid().email().ok().flatten().and_then(|text| text.parse().ok())
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// Mail addresses that the certificate's holder still claims at `now`: bound by a self-signature and not revoked.
pub fn claimed_addresses(cert: &Cert, now: OffsetDateTime) -> Vec<Address> {
    let policy = standard(now);
    let Ok(valid) = cert.with_policy(&policy, SystemTime::from(now)) else { return Vec::new() };
    valid.userids().revoked(false).filter_map(|id| id.userid().email().ok().flatten()?.parse().ok()).collect()
}

/// The certificate in ASCII armor, public parts only; empty if it cannot be serialised, which a parsed one always can.
pub fn armored(cert: &Cert) -> String {
    cert.armored().to_vec().ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default()
}

/// The key in ASCII armor with its secret parts; empty if it cannot be serialised, which a parsed one always can.
pub fn armored_with_secret(cert: &Cert) -> Secret<String> {
    let bytes = cert.as_tsk().armored().to_vec();
    Secret::new(bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default())
}

/// Describes one certificate as of `now`.
pub fn describe(cert: &Cert, now: OffsetDateTime) -> Description {
    let policy = standard(now);
    let expires = cert
        .with_policy(&policy, SystemTime::from(now))
        .ok()
        .and_then(|valid| valid.primary_key().key_expiration_time())
        .map(OffsetDateTime::from);
    Description {
        fingerprint: cert.fingerprint().to_hex(),
        user_ids: cert.userids().map(|id| id.userid().to_string()).collect(),
        algorithms: algorithms(cert, now),
        created: cert.primary_key().key().creation_time().into(),
        expires,
        unusable: unusable_for_encryption(cert, now),
        secret: cert.is_tsk(),
        warnings: warnings(cert, now),
    }
}

/// Describes each of `certs` as of `now`.
pub fn describe_all(certs: &[Cert], now: OffsetDateTime) -> Vec<Description> {
    certs.iter().map(|cert| describe(cert, now)).collect()
}

fn algorithms(cert: &Cert, now: OffsetDateTime) -> Vec<String> {
    let policy = standard(now);
    let with_uses = |key: &sequoia_openpgp::packet::Key<_, _>, uses: String| match key.mpis().bits() {
        Some(bits) if uses.is_empty() => format!("{} {bits}", key.pk_algo()),
        Some(bits) => format!("{} {bits} ({uses})", key.pk_algo()),
        None => format!("{} ({uses})", key.pk_algo()),
    };
    let each = cert.keys().map(|key| {
        let uses = key.clone().with_policy(&policy, SystemTime::from(now)).map(|valid| {
            let named = [
                (valid.for_certification(), "certify"),
                (valid.for_signing(), "sign"),
                (valid.for_transport_encryption() || valid.for_storage_encryption(), "encrypt"),
                (valid.for_authentication(), "authenticate"),
            ];
            named.iter().filter(|(does, _)| *does).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
        });
        with_uses(key.key(), uses.unwrap_or_default())
    });
    each.collect()
}

/// What the operator should know about a certificate that is used here.
pub(super) fn warnings(cert: &Cert, now: OffsetDateTime) -> Vec<String> {
    let mut warnings = Vec::new();
    let policy = standard(now);
    if let Ok(valid) = cert.with_policy(&policy, SystemTime::from(now)) {
        let last = valid
            .keys()
            .revoked(false)
            .alive()
            .for_transport_encryption()
            .map(|key| key.key_expiration_time())
            .chain([valid.primary_key().key_expiration_time()])
            .flatten()
            .map(OffsetDateTime::from)
            .filter(|at| *at > now)
            .min();
        if let Some(end) = last
            && end - now <= EXPIRES_SOON
        {
            warnings.push(format!("expires on {}: extend it and publish it again", day(end)));
        }
        if valid.primary_userid().is_err() {
            warnings.push("has no user id that is accepted: mail programs will not find it by address".to_owned());
        }
    }
    if advertises_tag_20(cert, now) {
        warnings.push(
            "advertises GnuPG's own OCB packet (tag 20), which cannot be opened here: make a certificate with `key generate`, \
             or clear the flag with `gpg --edit-key` and `setpref`"
                .to_owned(),
        );
    }
    if let Some(bits) = weakest_rsa(cert, now) {
        warnings.push(format!(
            "uses RSA with {bits} bits, which is the least that is accepted and not for secrets beyond 2030: plan a newer key"
        ));
    }
    if unusable(cert, now).is_none() && addresses(cert).is_empty() {
        warnings.push("carries no mail address".to_owned());
    }
    warnings
}

/// Bits of the weakest RSA key of a certificate that is still used, where they are few.
fn weakest_rsa(cert: &Cert, now: OffsetDateTime) -> Option<usize> {
    let policy = standard(now);
    let keys = cert.keys().with_policy(&policy, SystemTime::from(now)).alive().revoked(false);
    let rsa = |key: &sequoia_openpgp::packet::Key<_, _>| {
        key.pk_algo() == PublicKeyAlgorithm::RSAEncryptSign && key.mpis().bits().is_some_and(|bits| bits < STRONG_RSA)
    };
    keys.filter(|key| rsa(key.key())).filter_map(|key| key.key().mpis().bits()).min()
}

/// Whether senders may use GnuPG's tag-20 packet for mail to this certificate.
pub(super) fn advertises_tag_20(cert: &Cert, now: OffsetDateTime) -> bool {
    let policy = standard(now);
    let Ok(valid) = cert.with_policy(&policy, SystemTime::from(now)) else { return false };
    let of_keys = valid.keys().filter_map(|key| key.binding_signature().features());
    let of_user_ids = valid.userids().filter_map(|id| id.binding_signature().features());
    of_keys.chain(of_user_ids).any(|features| features.get(TAG_20_BIT))
}
