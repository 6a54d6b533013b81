//! Whoever sends ciphertext that is perhaps somebody else's learns nothing from the answer (promises 1 and 2): a table of
//! what is inside and a table of how it comes, each with each through real workers, and a few through everything.

use std::fs;
use std::path::PathBuf;

use advisory_intake::case::{Thread, is_answer, plan};
use advisory_intake::model::{
    Address, Assessment, ComposeOrder, Encryption, Filed, HoldReason, Identity, Kind, Known, Limits, MailKind,
    MessageId, Origin, Outcome, RawMessage, SenderRules, WorkerSettings,
};
use advisory_intake::ports::Opener;
use advisory_intake::worker::Pool;
use time::OffsetDateTime;

use crate::support::gnupg::GnuPg;
use crate::support::pgpmime;
use crate::support::world::{ADDRESS, World, fixture};

const CANARY: &str = "CANARY-93ab77c1";
/// Has a certificate of her own, which carries her address.
const MALLORY: &str = "Mallory <stranger@elsewhere.example>";
const COLLECTOR: &str = "open-telemetry/opentelemetry-collector";

/// Everybody who writes: their secret keys and the gateway's certificate.
fn people() -> GnuPg {
    let files = ["secret/mira.sec.asc", "secret/stranger.sec.asc", "intake.pub.asc", "reporters/tomas.asc"];
    GnuPg::with_keys(&files.map(|file| fixture(&format!("keys/{file}"))))
}

/// What may be inside: something of each kind. All of it is a secret.
fn contents() -> Vec<(&'static str, String)> {
    let text = |subject: &str, text: &str| {
        format!(
            "Content-Type: text/plain; charset=utf-8; protected-headers=\"v1\"\r\nSubject: {subject} {CANARY}\r\n\r\n{text}\r\n{CANARY}\r\n"
        )
    };
    let secret_key = fs::read_to_string(fixture("keys/secret/tomas.sec.asc")).unwrap();
    vec![
        (
            "a report",
            text(
                "Crash",
                &format!(
                    "The OTLP receiver of https://github.com/{COLLECTOR} v0.130.0 crashes on an empty frame. CWE-770."
                ),
            ),
        ),
        (
            "something public",
            text(
                "Exploit published",
                &format!(
                    "An exploit for https://github.com/{COLLECTOR} is on exploit-archive.example since today, and used in the wild."
                ),
            ),
        ),
        (
            "a question",
            text("How do I report?", "Hello, how do I report a vulnerability to you? I have no finding today."),
        ),
        ("a request for a key", text("Your key", "Hello, please send me your OpenPGP key.")),
        (
            "an advertisement",
            text(
                "Backlinks -70%",
                "We sell 5,000 backlinks and guest posts for $199. Limited offer! Social followers. Unsubscribe here.",
            ),
        ),
        ("a follow-up", text("Re: [OTEL-SEC-2026-0001]", "One more step: send it twice.")),
        (
            "another project's",
            text("Overflow in libwidget", "The parser of libwidget 4.2 by another project overflows."),
        ),
        ("nothing", "Content-Type: text/plain\r\n\r\n\r\n".to_owned()),
        ("a secret key", text("Crash", &format!("The collector crashes. My key:\r\n{secret_key}"))),
        (
            "a forwarded mail",
            format!(
                "Content-Type: message/rfc822\r\n\r\nFrom: stranger@elsewhere.example\r\nSubject: {CANARY}\r\n\r\nThe collector crashes. {CANARY}\r\n"
            ),
        ),
    ]
}

/// How it may come from somebody who need not have made it.
const SHAPES: [&str; 8] = [
    "sent again",
    "inline",
    "beside own text",
    "as a file",
    "wrapped",
    "signed outside",
    "inside an own one",
    "in two",
];

