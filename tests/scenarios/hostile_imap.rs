//! IMAP servers that misbehave: each costs its connection, and neither memory, nor time, nor the program.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use advisory_intake::imap::{Imap, Login, Settings, Tls};
use advisory_intake::model::FolderNames;
use advisory_intake::ports::{Cursor, MailSource, SourceError};

use crate::support::proxy::{At, End, Proxy, Then};
use crate::support::script::{Scripted, TlsTalk};
use crate::support::world::{ADDRESS, MAILBOX, World};

fn settings(server: &Scripted) -> Settings {
    Settings {
        name: "test".into(),
        host: "localhost".into(),
        port: server.port,
        tls: Tls::Implicit,
        ca_file: Some(server.ca.ca_file.clone()),
        user: "erin".into(),
        login: Login::Password("secret".into()),
        mailbox: "INBOX".into(),
        folders: FolderNames::default(),
        message_size: 1 << 20,
        poll: Duration::from_millis(100),
        timeout: Duration::from_millis(1_500),
    }
}

/// Behaves, but for commands that contain `command`: those are answered with `answer`, where `TAG` is the tag.
async fn serve(mut talk: TlsTalk, command: &str, answer: &str) {
    talk.say("* OK test\r\n").await;
    while let Some(line) = talk.hear().await {
        let tag = line.split(' ').next().unwrap_or_default();
        if line.contains(command) {
            match answer {
                "" => talk.stall().await,
                "close" => return,
                _ => talk.say(&answer.replace("TAG", tag)).await,
            }
            continue;
        }
        let answer = if line.ends_with("CAPABILITY") {
            "* CAPABILITY IMAP4rev1 IDLE MOVE AUTH=XOAUTH2\r\n"
        } else if line.contains("SELECT") {
            "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n"
        } else if line.contains("RFC822.SIZE") {
            "* 1 FETCH (UID 1 RFC822.SIZE 20 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")\r\n"
        } else if line.contains("BODY.PEEK") {
            "* 1 FETCH (UID 1 BODY[]<0> {8}\r\nA: b\r\n\r\n)\r\n"
        } else {
            ""
        };
        talk.say(&format!("{answer}{tag} OK done\r\n")).await;
    }
}

async fn misbehaving(command: &'static str, answer: impl Into<String>) -> Scripted {
    let answer: Arc<str> = answer.into().into();
    Scripted::tls(move |talk| {
        let answer = Arc::clone(&answer);
        async move { serve(talk, command, &answer).await }
    })
    .await
}

#[tokio::test]
async fn every_misbehaviour_is_an_error_with_a_reason() {
    let deep = format!("* 1 FETCH (UID 1 BODYSTRUCTURE {})\r\nTAG OK\r\n", "(".repeat(50_000));
    let endless = format!("* LIST () \"/\" {}", "x".repeat(200_000));
    let flood = "* 1 EXISTS\r\n".repeat(200_000);
    let cases = [
        ("BODY.PEEK", "* 1 FETCH (UID 1 BODY[]<0> {500000000}\r\n".to_owned(), "literal of 500000000 bytes"),
        ("RFC822.SIZE", "* 1 FETCH (UID 1 BODY[] {500000}\r\n".to_owned(), "literal of 500000 bytes"),
        ("RFC822.SIZE", endless, "endless line"),
        ("RFC822.SIZE", deep, "too deeply"),
        ("NOOP", flood, "more than was asked for"),
        ("RFC822.SIZE", "* 1 FETCH (UID 1 INTERNALDATE NIL)\r\n".to_owned(), "not IMAP"),
        ("RFC822.SIZE", "what is this? secret-text\r\n".to_owned(), "not IMAP"),
        ("RFC822.SIZE", "* BYE going down\r\n".to_owned(), "closed the connection"),
        ("RFC822.SIZE", "TAG NO not today\r\n".to_owned(), "refuses reading"),
        ("RFC822.SIZE", "TAG BAD what\r\n".to_owned(), "refuses reading"),
        ("RFC822.SIZE", String::new(), "said nothing for"),
        ("RFC822.SIZE", "close".to_owned(), "closed the connection"),
        ("BODY.PEEK", "* 1 FETCH (UID 1 BODY[]<0> {8}\r\nA: ".to_owned(), "said nothing for"),
        ("SELECT", "TAG OK done\r\n".to_owned(), "no UIDVALIDITY"),
        ("SELECT", "TAG NO none\r\n".to_owned(), "opening the mailbox `INBOX`"),
        ("LOGIN", "TAG NO secret\r\n".to_owned(), "check user and password"),
        ("LOGIN", String::new(), "broke at the login"),
        ("a CAPABILITY", "* CAPABILITY LOGINDISABLED\r\na OK done\r\n".to_owned(), "LOGINDISABLED"),
        ("a CAPABILITY", "x".repeat(20_000), "endless line"),
    ];
    for (command, answer, reason) in cases {
        let server = misbehaving(command, answer).await;
        let begun = Instant::now();
        let error = Imap::new(settings(&server)).fetch(None, 1 << 20).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{command}: {reason}\n{error}");
        assert!(!error.contains("secret"), "{error}");
        assert!(begun.elapsed() < Duration::from_secs(10), "{reason} took {:?}", begun.elapsed());
    }
}

