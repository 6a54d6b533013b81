use mail_parser::{MessageParser, MimeHeaders};

use super::*;

fn heading() -> Heading {
    Heading {
        name: "Intake".into(),
        from: "security@example.org".parse().unwrap(),
        to: "erin@example.net".parse().unwrap(),
        subject: "[C-1] Your report".into(),
        outer_subject: None,
        date: OffsetDateTime::from_unix_timestamp(1_790_000_000).unwrap(),
        message_id: "c-1.reply@example.org".parse().unwrap(),
        in_reply_to: Some("parent@example.net".parse().unwrap()),
        references: vec![],
        auto_submitted: AutoSubmitted::Replied,
        urgent: false,
        certificate: Some(vec![0xAB; 500]),
    }
}

fn mail(heading: &Heading, parts: &[Part]) -> String {
    let content = content(parts, "seed");
    String::from_utf8(signed(heading, &content, "-----BEGIN-----\nx\n", "pgp-sha512", "seed")).unwrap()
}

#[test]
fn every_line_is_short_and_ends_with_crlf() {
    let long = "x".repeat(5_000) + "\nFrom here\n. \ntrailing  \n\u{1F600}";
    let file = Part::file("a.bin", "application/x-thing", &[0xFF; 4_000]);
    let references = (0..40).map(|n| format!("{}{n}@example.net", "r".repeat(200)).parse().unwrap()).collect();
    let mail = mail(&Heading { references, ..heading() }, &[Part::text(&long), file]);
    for line in mail.split_terminator("\r\n") {
        assert!(line.len() <= 240 && line.is_ascii() && !line.contains(['\r', '\n']), "{line:?}");
        assert!(!line.starts_with("From ") && !line.ends_with(' '), "{line:?}");
    }
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    let expected = long.replace('\n', "\r\n");
    assert_eq!(parsed.body_text(0).unwrap().trim_end_matches("\r\n"), expected);
}

#[test]
fn no_text_can_add_a_header_or_a_part() {
    let evil = "x\r\nBcc: all@example.org\r\n\r\n--=_inner_seed\r\nbody\u{0}";
    let heading = Heading { name: evil.into(), subject: evil.into(), ..heading() };
    let parts = [
        Part::text(evil),
        Part::named_text(&format!("../{evil}\""), evil),
        Part::file(evil, "text/html; x=\"\r\nBcc: y\"", b"<b>"),
        Part::file("..", "multipart/mixed", b"--=_inner_seed--"),
    ];
    let mail = mail(&heading, &parts);
    let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
    for name in ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "Auto-Submitted", "Content-Type"] {
        assert_eq!(parsed.headers().iter().filter(|h| h.name().eq_ignore_ascii_case(name)).count(), 1, "{name}");
    }
    assert!(parsed.header("Bcc").is_none());
    assert_eq!(parsed.from().unwrap().iter().count(), 1);
    assert_eq!(parsed.attachment_count(), 3, "two files and the signature: {mail}");
    for attachment in parsed.attachments().take(2) {
        assert!(attachment.headers().iter().all(|h| h.name() != "Bcc"));
        assert!(!attachment.attachment_name().unwrap_or_default().contains(['/', '\r', '\n']));
    }
}

#[test]
fn the_signed_bytes_stand_in_the_mail_as_they_were_signed() {
    let content = content(&[Part::text("Hello\n")], "seed");
    let mail = signed(&heading(), &content, "sig", "pgp-sha512", "seed");
    let text = String::from_utf8(mail).unwrap();
    let (_, rest) = text.split_once("\r\n\r\n--=_outer_seed\r\n").unwrap();
    let (between, _) = rest.split_once("\r\n--=_outer_seed\r\n").unwrap();
    assert_eq!(between.as_bytes(), content);
}

#[test]
fn an_encrypted_mail_shows_its_subject_inside_only() {
    let heading = Heading { subject: "Grüße canary".into(), urgent: true, ..heading() };
    let inside = protected_content(&heading, &[Part::text("canary")], "seed");
    let inside = MessageParser::default().parse(inside.expose()).unwrap().into_owned();
    assert_eq!(inside.subject(), Some("Grüße canary"));
    assert_eq!(inside.content_type().unwrap().attribute("hp"), Some("cipher"));
    let outer = String::from_utf8(encrypted(&heading, "-----BEGIN PGP MESSAGE-----\n\nx\n", "seed")).unwrap();
    assert!(!outer.contains("canary") && outer.contains("Importance: high\r\n"));
    let outer = MessageParser::default().parse(outer.as_bytes()).unwrap().into_owned();
    assert_eq!(outer.subject(), Some(HIDDEN_SUBJECT));
    assert_eq!(outer.content_type().unwrap().subtype(), Some("encrypted"));
}

#[test]
fn references_keep_the_first_and_the_last() {
    let ids: Vec<MailId> = (0..40).map(|n| format!("{n}@example.net").parse().unwrap()).collect();
    let cases = [(0, 0, ""), (1, 1, "<0@example.net>"), (12, 12, "<11@example.net>"), (40, 12, "<39@example.net>")];
    for (given, kept, last) in cases {
        let field = references(&ids[..given]);
        assert_eq!(field.matches('@').count(), kept);
        assert!(field.trim_end().ends_with(last));
        assert!(given == 0 || field.starts_with("References: <0@example.net>"));
    }
}
