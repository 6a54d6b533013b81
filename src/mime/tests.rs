use super::*;
use crate::model::{Automatic, Identity, Limits};

fn identity() -> Identity {
    Identity {
        project: "Project".into(),
        address: "intake@example.org".parse().unwrap(),
        name: "Intake".into(),
        aliases: vec!["security@lists.example.org".parse().unwrap()],
        case_prefix: "SEC".into(),
        message_id_domain: "mail.example.org".into(),
        policy_url: String::new(),
        certificate_url: None,
        github_owner: "example".into(),
        fallback_repository: "example/triage".parse().unwrap(),
        show_reporter: false,
    }
}

/// Structure in one line: `mixed(plain"text" html"…")`.
fn shape(entity: &Entity) -> String {
    match &entity.content {
        Content::Leaf => {
            let text = String::from_utf8_lossy(&entity.decoded()).into_owned();
            format!("{}{text:?}", entity.media_type().rsplit('/').next().unwrap_or_default())
        }
        Content::Message(message) => format!("mail[{}]", shape(message)),
        Content::Multipart(children) => {
            let name = entity.media_type().rsplit('/').next().unwrap_or_default();
            format!("{name}({})", children.iter().map(shape).collect::<Vec<_>>().join(" "))
        }
    }
}

#[test]
fn splits_at_whole_boundary_lines_only() {
    let head = "Content-Type: multipart/mixed; boundary=\"b\"\n\n";
    let cases = [
        ("", "plain\"\""),
        ("no header at all", "plain\"no header at all\""),
        ("Subject: x\n\nhi\n", "plain\"hi\\n\""),
        ("\nhi", "plain\"hi\""),
        ("--b\n\none\n--b\n\ntwo\n--b--\nepilogue", "mixed(plain\"one\" plain\"two\")"),
        ("preamble\n--b\n\none\n--b--", "mixed(plain\"one\")"),
        ("--b\r\n\r\none\r\n\r\n--b--\r\n", "mixed(plain\"one\\r\\n\")"),
        ("--b \t\n\none\n--b-- \n", "mixed(plain\"one\")"),
        ("--b\n\nnever closed", "mixed(plain\"never closed\")"),
        ("--b\n\nin --b mid-line\nx--b\n--bc\n --b\n--b--", "mixed(plain\"in --b mid-line\\nx--b\\n--bc\\n --b\")"),
        ("--b\n--b\n--b--", "mixed(plain\"\" plain\"\")"),
        // What cannot be told apart is all of it.
        ("nothing", "mixed\"nothing\""),
        ("--b--\n--b\n\nafter the end", "mixed\"--b--\\n--b\\n\\nafter the end\""),
        // Another boundary than the one that is named.
        ("words\n--x\nContent-Type: text/html\n\none\n--x\n\ntwo\n--x--\n", "mixed(html\"one\" plain\"two\")"),
        ("-- \nSubject: no boundary\n", "mixed\"-- \\nSubject: no boundary\\n\""),
        // The blank line before the body was lost.
        ("Subject: x\nit goes\non: here\n", "plain\"it goes\\non: here\\n\""),
        ("Subject: x\nan odd line\nTo: a@b.example\n\nhi", "plain\"hi\""),
        ("--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nin\n--bb--\n--b--", "mixed(mixed(plain\"in\"))"),
        ("--b\nContent-Type: message/rfc822\n\nSubject: s\n\nin\n--b--", "mixed(mail[plain\"in\"])"),
        ("--b\nContent-Transfer-Encoding: base64\n\naGk=\n--b--", "mixed(plain\"hi\")"),
    ];
    for (body, expected) in cases {
        let mail = if expected.starts_with("mixed") { format!("{head}{body}") } else { body.to_owned() };
        let parsed = parse(mail.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(shape(&parsed), expected, "{mail:?}");
    }
}

#[test]
fn refuses_what_is_over_the_limits() {
    let limits = Limits { mime_depth: 3, mime_parts: 5, header_count: 4, header_size: 400, ..Limits::default() };
    let nested =
        |n: usize| (0..n).map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n")).collect();
    let parts = |n: usize| format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(n));
    let cases: [(String, Result<(), TooMuch>); 9] = [
        (nested(3), Ok(())),
        (nested(4), Err(TooMuch::Depth)),
        ("Content-Type: message/rfc822\n\n".repeat(4), Err(TooMuch::Depth)),
        (parts(4), Ok(())),
        (parts(5), Err(TooMuch::Parts)),
        ("X: y\n".repeat(4), Ok(())),
        ("X: y\n".repeat(5), Err(TooMuch::HeaderCount)),
        (format!("X: {}\n", "y".repeat(400)), Err(TooMuch::HeaderSize)),
        (format!("X: y\n{}", " z\n".repeat(200)), Err(TooMuch::HeaderSize)),
    ];
    for (mail, expected) in cases {
        assert_eq!(parse(mail.as_bytes(), &limits).map(|_| ()), expected, "{mail:?}");
    }
}