/// A mailbox that was put back from a backup gives UIDs again that were read already: mail under them must not be passed over
/// in silence.
#[tokio::test]
async fn numbers_that_are_given_again_are_told_and_not_skipped() {
    let select = "* 1 EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n* OK [UIDNEXT 5] fine\r\nTAG OK done\r\n";
    for (uid, uid_validity, is_told) in [(4, 7, false), (5, 7, true), (9, 7, true), (9, 6, false)] {
        let server = misbehaving("SELECT", select).await;
        let imap = Imap::new(settings(&server));
        for _ in 0..2 {
            let fetched = imap.fetch(Some(&Cursor::Imap { uid_validity, uid }), 1 << 20).await;
            let said = fetched.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(said.contains("give the mailbox a new UIDVALIDITY"), is_told, "{uid} of {uid_validity}: {said}");
            assert!(is_told || said.is_empty(), "{said}");
        }
    }
}

#[tokio::test]
async fn a_greeting_that_is_none_is_refused() {
    let cases = [
        ("* PREAUTH welcome\r\n", "PREAUTH"),
        ("* BYE\r\n", "turns connections away"),
        ("220 smtp\r\n", "does not speak IMAP"),
        ("", "did not answer"),
    ];
    for (greeting, reason) in cases {
        for tls in [Tls::Implicit, Tls::StartTls] {
            let server = match tls {
                Tls::Implicit => {
                    Scripted::tls(move |mut t| async move {
                        t.say(greeting).await;
                        t.stall().await
                    })
                    .await
                }
                Tls::StartTls => {
                    Scripted::plain(move |mut t| async move {
                        t.say(greeting).await;
                        t.stall().await
                    })
                    .await
                }
            };
            let error = Imap::new(Settings { tls, ..settings(&server) }).fetch(None, 1).await.unwrap_err().to_string();
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
}

#[tokio::test]
async fn starttls_is_required_and_takes_nothing_from_before() {
    let cases = [
        ("* CAPABILITY IMAP4rev1\r\n", "", "does not offer STARTTLS"),
        ("* CAPABILITY IMAP4rev1 STARTTLS\r\n", "a NO not now\r\n", "refuses STARTTLS"),
        ("* CAPABILITY IMAP4rev1 STARTTLS\r\n", "a OK go\r\n* CAPABILITY IMAP4rev1\r\na OK injected\r\n", "no TLS"),
    ];
    for (offers, answer, reason) in cases {
        let logins = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&logins);
        let server = Scripted::plain(move |mut talk| {
            let seen = Arc::clone(&seen);
            async move {
                talk.say("* OK test\r\n").await;
                while let Some(line) = talk.hear().await {
                    seen.fetch_add(usize::from(line.contains("secret")), Ordering::Relaxed);
                    let reply =
                        if line.ends_with("STARTTLS") { answer.to_owned() } else { format!("{offers}a OK\r\n") };
                    talk.say(&reply).await;
                }
            }
        })
        .await;
        let imap = Imap::new(Settings { tls: Tls::StartTls, ..settings(&server) });
        let error = imap.fetch(None, 1).await.unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
        assert_eq!(logins.load(Ordering::Relaxed), 0, "the password was sent in the clear");
    }
}

#[tokio::test]
async fn idle_that_is_refused_becomes_polling() {
    for answer in ["TAG NO no\r\n", "TAG BAD\r\n", "TAG BAD [CLIENTBUG]\r\n"] {
        let server = misbehaving("IDLE", answer).await;
        let imap = Imap::new(settings(&server));
        assert_eq!(imap.fetch(None, 1 << 20).await.unwrap().messages.len(), 1, "{answer}");
        for _ in 0..2 {
            let waited = tokio::time::timeout(Duration::from_secs(5), imap.wait()).await;
            assert!(waited.unwrap().is_ok(), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_ends_in_idle_is_an_error_and_not_mail() {
    for answer in ["close", "* BYE\r\n", "+ go\r\n* BYE\r\n"] {
        let server = misbehaving("IDLE", answer).await;
        let imap = Imap::new(settings(&server));
        imap.fetch(None, 1 << 20).await.unwrap();
        let waited = imap.wait().await;
        assert!(matches!(waited, Err(SourceError::Unreachable(_))), "{answer}: {waited:?}");
    }
}

/// Each row: what the server answers whenever it is asked for its one message, and after how many failures it goes on.
#[tokio::test]
async fn a_message_that_the_server_never_gives_does_not_hold_up_the_rest() {
    let cases = [
        ("TAG NO broken\r\n", 2),
        ("TAG BAD broken\r\n", 2),
        ("TAG OK done\r\n", 3),
        ("* 1 FETCH (UID 1 BODY[]<0> {500000000}\r\n", 3),
        ("* 1 FETCH (UID 1 BODY[]<0> what\r\n", 3),
        ("* BYE\r\n", 6),
        ("* 1 FETCH (UID 1 BODY[]<0> {8}\r\nA: ", 6),
        ("close", 6),
        ("", 6),
    ];
    for (answer, failures) in cases {
        let server = misbehaving("BODY.PEEK", answer).await;
        let imap = Imap::new(Settings { timeout: Duration::from_millis(300), ..settings(&server) });
        for number in 0..failures {
            // Who has waited for long enough gives up, as the engine does.
            let patience = Duration::from_millis(if answer.is_empty() && number % 2 == 0 { 200 } else { 5_000 });
            let given_up = tokio::time::timeout(patience, imap.fetch(None, 1 << 20)).await;
            assert!(!matches!(given_up, Ok(Ok(_))), "{answer}: after {number} failures");
        }
        let batch = imap.fetch(None, 1 << 20).await.unwrap();
        let [one] = batch.messages.as_slice() else { panic!("{answer}: {batch:?}") };
        assert!(one.is_truncated() && one.bytes.is_empty() && batch.cursor.is_some(), "{answer}: {batch:?}");
    }
}

#[tokio::test]
async fn a_token_is_printed_by_a_command_and_sent_once() {
    // "user=erin^Aauth=Bearer token^A^A"
    const SENT: &str = "dXNlcj1lcmluAWF1dGg9QmVhcmVyIHRva2VuAQE=";
    for (accept, expected) in [(true, true), (false, false)] {
        let server = Scripted::tls(move |mut talk| async move {
            talk.say("* OK test\r\n").await;
            talk.hear().await;
            talk.say("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\na OK\r\n").await;
            let Some(command) = talk.hear().await else { return };
            let tag = command.split(' ').next().unwrap_or_default().to_owned();
            talk.say("+ \r\n").await;
            if talk.hear().await.as_deref() == Some(SENT) && accept {
                talk.say(&format!("{tag} OK in\r\n")).await;
            } else {
                talk.say("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n").await;
                assert_eq!(talk.hear().await.as_deref(), Some(""));
                talk.say(&format!("{tag} NO out\r\n")).await;
            }
            for answer in ["* CAPABILITY IMAP4rev1\r\n", "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n", ""] {
                let Some(command) = talk.hear().await else { return };
                let tag = command.split(' ').next().unwrap_or_default();
                talk.say(&format!("{answer}{tag} OK\r\n")).await;
            }
        })
        .await;
        let login = Login::XOAuth2 { token_command: vec!["echo".into(), "token".into()] };
        let result = Imap::new(Settings { login, ..settings(&server) }).fetch(None, 1).await;
        assert_eq!(result.is_ok(), expected, "{result:?}");
        assert!(expected || matches!(result, Err(SourceError::Login(_))), "{result:?}");
    }
    let server = misbehaving("nothing", "close").await;
    for command in [vec![], vec!["false".to_owned()], vec!["true".to_owned()], vec!["/nonexistent".to_owned()]] {
        let login = Login::XOAuth2 { token_command: command.clone() };
        let result = Imap::new(Settings { login, ..settings(&server) }).fetch(None, 1).await;
        assert!(matches!(&result, Err(SourceError::Login(text)) if text.contains("token_command")), "{result:?}");
    }
}

/// The most memory that a process has used, and the most that it has asked for, in MiB.
fn peak(pid: u32) -> [u64; 2] {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    ["VmHWM:", "VmPeak:"].map(|name| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() >> 10
    })
}

#[test]
fn what_a_server_announces_or_floods_costs_the_daemon_no_memory() {
    let mut world = World::new("");
    let proxy = Proxy::tls(&world.dovecot.ca, world.dovecot.imap_port);
    let file = world.gateway.folder().join("gateway.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let port = |port: u16| format!("port = {port}\n");
    let text = text.replace(&port(world.dovecot.imaps_port), &(port(proxy.port) + "timeout_seconds = 5\n"));
    std::fs::write(file, text).unwrap();
    world.gateway.start();
    world.wait_for("the daemon", || world.gateway.log().contains("gateway is ready").then_some(()));
    let before = peak(world.gateway.pid());
    let cases = [
        ("NOOP", Then::preceded("* 1 EXISTS\r\n".repeat(5 << 20)), "more than was asked for"),
        ("BODY.PEEK", Then::answered("* 1 FETCH (UID 1 BODY[]<0> {500000000}\r\n", End::Stall), "literal of 500000000"),
    ];
    for (number, (line, then, says)) in cases.into_iter().enumerate() {
        proxy.breaks(At::line(line), then);
        if number == 0 {
            let mail = format!(
                "From: <erin@reporter.example>\r\nTo: <{ADDRESS}>\r\nSubject: x\r\n\r\nHow do I report a bug?\r\n"
            );
            world.dovecot.append(MAILBOX, "INBOX", mail.as_bytes());
        }
        world.wait_for(says, || world.gateway.log().contains(says).then_some(()));
        assert!(proxy.mend() > 0, "{says}");
    }
    world.wait_for("the mail to be read", || world.folder("INBOX").is_empty().then_some(()));
    let after = peak(world.gateway.pid());
    assert!(after[0] - before[0] < 48 && after[1] - before[1] < 400, "{before:?} MiB before, {after:?} after");
    assert_eq!(world.gateway.stop(), Some(0));
}
