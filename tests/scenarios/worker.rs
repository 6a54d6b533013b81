//! Workers as the daemon has them: real processes that open real mail, die, stall, and cannot be started.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use advisory_intake::model::{
    Action, ComposeOrder, Encryption, Identity, Kind, Known, Limits, MailKind, MessageId, Origin, RawMessage,
    SenderRules, WorkerSettings,
};
use advisory_intake::ports::{Opener, OpenerError};
use advisory_intake::worker::{InspectOptions, Pool};
use time::OffsetDateTime;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn settings() -> WorkerSettings {
    let keys = fixtures().join("keys");
    WorkerSettings {
        identity: Identity {
            project: "OpenTelemetry".into(),
            address: "intake@intake.example".parse().unwrap(),
            name: "OpenTelemetry Security".into(),
            aliases: vec![],
            case_prefix: "OTEL-SEC".into(),
            message_id_domain: "intake.example".into(),
            policy_url: "https://example.org/security".into(),
            certificate_url: None,
            github_owner: "open-telemetry".into(),
            fallback_repository: "open-telemetry/sig-security".parse().unwrap(),
            show_reporter: false,
        },
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![keys.join("intake.sec.asc")],
        key_passwords: vec![],
        team_certificates: vec![keys.join("team")],
        team_addresses: vec![],
        known_certificates: vec![],
        templates: None,
        routing: None,
    }
}

fn pool(settings: WorkerSettings) -> Pool {
    Pool::start(PathBuf::from(env!("CARGO_BIN_EXE_advisory-intake")), settings, 2)
}

fn mail(name: &str) -> RawMessage {
    let bytes = fs::read(fixtures().join("mail").join(name)).unwrap();
    RawMessage { origin: Origin::Pipe, received: OffsetDateTime::now_utc(), size: bytes.len() as u64, bytes }
}

