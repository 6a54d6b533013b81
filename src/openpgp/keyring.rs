use std::collections::HashMap;

use sequoia_openpgp::crypto::KeyPair;
use sequoia_openpgp::{Cert, Fingerprint as PgpFingerprint, KeyHandle, KeyID};
use time::OffsetDateTime;

use super::certificate::addresses;
use super::own::Choice;
use super::policy;
use crate::model::{Address, Fingerprint};

/// All keys and certificates that were configured: own secret keys, the team's certificates, other known ones.
///
/// Loading unlocks the secret keys and parses the certificates once; every message uses what is here. Built by
/// [`Keyring::load`].
#[derive(Default)]
pub struct Keyring {
    pub(super) own: Vec<Cert>,
    /// Unlocked keys of [`Keyring::own`] that can decrypt.
    pub(super) decryption: Vec<DecryptionKey>,
    /// Unlocked keys of [`Keyring::own`], by the key's fingerprint; those that can sign.
    pub(super) signing: HashMap<PgpFingerprint, KeyPair>,
    /// Indices into [`Keyring::own`].
    pub(super) choice: Choice,
    pub(super) team: Vec<TeamMember>,
    pub(super) known: Vec<Cert>,
    pub(super) index: CertificateIndex,
    pub(super) warnings: Vec<String>,
}

/// Somebody who gets alerts.
#[derive(Debug, Clone)]
pub struct TeamMember {
    pub addresses: Vec<Address>,
    pub certificate: Cert,
    /// Why nothing can be encrypted to them, in words for the operator.
    pub unusable: Option<String>,
}

/// A secret key that can open mail.
pub(super) struct DecryptionKey {
    pub handle: KeyHandle,
    pub pair: KeyPair,
    /// Index into [`Keyring::own`].
    pub certificate: usize,
}

/// Certificates by the ids of all their keys, for finding who made a signature.
#[derive(Default)]
pub(super) struct CertificateIndex {
    by_key: HashMap<KeyID, Vec<(Group, usize)>>,
}

/// Which list of the keyring an index points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Own,
    Team,
    Known,
}

impl Keyring {
    /// The team, usable or not.
    pub fn team(&self) -> &[TeamMember] {
        &self.team
    }

    /// What the operator should know, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Number of secret keys that can open mail.
    pub fn decryption_keys(&self) -> usize {
        self.decryption.len()
    }

    /// Why `cert` cannot be encrypted to at `now`.
    pub fn unusable(&self, cert: &Cert, now: OffsetDateTime) -> Option<String> {
        policy::unusable_for_encryption(cert, now)
    }

    /// Configured certificates (own, team, known) that carry `address`.
    pub fn known_for<'a>(&'a self, address: &'a Address) -> impl Iterator<Item = &'a Cert> {
        let all = self.own.iter().chain(self.team.iter().map(|member| &member.certificate)).chain(&self.known);
        all.filter(move |cert| addresses(cert).iter().any(|a| a.same_mailbox(address)))
    }

    /// The ids of keys in `named` that are old ones of ours: they open mail still, or would if they were here, and nobody
    /// should encrypt to them any more.
    pub fn old_keys(&self, named: &[KeyHandle]) -> Vec<KeyHandle> {
        let Some(current) = self.own_certificate() else { return Vec::new() };
        let ours = addresses(current);
        let is_old = |cert: &Cert| {
            let own = self.own.iter().any(|own| own.fingerprint() == cert.fingerprint());
            let in_our_name = || addresses(cert).iter().any(|address| ours.iter().any(|own| own.same_mailbox(address)));
            let offered = [Some(current), self.post_quantum_certificate()];
            let is_offered = offered.into_iter().flatten().any(|offered| offered.fingerprint() == cert.fingerprint());
            !is_offered && (own || in_our_name())
        };
        named.iter().filter(|handle| self.find(handle).any(is_old)).cloned().collect()
    }

    /// The keys that can open mail, in a fixed order.
    pub fn decryption_fingerprints(&self) -> Vec<Fingerprint> {
        let mut keys: Vec<Fingerprint> =
            self.decryption.iter().filter_map(|key| key.handle.to_string().parse().ok()).collect();
        keys.sort();
        keys.dedup();
        keys
    }

    /// Configured certificates with a key that `handle` names.
    pub(super) fn find<'a>(&'a self, handle: &'a KeyHandle) -> impl Iterator<Item = &'a Cert> {
        let found = self.index.by_key.get(&KeyID::from(handle)).map(Vec::as_slice).unwrap_or_default();
        found
            .iter()
            .filter_map(|(group, at)| match group {
                Group::Own => self.own.get(*at),
                Group::Team => self.team.get(*at).map(|member| &member.certificate),
                Group::Known => self.known.get(*at),
            })
            .filter(move |cert| has_key(cert, handle))
    }

    /// Fills the index; called once after loading.
    pub(super) fn index_certificates(&mut self) {
        let own = self.own.iter().enumerate().map(|(at, cert)| (Group::Own, at, cert));
        let team = self.team.iter().enumerate().map(|(at, member)| (Group::Team, at, &member.certificate));
        let known = self.known.iter().enumerate().map(|(at, cert)| (Group::Known, at, cert));
        let mut by_key: HashMap<KeyID, Vec<(Group, usize)>> = HashMap::new();
        for (group, at, cert) in own.chain(team).chain(known) {
            for key in cert.keys() {
                by_key.entry(key.key().keyid()).or_default().push((group, at));
            }
        }
        self.index = CertificateIndex { by_key };
    }
}

/// Whether `handle` names a key of `cert`.
pub(super) fn has_key(cert: &Cert, handle: &KeyHandle) -> bool {
    cert.keys().any(|key| key.key().key_handle().aliases(handle))
}
