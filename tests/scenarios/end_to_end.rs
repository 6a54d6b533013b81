//! Reporter → Postfix → Dovecot → gateway → GitHub's double → Postfix → everybody's mailbox, with the real GnuPG at both ends.

use std::fs;

use crate::support::gnupg::GnuPg;
use crate::support::pgpmime::{self, Mail};
use crate::support::world::{ADDRESS, World, fixture};

const COLLECTOR: &str = "open-telemetry/opentelemetry-collector";
const CANARY: &str = "CANARY-3f1b60c2-7f3a";

/// A GnuPG home with the secret key of one of the invented people, and the gateway's certificate.
fn person(name: &str) -> GnuPg {
    GnuPg::with_keys(&[fixture(&format!("keys/secret/{name}.sec.asc")), fixture("keys/intake.pub.asc")])
}

fn gateway_fingerprint() -> String {
    let gnupg = GnuPg::with_keys(&[fixture("keys/intake.pub.asc")]);
    gnupg.fingerprint(ADDRESS)
}

/// PGP/MIME (RFC 3156 6.1) around what GnuPG made.
fn encrypted_mail(from: &str, message_id: &str, armored: &[u8]) -> Vec<u8> {
    let head = format!(
        "From: {from}\r\nTo: <{ADDRESS}>\r\nSubject: ...\r\nMessage-ID: <{message_id}>\r\nDate: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b1\"\r\n\r\n\
         --b1\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
         --b1\r\nContent-Type: application/octet-stream\r\n\r\n",
        httpdate()
    );
    [head.as_bytes(), armored, b"\r\n--b1--\r\n"].concat()
}

fn httpdate() -> String {
    time::OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc2822).unwrap()
}

fn report(subject: &str) -> String {
    format!(
        "Content-Type: text/plain; charset=utf-8; protected-headers=\"v1\"\r\nSubject: {subject}\r\n\r\n\
         Hello,\r\n\r\nthe OTLP receiver of https://github.com/{COLLECTOR} (go.opentelemetry.io/collector/receiver/otlpreceiver\r\n\
         v0.130.0) can be crashed by one unauthenticated request. {CANARY}\r\n\r\n\
         CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n\r\nSteps: send a frame with a length of zero, twice.\r\n\r\nMira\r\n"
    )
}

fn one(mails: Vec<Vec<u8>>) -> Option<Vec<u8>> {
    assert!(mails.len() < 2, "more than one mail");
    mails.into_iter().next()
}

/// What everything that the gateway sends has in common.
fn assert_from_the_gateway(mail: &Mail, to: &str) {
    assert!(mail.header("From").contains(ADDRESS), "{:?}", mail.header("From"));
    assert!(mail.header("To").contains(to));
    assert!(mail.header("Auto-Submitted").starts_with("auto-"));
    assert!(mail.header("Return-Path").contains("<>"), "{:?}", mail.header("Return-Path"));
    assert!(mail.header("Message-ID").len() > 2 && !mail.header("Subject").is_empty());
}

#[test]
fn an_encrypted_report_becomes_an_advisory_an_alert_and_an_encrypted_answer() {
    let mut world = World::new("");
    world.gateway.start();
    world
        .wait_for("the daemon to watch the mailbox", || world.gateway.log().contains("gateway is ready").then_some(()));

    let mira = person("mira");
    mira.import(&fs::read(fixture("keys/intake.pub.asc")).unwrap());
    let subject = "Collector crash by an empty OTLP frame";
    let armored = mira.encrypt(report(subject).as_bytes(), ADDRESS, Some("mira@halden-labs.example"));
    let mail = encrypted_mail("Mira Okonkwo <mira@halden-labs.example>", "first@halden-labs.example", &armored);
    world.postfix.inject("mira@halden-labs.example", ADDRESS, &mail);

    // The answer comes last, so everything else is there when it is.
    let reply = world.wait_for("the reply", || one(world.inbox("mira")));
    let reply = pgpmime::open(&reply, &mira);
    assert_from_the_gateway(&reply, "mira@halden-labs.example");
    assert!(reply.encrypted, "a reply to who signed inside is encrypted");
    assert_eq!(reply.signers, [gateway_fingerprint()]);
    assert!(reply.header("In-Reply-To").contains("first@halden-labs.example"));
    assert!(!reply.header("Subject").contains("Collector crash"), "the protected subject stays inside");
    assert!(reply.has("Autocrypt"));

    let advisories = world.github.advisories(COLLECTOR);
    let [advisory] = &advisories[..] else { panic!("{} advisories", advisories.len()) };
    let (summary, description) = (advisory["summary"].as_str().unwrap(), advisory["description"].as_str().unwrap());
    assert!(summary.contains("empty OTLP frame"), "{summary}");
    assert!(description.contains(CANARY) && description.contains("OTEL-SEC-"), "{description}");
    assert!(!description.contains("mira@halden-labs.example"), "the reporter's address is not shown");
    assert!(reply.text.contains(advisory["ghsa_id"].as_str().unwrap()), "{}", reply.text);

    for member in ["lena", "samir"] {
        let gnupg = person(member);
        let alert = world.wait_for("the alert", || one(world.inbox(member)));
        let alert = pgpmime::open(&alert, &gnupg);
        assert_from_the_gateway(&alert, &format!("{member}@tc.otel.example"));
        assert!(alert.encrypted && alert.signers == [gateway_fingerprint()], "{alert:?}");
        assert!(alert.text.contains(CANARY), "the alert holds the report: {}", alert.text);
        assert!(!gnupg.can_decrypt(&armored), "what was sent to the gateway is for the gateway");
    }
    // A certificate that cannot be used: the link and nothing else.
    let link = pgpmime::open(&world.wait_for("the link", || one(world.inbox("petra"))), &person("petra"));
    assert!(!link.encrypted && link.text.contains(advisory["html_url"].as_str().unwrap()), "{}", link.text);
    assert!(!link.text.contains("OTLP") && !link.text.contains(CANARY));

    world.wait_for("the message to be moved", || (world.folder("Processed").len() == 1).then_some(()));
    assert!(world.folder("INBOX").is_empty());
    assert_eq!(world.github.complaints(), Vec::<String>::new());
    assert_eq!(world.gateway.stop(), Some(0), "{}", world.gateway.log());
}

