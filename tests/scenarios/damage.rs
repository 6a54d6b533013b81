//! A state that the gateway cannot work with: it does not start, and says in one sentence what to do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::daemon::Gateway;
use crate::support::dovecot::maildir_messages;
use crate::support::world::{ADDRESS, test_keys};

fn gateway() -> Gateway {
    let configuration = format!(
        "[identity]\naddress = \"{ADDRESS}\"\n[mailbox.main]\npath = \"in\"\n[smtp]\ndeliver_to = \"out\"\n[ledger]\nfolder = \"ledger\"\n\
         {}\n[store]\npath = \"state/intake.sqlite\"\n",
        test_keys()
    );
    let gateway = Gateway::new(&configuration);
    for folder in ["state", "in", "in/new", "in/cur", "in/tmp"] {
        fs::create_dir(gateway.folder().join(folder)).unwrap();
    }
    gateway
}

/// Lets a report arrive.
fn deliver(gateway: &Gateway, number: usize) {
    let mail = format!(
        "From: <reporter{number}@halden-labs.example>\r\nTo: <{ADDRESS}>\r\nMessage-ID: <damage-{number}@halden-labs.example>\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nSubject: Collector crash {number}\r\n\r\nHello,\r\n\r\n\
         the OTLP receiver of https://github.com/open-telemetry/opentelemetry-collector v0.130.0 can be crashed by one unauthenticated request\r\n\
         that has the number {number}. CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n"
    );
    fs::write(gateway.folder().join(format!("in/new/{number}")), mail).unwrap();
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Works until nothing is left; how many advisories and mails there are then.
fn work(gateway: &Gateway) -> (usize, usize) {
    let output = gateway.run(&["run", "--once"]);
    assert!(output.status.success(), "{}", said(&output));
    let advisories = gateway.folder().join("ledger/open-telemetry/opentelemetry-collector");
    let advisories = fs::read_dir(advisories).map(|files| files.count()).unwrap_or_default();
    (advisories, maildir_messages(&gateway.folder().join("out")).len())
}

/// Runs what needs the state; it must refuse with all of `sentence`, and touch no mail.
fn refuses(gateway: &Gateway, sentence: &[&str]) {
    for command in [&["run"][..], &["run", "--once"], &["case", "list"]] {
        let output = gateway.run(command);
        let said = said(&output);
        assert!(!output.status.success(), "{command:?} works: {said}");
        for part in sentence {
            assert!(said.contains(part), "{command:?} does not say {part:?}: {said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    }
    assert_eq!(fs::read_dir(gateway.folder().join("in/new")).unwrap().count(), 1, "the new mail stays where it is");
}

#[test]
fn a_damaged_state_is_refused_and_a_backup_takes_its_place() {
    let gateway = gateway();
    deliver(&gateway, 1);
    let (advisories, mails) = work(&gateway);
    assert_eq!(advisories, 1);
    let backup = gateway.run(&["store", "backup", "backup.sqlite"]);
    assert!(backup.status.success(), "{}", said(&backup));

    let state = gateway.folder().join("state/intake.sqlite");
    let mut bytes = fs::read(&state).unwrap();
    let end = bytes.len() - 4_096;
    bytes[8_192..end].fill(0x5a);
    fs::write(&state, bytes).unwrap();
    deliver(&gateway, 2);
    refuses(&gateway, &["state/intake.sqlite is damaged", "`store restore FILE` puts a backup in its place"]);

    let restored = gateway.run(&["store", "restore", "backup.sqlite"]);
    assert!(restored.status.success() && said(&restored).contains("what was there is in"), "{}", said(&restored));
    assert_eq!(work(&gateway), (2, 2 * mails), "the first is not done again, the second is");
}

/// A folder that nothing can be written to, as long as this lives.
struct ReadOnly(PathBuf);

impl ReadOnly {
    fn make(folder: &Path) -> Self {
        let mount = |arguments: &[&str]| {
            let mounted = Command::new("mount").args(arguments).arg(folder).status().unwrap();
            assert!(mounted.success(), "{arguments:?}: run the tests as root");
        };
        mount(&["--bind", folder.to_str().unwrap()]);
        let guard = ReadOnly(folder.to_owned());
        mount(&["-o", "remount,bind,ro"]);
        guard
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_state_that_cannot_be_written_is_refused_until_it_can() {
    let gateway = gateway();
    deliver(&gateway, 1);
    let (_, mails) = work(&gateway);
    deliver(&gateway, 2);
    let read_only = ReadOnly::make(&gateway.folder().join("state"));
    refuses(&gateway, &["cannot use the store", "Read-only file system", "its folder must be writable for this user"]);
    drop(read_only);
    assert_eq!(work(&gateway), (2, 2 * mails));
}
