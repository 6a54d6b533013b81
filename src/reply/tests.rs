mod offered;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use mail_parser::{Message, MessageParser, MimeHeaders};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::model::{
    Acquaintance, Action, Assessment, Attachment, Authentication, Automatic, Certificate, Confidence, ContentDigest,
    Disclosure, Encryption, EncryptionFormat, Evidence, Filed, Headers, HoldReason, Kind, LearnedFrom, MessageFacts,
    MessageId, Others, Outcome, Outside, Part, PartContent, Protection, Question, Secret, Sender, Signature,
    SignatureStatus, Unreadable, Verdict, WorkerSettings,
};
use crate::openpgp::{generate, read_certificates};

const CANARY: &str = "canary-9f2c";

/// A gateway with its keys, and a home of the real gpg with the secret keys of everybody else.
struct World {
    folder: TempDir,
    identity: Identity,
    keyring: Keyring,
    templates: Templates,
    /// The reporter's certificate.
    reporter: Vec<u8>,
    without: Vec<Address>,
}

impl World {
    fn new() -> World {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let own = generate("Intake", &"security@example.org".parse().unwrap(), None, Duration::days(300), now());
        let own = own.unwrap();
        fs::create_dir(folder.path().join("team")).unwrap();
        fs::write(folder.path().join("own.asc"), own.secret_key.expose()).unwrap();
        gpg(folder.path(), &["--import"], own.certificate.as_bytes());
        let reporter = gpg_key(folder.path(), "erin@example.net");
        for member in ["ana@team.example", "bo@team.example"] {
            fs::write(folder.path().join(format!("team/{member}.asc")), gpg_key(folder.path(), member)).unwrap();
        }
        let identity = identity();
        let settings = settings(folder.path(), "own.asc");
        let keyring = Keyring::load(&settings, now()).unwrap();
        World {
            folder,
            identity,
            keyring,
            templates: Templates::load(None).unwrap(),
            reporter,
            without: vec!["cy@team.example".parse().unwrap()],
        }
    }

    fn compose(&self, opened: &OpenedMessage, order: &ComposeOrder) -> Vec<OutgoingMail> {
        let report = Report { text: Secret::new(format!("{CANARY} text")), ..Report::default() };
        let office = Office {
            identity: &self.identity,
            templates: &self.templates,
            keyring: &self.keyring,
            without_certificate: &self.without,
        };
        compose(Some((opened, &report)), order, &office).unwrap()
    }

    /// What the real gpg makes of an encrypted mail, and of the signature inside.
    fn open(&self, mail: &OutgoingMail) -> Vec<u8> {
        let parsed = MessageParser::default().parse(&mail.bytes).unwrap();
        let ciphertext = parsed.attachments().last().unwrap().contents();
        let (plain, status) = gpg(self.folder.path(), &["--decrypt"], ciphertext);
        assert!(status.contains("DECRYPTION_OKAY") && status.contains("GOODSIG"), "{status}");
        plain
    }

    /// Holds the real gpg to the signature of a signed mail.
    fn verify(&self, mail: &OutgoingMail) {
        let text = String::from_utf8(mail.bytes.clone()).unwrap();
        let (_, rest) = text.split_once("\r\n\r\n--").unwrap();
        let (boundary, rest) = rest.split_once("\r\n").unwrap();
        let (content, rest) = rest.split_once(&format!("\r\n--{boundary}")).unwrap();
        let start = rest.find("-----BEGIN PGP SIGNATURE-----").unwrap();
        let end = rest.find("-----END PGP SIGNATURE-----").unwrap() + 27;
        let signature = self.folder.path().join("sig.asc");
        fs::write(&signature, &rest[start..end]).unwrap();
        let (_, status) = gpg(self.folder.path(), &["--verify", signature.to_str().unwrap(), "-"], content.as_bytes());
        assert!(status.contains("GOODSIG"), "{status}");
    }

    fn reply_certificate(&self) -> Certificate {
        let cert = read_certificates(&self.reporter).unwrap().remove(0);
        Certificate {
            fingerprint: openpgp::fingerprint(&cert).unwrap(),
            bytes: openpgp::serialized(&cert),
            learned_from: LearnedFrom::Attachment,
            addresses: vec![],
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.folder.path()).args(["--kill", "all"]).status();
    }
}

