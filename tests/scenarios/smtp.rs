//! A real Postfix, and servers that do what Postfix does not.

use std::time::Duration;

use advisory_intake::model::{MailKind, OutgoingMail};
use advisory_intake::ports::{Level, MailSender, SendError};
use advisory_intake::smtp::{Login, Settings, Smtp, Tls};
use tokio::net::TcpStream;

use crate::support::ca::Ca;
use crate::support::dovecot::Dovecot;
use crate::support::postfix::Postfix;
use crate::support::process::eventually;
use crate::support::proxy::{At, End, Proxy, Then};
use crate::support::script::{Scripted, Talk};

const CANARY: &str = "canary-on-the-wire";

fn mail(to: &str) -> OutgoingMail {
    OutgoingMail {
        kind: MailKind::Reply,
        message_id: "a@gateway.test".parse().unwrap(),
        envelope_from: None,
        envelope_to: to.parse().unwrap(),
        bytes: format!("Subject: x\r\nTo: {to}\r\n\r\n{CANARY}\r\n.\r\n.dot\r\n").into_bytes(),
    }
}

fn kind(result: &Result<impl Sized, SendError>) -> &'static str {
    match result {
        Ok(_) => "sent",
        Err(SendError::Later(_)) => "later",
        Err(SendError::Refused(_)) => "refused",
        Err(SendError::Unknown(_)) => "unknown",
        Err(SendError::Setup(_)) => "setup",
    }
}

#[tokio::test]
async fn postfix_takes_mail_over_tls_from_the_null_sender() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let implicit = Settings { tls: Tls::Implicit, port: postfix.submissions_port, ..postfix.settings() };
    for settings in [postfix.settings(), implicit] {
        let wire = Proxy::to(settings.port);
        let smtp = Smtp::new(Settings { port: wire.port, ..settings });
        assert!(smtp.check().await.iter().all(|finding| finding.level == Level::Good));
        for _ in 0..2 {
            let receipt = smtp.send(&mail("erin@example.org")).await.unwrap();
            assert!(receipt.response.starts_with("250 2.0.0"), "{receipt:?}");
        }
        assert!(!wire.recorded().is_empty() && !wire.contains(CANARY), "sent in the clear");
    }
    let found =
        eventually("four mails", || Some(dovecot.messages("erin", "INBOX")).filter(|messages| messages.len() == 4));
    for message in found {
        let text = String::from_utf8(message).unwrap();
        assert!(text.starts_with("Return-Path: <>\r\n"), "{text}");
        assert!(text.ends_with(&format!("\r\n\r\n{CANARY}\r\n.\r\n.dot\r\n")), "{text}");
    }
}

#[tokio::test]
async fn a_kept_connection_that_died_in_silence_costs_no_mail_its_attempt() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let proxy = Proxy::to(postfix.plain_port);
    let plain =
        Settings { tls: Tls::None, port: proxy.port, login: None, host: "127.0.0.1".into(), ..postfix.settings() };
    let smtp = Smtp::new(Settings { timeout: Duration::from_secs(4), ..plain });
    let mails = [mail("erin@example.org"), mail("mira@example.org")];
    let (first, second) = tokio::join!(smtp.send(&mails[0]), smtp.send(&mails[1]));
    assert_eq!((kind(&first), kind(&second)), ("sent", "sent"));
    proxy.breaks(At::line("^NOOP"), Then::unheard(End::Stall));
    let third = smtp.send(&mails[0]).await;
    assert_eq!((kind(&third), proxy.mend()), ("sent", 1), "{third:?}");
}

#[tokio::test]
async fn postfix_says_no_and_the_reason_decides() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    let good = postfix.settings();
    let elsewhere = tempfile::tempdir().unwrap();
    let other_ca = Some(Ca::new(elsewhere.path()).ca_file);
    let wrong = Some(Login { user: "gateway".into(), password: "wrong".into() });
    let plain = Settings { tls: Tls::None, port: postfix.plain_port, login: None, ..good.clone() };
    let cases = [
        (good.clone(), "erin@example.org", "sent", ""),
        (good.clone(), "refused@example.org", "refused", "550 5.1.1"),
        (good.clone(), "later@example.org", "later", "450 4.2.0"),
        (Settings { login: wrong, ..good.clone() }, "erin@example.org", "setup", "check user and password"),
        (Settings { login: None, ..good.clone() }, "erin@example.org", "setup", "wants a login"),
        (Settings { ca_file: other_ca, ..good.clone() }, "erin@example.org", "setup", "is not trusted"),
        (Settings { port: postfix.plain_port, ..good.clone() }, "erin@example.org", "setup", "does not offer STARTTLS"),
        (Settings { host: "127.0.0.1".into(), ..plain.clone() }, "erin@example.org", "sent", ""),
        (Settings { host: "mail.example.org".into(), ..plain }, "erin@example.org", "setup", "this machine only"),
    ];
    for (settings, to, expected, reason) in cases {
        // One client for both mails: a refusal must not spoil the next one.
        let smtp = Smtp::new(settings);
        for _ in 0..2 {
            let result = smtp.send(&mail(to)).await;
            assert_eq!(kind(&result), expected, "{reason} {result:?}");
            let text = result.err().map(|error| error.to_string()).unwrap_or_default();
            assert!(text.contains(reason) && !text.contains(to), "{text}");
        }
    }
}

