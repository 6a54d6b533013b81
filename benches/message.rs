//! What one 4 KB PGP/MIME message costs: bare decryption, the whole of stages 3 to 6 and 8, and one `gpg` process.
//!
//! Figures of one machine at one time mean little, so the ratios of this one run are printed at the end.

use std::fs;
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use advisory_intake::advisory;
use advisory_intake::model::{
    Action, Assessment, ComposeOrder, DraftOrder, Filed, Identity, Known, Limits, Marker, MessageFacts, MessageId,
    OpenedMessage, Origin, Outcome, OutgoingMail, RawMessage, Report, SenderRules, Verdict, WorkerSettings,
};
use advisory_intake::openpgp::Keyring;
use advisory_intake::reply::{self, Office, Templates};
use advisory_intake::triage::{self, Routing, Wording};
use advisory_intake::worker::open::open;
use criterion::{Criterion, Throughput};
use sequoia_openpgp::crypto::{KeyPair, SessionKey};
use sequoia_openpgp::packet::{PKESK, SKESK};
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::parse::stream::{DecryptionHelper, DecryptorBuilder, MessageStructure, VerificationHelper};
use sequoia_openpgp::policy::StandardPolicy;
use sequoia_openpgp::types::SymmetricAlgorithm;
use sequoia_openpgp::{Cert, KeyHandle, anyhow};
use time::OffsetDateTime;

fn main() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(8))
        .configure_from_args();
    let desk = Desk::new();
    let message = desk.message();
    let armored = armor_of(&message.bytes);
    let mut group = criterion.benchmark_group("message");
    group.throughput(Throughput::Elements(1));

    let bare = Bare::new();
    group.bench_function("bare", |b| b.iter(|| black_box(bare.open(&armored))));
    group.bench_function("open", |b| b.iter(|| black_box(desk.open(&message))));
    let opened = desk.open(&message);
    assert_eq!(opened.failure, None, "the bench must open its mail");
    let (report, verdict) = desk.read(&opened);
    group.bench_function("read-judge-draft", |b| b.iter(|| black_box(desk.read(&opened))));
    for (name, actions) in [("compose-reply", [Action::Acknowledge]), ("compose-alert", [Action::Alert])] {
        group.bench_function(name, |b| b.iter(|| black_box(desk.compose(&opened, &report, &verdict, &actions))));
    }
    group.bench_function("whole", |b| b.iter(|| black_box(desk.whole(&message))));

    let gpg = Gpg::new();
    group.sample_size(10);
    group.bench_function("gpg", |b| b.iter(|| black_box(gpg.decrypt(&armored))));
    group.finish();
    criterion.final_summary();
    print_ratios(&output);
}

/// Everything that stages 3 to 6 and 8 need, as a worker process has it.
struct Desk {
    keyring: Keyring,
    settings: WorkerSettings,
    identity: Identity,
    routing: Routing,
    templates: Templates,
    now: OffsetDateTime,
}

