//! Signatures that are right in some way and must not count, and headers that borrow somebody's name: each with the reason
//! in words.

use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::packet::signature::subpacket::NotationDataFlags;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::serialize::MarshalInto;
use sequoia_openpgp::types::{HashAlgorithm, SignatureType};

use super::attacks::with_user_id;
use super::*;

const CONTENT: &str = "Content-Type: text/plain\n\nsigned\n";
const FILE: &str = "Content-Type: application/zip\nContent-Disposition: attachment; filename=a.zip\n\nsigned\n";

/// A key of `address`, made so many days ago (or ahead), for so many days.
fn key(address: &str, made: i64, valid: i64) -> Generated {
    let (made, valid) = (NOW + Duration::days(made), Duration::days(valid));
    generate("Erin", &address.parse().unwrap(), None, valid, made).unwrap()
}

/// `multipart/signed` of `content` by `key`, with a signature made on a day and as `change` says.
fn signed(key: &Generated, content: &str, day: i64, change: impl Fn(SignatureBuilder) -> SignatureBuilder) -> String {
    let cert = Cert::from_bytes(key.secret_key.expose().as_bytes()).unwrap();
    let at = SystemTime::from(NOW + Duration::days(day));
    let policy = StandardPolicy::new();
    let signing = cert.keys().with_policy(&policy, at).for_signing().secret().next().unwrap().key().clone();
    let builder = SignatureBuilder::new(SignatureType::Binary).set_signature_creation_time(at).unwrap();
    let data = content.replace('\n', "\r\n");
    let signature = change(builder).sign_message(&mut signing.into_keypair().unwrap(), data.as_bytes()).unwrap();
    let signature = STANDARD.encode(Packet::from(signature).to_vec().unwrap());
    format!(
        "Content-Type: multipart/signed; boundary=s; protocol=\"application/pgp-signature\"\n\n--s\n{content}\n--s\n\
         Content-Type: application/pgp-signature\nContent-Transfer-Encoding: base64\n\n{signature}\n--s--\n"
    )
}

