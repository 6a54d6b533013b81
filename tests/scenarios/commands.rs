//! The program as people and scripts use it: the real binary, its exit codes, and what it says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_wrong_configuration_gives_one_sentence_and_exit_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("intake.toml");
    let cases = [
        ("[smtp]\nhots = \"x\"\n", "intake.toml:2: unknown key \"hots\" in smtp: did you mean \"host\"?"),
        ("[smtp]\nport = \"x\"\n", "intake.toml:2: smtp.port: "),
        ("[identity\n", "intake.toml:1: "),
    ];
    for (text, expected) in cases {
        fs::write(&config, text).unwrap();
        for command in [&["run", "--once"][..], &["check"], &["case", "list"], &["key", "list"], &["inspect", "-"]] {
            let output = intake(command).arg("--config").arg(&config).stdin(Stdio::null()).output().unwrap();
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{command:?}: {said}");
            assert!(said.contains(expected), "{command:?}: {said}");
            assert_eq!(said.trim_end().lines().count(), 1, "{command:?}: {said}");
        }
    }
    let output = intake(&["run", "--config", "/does/not/exist"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no such file"), "{}", stderr(&output));
}

#[test]
fn inspect_prints_a_line_for_every_mail_and_exits_with_0() {
    let mails = fixtures().join("mail");
    let output = intake(&["inspect", "--format", "json", "--key"])
        .arg(fixtures().join("keys/intake.sec.asc"))
        .arg("--cert")
        .arg(fixtures().join("keys/reporters"))
        .arg(&mails)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut expected: Vec<String> = fs::read_dir(&mails)
        .unwrap()
        .map(|entry| entry.unwrap().path().display().to_string())
        .filter(|path| path.ends_with(".eml"))
        .collect();
    expected.sort();
    let files: Vec<&str> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
    assert_eq!(files, expected);
    let first = &lines[0];
    assert_eq!((first["kind"].as_str(), first["encryption"].as_str()), (Some("report"), Some("whole")), "{first}");
    assert!(first["actions"].as_array().unwrap().contains(&"file".into()), "{first}");
    assert!(lines.iter().all(|line| line.get("text").is_none()), "text is shown only when asked for");
}

#[test]
fn inspect_reads_standard_input_and_shows_odd_mail_as_it_is() {
    let odd: [&[u8]; 4] =
        [b"", b"\0\0\0", b"Content-Type: multipart/mixed; boundary=x\n\n--x", b"From: \xff\xfe\n\n\x1b]0;t\x07"];
    for mail in odd {
        for format in ["json", "text"] {
            let output = fed(intake(&["inspect", "--format", format, "-"]), mail);
            assert_eq!(output.status.code(), Some(0), "{mail:?}: {}", stderr(&output));
            assert!(!output.stdout.contains(&0x1b), "{mail:?}");
        }
    }
    let output = intake(&["inspect", "/does/not/exist.eml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_demo_takes_every_mail_to_its_end() {
    let output = intake(&["demo", "--format", "json", "--fixtures"]).arg(fixtures()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let rows: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mails = fs::read_dir(fixtures().join("mail")).unwrap();
    let mails = mails.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "eml")).count();
    assert_eq!(rows.len(), mails);
    let row =
        |mail: &str| rows.iter().find(|row| row["mail"].as_str().is_some_and(|name| name.starts_with(mail))).unwrap();
    for row in &rows {
        assert!(!row["outcome"].as_str().unwrap().starts_with("waits for"), "{row}");
        assert_ne!(row["because"], "-", "{row}");
    }
    assert!(
        rows.iter()
            .any(|row| row["disclosure"] == "public" && row["alert"].as_str().unwrap().contains("3 urgent alerts"))
    );
    assert!(row("01-")["advisory"].as_str().unwrap().starts_with("ledger/open-telemetry/opentelemetry-collector/"));
    // Both name the case that their author's first mail has in every run.
    for (follow_up, report) in [("28-", "01-"), ("29-", "07-")] {
        let (follow_up, report) = (row(follow_up), row(report));
        assert_eq!((&follow_up["outcome"], &follow_up["advisory"]), (&"commented".into(), &report["advisory"]));
    }
}

#[test]
fn the_daemon_tells_the_service_manager_reloads_and_stops_in_good_order() {
    let gateway = Gateway::new();
    let socket = gateway.folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut daemon = Daemon::start(&gateway, &socket);
    await_state(&manager, "READY=1");
    await_state(&manager, "WATCHDOG=1");

    fs::write(gateway.folder.path().join("routing.toml"), "this is no routing table").unwrap();
    daemon.signal("HUP");
    await_state(&manager, "RELOADING=1");
    await_state(&manager, "READY=1");

    // The old routing table is still in use: mail goes on being worked on.
    gateway.deliver("07-report-plain.eml");
    gateway.await_outcome("filed");
    let shown = gateway.command(&["case", "show", "m1"]);
    assert!(stdout(&shown).contains("kind      report"), "{}", stdout(&shown));

    daemon.signal("TERM");
    await_state(&manager, "STOPPING=1");
    let log = daemon.ended(0);
    assert!(log.contains("nothing was read again"), "{log}");
}

#[test]
fn the_state_is_copied_while_the_daemon_works_and_goes_back_once_it_is_stopped() {
    let gateway = Gateway::new();
    let socket = gateway.folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut daemon = Daemon::start(&gateway, &socket);
    await_state(&manager, "READY=1");
    gateway.deliver("07-report-plain.eml");
    gateway.await_outcome("filed");
    let backup = gateway.folder.path().join("backup.sqlite");
    let file = backup.to_str().unwrap();
    let copied = gateway.command(&["store", "backup", file]);
    assert_eq!(copied.status.code(), Some(0), "{}", stderr(&copied));
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
    let again = gateway.command(&["store", "backup", file]);
    assert!(again.status.code() == Some(2) && stderr(&again).contains("name a new file"), "{}", stderr(&again));
    let refused = gateway.command(&["store", "restore", file]);
    assert!(refused.status.code() == Some(2) && stderr(&refused).contains("stop it first"), "{}", stderr(&refused));
    let verified: Value =
        serde_json::from_slice(&gateway.command(&["case", "verify", "--format", "json"]).stdout).unwrap();
    assert_eq!((&verified["links"], &verified["broken"]), (&1.into(), &Value::Null));
    let last = verified["last"].as_str().unwrap().to_owned();
    daemon.signal("TERM");
    daemon.ended(0);

    let restored = gateway.command(&["store", "restore", file]);
    assert_eq!(restored.status.code(), Some(0), "{}", stderr(&restored));
    assert!(stdout(&restored).contains("what was there is in "), "{}", stdout(&restored));
    let verified = gateway.command(&["case", "verify", "--since", &last]);
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    assert!(stdout(&verified).contains("1 outcomes, none removed or changed"), "{}", stdout(&verified));
    let other = format!("1:{}", "0".repeat(64));
    let broken = gateway.command(&["case", "verify", "--since", &other]);
    assert!(broken.status.code() == Some(2) && stderr(&broken).contains("link 1 is broken"), "{}", stderr(&broken));

    let config = fs::read_to_string(gateway.folder.path().join("intake.toml")).unwrap();
    let place = "url = \"postgres://intake@127.0.0.1:1/intake\"";
    let other = gateway.folder.path().join("database.toml");
    fs::write(&other, config.replace("path = \"state/intake.sqlite\"", place)).unwrap();
    let database = intake(&["store", "backup", "copy", "--config"]).arg(&other).output().unwrap();
    assert!(database.status.code() == Some(2) && stderr(&database).contains("pg_dump"), "{}", stderr(&database));
}

#[test]
fn a_message_from_a_pipe_is_recorded_and_what_is_held_is_sent_on_its_way() {
    let gateway = Gateway::new();
    let piped = |mail: &str| {
        let command = gateway.intake(&["process", "-", "--format", "json"]);
        let output = fed(command, &fs::read(fixtures().join("mail").join(mail)).unwrap());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let held = piped("29-follow-up-plain.eml");
    assert!(held["state"]["outcome"]["held"].is_string(), "{held}");
    let list = stdout(&gateway.command(&["case", "list", "--held"]));
    assert!(list.contains("m1") && list.contains("not known here"), "{list}");

    let shown: Value =
        serde_json::from_slice(&gateway.command(&["case", "show", "m1", "--format", "json"]).stdout).unwrap();
    let times = ["/received", "/recorded", "/since", "/due", "/assessment/facts/date", "/history/steps/0/at"];
    for time in times {
        let written = shown.pointer(time).and_then(Value::as_str).unwrap_or_else(|| panic!("{time}: {shown}"));
        assert!(written.starts_with("20") && written.ends_with('Z'), "{time}: {written}");
    }

    let refused = gateway.command(&["case", "hold", "m1"]);
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    let released =
        gateway.command(&["case", "release", "m1", "--repository", "open-telemetry/opentelemetry-collector"]);
    assert_eq!(released.status.code(), Some(0), "{}", stderr(&released));
    assert_eq!(gateway.command(&["run", "--once"]).status.code(), Some(0));
    let shown = stdout(&gateway.command(&["case", "show", "m1"]));
    assert!(shown.contains("filed") && shown.contains("opentelemetry-collector"), "{shown}");
    let unknown = gateway.command(&["case", "show", "m99"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn check_says_what_is_missing_and_its_exit_code_says_how_bad_it_is() {
    let gateway = Gateway::new();
    let offline = gateway.command(&["check", "--offline", "--format", "json"]);
    let findings: Vec<Value> = stdout(&offline).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let level = |subject: &str, level: &str| findings.iter().any(|f| f["subject"] == subject && f["level"] == level);
    assert!(level("configuration", "good") && level("keys", "good") && level("routing", "good"), "{findings:#?}");
    // One certificate of the team has expired.
    assert!(level("team", "warning"), "{findings:#?}");
    assert_eq!(offline.status.code(), Some(1), "{}", stdout(&offline));

    let with_key = |key: &str| {
        let mut command = gateway.intake(&["check", "--offline"]);
        command.env("INTAKE__KEYS__SECRET", format!("file:{key}")).output().unwrap()
    };
    let missing = with_key("/does/not/exist");
    assert_eq!(missing.status.code(), Some(2), "{}", stdout(&missing));
    assert!(stdout(&missing).contains("/does/not/exist"), "{}", stdout(&missing));
}

#[test]
fn only_check_and_run_warn_of_what_the_configuration_leaves_open() {
    let gateway = Gateway::new();
    let key = gateway.folder.path().join("intake.sec.asc");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    for (command, warns) in [
        (&["check", "--offline"][..], true),
        (&["run", "--once"], true),
        (&["case", "list"], false),
        (&["key", "list"], false),
    ] {
        let output = gateway.command(command);
        let said = stdout(&output) + &stderr(&output);
        assert_eq!(said.contains("is open to every user"), warns, "{command:?}: {said}");
    }
}

/// A gateway with a configuration of its own: a Maildir in and out, a folder of advisories, the test keys.
struct Gateway {
    folder: TempDir,
}

impl Gateway {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = fixtures().join("keys");
        let (keys, reporters) = (keys.display(), keys.join("reporters").display().to_string());
        let config = format!(
            r#"
[identity]
address = "security-intake@otel.example"
aliases = ["security@opentelemetry.io"]
[mailbox.main]
path = "mail"
[smtp]
deliver_to = "out"
[ledger]
folder = "ledger"
[keys]
secret = [{{ file = "intake.sec.asc" }}]
team = ["{keys}/team"]
known = ["{reporters}"]
[routing]
file = "routing.toml"
[store]
path = "state/intake.sqlite"
"#
        );
        fs::write(folder.path().join("intake.toml"), config).unwrap();
        let key = folder.path().join("intake.sec.asc");
        fs::copy(fixtures().join("keys/intake.sec.asc"), &key).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let routing = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/routing.toml");
        fs::copy(routing, folder.path().join("routing.toml")).unwrap();
        for name in ["new", "cur", "tmp"] {
            fs::create_dir_all(folder.path().join("mail").join(name)).unwrap();
        }
        Gateway { folder }
    }

    fn intake(&self, arguments: &[&str]) -> Command {
        let mut command = intake(arguments);
        command.arg("--config").arg(self.folder.path().join("intake.toml")).current_dir(self.folder.path());
        command
    }

    fn command(&self, arguments: &[&str]) -> Output {
        self.intake(arguments).output().unwrap()
    }

    fn deliver(&self, mail: &str) {
        let tmp = self.folder.path().join("mail/tmp").join(mail);
        fs::copy(fixtures().join("mail").join(mail), &tmp).unwrap();
        fs::rename(tmp, self.folder.path().join("mail/new").join(mail)).unwrap();
    }

    fn await_outcome(&self, outcome: &str) {
        let begin = Instant::now();
        loop {
            let list = stdout(&self.command(&["case", "list", "--format", "json"]));
            let done = list.lines().any(|line| {
                let record: Value = serde_json::from_str(line).unwrap();
                record["state"]["waits-for"] == "nothing" && record["state"]["outcome"].get(outcome).is_some()
            });
            if done {
                return;
            }
            assert!(begin.elapsed() < PATIENCE, "no message is {outcome}: {list}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

/// The daemon, stopped when the test ends however it ends.
struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    fn start(gateway: &Gateway, notify: &Path) -> Self {
        let log = gateway.folder.path().join("log");
        let child = gateway
            .intake(&["run"])
            .env("NOTIFY_SOCKET", notify)
            .env("WATCHDOG_USEC", "2000000")
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Daemon { child, log }
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(status.success());
    }

    fn ended(&mut self, code: i32) -> String {
        let begin = Instant::now();
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if begin.elapsed() > PATIENCE => panic!("the daemon does not stop"),
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        };
        let log = fs::read_to_string(&self.log).unwrap();
        assert_eq!(status.code(), Some(code), "{log}");
        log
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It has ended already when the test went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the daemon's messages to the service manager until one has `state`.
fn await_state(manager: &UnixDatagram, state: &str) {
    let begin = Instant::now();
    let mut seen = Vec::new();
    while begin.elapsed() < PATIENCE {
        let mut buffer = [0; 4096];
        let length = manager.recv(&mut buffer).unwrap_or_else(|error| panic!("no {state}: {error}; seen {seen:?}"));
        let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
        if message.lines().any(|line| line == state) {
            return;
        }
        seen.push(message);
    }
    panic!("no {state}; seen {seen:?}");
}

fn intake(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_advisory-intake"));
    command.args(arguments).env_remove("INTAKE_CONFIG").env_remove("NOTIFY_SOCKET");
    command
}

fn fed(mut command: Command, input: &[u8]) -> Output {
    use std::io::Write;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