impl Desk {
    fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let identity = Identity {
            project: "OpenTelemetry".into(),
            address: "security-intake@otel.example".parse().unwrap(),
            name: "OpenTelemetry Security".into(),
            aliases: vec![],
            case_prefix: "OTEL-SEC".into(),
            message_id_domain: "otel.example".into(),
            policy_url: "https://otel.example/security".into(),
            certificate_url: None,
            github_owner: "open-telemetry".into(),
            fallback_repository: "open-telemetry/community".parse().unwrap(),
            show_reporter: false,
        };
        let settings = settings(&identity, "keys/intake.sec.asc");
        Desk {
            keyring: Keyring::load(&settings, now).unwrap(),
            settings,
            identity,
            routing: Routing::built_in(),
            templates: Templates::load(None).unwrap(),
            now,
        }
    }

    /// A signed and encrypted report of 4 KB.
    fn message(&self) -> RawMessage {
        let reporter = Keyring::load(&settings(&self.identity, "keys/secret/aiko.sec.asc"), self.now).unwrap();
        let mut text = String::from(
            "Content-Type: text/plain; charset=utf-8\r\n\r\nHello,\r\n\r\nthe filelog receiver of \
             github.com/open-telemetry/opentelemetry-collector-contrib v0.120.0 follows links out of its folder.\r\n\
             CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N, CWE-59. We will publish on 2027-03-01.\r\n\r\n",
        );
        while text.len() < 4_096 {
            text.push_str("It reads what the process may read, and sends it wherever the pipeline ends.\r\n");
        }
        let armored = reporter.seal(text.as_bytes(), &[self.keyring.own_certificate().unwrap()], self.now).unwrap();
        let bytes = format!(
            "From: Aiko Tanabe <aiko@tanabe-research.example>\r\nTo: <security-intake@otel.example>\r\nSubject: Filelog\r\n\
             Message-ID: <1@tanabe-research.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted;\r\n \
             protocol=\"application/pgp-encrypted\"; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: application/pgp-encrypted\r\n\r\n\
             Version: 1\r\n--x\r\nContent-Type: application/octet-stream\r\n\r\n{}\r\n--x--\r\n",
            armored.replace('\n', "\r\n")
        );
        RawMessage { origin: Origin::Pipe, received: self.now, size: bytes.len() as u64, bytes: bytes.into_bytes() }
    }

    fn open(&self, message: &RawMessage) -> OpenedMessage {
        open(message, &self.keyring, &self.settings, &Known::default(), self.now)
    }

    /// Stages 4 to 6.
    fn read(&self, opened: &OpenedMessage) -> (Report, Verdict) {
        let report = triage::extract(opened, &self.routing);
        let verdict = triage::judge(opened, &report, &self.routing, Wording::built_in(), &self.identity);
        let order = DraftOrder {
            case: "OTEL-SEC-2026-0001".parse().unwrap(),
            destination: verdict.destination.clone().unwrap(),
            facts: MessageFacts::of(opened),
            verdict: verdict.clone(),
            marker: Marker::from_random([7; 16]),
            refused: None,
            comment: false,
            same_ciphertext: Vec::new(),
            others: Default::default(),
            online: None,
        };
        black_box(advisory::draft(opened, &report, &order, &self.identity, self.now));
        (report, verdict)
    }

    /// Stage 8.
    fn compose(
        &self,
        opened: &OpenedMessage,
        report: &Report,
        verdict: &Verdict,
        actions: &[Action],
    ) -> Vec<OutgoingMail> {
        let office = Office {
            identity: &self.identity,
            templates: &self.templates,
            keyring: &self.keyring,
            without_certificate: &[],
        };
        let order = ComposeOrder {
            message: MessageId::new(1),
            case: Some("OTEL-SEC-2026-0001".parse().unwrap()),
            assessment: Some(Assessment { facts: MessageFacts::of(opened), verdict: verdict.clone() }),
            outcome: Some(Outcome::Filed(Filed {
                repository: verdict.destination.clone().unwrap(),
                ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
                url: "https://github.com/x/y/security/advisories/GHSA-2222-3333-4444".into(),
            })),
            actions: actions.to_vec(),
            refused: None,
            others: Default::default(),
            opened_late: false,
            notes: vec![],
            nonce: 1,
            now: self.now,
            received: self.now,
        };
        let mails = reply::compose(Some((opened, report)), &order, &office).unwrap();
        assert!(!mails.is_empty());
        mails
    }

    fn whole(&self, message: &RawMessage) -> Vec<OutgoingMail> {
        let opened = self.open(message);
        let (report, verdict) = self.read(&opened);
        self.compose(&opened, &report, &verdict, &[Action::Alert, Action::Acknowledge])
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn settings(identity: &Identity, secret: &str) -> WorkerSettings {
    WorkerSettings {
        identity: identity.clone(),
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![fixture(secret)],
        key_passwords: vec![],
        // Alerts go to one certificate here; each further one costs as much again.
        team_certificates: vec![fixture("keys/team/lena.asc")],
        team_addresses: vec![],
        known_certificates: vec![fixture("keys/reporters")],
        templates: None,
        routing: None,
    }
}

fn armor_of(mail: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(mail);
    let begin = text.find("-----BEGIN PGP MESSAGE-----").unwrap();
    let end = text.find("-----END PGP MESSAGE-----").unwrap() + "-----END PGP MESSAGE-----".len();
    text[begin..end].replace("\r\n", "\n").into_bytes()
}

/// Sequoia alone: decrypts and verifies, and does nothing else.
struct Bare {
    key: KeyPair,
    own: Cert,
    signer: Cert,
}

impl Bare {
    fn new() -> Self {
        let own = Cert::from_file(fixture("keys/intake.sec.asc")).unwrap();
        let policy = StandardPolicy::new();
        let key = own.keys().with_policy(&policy, None).for_transport_encryption().secret().next().unwrap();
        let key = key.key().clone().into_keypair().unwrap();
        let signer = Cert::from_file(fixture("keys/reporters/aiko.asc")).unwrap();
        Bare { key, own: own.strip_secret_key_material(), signer }
    }

    fn open(&self, ciphertext: &[u8]) -> Vec<u8> {
        let policy = StandardPolicy::new();
        let builder = DecryptorBuilder::from_bytes(ciphertext).unwrap();
        let mut decryptor = builder.with_policy(&policy, SystemTime::now(), BareHelper(self)).unwrap();
        let mut plaintext = Vec::new();
        decryptor.read_to_end(&mut plaintext).unwrap();
        plaintext
    }
}

struct BareHelper<'a>(&'a Bare);

