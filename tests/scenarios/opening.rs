//! Mail by real programs, opened as the gateway opens it.

use std::fs;
use std::path::{Path, PathBuf};

use advisory_intake::model::{
    Encryption, EncryptionFormat, Identity, Known, Limits, OpenedMessage, Origin, PartContent, RawMessage, SenderRules,
    SignatureStatus, Unreadable, WorkerSettings,
};
use advisory_intake::openpgp::Keyring;
use advisory_intake::worker::open::open;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::support::gnupg::GnuPg;

/// What `fixtures/mail/expect.jsonl` says about how a mail was protected.
#[derive(Debug, PartialEq, Deserialize)]
struct Truth {
    file: String,
    encryption: Encryption,
    encryption_format: Option<EncryptionFormat>,
    failure: Option<Unreadable>,
    signature: SignatureStatus,
    #[serde(default)]
    canary: Option<String>,
}

pub(super) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

pub(super) fn settings(secret_keys: Vec<PathBuf>) -> WorkerSettings {
    let keys = fixtures().join("keys");
    let identity = Identity {
        project: "OpenTelemetry".into(),
        address: "security-intake@otel.example".parse().unwrap(),
        name: "OpenTelemetry Security".into(),
        aliases: vec!["security@opentelemetry.io".parse().unwrap()],
        case_prefix: "OTEL-SEC".into(),
        message_id_domain: "otel.example".into(),
        policy_url: "https://example.org/security".into(),
        certificate_url: None,
        github_owner: "open-telemetry".into(),
        fallback_repository: "open-telemetry/sig-security".parse().unwrap(),
        show_reporter: false,
    };
    WorkerSettings {
        identity,
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys,
        key_passwords: vec![keys.join("passwords.txt")],
        team_certificates: vec![keys.join("team")],
        team_addresses: vec![],
        known_certificates: vec![keys.join("reporters")],
        templates: None,
        routing: None,
    }
}

pub(super) fn opened(mail: Vec<u8>, settings: &WorkerSettings, keyring: &Keyring) -> OpenedMessage {
    let now = OffsetDateTime::now_utc();
    let raw = RawMessage { origin: Origin::Pipe, received: now, size: mail.len() as u64, bytes: mail };
    open(&raw, keyring, settings, &Known::default(), now)
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(fixtures().join("mail").join(name)).unwrap()
}

/// All that a reader sees.
pub(super) fn shown(opened: &OpenedMessage) -> String {
    let mut all = opened.subject.expose().clone();
    for part in &opened.parts {
        match &part.content {
            PartContent::Text(text) => all.push_str(text.expose()),
            PartContent::Attachment(file) => all.push_str(&String::from_utf8_lossy(file.bytes.expose())),
        }
    }
    all
}

#[test]
fn every_fixture_is_protected_as_its_truth_says() {
    let keys = fixtures().join("keys");
    let own = ["intake", "intake-2023", "intake-locked"].map(|name| keys.join(format!("{name}.sec.asc")));
    let settings = settings(own.to_vec());
    let keyring = Keyring::load(&settings, OffsetDateTime::now_utc()).unwrap();
    let truths = fs::read_to_string(fixtures().join("mail/expect.jsonl")).unwrap();
    let mut wrong = Vec::new();
    for truth in truths.lines().map(|line| serde_json::from_str::<Truth>(line).unwrap()) {
        let opened = opened(fixture(&truth.file), &settings, &keyring);
        let found = Truth {
            file: truth.file.clone(),
            encryption: opened.encryption,
            encryption_format: opened.format,
            failure: opened.failure,
            signature: opened.signature.status,
            canary: truth.canary.clone().filter(|canary| shown(&opened).contains(canary)),
        };
        let readable = truth.failure.is_none();
        if found != (Truth { canary: truth.canary.clone().filter(|_| readable), ..truth }) {
            wrong.push((found, opened.signature.shortfall));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn keys_whose_primary_part_is_a_stub_open_mail() {
    let folder = tempfile::tempdir().unwrap();
    let gnupg = GnuPg::with_keys(&[fixtures().join("keys/intake-2023.sec.asc")]);
    let stub = folder.path().join("stub.asc");
    fs::write(&stub, gnupg.export_secret_subkeys("intake-2023@otel.example")).unwrap();
    let settings = settings(vec![stub]);
    let keyring = Keyring::load(&settings, OffsetDateTime::now_utc()).unwrap();
    assert!(keyring.own_certificate().is_none(), "a stub cannot sign");
    let opened = opened(fixture("09-report-retired-key.eml"), &settings, &keyring);
    assert_eq!((opened.encryption, opened.failure), (Encryption::Whole, None));
}