#[test]
fn reads_header_fields_of_all_kinds() {
    let text = "From: =?utf-8?q?J=C3=BCrgen?= <J@Example.ORG>\nSubject: one\n  two =?utf-8?b?w7w=?=\nsubject: second\n\
                Evil: =?utf-8?q?a=0D=0ABcc:_x@y.z?=\nReferences: <a@b> (c) <c@d>\n <a@b> <no\nDate: Sun, 22 Nov 2026 12:00:00 +0100\n\
                Content-Type: TEXT/Plain; CharSet=\"UTF-8\"; name*=utf-8''%e2%82%ac.txt\nBroken line\n";
    let mail = parse(text.as_bytes(), &Limits::default()).unwrap();
    let header = &mail.header;
    let from = header.mailboxes("from");
    assert_eq!((from[0].name.as_str(), from[0].address.as_ref().unwrap().as_str()), ("Jürgen", "J@example.org"));
    assert_eq!(header.text("subject").as_deref(), Some("one two ü"));
    assert_eq!(header.count("SUBJECT"), 2);
    assert_eq!(header.text("evil").as_deref(), Some("a Bcc: x@y.z"));
    assert_eq!(header.ids("references").iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["a@b", "c@d"]);
    assert_eq!(header.date(), Some(time::macros::datetime!(2026-11-22 11:00 UTC)));
    assert_eq!((mail.media_type(), mail.content_type.parameter("charset")), ("text/plain", Some("UTF-8")));
    assert_eq!(mail.file_name().as_deref(), Some("€.txt"));
    assert_eq!(header.text("missing"), None);
}

#[test]
fn knows_whom_to_answer() {
    let list = "List-Post: <mailto:security@lists.example.org>\n";
    let cases = [
        ("From: erin@example.net\n", Some("erin@example.net"), Some("erin@example.net")),
        ("From: erin@example.net\nReply-To: other@example.net\n", Some("erin@example.net"), Some("other@example.net")),
        (
            "From: erin@example.net\nReply-To: a@example.net, b@example.net\n",
            Some("erin@example.net"),
            Some("erin@example.net"),
        ),
        ("From: erin@example.net\nReply-To: Intake@example.org\n", Some("erin@example.net"), Some("erin@example.net")),
        ("From: a@example.net, b@example.net\nSender: b@example.net\n", None, Some("b@example.net")),
        ("From: a@example.net, b@example.net\nSender: intake@example.org\n", None, None),
        ("From: a@example.net\nFrom: b@example.net\nSender: b@example.net\n", None, None),
        ("From: a@example.net\nSender: b@example.net\n", Some("a@example.net"), Some("a@example.net")),
        ("From: intake@example.org\n", Some("intake@example.org"), None),
        ("From: a@example.net, b@example.net\n", None, None),
        ("From: a@example.net\nFrom: b@example.net\n", None, None),
        ("Subject: nobody\n", None, None),
        // Rewritten by the list, as Groups.io and Google Groups do.
        (
            "From: 'Erin' via Security <security@lists.example.org>\nX-Original-From: erin@example.net\n+",
            Some("erin@example.net"),
            Some("erin@example.net"),
        ),
        (
            "From: 'Erin' via Security <security@lists.example.org>\nReply-To: erin@example.net\n+",
            Some("erin@example.net"),
            Some("erin@example.net"),
        ),
        (
            "From: Erin <erin=example.net@example.org>\nX-Original-From: erin@example.net\n+",
            Some("erin@example.net"),
            Some("erin@example.net"),
        ),
        (
            "From: erin@example.net\nReply-To: security@lists.example.org\n+",
            Some("erin@example.net"),
            Some("erin@example.net"),
        ),
        // Nobody but the list may say whom it stands for.
        (
            "From: mallory@example.net\nX-Original-From: erin@example.com\n",
            Some("mallory@example.net"),
            Some("mallory@example.net"),
        ),
        (
            "From: mallory@example.net\nX-Original-From: erin@example.com\n+",
            Some("mallory@example.net"),
            Some("mallory@example.net"),
        ),
        ("From: mallory@org\nX-Original-From: erin@example.com\n+", Some("mallory@org"), Some("mallory@org")),
    ];
    for (text, sender, answer) in cases {
        let text = text.replace('+', list);
        let mail = parse(text.as_bytes(), &Limits::default()).unwrap();
        let found = (author(&mail.header).address, headers(&mail.header, &identity()).answer_to);
        let found = (found.0.as_ref().map(|a| a.as_str()), found.1.as_ref().map(|a| a.as_str()));
        assert_eq!(found, (sender, answer), "{text:?}");
    }
}

