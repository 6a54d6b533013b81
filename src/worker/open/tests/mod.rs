mod attacks;
mod copies;
mod learning;
mod spoofing;

use std::fs;

use time::Duration;
use time::macros::datetime;

use super::*;
use crate::model::{
    Authentication, Doubt, EncryptionFormat, Identity, Limits, Origin, SenderRules, SignatureStatus, WorkerSettings,
};
use crate::openpgp::{Cert, Generated, generate};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

/// The gateway, a reporter, and somebody who listens in; each has the others' certificates.
struct People {
    settings: WorkerSettings,
    intake: Keyring,
    erin: Keyring,
    mallory: Keyring,
    mallory_key: Generated,
}

impl People {
    fn new() -> Self {
        let keys = ["intake", "erin", "mallory"].map(|name| {
            let address = format!("{name}@example.org").parse().unwrap();
            generate(name, &address, None, Duration::days(900), NOW - Duration::days(9)).unwrap()
        });
        let settings = settings();
        let [intake, erin, mallory] = [0, 1, 2].map(|own| keyring(&settings, &keys, own));
        let [_, _, mallory_key] = keys;
        People { settings, intake, erin, mallory, mallory_key }
    }

    fn us(&self) -> &Cert {
        self.intake.own_certificate().unwrap()
    }

    fn open(&self, mail: &str) -> OpenedMessage {
        let bytes = mail.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
        let raw = RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes };
        open(&raw, &self.intake, &self.settings, &Known::default(), NOW)
    }

    fn sealed(&self, by: &Keyring, text: &str) -> String {
        by.seal(text.as_bytes(), &[self.us()], NOW).unwrap()
    }
}

fn settings() -> WorkerSettings {
    let identity = Identity {
        project: "Project".into(),
        address: "intake@example.org".parse().unwrap(),
        name: "Intake".into(),
        aliases: Vec::new(),
        case_prefix: "SEC".into(),
        message_id_domain: "mail.example.org".into(),
        policy_url: String::new(),
        certificate_url: None,
        github_owner: "example".into(),
        fallback_repository: "example/triage".parse().unwrap(),
        show_reporter: false,
    };
    WorkerSettings {
        identity,
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: Vec::new(),
        key_passwords: Vec::new(),
        team_certificates: Vec::new(),
        team_addresses: Vec::new(),
        known_certificates: Vec::new(),
        templates: None,
        routing: None,
    }
}

fn keyring(settings: &WorkerSettings, keys: &[Generated], own: usize) -> Keyring {
    let folder = tempfile::tempdir().unwrap();
    let (secret, known) = (folder.path().join("own.asc"), folder.path().join("known"));
    fs::write(&secret, keys[own].secret_key.expose()).unwrap();
    fs::create_dir(&known).unwrap();
    keys.iter().enumerate().for_each(|(at, key)| fs::write(known.join(format!("{at}.asc")), &key.certificate).unwrap());
    let settings = WorkerSettings { secret_keys: vec![secret], known_certificates: vec![known], ..settings.clone() };
    Keyring::load(&settings, NOW).unwrap()
}

fn pgp_mime(from: &str, armored: &str) -> String {
    format!(
        "From: {from}@example.org\nSubject: ...\nMessage-ID: <1@example.org>\nContent-Type: multipart/encrypted; \
         protocol=\"application/pgp-encrypted\"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\nVersion: 1\n\n\
         --b\nContent-Type: application/octet-stream\n\n{armored}\n--b--\n"
    )
}

fn texts(opened: &OpenedMessage) -> Vec<String> {
    let text = |part: &Part| match &part.content {
        PartContent::Text(text) => text.expose().trim().to_owned(),
        PartContent::Attachment(file) => format!("file {}", file.name.expose()),
    };
    opened.parts.iter().map(text).collect()
}

const INNER: &str =
    "Content-Type: text/plain; protected-headers=\"v1\"\r\nSubject: Overflow\r\n\r\nThe parser overflows.\r\n";

#[test]
fn a_sealed_report_is_whole_good_and_can_be_answered_in_kind() {
    let people = People::new();
    let opened = people.open(&pgp_mime("erin", &people.sealed(&people.erin, INNER)));
    assert_eq!(texts(&opened), ["The parser overflows."]);
    assert_eq!((opened.subject.expose().as_str(), opened.subject_protected), ("Overflow", true));
    assert_eq!((opened.encryption, opened.format), (Encryption::Whole, Some(EncryptionFormat::PgpMime)));
    assert_eq!((opened.signature.status, &opened.signature.shortfall), (SignatureStatus::Good, &None));
    assert_eq!(opened.sender.authenticated, Authentication::Signature);
    assert_eq!(opened.reply_certificate.unwrap().addresses[0].as_str(), "erin@example.org");
}

#[test]
fn captured_ciphertext_in_another_mail_gives_its_sender_nothing_to_be_answered_with() {
    let people = People::new();
    let captured = people.sealed(&people.erin, "secret of erin");
    let own = people.sealed(&people.mallory, "mine");
    let around = people.sealed(&people.mallory, &format!("look:\n{captured}\n"));
    let empty = people.sealed(&people.erin, "");
    let around_nothing = people.sealed(&people.mallory, &format!("look:\n{empty}\n"));
    for mail in [pgp_mime("mallory", &around_nothing), format!("From: mallory@example.org\n\n{own}\n{empty}\n")] {
        assert_eq!(people.open(&mail).reply_certificate, None);
    }
    let cases = [
        ("sent again", pgp_mime("mallory", &captured), Some("erin@example.org")),
        ("beside an own one", format!("From: mallory@example.org\n\n{own}\n{captured}\n"), None),
        ("wrapped in an own one", pgp_mime("mallory", &around), None),
    ];
    for (name, mail, expected) in cases {
        let opened = people.open(&mail);
        assert!(texts(&opened).contains(&"secret of erin".to_owned()), "{name}");
        assert_ne!(opened.signature.status, SignatureStatus::Good, "{name}");
        let answer = opened.reply_certificate.map(|cert| cert.addresses[0].as_str().to_owned());
        assert_eq!(answer.as_deref(), expected, "{name}");
    }
}