fn gpg(home: &Path, arguments: &[&str], input: &[u8]) -> (Vec<u8>, String) {
    let source = home.join("input");
    fs::write(&source, input).unwrap();
    let output = Command::new("gpg")
        .arg("--homedir")
        .arg(home)
        .args(["--batch", "--quiet", "--status-fd", "2", "--trust-model", "always"])
        .args(arguments)
        .stdin(fs::File::open(&source).unwrap())
        .output()
        .expect("gpg is installed");
    (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A key made by the real gpg, and its certificate in armor. One made here would say that it reads the newest format,
/// which this gpg does not.
fn gpg_key(home: &Path, address: &str) -> Vec<u8> {
    gpg(home, &["--passphrase", "", "--quick-generate-key", address, "default", "default", "never"], b"");
    gpg(home, &["--armor", "--export", address], b"").0
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// Everything in `folder`, with these secret keys.
fn settings(folder: &Path, secret_keys: &str) -> WorkerSettings {
    WorkerSettings {
        identity: identity(),
        limits: Default::default(),
        sender: Default::default(),
        secret_keys: vec![folder.join(secret_keys)],
        key_passwords: vec![],
        team_certificates: vec![folder.join("team")],
        team_addresses: vec![],
        known_certificates: vec![],
        templates: None,
        routing: None,
    }
}

pub(super) fn identity() -> Identity {
    Identity {
        project: "OpenTelemetry".into(),
        address: "security@example.org".parse().unwrap(),
        name: "OpenTelemetry Security".into(),
        aliases: vec!["old-security@example.org".parse().unwrap()],
        case_prefix: "OTEL-SEC".into(),
        message_id_domain: "intake.example.org".into(),
        policy_url: "https://example.org/security".into(),
        certificate_url: Some("https://example.org/key.asc".into()),
        github_owner: "open-telemetry".into(),
        fallback_repository: "open-telemetry/sig-security".parse().unwrap(),
        show_reporter: false,
    }
}

fn opened(encryption: Encryption, certificate: Option<Certificate>) -> OpenedMessage {
    let protection = Protection { encrypted: true, signed: true };
    let bytes = format!("{CANARY} attached").into_bytes();
    let attachment = Attachment {
        name: Secret::new("poc\r\nBcc: x.py".into()),
        media_type: "text/x-python".into(),
        sha256: ContentDigest::of(&bytes),
        bytes: Secret::new(bytes),
    };
    OpenedMessage {
        headers: Headers {
            message_id: "m1@example.net".parse().ok(),
            references: vec!["root@example.net".parse().unwrap()],
            answer_to: "erin@example.net".parse().ok(),
            ..Headers::default()
        },
        subject: Secret::new(format!("{CANARY} subject")),
        subject_protected: true,
        sender: Sender {
            address: "erin@example.net".parse().ok(),
            name: format!("{CANARY}\r\nBcc: all@example.org"),
            authenticated: Authentication::None,
            shortfall: None,
        },
        encryption,
        format: (encryption != Encryption::None).then_some(EncryptionFormat::PgpMime),
        decryption_key: None,
        failure: None,
        signature: Signature { status: SignatureStatus::None, signer: None, shortfall: None },
        forwarded: None,
        parts: vec![Part { protection, content: PartContent::Attachment(attachment) }],
        certificates: vec![],
        acquaintance: Acquaintance::default(),
        learned: vec![],
        reply_certificate: certificate,
        outside: Default::default(),
        ciphertexts: Vec::new(),
        automatic: None,
        private_key_attached: false,
        doubts: Vec::new(),
        named_recipients: Vec::new(),
    }
}

fn order(opened: &OpenedMessage, kind: Kind, actions: &[Action]) -> ComposeOrder {
    let repository = "open-telemetry/opentelemetry-go";
    ComposeOrder {
        message: MessageId::new(12),
        case: "OTEL-SEC-2026-0001".parse().ok(),
        assessment: Some(Assessment {
            facts: MessageFacts::of(opened),
            verdict: Verdict {
                kind,
                disclosure: Some(Disclosure::Private),
                destination: repository.parse().ok(),
                also: vec![],
                case: None,
                confidence: Confidence { kind: 0.9, disclosure: 0.8, repository: 0.7 },
                evidence: vec![Evidence {
                    question: Question::Kind,
                    says: "report".into(),
                    weight: 2.0,
                    because: "says what an attacker can do".into(),
                }],
            },
        }),
        outcome: Some(Outcome::Filed(Filed {
            repository: repository.parse().unwrap(),
            ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
            url: "https://github.com/x/security/advisories/GHSA-2222-3333-4444".into(),
        })),
        actions: actions.to_vec(),
        refused: None,
        others: Others::default(),
        opened_late: false,
        notes: vec![],
        nonce: 0xABCD,
        now: now(),
        received: now(),
    }
}

fn parse(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).unwrap()
}

fn text(mail: &[u8]) -> String {
    parse(mail).body_text(0).unwrap().into_owned()
}

#[test]
fn a_reply_in_the_clear_is_signed_and_says_nothing_secret() {
    let world = World::new();
    let opened = opened(Encryption::None, None);
    let mails = world.compose(&opened, &order(&opened, Kind::Report, &[Action::Acknowledge, Action::SendInstructions]));
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    world.verify(mail);
    let message = parse(&mail.bytes);
    assert_eq!(message.subject(), Some("[OTEL-SEC-2026-0001] Your report was received"));
    assert_eq!(mail.message_id.as_str(), "otel-sec-2026-0001.reply-000000000000abcd-1@intake.example.org");
    assert_eq!(message.message_id(), Some(mail.message_id.as_str()));
    assert_eq!(message.references().as_text_list().unwrap(), ["root@example.net", "m1@example.net"]);
    assert_eq!((mail.envelope_from.as_ref(), mail.envelope_to.as_str()), (None, "erin@example.net"));
    assert_eq!(message.attachments().next().unwrap().attachment_name(), Some(CERTIFICATE_FILE));
    let text = text(&mail.bytes);
    for expected in ["opentelemetry-go/security/advisories/new", "three working days", "gpg --import", "key.asc"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let raw = String::from_utf8_lossy(&mail.bytes);
    assert!(!raw.contains(CANARY) && !raw.contains("GHSA-") && !raw.contains("Bcc"));
}

#[test]
fn a_reply_to_who_signed_inside_is_encrypted_and_names_the_advisory() {
    let world = World::new();
    let opened = opened(Encryption::Whole, Some(world.reply_certificate()));
    let mails = world.compose(&opened, &order(&opened, Kind::Report, &[Action::Acknowledge]));
    let mail = &mails[0];
    let outside = String::from_utf8_lossy(&mail.bytes);
    assert_eq!(parse(&mail.bytes).subject(), Some("[...]"));
    assert!(!outside.contains("GHSA") && !outside.contains("opentelemetry-go"));
    let plain = world.open(mail);
    assert_eq!(parse(&plain).subject(), Some("[OTEL-SEC-2026-0001] Your report was received"));
    assert!(text(&plain).contains("GHSA-2222-3333-4444"));
}

#[test]
fn a_sealed_reply_shows_nothing_of_its_content_outside() {
    let world = World::new();
    let opened = opened(Encryption::Whole, Some(world.reply_certificate()));
    let contents: [(Kind, &[Action]); 3] = [
        (Kind::Report, &[Action::Acknowledge, Action::AskPrivate]),
        (Kind::Question, &[Action::SendInstructions]),
        (Kind::FollowUp, &[Action::Receipt]),
    ];
    for (kind, actions) in contents {
        let mail = world.compose(&opened, &order(&opened, kind, actions)).remove(0);
        assert_eq!(mail.message_id.as_str(), "intake.m12.reply-000000000000abcd-1@intake.example.org", "{kind}");
        assert_eq!(world.open(&mail).len() % 4096, 0, "{kind}");
    }
}

#[test]
fn a_signed_ciphertext_that_somebody_else_sends_gets_a_strangers_reply() {
    let world = World::new();
    for (answer_to, sealed) in [("Erin@example.net", true), ("mallory@example.com", false)] {
        let mut opened = opened(Encryption::Whole, Some(world.reply_certificate()));
        opened.headers.answer_to = answer_to.parse().ok();
        let mail = world.compose(&opened, &order(&opened, Kind::Report, &[Action::Acknowledge])).remove(0);
        let subject = if sealed { "[...]" } else { "[m12] Your message was received" };
        assert_eq!(parse(&mail.bytes).subject(), Some(subject), "{answer_to}");
    }
}

#[test]
fn a_receipt_tells_nobody_unproven_whether_the_case_is_theirs() {
    let world = World::new();
    let receipt = |authenticated, outcome, case: &str| {
        let mut opened = opened(Encryption::None, None);
        opened.sender.authenticated = authenticated;
        let order = order(&opened, Kind::FollowUp, &[Action::Receipt]);
        let order = ComposeOrder { case: case.parse().ok(), outcome: Some(outcome), ..order };
        let mail = world.compose(&opened, &order).remove(0);
        (parse(&mail.bytes).subject().unwrap().to_owned(), text(&mail.bytes), mail.message_id)
    };
    let added = || Outcome::Commented {
        advisory: Filed {
            repository: "open-telemetry/opentelemetry-go".parse().unwrap(),
            ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
            url: String::new(),
        },
        how: crate::model::CommentedAs::Comment,
    };
    let other = receipt(Authentication::None, Outcome::Held(HoldReason::OtherSender), "OTEL-SEC-2026-0002");
    assert_eq!(receipt(Authentication::None, added(), "OTEL-SEC-2026-0001"), other);
    assert_eq!(other.0, "[m12] Your message was received");
    let proven = receipt(Authentication::Signature, added(), "OTEL-SEC-2026-0001");
    assert_eq!(proven.0, "[OTEL-SEC-2026-0001] Your message was added to the case");
}

#[test]
fn a_reply_to_a_stranger_has_the_same_words_whatever_was_inside() {
    let world = World::new();
    let (mut replies, instant) = (Vec::new(), now());
    let contents: [(Kind, &[Action], bool, Option<Disclosure>); 5] = [
        (Kind::Report, &[Action::Acknowledge], true, Some(Disclosure::Private)),
        (Kind::Report, &[Action::Acknowledge, Action::AskPrivate], true, Some(Disclosure::Public)),
        (Kind::Question, &[Action::SendInstructions], false, None),
        (Kind::FollowUp, &[Action::Receipt], true, None),
        (Kind::WrongProject, &[Action::Receipt], false, None),
    ];
    for encryption in [Encryption::Whole, Encryption::Partial] {
        for (kind, actions, case, disclosure) in contents {
            let mut opened = opened(encryption, None);
            opened.private_key_attached = case;
            let mut order = ComposeOrder { now: instant, ..order(&opened, kind, actions) };
            order.case = order.case.filter(|_| case);
            order.outcome = order.outcome.filter(|_| case);
            if let Some(assessment) = &mut order.assessment {
                assessment.verdict.disclosure = disclosure;
            }
            let mail = world.compose(&opened, &order).remove(0);
            world.verify(&mail);
            let whole = String::from_utf8(mail.bytes).unwrap();
            let before_signature = whole.split("-----BEGIN PGP SIGNATURE").next().unwrap().to_owned();
            replies.push((before_signature, whole.len()));
        }
    }
    assert!(replies[0].0.contains("Subject: [m12] Your message was received\r\n"), "{}", replies[0].0);
    for reply in &replies {
        assert_eq!(reply, &replies[0]);
        for leak in [CANARY, "GHSA-", "opentelemetry-go", "OTEL-SEC-2026", "otel-sec-2026"] {
            assert!(!reply.0.contains(leak), "{leak}");
        }
    }
}

#[test]
fn alerts_go_sealed_to_the_team_and_as_a_link_to_who_has_no_certificate() {
    let world = World::new();
    let opened = opened(Encryption::Whole, None);
    for (action, subject, kind) in [
        (Action::Alert, "[OTEL-SEC-2026-0001] Alert", MailKind::Alert),
        (Action::AlertUrgent, "[OTEL-SEC-2026-0001] Urgent", MailKind::UrgentAlert),
    ] {
        let mut order = order(&opened, Kind::Report, &[action]);
        order.notes = vec!["look\nhere".into()];
        order.refused = Some(("open-telemetry/community".parse().unwrap(), "it is archived".into()));
        let mails = world.compose(&opened, &order);
        let to: Vec<&str> = mails.iter().map(|mail| mail.envelope_to.as_str()).collect();
        assert_eq!(to, ["ana@team.example", "bo@team.example", "cy@team.example"]);
        for mail in &mails {
            let outside = String::from_utf8_lossy(&mail.bytes);
            assert!(!outside.contains(CANARY) && !outside.contains("\nBcc"));
            assert_eq!((parse(&mail.bytes).subject(), mail.kind), (Some(subject), kind));
            assert_eq!(outside.contains("Importance: high"), kind == MailKind::UrgentAlert);
        }
        let plain = world.open(&mails[1]);
        let message = parse(&plain);
        assert!(message.subject().unwrap().contains("opentelemetry-go"));
        let block = text(&plain);
        for expected in [
            "Case:       OTEL-SEC-2026-0001",
            "erin@example.net (NOT authenticated)",
            "- look here",
            "archived",
            "+2.0 report: says what an attacker can do",
        ] {
            assert!(block.contains(expected), "{expected}: {block}");
        }
        assert!(!block.contains(CANARY), "what came from outside stands in parts of its own");
        assert_eq!(message.body_text(1).unwrap().trim_end(), format!("{CANARY} text"));
        assert_eq!(message.attachments().last().unwrap().contents(), format!("{CANARY} attached").as_bytes());
        world.verify(&mails[2]);
        assert!(text(&mails[2].bytes).contains("https://github.com/x/security"));
    }
}

#[test]
fn after_an_urgent_alert_only_those_without_certificate_get_the_link() {
    let world = World::new();
    let opened = opened(Encryption::Whole, None);
    let mails = world.compose(&opened, &order(&opened, Kind::Report, &[Action::AlertLink]));
    let [mail] = mails.as_slice() else { panic!("{} mails", mails.len()) };
    assert_eq!((mail.envelope_to.as_str(), mail.kind), ("cy@team.example", MailKind::Alert));
    assert!(text(&mail.bytes).contains("https://github.com/x/security"));
}

#[test]
fn an_alert_without_content_has_none() {
    let world = World::new();
    let opened = opened(Encryption::Failed, None);
    let mut order = order(&opened, Kind::Unreadable, &[Action::AlertWithoutContent]);
    order.outcome = Some(Outcome::Held(HoldReason::Unreadable(Unreadable::NoKey)));
    let mails = world.compose(&opened, &order);
    let plain = world.open(&mails[0]);
    assert!(!String::from_utf8_lossy(&plain).contains(CANARY));
    assert!(text(&plain).contains("encrypted to a key that is not here"));
}

#[test]
fn what_failed_is_told_only_where_it_can_be_seen_from_outside() {
    let world = World::new();
    let damaged = "We cannot say more about the reason";
    let cases = [
        (Some(Unreadable::NoKey), true, "not encrypted to our key"),
        (Some(Unreadable::SymmetricOnly), true, "encrypted with a password"),
        (Some(Unreadable::NoIntegrityProtection), true, "without protection against"),
        (Some(Unreadable::Unsupported), false, "S/MIME"),
        (Some(Unreadable::Unsupported), true, damaged),
        (Some(Unreadable::Tampered), true, damaged),
        (Some(Unreadable::Malformed), true, damaged),
        (Some(Unreadable::TooLarge), true, damaged),
        (None, true, damaged),
    ];
    for (failure, pgp, expected) in cases {
        let mut opened = opened(Encryption::Failed, None);
        opened.failure = failure;
        opened.format = opened.format.filter(|_| pgp);
        let mails = world.compose(&opened, &order(&opened, Kind::Unreadable, &[Action::ExplainFailure]));
        let text = text(&mails[0].bytes);
        let has = text.contains(expected);
        assert!(has && text.contains("gpg --import"), "{failure:?}: {text}");
        assert!(!String::from_utf8_lossy(&mails[0].bytes).contains(CANARY));
    }
}

/// Each row: what failed, what is seen from outside, what the program calls itself, what must be told, what must not.
#[test]
fn the_help_fits_what_is_seen_from_outside_and_the_senders_program() {
    let world = World::new();
    let seen = |keys: &[&str], old: &[&str], damaged: bool, exchange: bool| Outside {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        old_keys: old.iter().map(|key| (*key).to_owned()).collect(),
        damaged,
        exchange,
        ..Outside::default()
    };
    const ID: &str = "0x0123456789ABCDEF";
    let large = || Outside { too_large: true, ..Outside::default() };
    let armor = || Outside { made_by: Some("Mailvelope v5.1.0".into()), ..Outside::default() };
    use Unreadable::*;
    type Row = (Unreadable, Outside, Option<&'static str>, &'static [&'static str], &'static str);
    let cases: Vec<Row> = vec![
        (NoKey, seen(&[ID], &[], false, false), None, &["It is encrypted to: 0x0123456789ABCDEF"], "old key"),
        (NoKey, seen(&[], &[], false, false), None, &["not encrypted to our key"], "It is encrypted to:"),
        (NoKey, seen(&[ID], &[ID], false, false), None, &["old key of ours", ID], "It is encrypted to:"),
        (
            Malformed,
            seen(&[], &[], true, true),
            Some("Microsoft Outlook 16.0"),
            &["Microsoft Exchange", "Kleopatra"],
            "copied",
        ),
        (Tampered, seen(&[ID], &[], true, false), None, &["changed on its way", "by hand"], ID),
        (Tampered, seen(&[ID], &[], false, false), None, &["We cannot say more about the reason"], "on its way. Mail"),
        (TooLarge, large(), None, &["too large for us"], "We cannot say more"),
        (TooLarge, seen(&[ID], &[], false, false), None, &["We cannot say more"], "too large"),
        (SymmetricOnly, armor(), None, &["with a password", "You seem to use Mailvelope"], "Thunderbird. This"),
        (
            NoIntegrityProtection,
            seen(&[ID], &[], false, false),
            Some("Mozilla/5.0 Thunderbird/60.9"),
            &["disable-mdc", "You seem to use Thunderbird", "Import OpenPGP Key"],
            ID,
        ),
        (
            NoKey,
            seen(&[], &[], false, false),
            Some("Evil\r\nBcc: x@example.org <thunderbird>"),
            &["Thunderbird"],
            "Evil",
        ),
    ];
    for (failure, outside, program, expected, forbidden) in cases {
        let mut opened = opened(Encryption::Failed, None);
        (opened.failure, opened.outside) = (Some(failure), outside);
        opened.headers.mail_program = program.map(str::to_owned);
        let mails = world.compose(&opened, &order(&opened, Kind::Unreadable, &[Action::ExplainFailure]));
        let text = text(&mails[0].bytes);
        for part in expected {
            assert!(text.contains(part), "{failure:?} {part}: {text}");
        }
        assert!(!text.contains(forbidden), "{failure:?} {forbidden}: {text}");
        assert!(text.contains("Its fingerprint is:") && mails[0].bytes.len() < MAX_REPLY);
        assert_eq!(parse(&mails[0].bytes).attachments().next().unwrap().attachment_name(), Some(CERTIFICATE_FILE));
    }
}

#[test]
fn the_rest_of_what_a_sender_should_know_is_told_where_it_holds() {
    let world = World::new();
    let told = |opened: &OpenedMessage, late: bool| {
        let order = ComposeOrder { opened_late: late, ..order(opened, Kind::Report, &[Action::Acknowledge]) };
        text(&world.compose(opened, &order)[0].bytes)
    };
    let clear = opened(Encryption::None, None);
    let mut signed = clear.clone();
    signed.signature.status = SignatureStatus::UnknownKey;
    let captured = opened(Encryption::Whole, None);
    let mut old = captured.clone();
    old.decryption_key = "A".repeat(40).parse().ok();
    let mut named = old.clone();
    named.outside.old_keys = vec!["0x0123456789ABCDEF".into()];
    let late = "you need not send it again";
    let cases = [
        ("in the clear", told(&clear, false), "", "was signed, but not encrypted"),
        ("signed only", told(&signed, false), "was signed, but not encrypted", late),
        ("opened later", told(&captured, true), late, "GHSA"),
        ("opened at once", told(&captured, false), "", late),
        ("an old key opened it, and nobody can see that", told(&old, false), "", "old key"),
        ("an old key that it names", told(&named, false), "0x0123456789ABCDEF", late),
    ];
    for (name, text, expected, forbidden) in cases {
        assert!(text.contains(expected) && !text.contains(forbidden), "{name}: {text}");
    }
}

#[test]
fn nobody_is_answered_who_must_not_be() {
    let world = World::new();
    let clear = || opened(Encryption::None, None);
    let to = |address: &str| OpenedMessage {
        headers: Headers { answer_to: address.parse().ok(), ..Headers::default() },
        ..clear()
    };
    let cases = [
        ("nobody", to("")),
        ("ourselves", to("Security@example.org")),
        ("an alias of ours", to("old-security@example.org")),
        ("a program", OpenedMessage { automatic: Some(Automatic::Generated), ..clear() }),
    ];
    for (name, opened) in cases {
        let order = order(&opened, Kind::Report, &[Action::Acknowledge]);
        assert_eq!(world.compose(&opened, &order).len(), 0, "{name}");
    }
    let opened = clear();
    assert_eq!(world.compose(&opened, &order(&opened, Kind::Spam, &[Action::Ignore])).len(), 0);
}

#[test]
fn of_a_forwarded_mail_the_forwarder_is_answered() {
    let world = World::new();
    let mut opened = opened(Encryption::None, None);
    opened.forwarded =
        Some(crate::model::Forwarded { author: "mallory@example.com".parse().ok(), subject: Secret::default() });
    // Of what is inside a ciphertext its sender must not learn even who wrote it.
    let captured = OpenedMessage {
        headers: Headers { answer_to: "mallory@example.com".parse().ok(), ..Headers::default() },
        encryption: Encryption::Whole,
        ..opened.clone()
    };
    let mails = world.compose(&captured, &order(&captured, Kind::Report, &[Action::Acknowledge]));
    assert_eq!(mails[0].envelope_to.as_str(), "mallory@example.com");
    let actions = [Action::Acknowledge, Action::AskPrivate];
    for answer_to in ["erin@example.net", "mallory@example.com"] {
        opened.headers.answer_to = answer_to.parse().ok();
        let mails = world.compose(&opened, &order(&opened, Kind::Report, &actions));
        assert_eq!(mails[0].envelope_to.as_str(), "erin@example.net");
        assert!(text(&mails[0].bytes).contains("We write to you and not to the author"));
    }
}

#[test]
fn every_mail_comes_out_whole_for_every_kind_and_protection() {
    let world = World::new();
    let plans: [&[Action]; 8] = [
        &[Action::Alert, Action::Acknowledge],
        &[Action::Alert, Action::Acknowledge, Action::SendInstructions],
        &[Action::AlertUrgent, Action::Acknowledge, Action::AskPrivate],
        &[Action::Alert, Action::Receipt],
        &[Action::Hold, Action::Alert, Action::Receipt],
        &[Action::Digest, Action::SendInstructions],
        &[Action::Hold, Action::AlertWithoutContent, Action::ExplainFailure],
        &[Action::Acknowledge],
    ];
    let held = Outcome::Held(HoldReason::WrongProject);
    for kind in Kind::ALL {
        for encryption in [Encryption::Whole, Encryption::Partial, Encryption::None, Encryption::Failed] {
            for (certificate, outcome) in [(None, None), (Some(world.reply_certificate()), Some(held.clone()))] {
                let opened = opened(encryption, certificate);
                for actions in plans {
                    let order = ComposeOrder { outcome: outcome.clone(), ..order(&opened, kind, actions) };
                    for mail in world.compose(&opened, &order) {
                        let what = format!("{kind} {encryption:?} {actions:?}");
                        assert!(mail.kind != MailKind::Reply || mail.bytes.len() <= MAX_REPLY, "{what}");
                        let message = parse(&mail.bytes);
                        for name in ["From", "To", "Subject", "Message-ID"] {
                            let found = message.headers().iter().filter(|h| h.name() == name).count();
                            assert_eq!(found, 1, "{what}: {name}");
                        }
                        if message.content_type().unwrap().subtype() == Some("signed") {
                            let text = text(&mail.bytes);
                            assert!(message.subject().unwrap().starts_with('['), "{what}");
                            assert!(text.len() > 100 && !text.contains(['{', '}']), "{what}: {text}");
                        }
                    }
                }
            }
        }
    }
}
