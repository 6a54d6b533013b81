//! Every kind of key and format of ciphertext, through `inspect` and its worker process to the opened text.
//!
//! `fixtures/key-kinds` has a key and a mail of each kind that GnuPG makes, and of those that only the Sequoia library
//! makes here: no program in Debian 12 does version 6, X448 or ML-KEM. `MAKE_KEY_KINDS=1 cargo test --test main key_kinds`
//! makes the latter again, after `fixtures/make-key-kinds.sh`.

use std::fs;

use sequoia_openpgp::cert::{CertBuilder, CertParser, CipherSuite};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::serialize::SerializeInto;
use sequoia_openpgp::types::AEADAlgorithm;
use sequoia_openpgp::{Cert, Profile};
use serde_json::{Value, json};

use crate::support::ciphertext::{Sealing, encryption_key, inspected, mail};
use crate::support::world::fixture;

const FOLDER: &str = "key-kinds";

/// The kinds that GnuPG 2.2 and sq 0.27 do not make.
const BY_SEQUOIA: [(&str, Profile, CipherSuite); 7] = [
    ("v4-x448", Profile::RFC4880, CipherSuite::Cv448),
    ("v6-x25519", Profile::RFC9580, CipherSuite::Cv25519),
    ("v6-x448", Profile::RFC9580, CipherSuite::Cv448),
    ("v6-nistp384", Profile::RFC9580, CipherSuite::P384),
    ("v6-rsa3072", Profile::RFC9580, CipherSuite::RSA3k),
    ("v6-mlkem768", Profile::RFC9580, CipherSuite::MLDSA65_Ed25519),
    ("v6-mlkem1024", Profile::RFC9580, CipherSuite::MLDSA87_Ed448),
];

