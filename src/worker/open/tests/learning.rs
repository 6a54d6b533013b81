//! What mail teaches about certificates, and what that is worth for the next mail.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::model::{DirectoryEntry, Fingerprint, KnownCertificate, LearnedFrom, Voucher};

/// The gateway, which knows nobody, and keys of people who write to it.
struct World {
    settings: WorkerSettings,
    intake: Keyring,
    erin: Person,
    /// Another key of Erin's, or so it says.
    other_erin: Person,
    mallory: Person,
}

struct Person {
    key: Generated,
    ring: Keyring,
}

impl Person {
    fn new(name: &str, intake: &Generated) -> Self {
        let address = format!("{name}@example.org").parse().unwrap();
        let key = generate(name, &address, None, Duration::days(900), NOW - Duration::days(9)).unwrap();
        let ring = keyring(&settings(), &[&key, intake], 0);
        Person { key, ring }
    }

    fn binary(&self) -> Vec<u8> {
        crate::openpgp::serialized(self.ring.own_certificate().unwrap())
    }

    fn autocrypt(&self, address: &str) -> String {
        format!("Autocrypt: addr={address}; keydata={}\n", STANDARD.encode(self.binary()))
    }

    fn known(&self, voucher: Voucher) -> KnownCertificate {
        KnownCertificate {
            address: "erin@example.org".parse().unwrap(),
            fingerprint: self.key.fingerprint.clone(),
            bytes: self.binary(),
            learned_from: LearnedFrom::Autocrypt,
            voucher,
            first_seen: NOW - Duration::days(5),
            last_seen: NOW - Duration::days(5),
            revoked: false,
        }
    }

    /// As it is after its holder revoked it.
    fn revoked(&self, voucher: Voucher) -> KnownCertificate {
        KnownCertificate { bytes: revoke(&self.key), revoked: true, ..self.known(voucher) }
    }
}

/// The certificate with its revocation behind the primary key.
fn revoke(key: &Generated) -> Vec<u8> {
    use sequoia_openpgp::parse::Parse;
    use sequoia_openpgp::{Cert, PacketPile};
    let cert = Cert::from_bytes(key.certificate.as_bytes()).unwrap();
    let revocation = PacketPile::from_bytes(key.revocation.expose().as_bytes()).unwrap();
    let (cert, _) = cert.insert_packets(revocation.into_children()).unwrap();
    crate::openpgp::serialized(&cert)
}

impl World {
    fn new() -> Self {
        let address = "intake@example.org".parse().unwrap();
        let intake = generate("intake", &address, None, Duration::days(900), NOW - Duration::days(9)).unwrap();
        let settings = WorkerSettings { team_addresses: vec!["tina@example.org".parse().unwrap()], ..settings() };
        World {
            intake: keyring(&settings, &[&intake], 0),
            erin: Person::new("erin", &intake),
            other_erin: Person::new("erin", &intake),
            mallory: Person::new("mallory", &intake),
            settings,
        }
    }

    fn open(&self, mail: &str, known: &Known) -> OpenedMessage {
        let bytes = mail.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        let raw = RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes };
        open(&raw, &self.intake, &self.settings, known, NOW)
    }

    /// A mail of Erin's that was encrypted, and signed by `by`, with more in its inner header section.
    fn sealed(&self, by: &Person, header: &str) -> String {
        let inner = format!("{header}Content-Type: text/plain\n\nThe parser overflows.\n").replace('\n', "\r\n");
        let us = self.intake.own_certificate().unwrap();
        pgp_mime("erin", &by.ring.seal(inner.as_bytes(), &[us], NOW).unwrap())
    }

    fn signed(&self, by: &Person, content: &str, beside: &str) -> String {
        let content = content.replace('\n', "\r\n");
        let signature = by.ring.sign_detached(content.as_bytes(), NOW).unwrap().armored;
        format!(
            "From: erin@example.org\nContent-Type: multipart/mixed; boundary=o\n\n--o\nContent-Type: multipart/signed; \
             boundary=b; protocol=\"application/pgp-signature\"\n\n--b\n{content}\n--b\nContent-Type: \
             application/pgp-signature\n\n{signature}\n--b--\n{beside}--o--\n"
        )
    }
}

fn keyring(settings: &WorkerSettings, keys: &[&Generated], own: usize) -> Keyring {
    let folder = tempfile::tempdir().unwrap();
    let (secret, known) = (folder.path().join("own.asc"), folder.path().join("known.asc"));
    fs::write(&secret, keys[own].secret_key.expose()).unwrap();
    fs::write(&known, &keys[keys.len() - 1].certificate).unwrap();
    let settings = WorkerSettings { secret_keys: vec![secret], known_certificates: vec![known], ..settings.clone() };
    Keyring::load(&settings, NOW).unwrap()
}

