use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::{Packet, PacketPile};
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::model::{Limits, Secret};
use crate::openpgp::files::KeyFile;
use crate::openpgp::{
    Budget, Generated, KeyFiles, dearmor, decrypt, generate, generate_post_quantum, read_certificates,
};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

type Make = fn(
    &str,
    &crate::model::Address,
    Option<&str>,
    Duration,
    OffsetDateTime,
) -> Result<Generated, crate::openpgp::GenerateError>;

fn made(make: Make, days: i64) -> Generated {
    let address = "intake@example.org".parse().unwrap();
    make("Intake", &address, None, Duration::days(days), NOW - Duration::days(10)).unwrap()
}

fn keyring(own: &[&str]) -> Keyring {
    let file =
        |text: &&str| KeyFile { path: "key.asc".into(), bytes: Secret::new(text.as_bytes().to_vec()), named: true };
    let secret = own.iter().map(file).collect();
    let files = KeyFiles { secret, passwords: Vec::new(), team: Vec::new(), known: Vec::new() };
    Keyring::from_files(&files, NOW).unwrap()
}

fn certificate(key: &Generated) -> Cert {
    read_certificates(key.certificate.as_bytes()).unwrap().remove(0)
}

#[test]
fn the_post_quantum_key_is_what_it_says_and_opens_what_is_sealed_to_it() {
    let (classic, second) = (made(generate, 900), made(generate_post_quantum, 900));
    let cert = certificate(&second);
    let of = |version: u8, algorithm: PublicKeyAlgorithm| (version, algorithm);
    let keys: Vec<_> = cert.keys().map(|key| of(key.key().version(), key.key().pk_algo())).collect();
    let (ed25519, kem) = (PublicKeyAlgorithm::Ed25519, PublicKeyAlgorithm::MLKEM768_X25519);
    assert_eq!(keys, [of(6, ed25519), of(6, ed25519), of(6, kem)]);
    assert!(second.certificate.len() < 8 << 10, "{} bytes go with each reply", second.certificate.len());

    let ring = keyring(&[classic.secret_key.expose(), second.secret_key.expose()]);
    let sealed = ring.seal(b"a report", &[&cert], NOW).unwrap();
    let versions = packets(&sealed);
    assert_eq!(versions, [("recipient", 6), ("encrypted", 2)]);
    let mut budget = Budget { bytes: 1 << 20, trials: 8 };
    let opened = decrypt(sealed.as_bytes(), &ring, &[], &Limits::default(), &mut budget, NOW).unwrap();
    assert_eq!(&opened.plaintext[..], b"a report");
    assert_eq!(opened.decryption_key, Some(second.fingerprint));
    let [signature] = &opened.signatures[..] else { panic!("one signature") };
    assert_eq!((&signature.trouble, &signature.signer), (&None, &Some(classic.fingerprint)));
}

#[test]
fn one_certificate_signs_whatever_their_order_and_every_other_has_its_purpose() {
    use OwnUse::*;
    let (first, second) = (made(generate, 900), made(generate, 800));
    let (expired, quantum) = (made(generate, 1), made(generate_post_quantum, 900));
    let (first, second) = (first.secret_key.expose().as_str(), second.secret_key.expose().as_str());
    let (public, expired) = (made(generate, 900).certificate, expired.secret_key);
    let (expired, quantum) = (expired.expose().as_str(), quantum.secret_key.expose().as_str());
    let cases: [(&[&str], &[OwnUse]); 8] = [
        (&[first], &[Signs]),
        (&[first, second], &[Signs, Opens]),
        (&[quantum, first], &[PostQuantum, Signs]),
        (&[expired, quantum, first, second], &[Opens, PostQuantum, Signs, Opens]),
        (&[quantum], &[Signs]),
        (&[quantum, expired], &[Signs, Opens]),
        (&[expired], &[Opens]),
        (&[&public, first], &[Shut, Signs]),
    ];
    for (own, expected) in cases {
        let keys = keyring(own).own_keys(NOW);
        assert_eq!(keys.iter().map(|key| key.purpose).collect::<Vec<_>>(), expected);
    }
}

/// The packets that anybody can see, with their versions.
fn packets(armored: &str) -> Vec<(&'static str, u8)> {
    let pile = PacketPile::from_bytes(&dearmor(armored.as_bytes()).unwrap()).unwrap();
    let version = |packet: &Packet| match packet {
        Packet::PKESK(packet) => ("recipient", packet.version()),
        Packet::SEIP(packet) => ("encrypted", packet.version()),
        _ => ("other", 0),
    };
    pile.children().map(version).collect()
}
