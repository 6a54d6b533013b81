//! What must stay shut: changed in any place, cut off, without integrity protection, for a password or somebody else, of a
//! format that nobody knows, over the limits. Each says why, to the operator, and nothing of it comes out.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;

use advisory_intake::model::{HoldReason, Unreadable};
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::types::AEADAlgorithm;

use crate::support::ciphertext::{PublicKey, Sealing, encryption_key, inspected, mail, stranger};
use crate::support::world::fixture;

const CANARY: &str = "CANARY-refused";
const DAMAGED: &[&str] = &["tampered", "malformed", "unsupported"];

/// A broken ciphertext, and the failures that it may be called.
struct Case {
    name: String,
    bytes: Vec<u8>,
    failures: &'static [&'static str],
}

#[test]
fn what_cannot_be_trusted_stays_shut_and_says_why() {
    let key = own_key();
    let mut cases = fixed(&key);
    let version_1 = Sealing { aead: None, ..Sealing::default() }.seal_binary(CANARY, &[&key]);
    let version_2 = Sealing { aead: Some(AEADAlgorithm::OCB), ..Sealing::default() }.seal_binary(CANARY, &[&key]);
    cases.extend(changed("v1", &version_1));
    cases.extend(changed("v2", &version_2));
    let folder = tempfile::tempdir().unwrap();
    for case in &cases {
        fs::write(folder.path().join(format!("{}.eml", case.name)), mail(&case.name, &armored(&case.bytes))).unwrap();
    }
    let shown = inspected(folder.path());
    let by_name: BTreeMap<&str, _> = shown.iter().map(|line| (line["file"].as_str().unwrap(), line)).collect();
    let mut wrong = Vec::new();
    for case in &cases {
        let line = by_name[folder.path().join(format!("{}.eml", case.name)).to_str().unwrap()];
        let failure = line["failure"].as_str().unwrap_or("none");
        if !case.failures.contains(&failure) || line.to_string().contains("CANARY") != (failure == "none") {
            wrong.push(format!("{} of {:?}: {failure}", case.name, case.failures));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 130, "{} cases", cases.len());
}

#[test]
fn each_failure_tells_the_operator_what_to_do() {
    use Unreadable::*;
    let does = [
        (NoKey, "import the key"),
        (SymmetricOnly, "ask the sender"),
        (NoIntegrityProtection, "ask the sender"),
        (Tampered, "send it again"),
        (Unsupported, "ask the sender"),
        (TooLarge, "raise the limit"),
        (Malformed, "look at the original"),
    ];
    for (failure, what_to_do) in does {
        let said = HoldReason::Unreadable(failure).explain();
        assert!(said.contains(what_to_do), "{failure:?}: {said}");
    }
}

/// Ciphertexts that are made for their failure.
fn fixed(key: &PublicKey) -> Vec<Case> {
    let plain = |aead| Sealing { aead, ..Sealing::default() };
    let (v1, v2) =
        (plain(None).seal_binary(CANARY, &[key]), plain(Some(AEADAlgorithm::OCB)).seal_binary(CANARY, &[key]));
    let [session, encrypted] = &packets(&v1)[..] else { panic!("two packets") };
    let [session_2, encrypted_2] = &packets(&v2)[..] else { panic!("two packets") };
    let with = |aead, passwords, hidden| Sealing { aead, passwords, hidden, ..Sealing::default() };
    let other = encryption_key(&stranger()).unwrap();
    let case =
        |name: &str, bytes: Vec<u8>, failures: &'static [&'static str]| Case { name: name.into(), bytes, failures };
    let joined =
        |first: &Packet, bytes: &[u8], tag: u8, body: &[u8]| [&bytes[first.all.clone()], &packet(tag, body)].concat();
    let body = |packet: &Packet, bytes: &[u8]| bytes[packet.body.clone()].to_vec();
    let versioned = |version: u8| {
        let mut other = body(encrypted, &v1);
        other[0] = version;
        joined(session, &v1, 18, &other)
    };
    let mut unknown_cipher = body(encrypted_2, &v2);
    unknown_cipher[1] = 99;
    let mut eax = body(encrypted_2, &v2);
    eax[2] = 1;
    let mut unknown_recipient = body(session, &v1);
    unknown_recipient[0] = 7;
    vec![
        case("whole-v1", v1.clone(), &["none"]),
        case("whole-v2", v2.clone(), &["none"]),
        case("password-and-ours-v1", with(None, 1, false).seal_binary(CANARY, &[key]), &["none"]),
        case("password-and-ours-v2", with(Some(AEADAlgorithm::GCM), 2, true).seal_binary(CANARY, &[key]), &["none"]),
        case("password-v1", with(None, 1, false).seal_binary(CANARY, &[]), &["symmetric-only"]),
        case("password-v2", with(Some(AEADAlgorithm::OCB), 2, false).seal_binary(CANARY, &[]), &["symmetric-only"]),
        case("somebody-else", plain(None).seal_binary(CANARY, &[&other]), &["no-key"]),
        case("somebody-else-and-password", with(None, 1, false).seal_binary(CANARY, &[&other]), &["no-key"]),
        case(
            "somebody-else-hidden",
            with(Some(AEADAlgorithm::OCB), 0, true).seal_binary(CANARY, &[&other]),
            &["no-key"],
        ),
        // Tag 9: the same ciphertext as an attacker passes it off, without its version octet (CVE-2017-17688).
        case("downgrade-v1", joined(session, &v1, 9, &body(encrypted, &v1)[1..]), &["no-integrity-protection"]),
        case("downgrade-v2", joined(session_2, &v2, 9, &body(encrypted_2, &v2)[1..]), &["no-integrity-protection"]),
        case(
            "downgrade-2-to-1",
            joined(session_2, &v2, 18, &{
                let mut first = body(encrypted_2, &v2);
                first[0] = 1;
                first
            }),
            DAMAGED,
        ),
        case(
            "gnupg-tag-20",
            joined(session, &v1, 20, &[1, 9, 2, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]),
            &["unsupported"],
        ),
        case("encrypted-packet-of-version-3", versioned(3), &["unsupported"]),
        case("aead-eax", joined(session_2, &v2, 18, &eax), &["unsupported"]),
        case("unknown-cipher", joined(session_2, &v2, 18, &unknown_cipher), &["unsupported", "tampered"]),
        case(
            "unknown-recipient-version",
            [packet(1, &unknown_recipient), v1[encrypted.all.clone()].to_vec()].concat(),
            &["unsupported"],
        ),
        case("no-recipient", v1[encrypted.all.clone()].to_vec(), &["no-key"]),
        case("bomb", plain(None).seal_compressed(48 << 20, &[key]), &["too-large"]),
        case("empty", Vec::new(), &["malformed"]),
    ]
}