impl VerificationHelper for BareHelper<'_> {
    fn get_certs(&mut self, _: &[KeyHandle]) -> anyhow::Result<Vec<Cert>> {
        Ok(vec![self.0.signer.clone()])
    }

    fn check(&mut self, _: MessageStructure) -> anyhow::Result<()> {
        Ok(())
    }
}

impl DecryptionHelper for BareHelper<'_> {
    fn decrypt(
        &mut self,
        recipients: &[PKESK],
        _: &[SKESK],
        algorithm: Option<SymmetricAlgorithm>,
        decrypt: &mut dyn FnMut(Option<SymmetricAlgorithm>, &SessionKey) -> bool,
    ) -> anyhow::Result<Option<Cert>> {
        let mut key = self.0.key.clone();
        for recipient in recipients {
            if let Some((algorithm, session_key)) = recipient.decrypt(&mut key, algorithm)
                && decrypt(algorithm, &session_key)
            {
                return Ok(Some(self.0.own.clone()));
            }
        }
        Err(anyhow::anyhow!("no key"))
    }
}

/// One GnuPG process a message, as a script would do it.
struct Gpg {
    home: tempfile::TempDir,
}

impl Gpg {
    fn new() -> Self {
        let gpg = Gpg { home: tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap() };
        for key in ["keys/intake.sec.asc", "keys/reporters/aiko.asc"] {
            gpg.run(&["--import"], &fs::read(fixture(key)).unwrap());
        }
        gpg
    }

    fn decrypt(&self, ciphertext: &[u8]) -> Vec<u8> {
        self.run(&["--decrypt"], ciphertext)
    }

    fn run(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .env("GNUPGHOME", self.home.path())
            .args(["--batch", "--quiet", "--trust-model", "always"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("gpg is needed for this bench: make setup-test installs it");
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        output.stdout
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").env("GNUPGHOME", self.home.path()).args(["--kill", "all"]).status();
    }
}

/// Reads criterion's own estimates, so that the ratios are those of the figures above.
fn print_ratios(output: &Path) {
    let median = |name: &str| -> Option<f64> {
        let file = output.join("message").join(name).join("new/estimates.json");
        let estimates: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    };
    let Some(bare) = median("bare") else { return };
    println!("\nmedian of a message of 4 KB, and its ratio to bare decryption (with verification) by Sequoia:");
    for name in ["bare", "open", "read-judge-draft", "compose-reply", "compose-alert", "whole", "gpg"] {
        if let Some(time) = median(name) {
            println!("  {name:<17} {:>9.1} µs  {:>6.2} ×  {:>7.0} a second", time / 1e3, time / bare, 1e9 / time);
        }
    }
}