fn mail(shape: &str, armored: &str, gnupg: &GnuPg) -> Vec<u8> {
    let head = format!(
        "From: {MALLORY}\r\nTo: <{ADDRESS}>\r\nSubject: ...\r\nMessage-ID: <same@eaves.example>\r\nDate: Sun, 22 Nov 2026 12:00:00 +0000\r\n\
         MIME-Version: 1.0\r\n"
    );
    let pgp_mime = |armored: &str| {
        format!(
            "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b1\"\r\n\r\n\
             --b1\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
             --b1\r\nContent-Type: application/octet-stream\r\n\r\n{armored}\r\n--b1--\r\n"
        )
    };
    let mixed = |parts: &[String]| {
        let parts: String = parts.iter().map(|part| format!("--m1\r\n{part}\r\n")).collect();
        format!("Content-Type: multipart/mixed; boundary=\"m1\"\r\n\r\n{parts}--m1--\r\n")
    };
    let plain = |text: &str| format!("Content-Type: text/plain\r\n\r\n{text}");
    let body = match shape {
        "sent again" => pgp_mime(armored),
        "inline" => plain(armored),
        "beside own text" => plain(&format!("Please read this:\r\n\r\n{armored}\r\nThanks, M.\r\n")),
        "as a file" => mixed(&[
            plain("see the file"),
            format!(
                "Content-Type: application/octet-stream; name=report.asc\r\nContent-Disposition: attachment; filename=report.asc\r\n\r\n{armored}"
            ),
        ]),
        "wrapped" => mixed(&[format!(
            "Content-Type: message/rfc822\r\n\r\nFrom: mira@halden-labs.example\r\nSubject: ...\r\n{}",
            pgp_mime(armored)
        )]),
        "signed outside" => {
            let content = pgp_mime(armored);
            let signature = gnupg.sign_detached(content.as_bytes(), "stranger@elsewhere.example");
            format!(
                "Content-Type: multipart/signed; micalg=pgp-sha512; protocol=\"application/pgp-signature\"; boundary=\"s1\"\r\n\r\n\
                 --s1\r\n{content}\r\n--s1\r\nContent-Type: application/pgp-signature\r\n\r\n{}\r\n--s1--\r\n",
                String::from_utf8(signature).unwrap()
            )
        }
        "inside an own one" => pgp_mime(&own(&format!("Content-Type: text/plain\r\n\r\n{armored}"), gnupg)),
        "in two" => plain(&format!("{}\r\n{armored}", own("mine", gnupg))),
        other => panic!("{other}"),
    };
    format!("{head}{body}").into_bytes()
}

/// Something that Mallory signs and encrypts, with a certificate in it that could be answered to.
fn own(text: &str, gnupg: &GnuPg) -> String {
    String::from_utf8(gnupg.encrypt(text.as_bytes(), ADDRESS, Some("stranger@elsewhere.example"))).unwrap()
}

fn settings() -> WorkerSettings {
    let keys = fixture("keys");
    WorkerSettings {
        identity: Identity {
            project: "OpenTelemetry".into(),
            address: ADDRESS.parse().unwrap(),
            name: "OpenTelemetry Security".into(),
            aliases: vec![],
            case_prefix: "OTEL-SEC".into(),
            message_id_domain: "otel.example".into(),
            policy_url: "https://example.org/security".into(),
            certificate_url: None,
            github_owner: "open-telemetry".into(),
            fallback_repository: "open-telemetry/sig-security".parse().unwrap(),
            show_reporter: false,
        },
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![keys.join("intake.sec.asc")],
        key_passwords: vec![],
        team_certificates: vec![keys.join("team")],
        team_addresses: vec![],
        known_certificates: vec![keys.join("reporters"), keys.join("others")],
        templates: None,
        routing: None,
    }
}

/// The outcome that such a message can have: what a reply must not tell.
fn outcome(kind: Kind) -> Outcome {
    match kind {
        Kind::Report | Kind::NotAVulnerability => Outcome::Filed(Filed {
            repository: COLLECTOR.parse().unwrap(),
            ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
            url: "https://github.com/x/security/advisories/GHSA-2222-3333-4444".into(),
        }),
        Kind::FollowUp => Outcome::Held(HoldReason::OtherSender),
        Kind::WrongProject => Outcome::Held(HoldReason::WrongProject),
        _ => Outcome::Answered,
    }
}

/// The reply to a mail, without what comes from the signature over it: its time.
async fn reply(pool: &Pool, bytes: Vec<u8>, now: OffsetDateTime) -> (Assessment, Option<(Address, String, usize)>) {
    let raw = RawMessage { origin: Origin::Pipe, received: now, size: bytes.len() as u64, bytes };
    let assessment = pool.assess(&raw, &Known::default()).await.unwrap().assessment;
    let mut actions = plan(&assessment.verdict, &assessment.facts, Thread::New);
    actions.retain(|action| is_answer(*action));
    let case = matches!(assessment.verdict.kind, Kind::Report | Kind::NotAVulnerability);
    let order = ComposeOrder {
        message: MessageId::new(12),
        case: "OTEL-SEC-2026-0009".parse().ok().filter(|_| case),
        outcome: Some(outcome(assessment.verdict.kind)),
        assessment: Some(assessment.clone()),
        actions,
        refused: None,
        others: Default::default(),
        opened_late: false,
        notes: vec![],
        nonce: 7,
        now,
        received: now,
    };
    let mut mails = pool.compose(Some(&raw), &Known::default(), &order).await.unwrap();
    mails.retain(|mail| mail.kind == MailKind::Reply);
    assert!(mails.len() < 2);
    let told = mails.pop().map(|mail| {
        let text = String::from_utf8(mail.bytes).unwrap();
        let before = text.split("-----BEGIN PGP SIGNATURE").next().unwrap_or_default().to_owned();
        (mail.envelope_to, before, text.len())
    });
    (assessment, told)
}

