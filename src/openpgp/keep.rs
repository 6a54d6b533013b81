use std::time::SystemTime;

use sequoia_openpgp::cert::amalgamation::{ValidAmalgamation, ValidateAmalgamation};
use sequoia_openpgp::packet::{Signature, UserID};
use sequoia_openpgp::types::RevocationStatus;
use sequoia_openpgp::{Cert, Packet};
use time::OffsetDateTime;

use super::packets::serialized;
use super::policy::standard;
use crate::model::{Address, KnownCertificate};

/// Subkeys that are kept; people have three or four, and some more that they retired.
const MOST_SUBKEYS: usize = 24;
/// User ids that are kept: those of one address.
const MOST_USER_IDS: usize = 2;
/// Self-signatures that are kept of each kind on one component, newest first. Older ones say what was once.
const MOST_SIGNATURES: usize = 3;
/// Longest user id that is kept, in bytes: a name and an address.
const LONGEST_USER_ID: usize = 400;

/// What of a certificate is worth keeping for one address.
#[derive(Debug, Clone)]
pub struct Kept {
    pub certificate: Cert,
    /// Its holder revoked it.
    pub revoked: bool,
}

/// Cuts `cert` to what is needed to verify what `address` signs, and to encrypt to it: the keys, the user ids with that
/// address, the newest self-signatures, all revocations by the holder that fit. Secret parts, other people's signatures, other
/// addresses, pictures and everything unknown are left out.
///
/// `None`: its holder does not claim the address at `now` (no self-signature that counts, or the user id was revoked while
/// the certificate was not), or too much is left even so.
pub fn keep(cert: &Cert, address: &Address, now: OffsetDateTime) -> Option<Kept> {
    let policy = standard(now);
    let at = SystemTime::from(now);
    let revoked = matches!(cert.revocation_status(&policy, at), RevocationStatus::Revoked(_));
    let carries = |id: &UserID| {
        let theirs = id.email().ok().flatten().and_then(|text| text.parse::<Address>().ok());
        id.value().len() <= LONGEST_USER_ID && theirs.is_some_and(|theirs| theirs.same_mailbox(address))
    };
    let mut packets: Vec<Packet> = vec![cert.primary_key().key().clone().into()];
    packets.extend(signatures(cert.primary_key().self_revocations()));
    packets.extend(signatures(cert.primary_key().self_signatures()));
    let claimed = |id: &sequoia_openpgp::cert::amalgamation::UserIDAmalgamation| {
        // A revoked certificate has no claims any more; that it is revoked has to be remembered all the same.
        let bound = id.self_signatures().next().is_some();
        let valid = || id.clone().with_policy(&policy, at);
        let withdrawn = || valid().is_ok_and(|id| matches!(id.revocation_status(), RevocationStatus::Revoked(_)));
        bound && (revoked || valid().is_ok() && !withdrawn())
    };
    let mut user_ids = 0;
    for id in cert.userids().filter(|id| carries(id.userid())).filter(claimed).take(MOST_USER_IDS) {
        user_ids += 1;
        packets.push(id.userid().clone().into());
        packets.extend(signatures(id.self_revocations()));
        packets.extend(signatures(id.self_signatures()));
    }
    for subkey in cert.keys().subkeys().take(MOST_SUBKEYS) {
        packets.push(subkey.key().clone().into());
        packets.extend(signatures(subkey.self_revocations()));
        packets.extend(signatures(subkey.self_signatures()));
    }
    let certificate = Cert::from_packets(packets.into_iter()).ok()?.strip_secret_key_material();
    let small = serialized(&certificate).len() <= KnownCertificate::MOST_BYTES;
    (user_ids > 0 && small).then_some(Kept { certificate, revoked })
}

/// Both with each other's user ids, keys and signatures; `cert` as it is when they are different certificates.
pub fn merged(cert: Cert, other: Cert) -> Cert {
    let kept = cert.clone();
    cert.merge_public(other).unwrap_or(kept)
}

fn signatures<'a>(all: impl Iterator<Item = &'a Signature>) -> Vec<Packet> {
    all.take(MOST_SIGNATURES).cloned().map(Packet::from).collect()
}

#[cfg(test)]
mod tests;
