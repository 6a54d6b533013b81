//! What holds the processes in that open mail, seen from outside and from inside of real ones.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use advisory_intake::model::{Identity, Kind, Known, Limits, Origin, RawMessage, SenderRules, WorkerSettings};
use advisory_intake::ports::{Opener, OpenerError};
use advisory_intake::worker::confinement::ceiling;
use advisory_intake::worker::{InspectOptions, Pool};
use time::OffsetDateTime;

const PROGRAM: &str = env!("CARGO_BIN_EXE_advisory-intake");
const MIB: u64 = 1 << 20;
/// A folder of hostile mail, `*.eml`, that is opened besides the fixtures.
const CORPUS: &str = "ADVISORY_INTAKE_CORPUS";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn settings(limits: Limits) -> WorkerSettings {
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
        limits,
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

fn pool(limits: Limits) -> Pool {
    Pool::start(PROGRAM.into(), settings(limits), 1)
}

fn message(bytes: Vec<u8>) -> RawMessage {
    RawMessage { origin: Origin::Pipe, received: OffsetDateTime::now_utc(), size: bytes.len() as u64, bytes }
}

/// The one process that waits for a message.
async fn worker(pool: &Pool) -> u32 {
    pool.ready().await.unwrap();
    let [pid] = pool.idle()[..] else { panic!("one worker waits") };
    pid
}

/// What stands behind `name` in a file like /proc/PID/status or /proc/PID/limits.
fn line(pid: u32, file: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let rest = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {file}"));
    rest.trim_start_matches(':').split_whitespace().map(str::to_owned).collect()
}

/// Process ids of a process's children, whichever of its threads made them.
pub(super) fn children(pid: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().to_str()?.parse().ok());
    let is_child = |child: &u32| {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        // After the name, which is in parentheses: the state, and the parent.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1));
        parent == Some(&pid.to_string())
    };
    all.filter(is_child).collect()
}

fn parent(pid: u32) -> u32 {
    line(pid, "status", "PPid")[0].parse().unwrap()
}

#[tokio::test]
async fn workers_and_spawner_are_held_in_as_the_kernel_sees_it() {
    let pool = pool(Limits::default());
    let ready = pool.ready().await.unwrap();
    let worker = worker(&pool).await;
    let spawner = parent(worker);
    assert_ne!(spawner, std::process::id(), "the daemon does not make workers itself");
    for (process, confinement) in [(worker, &ready.confinement), (spawner, &ready.spawner)] {
        assert!(confinement.seccomp && confinement.landlock > 0, "{confinement:?}");
        assert_eq!(confinement.missing, [""; 0]);
        assert_eq!(line(process, "status", "Seccomp"), ["2"]);
        assert_eq!(line(process, "status", "NoNewPrivs"), ["1"]);
        assert_eq!(line(process, "limits", "Max core file size")[..2], ["0", "0"]);
    }
    // The spawner's filter, and its own.
    assert_eq!(line(worker, "status", "Seccomp_filters"), ["2"]);
    assert_eq!(line(worker, "status", "Threads"), ["1"]);
    let memory = ceiling(&Limits::default(), ready.team.len());
    assert_eq!(ready.confinement.memory, Some(memory));
    assert_eq!(line(worker, "limits", "Max data size")[..2], [memory.to_string(), memory.to_string()]);
    for limit in ["Max open files", "Max processes", "Max file size"] {
        assert_eq!(line(worker, "limits", limit)[..2], ["0", "0"], "{limit}");
    }
}

#[test]
fn from_inside_everything_is_refused() {
    let output = Command::new(PROGRAM).args(["worker", "--probe", "escapes"]).output().unwrap();
    let lines: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tried: Vec<&str> = lines.iter().filter_map(|line| line["what"].as_str()).collect();
    for what in ["read a file", "write to a file", "open a socket", "connect", "listen", "start a program"] {
        assert!(tried.contains(&what), "{what} is not tried: {tried:?}");
    }
    assert!(lines.iter().all(|line| line["refused"] == true), "{lines:?}");
}