#[tokio::test]
async fn a_stranger_gets_one_and_the_same_answer_to_everything() {
    let gnupg = people();
    let pool = Pool::start(PathBuf::from(env!("CARGO_BIN_EXE_advisory-intake")), settings(), 2);
    let now = OffsetDateTime::now_utc();
    let unsigned = |text: &str| String::from_utf8(gnupg.encrypt(text.as_bytes(), ADDRESS, None)).unwrap();
    let (first, expected) = reply(&pool, mail("sent again", &unsigned("Hello"), &gnupg), now).await;
    assert_eq!(first.facts.encryption, Encryption::Whole);
    let expected = expected.expect("any mail gets an answer");
    assert!(expected.1.contains("your encrypted message has arrived"), "{}", expected.1);
    let mut kinds = std::collections::BTreeSet::new();
    for (content, text) in contents() {
        let captured =
            String::from_utf8(gnupg.encrypt(text.as_bytes(), ADDRESS, Some("mira@halden-labs.example"))).unwrap();
        for (armored, signed) in [(captured, "signed by Mira"), (unsigned(&text), "unsigned")] {
            for shape in SHAPES {
                let label = format!("{content}, {signed}, {shape}");
                let (assessment, told) = reply(&pool, mail(shape, &armored, &gnupg), now).await;
                kinds.insert(assessment.verdict.kind);
                assert_eq!(assessment.facts.failure, None, "{label}");
                assert_eq!(told.as_ref(), Some(&expected), "{label}: {:?}", assessment.verdict.kind);
            }
        }
    }
    for leak in [CANARY, "GHSA-", "opentelemetry-collector", "OTEL-SEC-2026", "mira", "SECRET"] {
        assert!(!expected.1.contains(leak), "{leak}");
    }
    assert!(kinds.len() >= 5, "the contents are not as different as they should be: {kinds:?}");
}

/// What of a delivered reply may differ from one to the other: whom and what it answers, its number, and when.
fn masked(raw: &[u8], message: &str, to: &str) -> String {
    let text = String::from_utf8(pgpmime::crlf(raw)).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let fields =
        ["Return-Path", "Delivered-To", "Received", "Message-ID", "In-Reply-To", "References", "Date", "X-Original-To"];
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let kept: Vec<&str> = unfolded
        .lines()
        .filter(|line| {
            !fields.iter().any(|field| line.to_lowercase().starts_with(&format!("{}:", field.to_lowercase())))
        })
        .collect();
    let at = unfolded.find("_reply").unwrap();
    let nonce = &unfolded[at - 16..at];
    let signature = body.find("-----BEGIN PGP SIGNATURE").unwrap();
    let masked = format!("{}\n{}", kept.join("\n"), &body[..signature]);
    let number = |text: String, form: &str| text.replace(&form.replace('#', message), &form.replace('#', "mN"));
    number(number(masked.replace(nonce, "NONCE").replace(to, "TO"), "[#]"), "\r\n#. ")
}

