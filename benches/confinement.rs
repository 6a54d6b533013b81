//! What being confined costs: a worker's work on one encrypted message of 4 KB, on a thread that is confined as a worker
//! is, and on one that is not. Both speak over a pair of sockets, and the ratio is printed at the end.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use advisory_intake::model::{Encryption, Identity, Known, Limits, Origin, RawMessage, SenderRules, WorkerSettings};
use advisory_intake::worker::Desk;
use advisory_intake::worker::confinement::confine_thread;
use criterion::Criterion;
use time::OffsetDateTime;

fn main() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion-confinement");
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(8))
        .configure_from_args();
    let mut group = criterion.benchmark_group("confinement");
    for (name, confined) in [("free", false), ("confined", true)] {
        let mut worker = start(confined);
        group.bench_function(name, |b| b.iter(|| ask(&mut worker)));
    }
    group.finish();
    criterion.final_summary();
    print_ratio(&output);
}

/// A thread that opens, reads and judges the message for every byte that it is sent, and answers with one.
fn start(confined: bool) -> UnixStream {
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let now = OffsetDateTime::now_utc();
    let desk = Desk::open(settings(), now).unwrap();
    let bytes = fs::read(fixture("mail/01-report-pgpmime-signed.eml")).unwrap();
    let message = RawMessage { origin: Origin::Pipe, received: now, size: bytes.len() as u64, bytes };
    std::thread::spawn(move || {
        if confined {
            confine_thread().unwrap();
        }
        let mut byte = [0];
        while theirs.read_exact(&mut byte).is_ok() {
            let assessment = desk.assess(&message, &Known::default(), now);
            assert_eq!(assessment.assessment.facts.encryption, Encryption::Whole, "the bench must open its mail");
            theirs.write_all(&byte).unwrap();
        }
    });
    ours
}

fn ask(worker: &mut UnixStream) {
    worker.write_all(&[0]).unwrap();
    worker.read_exact(&mut [0]).unwrap();
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn settings() -> WorkerSettings {
    WorkerSettings {
        identity: Identity {
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
        },
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![fixture("keys/intake.sec.asc")],
        key_passwords: vec![],
        team_certificates: vec![fixture("keys/team")],
        team_addresses: vec![],
        known_certificates: vec![fixture("keys/reporters")],
        templates: None,
        routing: None,
    }
}

/// Reads criterion's own estimates, so that the ratio is that of the figures above.
fn print_ratio(output: &Path) {
    let median = |name: &str| -> Option<f64> {
        let file = output.join("confinement").join(name).join("new/estimates.json");
        let estimates: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    };
    if let (Some(free), Some(confined)) = (median("free"), median("confined")) {
        let (more, free, confined) = ((confined / free - 1.0) * 100.0, free / 1e3, confined / 1e3);
        println!("\nopening and judging a message of 4 KB: {free:.1} µs, confined {confined:.1} µs: {more:+.1} %");
    }
}