#[test]
fn mail_to_every_kind_of_key_opens_with_that_key_or_says_why_not() {
    if std::env::var_os("MAKE_KEY_KINDS").is_some() {
        make_what_sequoia_makes();
    }
    let folder = fixture(FOLDER);
    let truths = lines(&fs::read_to_string(folder.join("expect.jsonl")).unwrap());
    let shown = inspected(&folder);
    let mut wrong = Vec::new();
    for truth in &truths {
        let file = truth["mail"].as_str().unwrap();
        let Some(line) = shown.iter().find(|line| line["file"].as_str().unwrap().ends_with(file)) else {
            wrong.push(format!("{file} was not inspected"));
            continue;
        };
        let canary = format!("CANARY-{}", file.trim_end_matches(".eml"));
        let text = line["text"].to_string().contains(&canary);
        let found = (&line["decryption_key"], &line["failure"], text);
        if found != (&truth["key"], &truth["failure"], truth["failure"].is_null()) {
            wrong.push(format!("{file}: {found:?}"));
        }
        if text != line.to_string().contains("CANARY") {
            wrong.push(format!("{file}: something of it comes out"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(truths.len() >= 40, "{} lines", truths.len());
}

#[test]
fn every_key_opens_every_format_named_and_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    for cert in own_keys() {
        let Some(key) = encryption_key(&cert) else { continue };
        let kind = cert.userids().next().map(|id| id.userid().email().unwrap().unwrap().to_owned()).unwrap();
        // EAX is not to be had from OpenSSL; OCB is what every program of RFC 9580 must read.
        let formats = [None, Some(AEADAlgorithm::OCB), Some(AEADAlgorithm::GCM)];
        for (aead, hidden) in formats.into_iter().flat_map(|aead| [(aead, false), (aead, true)]) {
            // Version 1 goes with ML-KEM-768 at most (RFC 9980).
            if aead.is_none() && kind.contains("mlkem1024") {
                continue;
            }
            let name = format!("{kind}-{aead:?}-{hidden}");
            let sealed =
                Sealing { aead, hidden, others: 3, ..Sealing::default() }.seal(&format!("CANARY-{name}"), &[&key]);
            fs::write(folder.path().join(format!("{name}.eml")), mail(&name, &sealed)).unwrap();
            expected.push((name, cert.fingerprint().to_hex()));
        }
    }
    let shown = inspected(folder.path());
    let mut wrong = Vec::new();
    for (name, fingerprint) in &expected {
        let line = shown.iter().find(|line| line["file"].as_str().unwrap().ends_with(&format!("/{name}.eml"))).unwrap();
        if line["decryption_key"] != **fingerprint || !line["text"].to_string().contains(&format!("CANARY-{name}")) {
            wrong.push(format!("{name}: {} {}", line["decryption_key"], line["failure"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), expected.len(), wrong.join("\n"));
    assert!(expected.len() > 100, "{}", expected.len());
}

#[test]
fn of_many_recipients_ours_is_found_and_too_many_trials_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let own = own_keys();
    let key = encryption_key(own.iter().find(|cert| cert.fingerprint().to_hex().len() == 64).unwrap()).unwrap();
    // Those that name somebody else cost nothing; each hidden one is tried with every key that could fit.
    let cases = [
        ("named", false, 600, Value::Null),
        ("hidden", true, 10, Value::Null),
        ("flood", true, 400, json!("too-large")),
    ];
    for (name, hidden, others, _) in &cases {
        let sealed = Sealing { hidden: *hidden, others: *others, ..Sealing::default() }.seal("CANARY-many", &[&key]);
        fs::write(folder.path().join(format!("{name}.eml")), mail(name, &sealed)).unwrap();
    }
    for line in inspected(folder.path()) {
        let (_, _, _, failure) =
            cases.iter().find(|case| line["file"].as_str().unwrap().ends_with(&format!("{}.eml", case.0))).unwrap();
        assert_eq!(&line["failure"], failure, "{line}");
        assert_eq!(line["text"].to_string().contains("CANARY"), failure.is_null(), "{line}");
    }
}

fn own_keys() -> Vec<Cert> {
    let files = ["gnupg.sec.asc", "sequoia.sec.asc"].map(|name| fixture(FOLDER).join(name));
    files.iter().flat_map(|file| CertParser::from_file(file).unwrap().map(Result::unwrap)).collect()
}

fn make_what_sequoia_makes() {
    let folder = fixture(FOLDER);
    let table = folder.join("expect.jsonl");
    let gnupg: Vec<Value> =
        lines(&fs::read_to_string(&table).unwrap()).into_iter().filter(|line| line["made_by"] == "gpg").collect();
    let (mut keys, mut truths) = (String::new(), gnupg);
    for (name, profile, suite) in BY_SEQUOIA {
        let signs = if matches!(suite, CipherSuite::Cv448) { suite } else { CipherSuite::Cv25519 };
        let (cert, _) = CertBuilder::new()
            .set_profile(profile)
            .unwrap()
            .set_cipher_suite(signs)
            .add_userid(format!("{name}@keys.example"))
            .add_signing_subkey()
            .add_subkey(sequoia_openpgp::types::KeyFlags::empty().set_transport_encryption(), None, suite)
            .generate()
            .unwrap();
        keys += &String::from_utf8(cert.as_tsk().armored().to_vec().unwrap()).unwrap();
        let aead = matches!(profile, Profile::RFC9580).then_some(AEADAlgorithm::OCB);
        let sealed =
            Sealing { aead, ..Sealing::default() }.seal(&format!("CANARY-{name}"), &[&encryption_key(&cert).unwrap()]);
        fs::write(folder.join(format!("{name}.eml")), mail(name, &sealed)).unwrap();
        let key = cert.fingerprint().to_hex();
        truths.push(json!({"mail": format!("{name}.eml"), "made_by": "sequoia", "key": key, "failure": null}));
        if name == "v6-x25519" {
            for (damage, damaged) in [("changed", changed(&sealed)), ("cut", cut(&sealed))] {
                let file = format!("{name}-{damage}.eml");
                fs::write(folder.join(&file), mail(&format!("{name}-{damage}"), &damaged)).unwrap();
                truths.push(json!({"mail": file, "made_by": "sequoia", "key": null, "failure": "tampered"}));
            }
        }
    }
    fs::write(folder.join("sequoia.sec.asc"), keys).unwrap();
    fs::write(table, truths.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
}

/// Armor with another character in its last line of data but one, which is ciphertext.
fn changed(armored: &[u8]) -> Vec<u8> {
    let mut rows = rows(armored);
    let at = rows.len() - 4;
    let other = if rows[at].starts_with('A') { "B" } else { "A" };
    rows[at].replace_range(..1, other);
    rows.join("\n").into_bytes()
}

/// Armor without its last line of data: the last check (RFC 9580 5.13.2) is gone.
fn cut(armored: &[u8]) -> Vec<u8> {
    let mut rows = rows(armored);
    rows.remove(rows.len() - 3);
    rows.join("\n").into_bytes()
}

/// The lines of armor; behind the last one of data come the end and nothing.
fn rows(armored: &[u8]) -> Vec<String> {
    std::str::from_utf8(armored).unwrap().split('\n').map(str::to_owned).collect()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