#[test]
fn every_shape_of_ciphertext_opens_and_clear_text_beside_it_is_told() {
    let people = People::new();
    let armored = people.sealed(&people.erin, "hidden");
    let mime = people.sealed(&people.erin, INNER);
    let exchange = format!(
        "From: erin@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n--b\n\
         Content-Type: application/pgp-encrypted\n\nVersion: 1\n\n--b\nContent-Type: application/octet-stream\n\n{mime}\n--b--\n"
    );
    let file = format!(
        "From: erin@example.org\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nsee file\n--b\nContent-Type: \
         application/octet-stream; name=message.asc\n\n{armored}\n--b--\n"
    );
    let cases = [
        (exchange, EncryptionFormat::PgpMime, Encryption::Whole, SignatureStatus::Good),
        (file, EncryptionFormat::Attachment, Encryption::Partial, SignatureStatus::Partial),
        (
            format!("From: erin@example.org\n\n{armored}"),
            EncryptionFormat::Inline,
            Encryption::Whole,
            SignatureStatus::Good,
        ),
        (
            format!("From: erin@example.org\n\nhello\n{armored}\nfooter"),
            EncryptionFormat::Inline,
            Encryption::Partial,
            SignatureStatus::Partial,
        ),
        (pgp_mime("mallory", &armored), EncryptionFormat::PgpMime, Encryption::Whole, SignatureStatus::Partial),
    ];
    for (mail, format, encryption, signature) in cases {
        let opened = people.open(&mail);
        let found = (opened.format, opened.encryption, opened.signature.status, opened.failure);
        assert_eq!(found, (Some(format), encryption, signature, None), "{mail}");
    }
}

#[test]
fn what_does_not_open_says_why_and_what_is_no_ciphertext_does_not_fail() {
    let people = People::new();
    let foreign = people.intake.seal(b"x", &[people.erin.own_certificate().unwrap()], NOW).unwrap();
    let deep: String = (0..100).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let cases = [
        (pgp_mime("erin", &foreign), Some(Unreadable::NoKey), Encryption::Failed),
        (pgp_mime("erin", ""), Some(Unreadable::Malformed), Encryption::Failed),
        (deep, Some(Unreadable::TooLarge), Encryption::None),
        ("From: erin@example.org\n\nplain".to_owned(), None, Encryption::None),
        (format!("From: erin@example.org\n\n> {}", foreign.replace('\n', "\n> ")), None, Encryption::None),
        (format!("From: erin@example.org\n\n{}", crate::openpgp::armored(people.us())), None, Encryption::None),
        (String::new(), None, Encryption::None),
    ];
    for (mail, failure, encryption) in cases {
        let opened = people.open(&mail);
        assert_eq!((opened.failure, opened.encryption), (failure, encryption), "{}", mail.get(..200).unwrap_or(&mail));
        assert_eq!(opened.reply_certificate, None);
    }
}

#[test]
fn limits_hold_for_files_and_for_what_one_field_may_say() {
    let people = People::new();
    let file = |n: usize| format!("--m\nContent-Type: image/png; name={n}.png\n\nx\n");
    let many: String = (0..Limits::default().attachments + 3).map(file).collect();
    let opened =
        people.open(&format!("From: erin@example.org\nContent-Type: multipart/mixed; boundary=m\n\n{many}--m--\n"));
    assert_eq!(
        (opened.parts.len(), opened.doubts.as_slice()),
        (Limits::default().attachments, &[Doubt::TooManyFiles][..])
    );
    let long = "x".repeat(100 << 10);
    let opened = people.open(&format!("From: erin@example.org\nSubject: {long}\nX-Last: y\n\nhello"));
    assert_eq!((texts(&opened), opened.failure), (vec!["hello".to_owned()], None));
    assert!(opened.subject.expose().len() <= Limits::default().header_field);
}

#[test]
fn a_small_ciphertext_gives_no_large_text_and_no_endless_packets() {
    let people = People::new();
    let settings = |limits: Limits| WorkerSettings { limits, ..people.settings.clone() };
    let mail = |text: &str| pgp_mime("erin", &people.sealed(&people.erin, text)).into_bytes();
    let raw = |bytes: Vec<u8>| RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes };
    let long = "0".repeat(3 << 20);
    let cases = [
        (Limits::default(), long.as_str(), None),
        (Limits { compression_ratio: 1, decrypted_size: 64 << 20, ..Limits::default() }, "short", None),
        (Limits { packets: 2, ..Limits::default() }, "short", Some(Unreadable::TooLarge)),
        (Limits { decrypted_size: 1 << 20, ..Limits::default() }, long.as_str(), Some(Unreadable::TooLarge)),
    ];
    for (limits, text, expected) in cases {
        let opened = open(&raw(mail(text)), &people.intake, &settings(limits.clone()), &Known::default(), NOW);
        assert_eq!(opened.failure, expected, "{limits:?}");
    }
}