#[test]
fn captured_ciphertext_tells_its_second_sender_nothing_and_is_filed_once() {
    let mut world = World::new("");
    world.gateway.start();
    let gnupg = people();
    let contents = contents();
    let seal = |at: usize, signer| gnupg.encrypt(contents[at].1.as_bytes(), ADDRESS, signer);
    let captured = seal(0, Some("mira@halden-labs.example"));
    let pgp_mime = |from: &str, armored: &[u8]| {
        let mail = String::from_utf8(mail("sent again", &String::from_utf8_lossy(armored), &gnupg)).unwrap();
        let id = from.split('@').next().unwrap();
        mail.replace(MALLORY, &format!("<{from}>"))
            .replace("same@eaves.example", &format!("{id}@mail.example"))
            .into_bytes()
    };
    let mira = "mira@halden-labs.example";
    world.postfix.inject(mira, ADDRESS, &pgp_mime(mira, &captured));
    let sealed = world.wait_for("the reporter's reply", || world.inbox("mira").pop());
    assert!(String::from_utf8_lossy(&sealed).contains("multipart/encrypted"));
    world.wait_for("the report to be moved", || (world.folder("Processed").len() == 1).then_some(()));

    // The captured one, from somebody else; and mail of others with other contents, which must look the same.
    let mut mails = vec![("mallory", captured.clone())];
    mails.extend([("trent", seal(2, None)), ("victor", seal(4, None)), ("walter", seal(7, None))]);
    for (who, armored) in &mails {
        let from = format!("{who}@eaves.example");
        world.postfix.inject(&from, ADDRESS, &pgp_mime(&from, armored));
    }
    let mut replies = Vec::new();
    for (who, _) in &mails {
        let raw = world.wait_for("a reply", || world.inbox(who).pop());
        let subject = pgpmime::open_outer(&raw).header("Subject").to_owned();
        let number = subject.trim_start_matches('[').split(']').next().unwrap().to_owned();
        replies.push(masked(&raw, &number, &format!("{who}@eaves.example")));
    }
    for (reply, (who, _)) in replies.iter().zip(&mails) {
        assert_eq!(reply, &replies[0], "{who}");
    }
    for leak in [CANARY, "GHSA-", "opentelemetry-collector", "OTEL-SEC-2026", "mira"] {
        assert!(!replies[0].contains(leak), "{leak}");
    }

    assert_eq!(world.github.advisories(COLLECTOR).len(), 1, "the same ciphertext is filed once");
    world.wait_for("the second one to be held", || (world.folder("Held").len() == 1).then_some(()));
    let lena = GnuPg::with_keys(&[fixture("keys/secret/lena.sec.asc"), fixture("keys/intake.pub.asc")]);
    let told = world.wait_for("the alert that says so", || {
        let alerts = world.inbox("lena");
        alerts.iter().map(|raw| pgpmime::open(raw, &lena).text).find(|text| text.contains("the same ciphertext came"))
    });
    assert!(told.contains("OTEL-SEC-") && told.contains("(m1)"), "{told}");
    assert!(!world.gateway.log().contains(CANARY));
    assert_eq!(world.gateway.stop(), Some(0));
}

#[test]
fn what_stayed_shut_is_opened_when_its_key_comes_and_its_sender_hears_of_it() {
    let mut world = World::new("");
    let folder = world.gateway.folder().join("keys");
    fs::create_dir(&folder).unwrap();
    let set = |file: &str| fs::copy(fixture(&format!("keys/{file}")), folder.join(file)).unwrap();
    set("intake.sec.asc");
    let configuration = fs::read_to_string(world.gateway.folder().join("gateway.toml")).unwrap();
    let secret = configuration.lines().find(|line| line.starts_with("secret = ")).unwrap();
    let one = |file: &str| format!("{{ file = {:?} }}", folder.join(file).display().to_string());
    let with = |files: &[&str]| {
        let files: Vec<String> = files.iter().map(|file| one(file)).collect();
        configuration.replace(secret, &format!("secret = [{}]", files.join(", "))).into_bytes()
    };
    world.gateway.put("gateway.toml", &with(&["intake.sec.asc"]));
    let shut = fs::read(fixture("mail/09-report-retired-key.eml")).unwrap();
    world.gateway.start();
    world.postfix.inject("mira@halden-labs.example", ADDRESS, &shut);
    world.wait_for("the message to be held", || (world.folder("Held").len() == 1).then_some(()));
    let sender = pgpmime::open_outer(&shut).header("From").to_owned();
    let who = sender.trim_end_matches('>').rsplit('<').next().unwrap().split('@').next().unwrap().to_owned();
    let help = world.wait_for("the help", || world.inbox(&who).pop());
    assert!(pgpmime::readable(&help).contains("We cannot read your message"), "{}", pgpmime::readable(&help));

    set("intake-2023.sec.asc");
    world.gateway.put("gateway.toml", &with(&["intake.sec.asc", "intake-2023.sec.asc"]));
    world.gateway.hang_up();
    let replies = world.wait_for("the second reply", || Some(world.inbox(&who)).filter(|mails| mails.len() == 2));
    let keys = GnuPg::with_keys(&["mira", "tomas", "aiko"].map(|name| fixture(&format!("keys/secret/{name}.sec.asc"))));
    keys.import(&fs::read(fixture("keys/intake.pub.asc")).unwrap());
    let texts: Vec<String> = replies.iter().map(|raw| pgpmime::open(raw, &keys).text).collect();
    assert!(texts.iter().any(|text| text.contains("Now we could: you need not send it again")), "{texts:?}");
    world.gateway.hang_up();
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!(world.inbox(&who).len(), 2, "nobody is told twice");
    assert_eq!(world.gateway.stop(), Some(0));
}
