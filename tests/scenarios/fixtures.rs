//! The fixtures are what their truth says: opened by the real gpg, and silent about their secrets to everybody else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use advisory_intake::model::Kind;
use mail_parser::{MessageParser, MimeHeaders, PartType};
use serde::Deserialize;

/// What `fixtures/mail/expect.jsonl` says about a mail, as far as these tests go.
#[derive(Deserialize)]
struct Truth {
    file: String,
    kind: Kind,
    encryption: String,
    failure: Option<String>,
    signature: String,
    canary: Option<String>,
}

const ARMOR: &[u8] = b"-----BEGIN PGP MESSAGE-----";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn truths() -> Vec<Truth> {
    let text = fs::read_to_string(fixtures().join("mail/expect.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn mail(name: &str) -> Vec<u8> {
    fs::read(fixtures().join("mail").join(name)).unwrap()
}

fn files(folder: &Path, ending: &str) -> BTreeSet<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(ending)).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The decoded content of every part that is no container, those of forwarded mail included.
fn leaves(bytes: &[u8]) -> Vec<Vec<u8>> {
    let message = MessageParser::default().parse(bytes).expect("a fixture that is no mail");
    let mut found = Vec::new();
    for part in &message.parts {
        match &part.body {
            PartType::Multipart(_) => {}
            PartType::Message(inner) => found.extend(leaves(inner.raw_message())),
            _ => found.push(part.contents().to_vec()),
        }
        found.extend(part.attachment_name().map(|name| name.as_bytes().to_vec()));
    }
    found
}

/// A GnuPG home with the gateway's keys and the reporters' and the team's certificates.
struct GnuPg {
    home: tempfile::TempDir,
}

impl GnuPg {
    fn of_the_gateway() -> Self {
        // Not below the target folder: the agent's socket lies in it, and its path may have 108 bytes.
        let gnupg = GnuPg { home: tempfile::Builder::new().prefix("gpg").tempdir().unwrap() };
        let keys = fixtures().join("keys");
        for (folder, ending) in [("", ".sec.asc"), ("reporters", ".asc"), ("team", ".asc")] {
            for name in files(&keys.join(folder), ending) {
                let output = gnupg.run(&["--import"], &keys.join(folder).join(&name));
                assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            }
        }
        gnupg
    }

    fn run(&self, arguments: &[&str], file: &Path) -> Output {
        let passwords = fs::read_to_string(fixtures().join("keys/passwords.txt")).unwrap();
        let right = passwords.lines().nth(1).unwrap();
        Command::new("gpg")
            .env("GNUPGHOME", self.home.path())
            .args(["--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", right, "--status-fd", "2"])
            .args(arguments)
            .arg(file)
            .output()
            .expect("gpg is needed for this test: make setup-test installs it")
    }

    /// The text of an armored message and what gpg reports about it.
    fn open(&self, armor: &[u8]) -> (Vec<u8>, String) {
        let file = self.home.path().join("message.asc");
        fs::write(&file, armor).unwrap();
        let output = self.run(&["--decrypt"], &file);
        (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Drop for GnuPg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").env("GNUPGHOME", self.home.path()).args(["--kill", "all"]).output();
    }
}

#[test]
fn every_mail_has_its_truth_and_every_kind_a_mail() {
    let truths = truths();
    let told: BTreeSet<String> = truths.iter().map(|truth| truth.file.clone()).collect();
    assert_eq!(told, files(&fixtures().join("mail"), ".eml"));
    assert_eq!(told.len(), truths.len(), "a mail with two truths");

    let kinds: BTreeSet<&str> = truths.iter().map(|truth| truth.kind.as_str()).collect();
    let all: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(kinds, all);
}

#[test]
fn canaries_are_unique_and_stand_in_no_clear_text() {
    let mut seen = BTreeMap::new();
    for truth in truths() {
        let bytes = mail(&truth.file);
        assert!(!contains(&bytes, b"CANARY"), "{}: in the clear", truth.file);
        for leaf in leaves(&bytes) {
            assert!(!contains(&leaf, b"CANARY"), "{}: in a part that only looks encrypted", truth.file);
        }
        if let Some(canary) = truth.canary {
            assert!(canary.starts_with("CANARY-") && canary.ends_with("-7f3a"), "{}: {canary}", truth.file);
            assert_eq!(seen.insert(canary, truth.file), None);
        } else {
            assert!(truth.encryption == "none" || truth.kind == Kind::Empty, "{}: nothing to look for", truth.file);
        }
    }
}

#[test]
fn gpg_opens_exactly_what_the_truth_says() {
    let gnupg = GnuPg::of_the_gateway();
    let mut opened = 0;
    for truth in truths() {
        let armor = leaves(&mail(&truth.file)).into_iter().find(|leaf| contains(leaf, ARMOR));
        let expected = truth.encryption != "none" && truth.failure.as_deref() != Some("unsupported");
        assert_eq!(armor.is_some(), expected, "{}: ciphertext", truth.file);
        let Some(armor) = armor else { continue };

        let (text, status) = gnupg.open(&armor);
        let okay = status.contains("DECRYPTION_OKAY");
        assert_eq!(okay, truth.failure.is_none(), "{}: {status}", truth.file);
        if !okay {
            continue;
        }
        opened += 1;
        let signature = match () {
            () if status.contains("] GOODSIG ") => "good",
            () if status.contains("] ERRSIG ") => "unknown-key",
            () => "none",
        };
        assert_eq!(signature, truth.signature, "{}: {status}", truth.file);
        if let Some(canary) = &truth.canary {
            let inside = leaves(&text).into_iter().chain([text.clone()]);
            assert!(inside.into_iter().any(|leaf| contains(&leaf, canary.as_bytes())), "{}: no canary", truth.file);
        }
    }
    assert!(opened >= 20, "only {opened} mails were opened");
}

#[test]
fn only_the_integrity_check_tells_the_tampered_mail_from_a_good_one() {
    let gnupg = GnuPg::of_the_gateway();
    let tampered = truths().into_iter().find(|truth| truth.failure.as_deref() == Some("tampered")).unwrap();
    let armor = leaves(&mail(&tampered.file)).into_iter().find(|leaf| contains(leaf, ARMOR)).unwrap();

    let (text, status) = gnupg.open(&armor);

    assert!(status.contains("BADMDC") && status.contains("GOODSIG"), "{status}");
    assert!(contains(&text, tampered.canary.unwrap().as_bytes()), "gpg shows the text all the same");
}
