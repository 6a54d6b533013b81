//! The process with the network: what it can still do with files once it works, above all that it cannot read the keys.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::daemon::{Gateway, signal, wait_for};

const MAIL: &str = "01-report-pgpmime-signed.eml";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// A gateway whose secret key is in `keys` of its folder, beside the configuration; its state is in `state`.
fn gateway(keys: &str) -> Gateway {
    let fixtures = fixtures().join("keys");
    let shown = fixtures.display();
    let gateway = Gateway::new(&format!(
        r#"
[identity]
address = "security-intake@otel.example"
[mailbox.main]
path = "mail"
[smtp]
deliver_to = "out"
[ledger]
folder = "ledger"
[keys]
secret = [{{ file = "{keys}/intake.sec.asc" }}]
team = ["{shown}/team"]
known = ["{shown}/reporters"]
[store]
path = "state/intake.sqlite"
"#
    ));
    for folder in ["mail/new", "mail/cur", "mail/tmp", keys] {
        fs::create_dir_all(gateway.folder().join(folder)).unwrap();
    }
    gateway.put(&format!("{keys}/intake.sec.asc"), &fs::read(fixtures.join("intake.sec.asc")).unwrap());
    gateway
}

/// Hands a mail to the running daemon and waits until it is filed.
fn file(gateway: &Gateway, name: &str) {
    let folder = gateway.folder().join("mail");
    fs::copy(fixtures().join("mail").join(MAIL), folder.join("tmp").join(name)).unwrap();
    fs::rename(folder.join("tmp").join(name), folder.join("new").join(name)).unwrap();
    let filed = |name: &str| wait_for(gateway, name, || names(&folder.join(".Processed/cur")).pop());
    assert!(filed(name).contains(name));
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn logged(gateway: &Gateway, line: &str) -> String {
    let find = || gateway.log().lines().find(|logged| logged.contains(line)).map(str::to_owned);
    wait_for(gateway, line, find)
}

/// What `check` says about `subject`.
fn finding(gateway: &Gateway, subject: &str) -> Value {
    let output = gateway.run(&["check", "--offline", "--format", "json"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    let found = lines.lines().map(|line| serde_json::from_str(line).unwrap()).find(|f: &Value| f["subject"] == subject);
    found.unwrap_or_else(|| panic!("nothing about {subject} in: {lines}"))
}

#[test]
fn the_daemon_opens_files_and_reloads_without_being_able_to_read_its_key() {
    let mut gateway = gateway("keys");
    gateway.start();
    assert!(logged(&gateway, "daemon is confined").contains("landlock="));
    let worker = logged(&gateway, "worker is confined");
    assert!(worker.contains("landlock=") && worker.contains("seccomp=true") && worker.contains("memory="), "{worker}");
    file(&gateway, "first");

    // A configuration is replaced, as editors do it, and not written to.
    let configuration = gateway.folder().join("gateway.toml");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(gateway.folder().join("new.toml"), format!("{text}[replies]\nper_day = 9\n")).unwrap();
    fs::rename(gateway.folder().join("new.toml"), &configuration).unwrap();
    signal(gateway.pid(), "HUP");
    logged(&gateway, "templates are read again");
    logged(&gateway, "count after a restart");
    assert_eq!(gateway.stop(), Some(0));
    let log = gateway.log();
    assert!(!log.contains("daemon can read a secret key"), "{log}");
    assert!(!log.contains("Permission denied"), "{log}");
}

#[test]
fn a_key_in_a_folder_that_the_daemon_writes_is_told() {
    let mut careless = gateway("state/keys");
    let said = finding(&careless, "daemon");
    assert_eq!(said["level"], "warning", "{said}");
    assert!(said["message"].as_str().unwrap().contains("state/keys/intake.sec.asc: put keys"), "{said}");
    careless.start();
    assert!(logged(&careless, "daemon can read a secret key").contains("state/keys/intake.sec.asc"));
    logged(&careless, "gateway is ready");
    assert_eq!(careless.stop(), Some(0));
}

#[test]
fn check_says_what_holds_the_processes_in() {
    let gateway = gateway("keys");
    for (subject, words) in [
        ("daemon", ["cannot read the secret keys", "Landlock "]),
        ("workers", ["no network, files or processes", "MiB of memory"]),
    ] {
        let said = finding(&gateway, subject);
        assert_eq!(said["level"], "good", "{said}");
        assert!(words.iter().all(|word| said["message"].as_str().unwrap().contains(word)), "{said}");
    }
}

#[test]
fn a_daemon_that_lost_its_spawner_ends_to_be_started_again() {
    let mut gateway = gateway("keys");
    gateway.start();
    logged(&gateway, "gateway is ready");
    let [spawner] = crate::scenarios::confinement::children(gateway.pid())[..] else { panic!("one child") };
    signal(spawner, "KILL");
    let folder = gateway.folder().join("mail");
    fs::copy(fixtures().join("mail").join(MAIL), folder.join("new/mail")).unwrap();
    assert_eq!(gateway.wait(), Some(1));
    assert!(gateway.log().contains("the process that starts workers has ended"), "{}", gateway.log());
}