/// A program that stands in for a worker, and a file that it writes to.
fn script(folder: &Path, commands: &str) -> PathBuf {
    let path = folder.join("program");
    fs::write(&path, format!("#!/bin/sh\ncd '{}'\n{commands}\n", folder.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

#[tokio::test]
async fn a_worker_opens_judges_and_composes() {
    let pool = pool(settings());
    let ready = pool.ready().await.unwrap();
    assert!(ready.own.is_some() && ready.team.len() >= 2 && !ready.repositories.is_empty(), "{ready:?}");
    let message = mail("01-report-pgpmime-signed.eml");
    let assessment = pool.assess(&message, &Known::default()).await.unwrap().assessment;
    assert_eq!((assessment.verdict.kind, assessment.facts.encryption), (Kind::Report, Encryption::Whole));
    let order = ComposeOrder {
        message: MessageId::new(1),
        case: "OTEL-SEC-2026-0001".parse().ok(),
        assessment: Some(assessment),
        outcome: None,
        actions: vec![Action::Alert, Action::Acknowledge],
        refused: None,
        others: Default::default(),
        opened_late: false,
        notes: vec![],
        nonce: 7,
        now: OffsetDateTime::now_utc(),
        received: message.received,
    };
    let mails = pool.compose(Some(&message), &Known::default(), &order).await.unwrap();
    let kinds: Vec<MailKind> = mails.iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == MailKind::Alert).count(), ready.team.len());
    assert_eq!(kinds.last(), Some(&MailKind::Reply));
    assert!(mails.iter().all(|mail| mail.bytes.ends_with(b"--\r\n")));
}

#[tokio::test]
async fn an_outline_names_the_authors_and_the_keys_of_their_domain() {
    let signature = |domain: &str, selector: &str| {
        format!("DKIM-Signature: v=1; a=rsa-sha256; d={domain};\r\n s={selector}; h=from; bh=eA==; b=eA==\r\n")
    };
    let signatures = [("Example.org", "s1"), ("example.org", "s1"), ("org", "s1"), ("lists.example", "s1")];
    let signatures: String = signatures.iter().map(|(domain, selector)| signature(domain, selector)).collect();
    let list = "List-Post: <mailto:list@lists.example>\r\nX-Original-From: erin@example.org\r\nFrom: Erin via list <list@lists.example>\r\n";
    let cases: [(bool, &str, &[&str], &[&str]); 3] = [
        (true, "From: erin@example.org\r\n", &["erin@example.org"], &["s1._domainkey.example.org"]),
        (false, "From: erin@example.org\r\n", &["erin@example.org"], &[]),
        // What a list says of the author shows nothing, whoever signs.
        (true, list, &["erin@example.org", "list@lists.example"], &[]),
    ];
    for (dkim, from, authors, names) in cases {
        let body = format!("\r\n{}", signature("example.org", "body"));
        let bytes = [signatures.as_bytes(), from.as_bytes(), body.as_bytes(), &[b'x'; 400_000]].concat();
        let message = RawMessage { size: bytes.len() as u64, bytes, ..mail("07-report-plain.eml") };
        let sender = SenderRules { dkim, ..SenderRules::default() };
        let outline = pool(WorkerSettings { sender, ..settings() }).outline(&message).await.unwrap();
        assert_eq!(outline.authors.iter().map(|address| address.as_str()).collect::<Vec<_>>(), authors);
        assert_eq!(outline.dns.iter().map(|question| question.as_str()).collect::<Vec<_>>(), names);
    }
}

#[tokio::test]
async fn inspection_shows_the_text_only_when_asked() {
    let pool = pool(settings());
    let message = mail("01-report-pgpmime-signed.eml");
    for show_text in [false, true] {
        let (_, inspection) = pool.inspect(&message, &Known::default(), InspectOptions { show_text }).await.unwrap();
        let line = serde_json::to_value(&inspection).unwrap();
        assert_eq!(line.get("text").is_some(), show_text);
        assert_eq!((line["kind"].as_str(), line["encryption"].as_str()), (Some("report"), Some("whole")));
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_not_sent_whole() {
    let limits = Limits { message_size: 2_000, ..Limits::default() };
    let pool = pool(WorkerSettings { limits, ..settings() });
    let assessment = pool.assess(&mail("16-report-german-large.eml"), &Known::default()).await.unwrap().assessment;
    assert_eq!(assessment.verdict.kind, Kind::Unreadable);
}

#[tokio::test]
async fn a_worker_that_runs_over_its_time_is_lost_and_the_next_message_finds_another() {
    let limits = Limits { seconds: 0, ..Limits::default() };
    let pool = pool(WorkerSettings { limits, ..settings() });
    let message = mail("07-report-plain.eml");
    assert!(matches!(pool.assess(&message, &Known::default()).await, Err(OpenerError::Died(_))));
    pool.reload(settings()).await.unwrap();
    assert_eq!(pool.assess(&message, &Known::default()).await.unwrap().assessment.verdict.kind, Kind::Report);
}

#[tokio::test]
async fn workers_are_replaced_after_their_messages_and_when_they_are_killed() {
    let pool = pool(settings()).replace_after(2);
    let message = mail("07-report-plain.eml");
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..4 {
        pool.assess(&message, &Known::default()).await.unwrap();
        seen.extend(pool.idle());
    }
    assert_eq!(seen.len(), 2, "the first and the third message leave a worker waiting: {seen:?}");
    pool.ready().await.unwrap();
    let [waiting] = pool.idle()[..] else { panic!("one worker waits") };
    assert!(std::process::Command::new("kill").args(["-9", &waiting.to_string()]).status().unwrap().success());
    while fs::read_to_string(format!("/proc/{waiting}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let known = Known::default();
    let together = futures::future::join_all((0..6).map(|_| pool.assess(&message, &known))).await;
    assert!(together.iter().all(Result::is_ok), "a dead worker is no message's fault: {together:?}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_told_in_a_sentence_and_not_tried_in_a_loop() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("nowhere.asc");
    let bad_keys = WorkerSettings { secret_keys: vec![missing.clone()], ..settings() };
    let error = pool(bad_keys).assess(&mail("07-report-plain.eml"), &Known::default()).await.unwrap_err();
    assert!(matches!(&error, OpenerError::Setup(text) if text.contains("nowhere.asc")), "{error}");

    let program = script(folder.path(), "echo started >>count; exit 3");
    let pool = Pool::start(program, settings(), 1);
    let begun = Instant::now();
    for _ in 0..5 {
        let error = pool.ready().await.unwrap_err();
        assert!(matches!(&error, OpenerError::Setup(text) if text.contains("exit status: 3")), "{error}");
    }
    let starts = fs::read_to_string(folder.path().join("count")).unwrap().lines().count();
    assert!(starts == 1 || begun.elapsed() > Duration::from_secs(1), "{starts} starts");

    let error = Pool::start(folder.path().join("no-program"), settings(), 1).ready().await.unwrap_err();
    assert!(matches!(&error, OpenerError::Setup(text) if text.contains("no-program")), "{error}");
}

#[tokio::test]
async fn whoever_reads_the_keys_takes_nothing_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let program = script(folder.path(), "/usr/bin/env >environment");
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some() || std::env::var_os("PATH").is_some());
    assert!(Pool::start(program, settings(), 1).ready().await.is_err());
    let environment = fs::read_to_string(folder.path().join("environment")).unwrap();
    let names: Vec<&str> = environment.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    // The shell that runs the script adds the last ones.
    for name in names {
        assert!(["RUST_BACKTRACE", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name), "{name}");
    }
}

#[test]
fn workers_and_spawners_started_by_hand_say_what_to_do() {
    for command in ["worker", "spawner"] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_advisory-intake"))
            .arg(command)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("started by the daemon and not by hand"), "{command}");
    }
}
