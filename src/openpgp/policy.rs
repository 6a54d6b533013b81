use std::time::SystemTime;

use sequoia_openpgp::Cert;
use sequoia_openpgp::cert::amalgamation::key::{ErasedKeyAmalgamation, ValidErasedKeyAmalgamation};
use sequoia_openpgp::packet::Tag;
use sequoia_openpgp::packet::key::PublicParts;
use sequoia_openpgp::policy::{Policy, StandardPolicy};
use sequoia_openpgp::types::{RevocationStatus, SymmetricAlgorithm};
use time::OffsetDateTime;
use time::macros::format_description;

/// What is accepted from others and used for others: Sequoia's standard policy as of `now`.
pub(super) fn standard(now: OffsetDateTime) -> StandardPolicy<'static> {
    StandardPolicy::at(SystemTime::from(now))
}

/// The same, but signatures of version 3 are looked at, so that a verdict can be given; none of them ever counts.
pub(super) fn for_verifying(now: OffsetDateTime) -> StandardPolicy<'static> {
    let mut policy = standard(now);
    policy.accept_packet_tag_version(Tag::Signature, 3);
    policy
}

/// The same, but old block ciphers may still be *read*: refusing a report because of its sender's old settings protects
/// nobody, and integrity is required all the same. Signatures stay under the standard rules.
pub(super) fn for_reading(now: OffsetDateTime) -> StandardPolicy<'static> {
    let mut policy = for_verifying(now);
    #[expect(deprecated, reason = "for reading only")]
    for old in [SymmetricAlgorithm::IDEA, SymmetricAlgorithm::TripleDES, SymmetricAlgorithm::CAST5] {
        policy.accept_symmetric_algo(old);
    }
    // Passed on only to be refused by name: `decrypt` looks at each packet before any key does.
    policy.accept_packet_tag(Tag::SED);
    policy.accept_packet_tag(Tag::AED);
    policy
}

/// Why nothing may be encrypted to `cert` at `now`, in words for the operator; `None` when it can be used.
pub fn unusable_for_encryption(cert: &Cert, now: OffsetDateTime) -> Option<String> {
    unusable(cert, now).or_else(|| {
        let policy = standard(now);
        let none = encryption_keys(cert, &policy, now).next().is_none();
        none.then(|| without_encryption_key(cert, &policy, now))
    })
}

fn without_encryption_key(cert: &Cert, policy: &dyn Policy, now: OffsetDateTime) -> String {
    let at = SystemTime::from(now);
    let bound = cert.keys().with_policy(policy, at).for_transport_encryption().for_storage_encryption();
    let unsupported = |key: &ErasedKeyAmalgamation<'_, PublicParts>| {
        let algorithm = key.key().pk_algo();
        (algorithm.for_encryption() && !algorithm.is_supported()).then(|| algorithm.to_string())
    };
    if let Some(algorithm) = cert.keys().subkeys().map(Into::into).find_map(|key| unsupported(&key)) {
        return format!("has no encryption key that can be used: {algorithm} is not supported");
    }
    match bound.filter_map(|key| key.key_expiration_time()).filter(|end| *end <= at).max() {
        Some(end) => format!("has no encryption key that can be used now: the last one expired on {}", day(end.into())),
        None => "has no encryption key that can be used now".to_owned(),
    }
}

/// The keys of `cert` that may be encrypted to at `now`.
pub(super) fn encryption_keys<'a>(
    cert: &'a Cert,
    policy: &'a dyn Policy,
    now: OffsetDateTime,
) -> impl Iterator<Item = ValidErasedKeyAmalgamation<'a, PublicParts>> {
    let usable = cert.keys().with_policy(policy, SystemTime::from(now)).supported().alive().revoked(false);
    // The filters for uses are alternatives, so one call finds keys for either.
    usable.for_transport_encryption().for_storage_encryption()
}

/// Why `cert` may not be used for anything new at `now`: revoked, expired, not valid yet, made with weak algorithms.
pub fn unusable(cert: &Cert, now: OffsetDateTime) -> Option<String> {
    let policy = standard(now);
    let valid = match cert.with_policy(&policy, SystemTime::from(now)) {
        Ok(valid) => valid,
        Err(error) => return Some(format!("is not accepted by the cryptographic policy ({})", one_line(&error))),
    };
    if matches!(valid.revocation_status(), RevocationStatus::Revoked(_)) {
        return Some("is revoked".to_owned());
    }
    if valid.alive().is_err() {
        let expired = valid.primary_key().key_expiration_time().filter(|at| *at <= SystemTime::from(now));
        return Some(match expired {
            Some(at) => format!("expired on {}", day(at.into())),
            None => "is not valid yet".to_owned(),
        });
    }
    None
}

/// A day as people compare it: `2026-11-22`.
pub(super) fn day(at: OffsetDateTime) -> String {
    at.format(format_description!("[year]-[month]-[day]")).unwrap_or_else(|_| at.date().to_string())
}

/// The whole chain of causes on one line.
pub(super) fn one_line(error: &sequoia_openpgp::anyhow::Error) -> String {
    format!("{error:#}").split_whitespace().collect::<Vec<_>>().join(" ")
}
