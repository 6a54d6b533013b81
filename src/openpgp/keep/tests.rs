use sequoia_openpgp::cert::CertBuilder;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::types::{ReasonForRevocation, SignatureType};
use time::Duration;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// A key with these user ids, secret parts included.
fn key(user_ids: &[&str]) -> Cert {
    let made = NOW - Duration::days(9);
    let builder = CertBuilder::new().set_creation_time(SystemTime::from(made)).add_signing_subkey();
    let builder = user_ids.iter().fold(builder, |builder, id| builder.add_userid(*id));
    builder.generate().unwrap().0
}

fn revoked(cert: &Cert) -> Cert {
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let reason = ReasonForRevocation::KeyCompromised;
    let packet = cert.revoke(&mut signer, reason, b"").unwrap();
    cert.clone().insert_packets(packet).unwrap().0
}

fn without_user_id(cert: &Cert, text: &str) -> Cert {
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let id = UserID::from(text);
    let revocation = SignatureBuilder::new(SignatureType::CertificationRevocation);
    let revocation = revocation.set_reason_for_revocation(ReasonForRevocation::UIDRetired, b"").unwrap();
    let revocation = revocation.set_signature_creation_time(SystemTime::from(NOW - Duration::days(1))).unwrap();
    let packet = id.bind(&mut signer, cert, revocation).unwrap();
    cert.clone().insert_packets(packet).unwrap().0
}

fn with_unsigned_user_id(cert: &Cert, text: &str) -> Cert {
    cert.clone().insert_packets([Packet::from(UserID::from(text))]).unwrap().0
}

/// Certified for somebody who does not want to be named, by somebody else.
fn with_foreign_signature(cert: &Cert, text: &str, by: &Cert) -> Cert {
    let mut signer = by.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let signature = SignatureBuilder::new(SignatureType::GenericCertification);
    let packet = UserID::from(text).bind(&mut signer, cert, signature).unwrap();
    cert.clone().insert_packets(packet).unwrap().0
}

#[test]
fn only_what_its_holder_claims_for_the_address_is_kept() {
    let erin = "Erin <erin@example.org>";
    let mallory = key(&["Mallory <mallory@example.org>"]);
    let many: Vec<String> = (0..400).map(|n| format!("{n} <erin+{n}@example.org>")).chain([erin.to_owned()]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let long = format!("{} <erin@example.org>", "x".repeat(LONGEST_USER_ID));
    let plain = key(&[erin]);
    let cases = [
        ("plain", plain.clone(), Some(false)),
        ("in another spelling", key(&["Erin <Erin@EXAMPLE.org>"]), Some(false)),
        ("beside another address", key(&["Erin <erin@private.example>", erin]), Some(false)),
        ("hundreds of user ids", key(&many), Some(false)),
        ("revoked", revoked(&plain), Some(true)),
        ("somebody else's", mallory.clone(), None),
        ("the address in a name", key(&["erin@example.org <mallory@example.org>"]), None),
        ("the address without a signature", with_unsigned_user_id(&mallory, erin), None),
        ("the address signed by somebody else", with_foreign_signature(&mallory, erin, &plain), None),
        ("the address withdrawn", without_user_id(&plain, erin), None),
        ("no user id", key(&[]), None),
        ("a user id as long as a novel", key(&[&long]), None),
    ];
    let address = "erin@example.org".parse().unwrap();
    for (name, cert, expected) in cases {
        let kept = keep(&cert, &address, NOW);
        assert_eq!(kept.as_ref().map(|kept| kept.revoked), expected, "{name}");
        let Some(kept) = kept else { continue };
        let ids: Vec<String> = kept.certificate.userids().map(|id| id.userid().to_string().to_lowercase()).collect();
        assert_eq!(ids, ["erin <erin@example.org>"], "{name}");
        assert!(!kept.certificate.is_tsk() && serialized(&kept.certificate).len() < 4_000, "{name}");
        assert_eq!(kept.certificate.keys().count(), cert.keys().count(), "{name}");
    }
}

#[test]
fn what_other_people_signed_is_left_out() {
    let id = "Erin <erin@example.org>";
    let erin = key(&[id]);
    let signed = with_foreign_signature(&erin, id, &key(&["Mallory <mallory@example.org>"]));
    assert_ne!(serialized(&signed), serialized(&erin));
    let kept = keep(&signed, &"erin@example.org".parse().unwrap(), NOW).unwrap();
    assert_eq!(serialized(&kept.certificate), serialized(&erin.strip_secret_key_material()));
}

#[test]
fn a_revocation_stays_whatever_is_merged_after_it() {
    let erin = key(&["Erin <erin@example.org>"]);
    let address = "erin@example.org".parse().unwrap();
    for (first, second) in [(revoked(&erin), erin.clone()), (erin.clone(), revoked(&erin))] {
        assert!(keep(&merged(first, second), &address, NOW).unwrap().revoked);
    }
    let other = key(&["Erin <erin@example.org>"]);
    assert_eq!(merged(erin.clone(), other).fingerprint(), erin.fingerprint());
}
