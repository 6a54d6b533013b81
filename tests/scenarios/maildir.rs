//! A Maildir on both ends: mail in, mail out.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use advisory_intake::case::Folder;
use advisory_intake::maildir::{Maildir, Settings};
use advisory_intake::model::{FolderNames, MailKind, OutgoingMail, RawMessage};
use advisory_intake::ports::{Level, MailSender, MailSource};
use advisory_intake::smtp::MaildirOut;

use crate::support::dovecot::maildir_messages;

fn settings(folder: &Path) -> Settings {
    Settings {
        name: "local".into(),
        folder: folder.to_owned(),
        folders: FolderNames::default(),
        message_size: 1_000,
        poll: Duration::from_millis(20),
        rescan: Duration::from_secs(600),
    }
}

/// Puts a file into `new` that came `age` seconds ago.
fn put(folder: &Path, name: &str, age: u64, bytes: &[u8]) {
    for part in ["tmp", "new", "cur"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    let path = folder.join("new").join(name);
    fs::write(&path, bytes).unwrap();
    let modified = SystemTime::now() - Duration::from_secs(age);
    fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

fn texts(messages: &[RawMessage]) -> Vec<String> {
    messages.iter().map(|message| String::from_utf8_lossy(&message.bytes).into_owned()).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn files_come_once_a_run_oldest_first_and_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    put(path, "b", 30, b"second\n\n");
    put(path, "a", 20, b"third\n\n");
    put(path, "c", 40, b"first\n\n");
    put(path, ".hidden", 50, b"no message");
    let maildir = Maildir::new(settings(path));
    assert_eq!(texts(&maildir.fetch(None, 16).await.unwrap().messages), ["first\n\n", "second\n\n"]);
    assert_eq!(names(&path.join("new")), [".hidden", "a", "b", "c"], "marked before it was recorded");
    assert_eq!(texts(&maildir.fetch(None, 1).await.unwrap().messages), ["third\n\n"], "one comes whatever the budget");
    assert_eq!(maildir.fetch(None, 16).await.unwrap().messages, []);
    assert_eq!(names(&path.join("cur")), ["a:2,", "b:2,", "c:2,"]);
    // The names stay the same, so the store passes over what it has.
    let again = Maildir::new(settings(path)).fetch(None, 1 << 20).await.unwrap();
    assert_eq!(texts(&again.messages), ["first\n\n", "second\n\n", "third\n\n"]);
}

#[tokio::test]
async fn a_mail_program_that_moves_files_takes_none_away() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a", 1, b"x\n\n");
    fs::rename(folder.path().join("new/a"), folder.path().join("cur/a:2,S")).unwrap();
    let maildir = Maildir::new(settings(folder.path()));
    let batch = maildir.fetch(None, 1 << 20).await.unwrap();
    assert_eq!(texts(&batch.messages), ["x\n\n"]);
    maildir.settle(&batch.messages[0].origin, Folder::Processed).await.unwrap();
    assert_eq!(names(&folder.path().join(".Processed/cur")), ["a:2,S"]);
}

#[tokio::test]
async fn outcomes_have_folders_and_a_missing_file_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["a", "b", "c"] {
        put(path, name, 1, name.as_bytes());
    }
    let maildir = Maildir::new(settings(path));
    let batch = maildir.fetch(None, 1 << 20).await.unwrap();
    for (message, to) in batch.messages.iter().zip([Folder::Processed, Folder::Held, Folder::Ignored]) {
        for _ in 0..2 {
            maildir.settle(&message.origin, to).await.unwrap();
        }
    }
    for (name, to) in [("a", ".Processed"), ("b", ".Held"), ("c", ".Ignored")] {
        assert_eq!(maildir_messages(&path.join(to)), [name.as_bytes()], "{to}");
    }
    assert_eq!(maildir_messages(path), [[0_u8; 0]; 0]);
}

#[tokio::test]
async fn over_the_limit_only_the_header_section_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let large = [b"A: b\r\n\r\n".as_slice(), &[b'x'; 2_000]].concat();
    put(folder.path(), "a", 2, &large);
    put(folder.path(), "b", 1, &[b'y'; 2_000]);
    let batch = Maildir::new(settings(folder.path())).fetch(None, 1 << 20).await.unwrap();
    let found: Vec<_> = batch.messages.iter().map(|m| (m.bytes.as_slice(), m.size, m.is_truncated())).collect();
    let expected: [(&[u8], u64, bool); 2] = [(b"A: b\r\n\r\n", large.len() as u64, true), (b"", 2_000, true)];
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_new_file_ends_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let maildir = Maildir::new(settings(folder.path()));
    let deliver = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        put(folder.path(), "a", 1, b"x\n\n");
    };
    let waited = async { tokio::time::timeout(Duration::from_secs(5), maildir.wait()).await.unwrap().unwrap() };
    tokio::join!(waited, deliver);
    assert_eq!(maildir.fetch(None, 1).await.unwrap().messages.len(), 1);
}

#[tokio::test]
async fn a_mail_sent_twice_is_delivered_once() {
    let folder = tempfile::tempdir().unwrap();
    let out = MaildirOut::new(folder.path());
    let mail = |id: &str| OutgoingMail {
        kind: MailKind::Reply,
        message_id: id.parse().unwrap(),
        envelope_from: None,
        envelope_to: "erin@example.org".parse().unwrap(),
        bytes: format!("Message-ID: <{id}>\r\n\r\n").into_bytes(),
    };
    assert!(out.check().await.iter().all(|finding| finding.level == Level::Good));
    out.send(&mail("a@x")).await.unwrap();
    out.send(&mail("a@x")).await.unwrap();
    let name = names(&folder.path().join("new")).remove(0);
    fs::rename(folder.path().join("new").join(&name), folder.path().join("cur").join(format!("{name}:2,S"))).unwrap();
    out.send(&mail("a@x")).await.unwrap();
    out.send(&mail("b@x")).await.unwrap();
    let found = maildir_messages(folder.path());
    assert_eq!(found.len(), 2);
    assert!(found.contains(&mail("a@x").bytes) && found.contains(&mail("b@x").bytes));
    assert_eq!(names(&folder.path().join("tmp")), [""; 0]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Maildir::new(settings(&file)).fetch(None, 1).await.unwrap_err().to_string();
    assert!(error.contains(file.to_str().unwrap()), "{error}");
    for findings in [Maildir::new(settings(&file)).check().await, MaildirOut::new(&file).check().await] {
        assert!(findings.iter().all(|finding| finding.level == Level::Failure), "{findings:?}");
    }
}