fn attached(armored: &str) -> String {
    format!("Content-Type: application/pgp-keys; name=key.asc\n\n{armored}\n")
}

fn mixed(from: &str, header: &str, part: &str) -> String {
    format!(
        "From: {from}\n{header}Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: \
         text/plain\n\nHello.\n--b\n{part}--b--\n"
    )
}

fn vouched(learned: &[KnownCertificate]) -> Vec<(Fingerprint, Voucher)> {
    learned.iter().map(|known| (known.fingerprint.clone(), known.voucher)).collect()
}

#[test]
fn only_the_authors_own_certificate_is_learned_and_from_nothing_that_somebody_else_said() {
    let world = World::new();
    let (erin, mallory) = (&world.erin, &world.mallory);
    let certificate = attached(&erin.key.certificate);
    let plain = |header: &str| format!("From: Erin <erin@example.org>\n{header}Subject: x\n\nHello.\n");
    let from = "erin@example.org";
    let forwarded = format!(
        "Content-Type: message/rfc822\n\n{}\n",
        mixed(from, "", &certificate).replace("--b", "--n").replace("=b", "=n")
    );
    let gossip = erin.autocrypt(from).replace("Autocrypt", "Autocrypt-Gossip");
    let protected = erin.autocrypt(from);
    let cases: [(&str, String, bool); 16] = [
        ("an Autocrypt header", plain(&erin.autocrypt(from)), true),
        ("an Autocrypt header in the ciphertext", world.sealed(erin, &protected), true),
        ("an Autocrypt header for somebody else", plain(&erin.autocrypt("other@example.org")), false),
        ("an Autocrypt header with somebody else's key", plain(&mallory.autocrypt(from)), false),
        ("an Autocrypt header for the wrong author", plain(&mallory.autocrypt("mallory@example.org")), false),
        ("gossip", plain(&gossip), false),
        ("an attachment", mixed(from, "", &certificate), true),
        ("an attached secret key", mixed(from, "", &attached(erin.key.secret_key.expose())), true),
        ("a block in the text", plain("").replace("Hello.", &erin.key.certificate), true),
        ("attached by somebody else", mixed("mallory@example.org", "", &certificate), false),
        ("another person's, attached", mixed(from, "", &attached(&mallory.key.certificate)), false),
        ("in a forwarded mail", mixed(from, "", &forwarded), false),
        ("by a program", mixed(from, "Auto-Submitted: auto-generated\n", &certificate), false),
        ("by two people", mixed("erin@example.org, mallory@example.org", "", &certificate), false),
        ("in the name of the gateway", plain(&erin.autocrypt(from)).replace(from, "intake@example.org"), false),
        ("in the name of the team", plain(&erin.autocrypt(from)).replace(from, "tina@example.org"), false),
    ];
    for (name, mail, expected) in cases {
        let opened = world.open(&mail, &Known::default());
        let expected: Vec<_> =
            expected.then_some((erin.key.fingerprint.clone(), Voucher::Nobody)).into_iter().collect();
        assert_eq!(vouched(&opened.learned), expected, "{name}");
        assert_eq!(opened.private_key_attached, name.contains("secret"), "{name}");
        for known in &opened.learned {
            assert_eq!((known.first_seen, known.address.as_str()), (NOW, from), "{name}");
            let certs = crate::openpgp::read_certificates(&known.bytes).unwrap();
            assert!(!certs[0].is_tsk(), "{name}");
        }
    }
}

#[test]
fn an_earlier_certificate_vouches_for_what_its_signature_covers_and_nothing_beside_it() {
    let world = World::new();
    let known = Known { certificates: vec![world.erin.known(Voucher::Dkim)], ..Known::default() };
    let new = attached(&world.other_erin.key.certificate);
    let text = "Content-Type: text/plain\n\nMy new key.\n";
    let content = format!("Content-Type: multipart/mixed; boundary=i\n\n--i\n{text}--i\n{new}--i--\n");
    let cases = [
        ("inside", world.signed(&world.erin, &content, ""), Voucher::Signature),
        ("beside", world.signed(&world.erin, text, &format!("--o\n{new}")), Voucher::Nobody),
        ("signed by itself", world.signed(&world.other_erin, &content, ""), Voucher::Nobody),
    ];
    for (name, mail, expected) in cases {
        let opened = world.open(&mail, &known);
        let good = opened.signature.status == SignatureStatus::Good;
        assert_eq!(good, name != "signed by itself", "{name}: {:?}", opened.signature);
        assert_eq!(vouched(&opened.learned), [(world.other_erin.key.fingerprint.clone(), expected)], "{name}");
    }
}