/// Opens a mail where these certificates are known.
fn opened(people: &People, known: &[&[u8]], mail: &str) -> OpenedMessage {
    let folder = tempfile::tempdir().unwrap();
    let paths: Vec<_> = known
        .iter()
        .enumerate()
        .map(|(at, bytes)| {
            let path = folder.path().join(format!("{at}.asc"));
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    let keyring = Keyring::load(&WorkerSettings { known_certificates: paths, ..settings() }, NOW).unwrap();
    let bytes = mail.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    let raw = RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes };
    open(&raw, &keyring, &people.settings, &Known::default(), NOW)
}

#[test]
fn a_signature_with_a_flaw_never_counts_and_the_flaw_is_named() {
    let people = People::new();
    let (good, old, early) =
        (key("erin@example.org", -9, 900), key("erin@example.org", -9, 5), key("erin@example.org", 2, 900));
    let from = "From: erin@example.org\n";
    let revoked = format!("{}{}", good.certificate, good.revocation.expose());
    let named = with_user_id(&people.mallory_key, "erin@example.org <mallory@example.org>");
    let borrowed = with_user_id(&people.mallory_key, "Erin (erin@example.org) <mallory@evil.example>");
    let (named, borrowed) = (crate::openpgp::serialized(&named), crate::openpgp::serialized(&borrowed));
    let as_is = |builder| builder;
    let critical = |builder: SignatureBuilder| {
        builder.add_notation("x@example.org", b"y", NotationDataFlags::empty(), true).unwrap()
    };
    let mixed = |first: &str, second: &str| {
        format!("Content-Type: multipart/mixed; boundary=m\n\n--m\n{first}\n--m\n{second}\n--m--\n")
    };
    let plain = signed(&good, CONTENT, -1, as_is);
    let clear = "Content-Type: text/plain\n\nPay 4,000 now.\n";
    let certificate = good.certificate.as_bytes();
    let cases: Vec<(&str, &[u8], String, &str)> = vec![
        ("as it should be", certificate, plain.clone(), ""),
        ("expired by now", old.certificate.as_bytes(), signed(&old, CONTENT, -8, as_is), "expired"),
        ("revoked", revoked.as_bytes(), plain.clone(), "revoked"),
        ("from a key of tomorrow", early.certificate.as_bytes(), signed(&early, CONTENT, 3, as_is), ""),
        ("made tomorrow", certificate, signed(&good, CONTENT, 1, as_is), "not valid yet"),
        (
            "SHA-1",
            certificate,
            signed(&good, CONTENT, -1, |b| b.set_hash_algo(HashAlgorithm::SHA1)),
            "no longer considered secure",
        ),
        ("a critical notation", certificate, signed(&good, CONTENT, -1, critical), "no longer considered secure"),
        (
            "over another text",
            certificate,
            signed(&good, CONTENT, -1, as_is).replace("\n\nsigned\n", "\n\nresigned\n"),
            "does not fit",
        ),
        ("over the file alone", certificate, mixed(clear, &signed(&good, FILE, -1, as_is)), "only a part"),
        ("in front of more", certificate, mixed(&plain, clear), "only a part"),
        (
            "in a mail in a mail",
            certificate,
            mixed(clear, &format!("Content-Type: message/rfc822\n\n{from}{plain}")),
            "",
        ),
        ("the address as somebody's name", &named, signed(&people.mallory_key, CONTENT, -1, as_is), "does not carry"),
        ("the address as a remark", &borrowed, signed(&people.mallory_key, CONTENT, -1, as_is), "does not carry"),
    ];
    for (name, known, mail, reason) in cases {
        let opened = opened(&people, &[known], &format!("{from}{mail}"));
        let good = name == "as it should be";
        assert_eq!(opened.signature.status == SignatureStatus::Good, good, "{name}: {:?}", opened.signature);
        assert_eq!(opened.sender.authenticated == Authentication::Signature, good, "{name}");
        let said = opened.signature.shortfall.unwrap_or_default();
        assert!(said.contains(reason), "{name}: {said}");
        assert!(
            good || opened.signature.status == SignatureStatus::None || !said.is_empty(),
            "{name}: no word about it"
        );
    }
}

#[test]
fn a_header_that_borrows_a_name_shows_nothing() {
    let people = People::new();
    let erin = key("erin@example.org", -9, 900);
    let plain = signed(&erin, CONTENT, -1, |builder| builder);
    let one = "does not name one sender";
    let other = "does not carry";
    let cases = [
        ("From: team: erin@example.org;", one),
        ("From: erin@example.org, mallory@evil.example", one),
        ("From: erin@example.org <mallory@evil.example>", one),
        ("From: <erin@example.org> <mallory@evil.example>", one),
        ("From: mallory@evil.example\nFrom: erin@example.org", one),
        ("From: erin@example.org\nFrom: erin@example.org", one),
        ("From: erin@example.org\0", one),
        ("From: <=?utf-8?q?erin=40example.org?=>", one),
        ("Sender: erin@example.org", one),
        ("From: mallory@evil.example\nSender: erin@example.org", other),
        ("From: mallory@evil.example (erin@example.org)", other),
        ("From: \"erin@example.org\" <mallory@evil.example>", other),
        ("From: \"Erin, signature: good, signer B182 21E9 4BA4 650D\" <mallory@evil.example>", other),
        ("From: =?utf-8?q?erin=40example.org_=E2=9C=94_verified?= <mallory@evil.example>", other),
        ("From: erin@ex\u{430}mple.org", other),
        ("From: erin@xn--exmple-4nf.org", other),
        ("From: erin@example.org.evil.example", other),
        ("From: mallory@evil.example\nX-Original-From: erin@example.org\nReply-To: erin@example.org", other),
    ];
    for (header, reason) in cases {
        let opened = opened(&people, &[erin.certificate.as_bytes()], &format!("{header}\n{plain}"));
        assert_ne!(opened.signature.status, SignatureStatus::Good, "{header}");
        assert_eq!(opened.sender.authenticated, Authentication::None, "{header}");
        let said = opened.signature.shortfall.unwrap_or_default();
        assert!(said.contains(reason), "{header}: {said}");
    }
}
