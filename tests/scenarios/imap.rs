//! A mailbox of a real Dovecot.

use std::time::{Duration, Instant};

use advisory_intake::case::Folder;
use advisory_intake::imap::{Imap, Login, Settings, Tls};
use advisory_intake::model::{Origin, RawMessage};
use advisory_intake::ports::{Cursor, Level, MailSource, SourceError};

use crate::support::ca::Ca;
use crate::support::dovecot::Dovecot;

fn message(number: u32) -> Vec<u8> {
    format!("Subject: number {number}\r\nFrom: erin@example.org\r\n\r\nText {number}.\r\n").into_bytes()
}

fn bodies(messages: &[RawMessage]) -> Vec<Vec<u8>> {
    messages.iter().map(|message| message.bytes.clone()).collect()
}

#[tokio::test]
async fn messages_come_once_in_order_within_the_budget() {
    let dovecot = Dovecot::start();
    for number in 1..=5 {
        dovecot.append("erin", "INBOX", &message(number));
    }
    let expected: Vec<_> = (1..=5).map(message).collect();
    for tls in [Tls::Implicit, Tls::StartTls] {
        let port = if tls == Tls::Implicit { dovecot.imaps_port } else { dovecot.imap_port };
        let imap = Imap::new(Settings { tls, port, ..dovecot.settings("erin") });
        let (mut cursor, mut seen, mut batches) = (None, Vec::new(), 0);
        loop {
            let two = 2 * message(1).len() as u64;
            let batch = imap.fetch(cursor.as_ref(), two).await.unwrap();
            if batch.messages.is_empty() {
                break;
            }
            batches += 1;
            assert!(batch.messages.len() <= 2, "over the budget");
            seen.extend(batch.messages);
            cursor = batch.cursor;
        }
        assert_eq!((bodies(&seen), batches), (expected.clone(), 3));
        assert!(seen.iter().all(|message| !message.is_truncated()));
    }
    assert!(dovecot.messages("erin", "INBOX").iter().eq(&expected), "fetching changed the mailbox");
}

#[tokio::test]
async fn another_uid_validity_starts_over() {
    let dovecot = Dovecot::start();
    dovecot.append("erin", "INBOX", &message(1));
    let imap = Imap::new(dovecot.settings("erin"));
    let stale = Cursor::Imap { uid_validity: 1, uid: 99 };
    assert_eq!(bodies(&imap.fetch(Some(&stale), 1 << 20).await.unwrap().messages), [message(1)]);
}

#[tokio::test]
async fn over_the_limit_only_the_header_section_is_fetched() {
    let dovecot = Dovecot::start();
    let large = [message(2), vec![b'x'; 5_000]].concat();
    for bytes in [message(1), large.clone(), message(3)] {
        dovecot.append("erin", "INBOX", &bytes);
    }
    let imap = Imap::new(Settings { message_size: 2_000, ..dovecot.settings("erin") });
    let batch = imap.fetch(None, 1 << 20).await.unwrap();
    let header = b"Subject: number 2\r\nFrom: erin@example.org\r\n\r\n".to_vec();
    assert_eq!(bodies(&batch.messages), [message(1), header, message(3)]);
    let sizes: Vec<u64> = batch.messages.iter().map(|message| message.size).collect();
    assert_eq!(sizes, [message(1).len() as u64, large.len() as u64, message(3).len() as u64]);
}

/// What a server without the newer commands makes us do, and what is left in the mailbox.
#[tokio::test]
async fn messages_are_moved_in_every_way_that_a_server_offers() {
    let basic = "imap_capability = IMAP4rev1 LITERAL+";
    let cases = [("", 0), ("imap_capability = IMAP4rev1 UIDPLUS", 0), (basic, 3)];
    for (more, left) in cases {
        let dovecot = Dovecot::start_with(more);
        for number in 1..=3 {
            dovecot.append("erin", "INBOX", &message(number));
        }
        let imap = Imap::new(dovecot.settings("erin"));
        let batch = imap.fetch(None, 1 << 20).await.unwrap();
        let folders = [Folder::Processed, Folder::Held, Folder::Ignored];
        for (message, folder) in batch.messages.iter().zip(folders) {
            // The second time it is gone.
            for _ in 0..2 {
                imap.settle(&message.origin, folder).await.unwrap();
            }
        }
        for (number, folder) in (1..).zip(["Processed", "Held", "Ignored"]) {
            assert_eq!(dovecot.messages("erin", folder), [message(number)], "{folder} with {more:?}");
        }
        assert_eq!(dovecot.messages("erin", "INBOX").len(), left, "{more:?}");
        assert_eq!(imap.fetch(batch.cursor.as_ref(), 1 << 20).await.unwrap().messages, []);
    }
}

#[tokio::test]
async fn new_mail_ends_waiting_and_settling_goes_on_meanwhile() {
    let dovecot = Dovecot::start();
    dovecot.append("erin", "INBOX", &message(1));
    let imap = Imap::new(dovecot.settings("erin"));
    let first = imap.fetch(None, 1 << 20).await.unwrap();
    let begun = Instant::now();
    let others = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        imap.settle(&first.messages[0].origin, Folder::Processed).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "settling waited for IDLE");
        tokio::time::sleep(Duration::from_millis(300)).await;
        dovecot.append("erin", "INBOX", &message(2));
    };
    let wait = async {
        loop {
            imap.wait().await.unwrap();
            let batch = imap.fetch(first.cursor.as_ref(), 1 << 20).await.unwrap();
            if !batch.messages.is_empty() {
                return batch;
            }
        }
    };
    let (batch, ()) = tokio::join!(wait, others);
    assert_eq!(bodies(&batch.messages), [message(2)]);
    assert!(begun.elapsed() < Duration::from_secs(10), "IDLE did not tell of new mail");
    assert_eq!(dovecot.messages("erin", "Processed"), [message(1)]);
}