#[test]
fn memory_beyond_the_ceiling_is_the_end_of_the_process() {
    let output = Command::new(PROGRAM).args(["worker", "--probe", "memory"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(6), "{said}");
    assert!(said.contains("worker wants more memory than it may have"), "{said}");
}

#[tokio::test]
async fn a_message_that_needs_too_much_memory_costs_its_worker_and_nothing_else() {
    let pool = pool(Limits { memory: Some(48 * MIB), ..Limits::default() });
    let large = b"From: a@b.example\r\nSubject: x\r\n\r\n".iter().copied().chain(std::iter::repeat_n(b'x', 31 << 20));
    let large = message(large.collect());
    let before = worker(&pool).await;
    for _ in 0..2 {
        let error = pool.assess(&large, &Known::default()).await.unwrap_err();
        assert!(matches!(&error, OpenerError::Died(reason) if reason.contains("signal: 6")), "{error}");
    }
    let small = message(fs::read(fixtures().join("mail/07-report-plain.eml")).unwrap());
    assert_eq!(pool.assess(&small, &Known::default()).await.unwrap().assessment.verdict.kind, Kind::Report);
    assert_ne!(worker(&pool).await, before);
}

#[tokio::test]
async fn no_mail_takes_more_than_four_times_what_may_be_decrypted() {
    let limits = Limits::default();
    let most = 4 * limits.decrypted_size;
    let pool = pool(limits).replace_after(u32::MAX);
    let mut worst = (0, String::new());
    for folder in std::iter::once(fixtures().join("mail")).chain(std::env::var_os(CORPUS).map(PathBuf::from)) {
        let mut mails: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        mails.retain(|path| path.extension().is_some_and(|ending| ending == "eml"));
        assert!(!mails.is_empty(), "{}", folder.display());
        mails.sort();
        for mail in mails {
            let begun = std::time::Instant::now();
            pool.inspect(&message(fs::read(&mail).unwrap()), &Known::default(), InspectOptions { show_text: false })
                .await
                .unwrap();
            let time = begun.elapsed();
            let [size, _] = &line(worker(&pool).await, "status", "VmHWM")[..] else { panic!("a size") };
            let peak = size.parse::<u64>().unwrap() << 10;
            println!("{:>5} ms {:>4} MiB {}", time.as_millis(), peak / MIB, mail.display());
            if peak > worst.0 {
                worst = (peak, mail.display().to_string());
            }
        }
    }
    assert!(worst.0 < most, "{} MiB for {}", worst.0 / MIB, worst.1);
}

#[tokio::test]
async fn a_key_is_read_as_nothing_else() {
    let pool = pool(Limits::default());
    pool.ready().await.unwrap();
    let fine = settings(Limits::default());
    let routing = Some(fine.secret_keys[0].clone());
    let error = pool.reload(WorkerSettings { secret_keys: vec![], routing, ..fine }).await.unwrap_err();
    assert!(matches!(&error, OpenerError::Setup(text) if text.contains("holds a secret")), "{error}");
}

#[tokio::test]
async fn a_spawner_that_is_lost_is_started_again_unless_it_was_the_last() {
    let again = pool(Limits::default());
    let last = pool(Limits::default());
    last.settle(None).unwrap();
    for (pool, comes_back) in [(&again, true), (&last, false)] {
        let spawner = parent(worker(pool).await);
        kill(spawner);
        wait_until("its workers end with it", || pool.idle().iter().all(|worker| !lives(*worker)));
        let after = match pool.ready().await {
            // The first who asks hears of it.
            Err(_) if comes_back => {
                tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
                pool.ready().await
            }
            result => result,
        };
        assert_eq!(after.is_ok(), comes_back, "{:?}", after.err());
    }
    last.orphaned().await;
}

#[test]
fn when_the_daemon_dies_its_spawner_and_workers_end() {
    let folder = tempfile::tempdir().unwrap();
    let mail = folder.path().join("mail.eml");
    // A pipe that is never closed keeps the command waiting with its worker.
    assert!(Command::new("mkfifo").arg(&mail).status().unwrap().success());
    let mut command = Command::new(PROGRAM);
    command.arg("inspect").arg(&mail).arg("--key").arg(fixtures().join("keys/intake.sec.asc"));
    let mut daemon = command.stdin(Stdio::null()).spawn().unwrap();
    let (mut spawner, mut workers) = (0, Vec::new());
    wait_until("a worker is there", || {
        spawner = children(daemon.id()).first().copied().unwrap_or_default();
        workers = if spawner == 0 { Vec::new() } else { children(spawner) };
        !workers.is_empty()
    });
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    wait_until("spawner and workers end", || !lives(spawner) && !workers.iter().any(|worker| lives(*worker)));
}

fn kill(pid: u32) {
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).stdin(Stdio::null()).status().unwrap();
    assert!(killed.success());
}

/// Whether a process runs: what nobody has waited for yet has ended all the same.
fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !done() {
        assert!(std::time::Instant::now() < end, "gave up waiting: {what}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