#[test]
fn a_learned_certificate_is_worth_what_vouched_for_it() {
    use SignatureStatus::{Good, Partial, UnknownKey};
    let world = World::new();
    let (erin, other) = (&world.erin, &world.other_erin);
    let entry =
        |person: &Person| DirectoryEntry { address: "erin@example.org".parse().unwrap(), bytes: person.binary() };
    let knows = |certificates| Known { certificates, ..Known::default() };
    let publishes = |certificates, person| Known { certificates, directory: vec![entry(person)], ..Known::default() };
    let later = KnownCertificate { first_seen: NOW, ..erin.known(Voucher::Dkim) };
    let cases: [(&str, Known, SignatureStatus, Option<&Person>); 10] = [
        ("nothing is known", Known::default(), UnknownKey, None),
        ("seen in other mail", knows(vec![erin.known(Voucher::Nobody)]), UnknownKey, None),
        ("vouched for by DKIM", knows(vec![erin.known(Voucher::Dkim)]), Good, None),
        ("in the directory", publishes(vec![], erin), Good, None),
        ("in the directory, seen before", publishes(vec![erin.known(Voucher::Nobody)], erin), Good, None),
        ("another is in the directory", publishes(vec![], other), UnknownKey, Some(other)),
        ("another is known", knows(vec![other.known(Voucher::Dkim)]), UnknownKey, Some(other)),
        ("another was known first", knows(vec![other.known(Voucher::Dkim), later]), Good, Some(other)),
        ("an attacker wrote first", knows(vec![other.known(Voucher::Nobody), erin.known(Voucher::Dkim)]), Good, None),
        ("it was revoked since", knows(vec![erin.revoked(Voucher::Dkim)]), Partial, None),
    ];
    for (name, known, status, was) in cases {
        // The mail brings its certificate as it was once.
        let opened = world.open(&world.sealed(erin, &erin.autocrypt("erin@example.org")), &known);
        assert_eq!(opened.signature.status, status, "{name}: {:?}", opened.signature);
        assert_eq!(opened.signature.signer, Some(erin.key.fingerprint.clone()), "{name}");
        let changed = opened.acquaintance.change.as_ref().map(|change| (change.was.clone(), change.used));
        assert_eq!(changed, was.map(|was| (was.key.fingerprint.clone(), status == Good)), "{name}");
        assert_eq!(opened.acquaintance.since.is_some(), status == Good, "{name}");
        let kept = opened.learned.iter().find(|known| known.fingerprint == erin.key.fingerprint).unwrap();
        assert_eq!(kept.revoked, name.contains("revoked"), "{name}");
    }
}

#[test]
fn a_changed_certificate_is_told_of_without_any_signature() {
    let world = World::new();
    let mail =
        format!("From: erin@example.org\n{}Subject: x\n\nHello.\n", world.other_erin.autocrypt("erin@example.org"));
    let known = |voucher| Known { certificates: vec![world.erin.known(voucher)], ..Known::default() };
    let change = world.open(&mail, &known(Voucher::Dkim)).acquaintance.change.unwrap();
    assert_eq!(
        (change.now, change.was),
        (world.other_erin.key.fingerprint.clone(), world.erin.key.fingerprint.clone())
    );
    assert!(!change.used);
    assert_eq!(world.open(&mail, &known(Voucher::Nobody)).acquaintance.change, None);
}

#[test]
fn hostile_key_material_is_refused_in_time() {
    let world = World::new();
    let from = "erin@example.org";
    let random =
        STANDARD.encode((0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>());
    let cut = &world.erin.key.certificate[..world.erin.key.certificate.len() / 2];
    let broken = world.erin.key.certificate.replace('A', "B");
    for part in [attached(&random), attached(cut), attached(&broken), attached("-----BEGIN PGP PUBLIC KEY BLOCK-----")]
    {
        let opened = world.open(&mixed(from, "", &part), &Known::default());
        assert_eq!(vouched(&opened.learned), []);
    }
    let directory = vec![DirectoryEntry { address: from.parse().unwrap(), bytes: vec![0x99; 100_000] }];
    let known = Known { directory, ..Known::default() };
    assert_eq!(world.open(&mixed(from, "", ""), &known).learned, []);
    let mut poisoned = world.erin.known(Voucher::Dkim);
    poisoned.bytes = vec![0xff; 1_000];
    let known = Known { certificates: vec![poisoned], ..Known::default() };
    assert_eq!(world.open(&mixed(from, "", ""), &known).learned, []);
}
