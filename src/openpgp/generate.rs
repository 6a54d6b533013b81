use std::time::SystemTime;

use sequoia_openpgp::cert::{CertBuilder, CipherSuite};
use sequoia_openpgp::crypto::Password;
use sequoia_openpgp::packet::{Signature, UserID};
use sequoia_openpgp::serialize::stream::{Armorer, Message};
use sequoia_openpgp::serialize::{Serialize, SerializeInto};
use sequoia_openpgp::types::{Features, KeyFlags};
use sequoia_openpgp::{Cert, Packet, Profile, anyhow, armor};
use time::{Duration, OffsetDateTime};

use super::certificate::armored;
use super::policy::one_line;
use crate::model::{Address, Fingerprint, Secret};

/// A new key, all in ASCII armor.
#[derive(Debug)]
pub struct Generated {
    pub fingerprint: Fingerprint,
    pub secret_key: Secret<String>,
    pub certificate: String,
    /// Importing it ends the certificate, so it is kept apart, offline.
    pub revocation: Secret<String>,
}

/// Why no key was made.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    #[error("the name or address cannot stand in a user id: {0}")]
    UserId(String),
    #[error("the OpenPGP library refused: {0}")]
    Failed(String),
}

/// Makes a version 4 key for the gateway: Ed25519 certifies, one subkey of its own signs, a Cv25519 subkey decrypts.
///
/// Version 4 because every OpenPGP program reads it; Curve25519 because it opens 30 times as many messages a second as
/// RSA-4096. It advertises the encryption formats of RFC 9580 and not GnuPG's tag 20, which nothing here opens.
pub fn generate(
    name: &str,
    address: &Address,
    password: Option<&str>,
    validity: Duration,
    now: OffsetDateTime,
) -> Result<Generated, GenerateError> {
    make(Recipe { profile: Profile::RFC4880, decrypts: CipherSuite::Cv25519 }, name, address, password, validity, now)
}

/// Makes a version 6 key (RFC 9580) whose subkey decrypts with ML-KEM-768+X25519 (RFC 9980): who records mail to it today
/// cannot read it with a quantum computer later.
///
/// It certifies and signs with Ed25519 and not with ML-DSA-65+Ed25519. Every program that reads version 6 can then verify
/// the certificate; it is 2 KB and not 22; and a signature need only withstand the computers of its own time. There is one
/// encryption subkey: programs that encrypt to every subkey would give the protection away with a classical one beside it.
pub fn generate_post_quantum(
    name: &str,
    address: &Address,
    password: Option<&str>,
    validity: Duration,
    now: OffsetDateTime,
) -> Result<Generated, GenerateError> {
    let recipe = Recipe { profile: Profile::RFC9580, decrypts: CipherSuite::MLDSA65_Ed25519 };
    make(recipe, name, address, password, validity, now)
}

/// What the two kinds of key differ in; both sign with Ed25519.
struct Recipe {
    profile: Profile,
    /// What the encryption subkey is taken from.
    decrypts: CipherSuite,
}

fn make(
    recipe: Recipe,
    name: &str,
    address: &Address,
    password: Option<&str>,
    validity: Duration,
    now: OffsetDateTime,
) -> Result<Generated, GenerateError> {
    let name = Some(name.trim()).filter(|name| !name.is_empty());
    let user_id =
        UserID::from_address(name, None, address.as_str()).map_err(|error| GenerateError::UserId(one_line(&error)))?;
    let made = || -> anyhow::Result<Generated> {
        let storage_and_transport = KeyFlags::empty().set_transport_encryption().set_storage_encryption();
        let made = CertBuilder::new()
            .set_profile(recipe.profile)?
            .set_cipher_suite(CipherSuite::Cv25519)
            .set_features(Features::sequoia())?
            .set_creation_time(SystemTime::from(now))
            .set_validity_period(std::time::Duration::try_from(validity)?)
            .set_password(password.map(Password::from))
            .add_userid(user_id)
            .add_signing_subkey()
            .add_subkey(storage_and_transport, None, recipe.decrypts)
            .generate()?;
        in_armor(made)
    };
    made().map_err(|error| GenerateError::Failed(one_line(&error)))
}

fn in_armor((cert, revocation): (Cert, Signature)) -> anyhow::Result<Generated> {
    let secret_key = String::from_utf8(cert.as_tsk().armored().to_vec()?)?;
    let certificate = cert.strip_secret_key_material();
    Ok(Generated {
        fingerprint: certificate.fingerprint().to_hex().parse()?,
        secret_key: Secret::new(secret_key),
        certificate: armored(&certificate),
        revocation: Secret::new(armored_revocation(&Packet::from(revocation))?),
    })
}

/// As GnuPG writes and imports it: in the armor of a public key.
fn armored_revocation(packet: &Packet) -> anyhow::Result<String> {
    let mut bytes = Vec::new();
    let mut message = Armorer::new(Message::new(&mut bytes))
        .kind(armor::Kind::PublicKey)
        .add_header("Comment", "This is a revocation certificate")
        .build()?;
    packet.serialize(&mut message)?;
    message.finalize()?;
    Ok(String::from_utf8(bytes)?)
}