#[test]
fn a_clear_public_report_is_announced_even_while_github_is_down_and_answered_once_filed() {
    use crate::support::github_double::{Fault, What};
    let mut world = World::new("");
    let busy = What::with_headers(429, &[("retry-after", "1")], "{\"message\":\"slow down\"}");
    world.github.fail(COLLECTOR, Fault::on("report", busy).times(2));
    let mail = format!(
        "From: Erin <erin@tallow.example>\r\nTo: <{ADDRESS}>\r\nMessage-ID: <public@tallow.example>\r\nDate: {}\r\n\
         Subject: Exploit for the collector's OTLP receiver is on exploit-archive.example\r\n\r\n\
         Hello,\r\n\r\nsomebody has published a working exploit for https://github.com/{COLLECTOR}:\r\n\
         https://exploit-archive.example/4711 . It crashes the OTLP receiver of go.opentelemetry.io/collector v0.130.0.\r\n\
         There is a blog post about it since this morning, and it is being exploited in the wild.\r\n\r\nErin\r\n",
        httpdate()
    );
    world.postfix.inject("erin@tallow.example", ADDRESS, mail.as_bytes());
    world.gateway.start();

    let lena = person("lena");
    let alert = pgpmime::open(&world.wait_for("the urgent alert", || world.inbox("lena").into_iter().next()), &lena);
    assert!(alert.encrypted && alert.text.contains("exploit-archive"), "{}", alert.text);
    assert!(alert.header("Subject").to_lowercase().contains("urgent"), "{}", alert.header("Subject"));

    let reply = pgpmime::open(&world.wait_for("the reply", || one(world.inbox("erin"))), &person("mira"));
    assert_from_the_gateway(&reply, "erin@tallow.example");
    assert!(!reply.encrypted && reply.signers == [gateway_fingerprint()], "{reply:?}");
    assert!(reply.text.contains("gpg ") && reply.text.contains("Thunderbird"), "how to encrypt: {}", reply.text);
    assert!(reply.attachments.iter().any(|name| name.ends_with(".asc")), "{:?}", reply.attachments);
    let filed = world.github.advisories(COLLECTOR);
    assert_eq!(filed.len(), 1, "filed once, after the failures");
    assert_eq!(world.gateway.stop(), Some(0));
}

#[test]
fn a_killed_daemon_goes_on_where_it_was() {
    let mut world = World::new("");
    let mira = person("mira");
    for number in 0..6 {
        let armored =
            mira.encrypt(report(&format!("Finding {number}")).as_bytes(), ADDRESS, Some("mira@halden-labs.example"));
        let from = format!("Reporter <reporter{number}@halden-labs.example>");
        let mail = encrypted_mail(&from, &format!("kill-{number}@halden-labs.example"), &armored);
        world.postfix.inject("mira@halden-labs.example", ADDRESS, &mail);
    }
    world.wait_for("delivery", || (world.folder("INBOX").len() == 6).then_some(()));
    for filed in [1, 3] {
        world.gateway.start();
        world.wait_for("filing", || (world.github.advisories(COLLECTOR).len() >= filed).then_some(()));
        world.gateway.kill();
    }
    world.gateway.start();
    world.wait_for("the rest", || (world.folder("Processed").len() == 6).then_some(()));
    assert_eq!(world.github.advisories(COLLECTOR).len(), 6, "each report is filed once");
    for number in 0..6 {
        let inbox = format!("reporter{number}");
        let replies = world.wait_for("the reply", || Some(world.inbox(&inbox)).filter(|mails| !mails.is_empty()));
        let ids: std::collections::BTreeSet<String> =
            replies.iter().map(|raw| pgpmime::open_outer(raw).header("Message-ID").to_owned()).collect();
        assert_eq!(ids.len(), 1, "one reply, and all copies of it carry one Message-ID");
    }
}