#[tokio::test]
async fn mail_from_outside_arrives_in_the_mailbox() {
    let dovecot = Dovecot::start();
    let postfix = Postfix::start(&dovecot);
    postfix.inject("erin@example.org", "reporter@example.org", b"Subject: x\n\n.dot\n");
    postfix.inject("", "tc@example.org", b"Subject: y\n\nbounce\n");
    for (user, from, end) in [("reporter", "erin@example.org", "\r\n\r\n.dot\r\n"), ("tc", "", "\r\n\r\nbounce\r\n")] {
        let mut messages =
            eventually("mail", || Some(dovecot.messages(user, "INBOX")).filter(|messages| !messages.is_empty()));
        let text = String::from_utf8(messages.remove(0)).unwrap();
        assert!(text.starts_with(&format!("Return-Path: <{from}>\r\n")) && text.ends_with(end), "{text}");
    }
}

/// A server that goes along up to the command that starts with `until`, and then says `last` (nothing: keeps silent).
async fn until(until: &'static str, last: &'static str) -> Scripted {
    Scripted::plain(move |talk| go_along(talk, until, last)).await
}

async fn go_along(mut talk: Talk<TcpStream>, until: &str, last: &str) {
    talk.say("220 test\r\n").await;
    let mut message = false;
    while let Some(line) = talk.hear().await {
        if line.starts_with(until) {
            talk.say(last).await;
            if last.is_empty() {
                talk.stall().await;
            }
            return;
        }
        message |= line == "DATA";
        let answer = if message { "354 go on\r\n" } else { "250 fine\r\n" };
        if !message || line == "DATA" {
            talk.say(answer).await;
        }
    }
}

#[tokio::test]
async fn only_what_breaks_after_the_message_is_unknown() {
    let cases = [
        ("MAIL", "", "later"),
        ("MAIL", "421 closing\r\n", "later"),
        ("RCPT", "bye\r\n", "later"),
        ("DATA", "554 no\r\n", "refused"),
        ("DATA", "", "later"),
        // A line of the message, so the server has it.
        ("Subject", "", "unknown"),
        ("canary", "garbage\r\n", "unknown"),
        ("canary", "451 not now\r\n", "later"),
        ("canary", "552 too large\r\n", "refused"),
        ("EHLO", "554 not you\r\n", "setup"),
    ];
    for (command, last, expected) in cases {
        let server = until(command, last).await;
        let smtp = Smtp::new(Settings {
            host: "localhost".into(),
            port: server.port,
            tls: Tls::None,
            ca_file: None,
            login: None,
            hello: Some("gateway.test".into()),
            timeout: Duration::from_millis(1_500),
        });
        let result = smtp.send(&mail("erin@example.org")).await;
        assert_eq!(kind(&result), expected, "{command} {last:?}: {result:?}");
    }
}

#[tokio::test]
async fn nothing_that_comes_before_tls_is_used_after_it() {
    // The injected line would be taken for the answer to EHLO.
    let server = Scripted::plain(|mut talk| async move {
        talk.say("220 test\r\n").await;
        while let Some(line) = talk.hear().await {
            let answer = if line == "STARTTLS" { "220 go\r\n250 injected\r\n" } else { "250-test\r\n250 STARTTLS\r\n" };
            talk.say(answer).await;
        }
    })
    .await;
    let smtp = Smtp::new(Settings {
        host: "localhost".into(),
        port: server.port,
        tls: Tls::StartTls,
        ca_file: Some(server.ca.ca_file.clone()),
        login: None,
        hello: None,
        timeout: Duration::from_secs(5),
    });
    let result = smtp.send(&mail("erin@example.org")).await;
    assert_eq!(kind(&result), "setup", "{result:?}");
}