#[test]
fn tells_programs_from_people() {
    let own: crate::model::MailId = "SEC-2026-0001.ab@mail.example.org".parse().unwrap();
    let bounce = |of| Some(Automatic::Bounce { of });
    let answers_us = "In-Reply-To: <SEC-2026-0001.ab@mail.example.org>\n";
    let returned = "Content-Type: message/rfc822\n\nMessage-ID: <SEC-2026-0001.ab@mail.example.org>\n\nx\n--b--";
    let cases: Vec<(String, Option<Automatic>)> = vec![
        ("From: erin@example.net\n\nAuto-Submitted: auto-replied".into(), None),
        ("From: erin@example.net\nAuto-Submitted: no\n\nx".into(), None),
        ("From: erin@example.net\nAuto-Submitted: auto-replied (vacation)\n\nx".into(), Some(Automatic::AutoReply)),
        ("From: erin@example.net\nX-Autoreply: yes\n\nx".into(), Some(Automatic::AutoReply)),
        ("From: scanner@example.net\nAuto-Submitted: auto-generated\n\nx".into(), Some(Automatic::Generated)),
        ("From: shop@example.net\nPrecedence: bulk\nList-Unsubscribe: <x>\n\nx".into(), Some(Automatic::Generated)),
        ("From: erin@example.net\nPrecedence: list\nList-Unsubscribe: <x>\nList-Post: <mailto:security@lists.example.org>\n\nx".into(), None),
        ("Return-Path: <>\nFrom: erin@example.net\n\nx".into(), Some(Automatic::Generated)),
        (
            format!("From: x@example.net\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n{returned}"),
            bounce(Some(own.clone())),
        ),
        (
            format!("Return-Path: <>\nFrom: x@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{returned}"),
            bounce(Some(own.clone())),
        ),
        (format!("From: erin@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n{returned}"), None),
        ("From: postmaster@example.net\n\nThe parser overflows.".into(), Some(Automatic::Generated)),
        ("From: erin@example.net\nX-Failed-Recipients: x@example.net\n\nx".into(), Some(Automatic::Generated)),
        ("Return-Path: <postmaster@example.net>\nFrom: postmaster@example.net\n\nx".into(), None),
        (format!("From: postmaster@example.net\nSubject: Re: Got it\n{answers_us}\nThanks, fixed."), None),
        (format!("From: postmaster@example.net\nSubject: failed\n{answers_us}\n<{own}>"), bounce(Some(own.clone()))),
        (
            format!("From: postmaster@example.net\nSubject: Re: x\nAuto-Submitted: auto-replied\n{answers_us}\n<{own}>"),
            bounce(Some(own.clone())),
        ),
        ("From: MAILER-DAEMON@example.net\n\nfailed: <SEC-2026-0001.ab@mail.example.org>".into(), bounce(Some(own))),
        ("Return-Path: <>\nFrom: MAILER-DAEMON@example.net\n\nHi. I could not deliver it.".into(), bounce(None)),
        ("Return-Path: <x@example.net>\nFrom: MAILER-DAEMON@example.net\n\nx".into(), None),
        ("From: erin@example.net\nPrecedence: junk\n\nx".into(), Some(Automatic::Generated)),
        ("From: erin@example.net\nPrecedence: list\n\nx".into(), None),
        ("From: erin@example.net\nX-Auto-Response-Suppress: DR, OOF\n\nx".into(), Some(Automatic::Generated)),
        ("From: erin@example.net\nX-Loop: intake@example.org\n\nx".into(), Some(Automatic::Generated)),
        ("From: erin@example.net\nX-Loop: erin@example.net\n\nx".into(), None),
        (format!("{}From: erin@example.net\n\nx", "Received: by a\n".repeat(100)), Some(Automatic::Generated)),
        (
            "From: x@example.net\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\n\n--b--".into(),
            Some(Automatic::AutoReply),
        ),
        (
            "From: x@example.net\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n--b--".into(),
            Some(Automatic::AutoReply),
        ),
        (
            "From: intake@example.org\nMessage-ID: <SEC-2026-0001.ab@mail.example.org>\n\nx".into(),
            Some(Automatic::OwnMail { case: "SEC-2026-0001".parse().ok() }),
        ),
        ("From: erin@example.net\nMessage-ID: <SEC-2026-0001.ab@mail.example.org>\n\nx".into(), None),
    ];
    for (mail, expected) in cases {
        let parsed = parse(mail.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(automatic(&parsed, &identity()), expected, "{mail:?}");
    }
}