#[tokio::test]
async fn without_idle_the_mailbox_is_polled() {
    let dovecot = Dovecot::start_with("imap_capability = IMAP4rev1 MOVE UIDPLUS");
    let imap = Imap::new(Settings { poll: Duration::from_millis(200), ..dovecot.settings("erin") });
    assert_eq!(imap.fetch(None, 1 << 20).await.unwrap().messages, []);
    dovecot.append("erin", "INBOX", &message(1));
    imap.wait().await.unwrap();
    assert_eq!(bodies(&imap.fetch(None, 1 << 20).await.unwrap().messages), [message(1)]);
}

#[tokio::test]
async fn junk_is_a_source_of_its_own() {
    let dovecot = Dovecot::start();
    dovecot.append("erin", "INBOX", &message(1));
    dovecot.append("erin", "Junk", &message(2));
    let inbox = Imap::new(dovecot.settings("erin"));
    let junk = Imap::new(Settings { mailbox: "Junk".into(), ..dovecot.settings("erin") });
    assert_ne!(inbox.name(), junk.name());
    let batch = junk.fetch(None, 1 << 20).await.unwrap();
    assert_eq!(bodies(&batch.messages), [message(2)]);
    assert!(inbox.settle(&batch.messages[0].origin, Folder::Held).await.is_err(), "moved from the wrong mailbox");
    junk.settle(&batch.messages[0].origin, Folder::Held).await.unwrap();
    assert_eq!(dovecot.messages("erin", "Held"), [message(2)]);
    assert_eq!(dovecot.messages("erin", "INBOX"), [message(1)]);
}

#[tokio::test]
async fn wrong_settings_are_refused_with_a_reason() {
    let dovecot = Dovecot::start();
    let elsewhere = tempfile::tempdir().unwrap();
    let other_ca = Ca::new(elsewhere.path());
    let good = dovecot.settings("erin");
    let token = |command: &[&str]| Login::XOAuth2 { token_command: command.iter().map(|c| c.to_string()).collect() };
    let cases = [
        (Settings { login: Login::Password("wrong".into()), ..good.clone() }, "login", "check user and password"),
        (Settings { login: token(&["echo", "x"]), ..good.clone() }, "login", "does not offer login by token"),
        (Settings { ca_file: Some(other_ca.ca_file), ..good.clone() }, "server", "is not trusted"),
        (Settings { ca_file: None, ..good.clone() }, "server", "is not trusted"),
        (Settings { ca_file: Some("/nonexistent".into()), ..good.clone() }, "server", "cannot be used"),
        (Settings { host: "ip6-localhost.invalid".into(), ..good.clone() }, "unreachable", "no connection"),
        (Settings { mailbox: "Nowhere".into(), ..good.clone() }, "server", "opening the mailbox `Nowhere`"),
        (Settings { port: dovecot.imap_port, ..good.clone() }, "server", "no TLS"),
        (
            Settings { port: dovecot.imaps_port, tls: Tls::StartTls, timeout: Duration::from_secs(1), ..good.clone() },
            "unreachable",
            "did not answer",
        ),
    ];
    for (settings, kind, reason) in cases {
        let error = Imap::new(settings).fetch(None, 1 << 20).await.unwrap_err();
        let found = match error {
            SourceError::Unreachable(_) => "unreachable",
            SourceError::Login(_) => "login",
            SourceError::Server(_) => "server",
            SourceError::File(_) => "file",
        };
        assert!(found == kind && error.to_string().contains(reason), "{kind}: {reason}\n{found}: {error}");
    }
}

#[tokio::test]
async fn a_connection_that_broke_is_made_again() {
    let dovecot = Dovecot::start();
    dovecot.append("erin", "INBOX", &message(1));
    let imap = Imap::new(dovecot.settings("erin"));
    let batch = imap.fetch(None, 1 << 20).await.unwrap();
    // An abandoned call must not leave its answers to the next one.
    tokio::select! {
        biased;
        _ = imap.fetch(None, 1 << 20) => panic!("answered before it was asked"),
        () = std::future::ready(()) => {}
    }
    assert_eq!(bodies(&imap.fetch(None, 1 << 20).await.unwrap().messages), bodies(&batch.messages));
}

#[tokio::test]
async fn check_tries_login_folders_and_what_the_server_offers() {
    let dovecot = Dovecot::start();
    let findings = Imap::new(dovecot.settings("erin")).check().await;
    assert!(findings.len() == 6 && findings.iter().all(|f| f.level == Level::Good), "{findings:#?}");
    let basic = Dovecot::start_with("imap_capability = IMAP4rev1");
    let levels: Vec<Level> = Imap::new(basic.settings("erin")).check().await.iter().map(|f| f.level).collect();
    assert_eq!(levels, [Level::Good, Level::Warning, Level::Warning, Level::Good, Level::Good, Level::Good]);
    let refused = Settings { login: Login::Password("wrong".into()), ..dovecot.settings("erin") };
    let findings = Imap::new(refused).check().await;
    assert!(matches!(findings.as_slice(), [one] if one.level == Level::Failure), "{findings:?}");
}

#[tokio::test]
async fn a_message_of_another_time_is_left_alone() {
    let dovecot = Dovecot::start();
    dovecot.append("erin", "INBOX", &message(1));
    let imap = Imap::new(dovecot.settings("erin"));
    let source = imap.name().to_owned();
    let stale = Origin::Imap { source, mailbox: "INBOX".into(), uid_validity: 1, uid: 1 };
    imap.settle(&stale, Folder::Ignored).await.unwrap();
    assert_eq!(dovecot.messages("erin", "INBOX"), [message(1)]);
}