/// One bit changed in each region, in several places each, and the end cut off in several places.
fn changed(version: &str, whole: &[u8]) -> Vec<Case> {
    let [session, encrypted] = &packets(whole)[..] else { panic!("two packets") };
    let (start, end) = (encrypted.body.start, encrypted.body.end);
    let at_session = |range: Range<usize>| session.body.start + range.start..session.body.start + range.end;
    let regions: Vec<(&str, Range<usize>, &'static [&'static str])> = match version {
        "v1" => vec![
            ("recipient-version", at_session(0..1), &["unsupported"]),
            ("recipient-id", at_session(1..9), &["no-key"]),
            ("recipient-algorithm", at_session(9..10), &["no-key", "unsupported"]),
            ("session-key", session.body.start + 12..session.body.end, &["tampered", "no-key", "malformed"]),
            ("version", start..start + 1, DAMAGED),
            ("prefix", start + 1..start + 19, &["tampered"]),
            ("content", start + 19..end - 22, DAMAGED),
            ("check", end - 22..end, DAMAGED),
        ],
        _ => vec![
            ("recipient-version", at_session(0..1), &["unsupported"]),
            ("recipient-id", at_session(3..23), &["no-key"]),
            ("recipient-algorithm", at_session(23..24), &["no-key", "unsupported"]),
            ("session-key", session.body.start + 26..session.body.end, &["tampered", "no-key", "malformed"]),
            ("version", start..start + 1, DAMAGED),
            ("cipher", start + 1..start + 2, DAMAGED),
            ("aead", start + 2..start + 3, DAMAGED),
            ("chunk-size", start + 3..start + 4, DAMAGED),
            ("salt", start + 4..start + 36, &["tampered"]),
            ("content", start + 36..end - 32, &["tampered"]),
            ("check", end - 32..end - 16, &["tampered"]),
            ("final-check", end - 16..end, &["tampered"]),
        ],
    };
    let mut cases = Vec::new();
    for (region, range, failures) in regions {
        for (count, at) in range.clone().step_by(range.len().div_ceil(9)).enumerate() {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1 << (count % 8);
            cases.push(Case { name: format!("{version}-{region}-{}", at - range.start), bytes, failures });
        }
    }
    for eighth in 1..8 {
        let bytes = whole[..start + (end - start) * eighth / 8].to_vec();
        cases.push(Case { name: format!("{version}-cut-{eighth}"), bytes, failures: DAMAGED });
    }
    cases
}

/// Where a packet lies.
struct Packet {
    all: Range<usize>,
    body: Range<usize>,
}

/// The packets of a message in the new format (RFC 9580 4.2.1).
fn packets(bytes: &[u8]) -> Vec<Packet> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let (header, length) = match bytes[at + 1] {
            short @ 0..192 => (2, usize::from(short)),
            long @ 192..224 => (3, (usize::from(long) - 192) * 256 + usize::from(bytes[at + 2]) + 192),
            other => panic!("a length of kind {other}"),
        };
        found.push(Packet { all: at..at + header + length, body: at + header..at + header + length });
        at += header + length;
    }
    found
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xc0 | tag, 0xff];
    bytes.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    bytes.extend(body);
    bytes
}

fn armored(bytes: &[u8]) -> Vec<u8> {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PGP MESSAGE-----\n\n{}\n-----END PGP MESSAGE-----\n", lines.join("\n")).into_bytes()
}

fn own_key() -> PublicKey {
    let certs = sequoia_openpgp::cert::CertParser::from_file(fixture("key-kinds/gnupg.sec.asc")).unwrap();
    let certs: Vec<Cert> = certs.map(Result::unwrap).collect();
    let is = |cert: &&Cert| cert.userids().any(|id| id.userid().value().starts_with(b"cv25519@"));
    encryption_key(certs.iter().find(is).unwrap()).unwrap()
}
