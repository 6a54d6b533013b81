use std::fs;
use std::path::Path;

use mail_parser::MessageParser;
use time::Duration;
use time::macros::datetime;

use super::*;
use crate::model::{
    ContentDigest, Ending, FailedMail, HeldMessage, HoldReason, Kind, KnownLink, Limits, SenderRules,
    UnfinishedMessage, WorkerSettings,
};
use crate::openpgp::{Keyring, generate};
use crate::reply::Templates;
use crate::reply::tests::identity;

const NOW: OffsetDateTime = datetime!(2026-11-22 07:00 UTC);

/// Makes a key in `folder`: its secret part NAME.sec, its certificate team/NAME.asc.
fn key(folder: &Path, name: &str, lifetime: Duration) {
    let address = format!("{name}@team.example").parse().unwrap();
    let key = generate(name, &address, None, lifetime, NOW - Duration::days(10)).unwrap();
    fs::create_dir_all(folder.join("team")).unwrap();
    fs::write(folder.join(format!("team/{name}.asc")), key.certificate).unwrap();
    fs::write(folder.join(format!("{name}.sec")), key.secret_key.expose()).unwrap();
}

fn keyring(folder: &Path, secret: &str) -> Keyring {
    let settings = WorkerSettings {
        identity: identity(),
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![folder.join(secret)],
        key_passwords: vec![],
        team_certificates: vec![folder.join("team")],
        team_addresses: vec![],
        known_certificates: vec![],
        templates: None,
        routing: None,
    };
    Keyring::load(&settings, NOW).unwrap()
}

fn order() -> DigestOrder {
    let case: Option<CaseId> = "OTEL-SEC-2026-0003".parse().ok();
    let mail = FailedMail {
        kind: MailKind::Reply,
        message: Some(MessageId::new(12)),
        case: case.clone(),
        refused: true,
        at: NOW - Duration::HOUR,
    };
    let digest = Digest {
        since: Some(NOW - Duration::DAY),
        until: NOW,
        endings: [(Ending::Held, 1), (Ending::Spam, 40)].into(),
        kinds: [(None, 1), (Some(Kind::Spam), 40)].into(),
        held: Listing {
            first: vec![HeldMessage {
                message: MessageId::new(12),
                case,
                reason: HoldReason::Operator,
                since: NOW - Duration::HOUR,
            }],
            total: 3,
        },
        unfinished: Listing {
            first: vec![UnfinishedMessage {
                message: MessageId::new(14),
                case: None,
                stage: "filing".into(),
                recorded: NOW - Duration::hours(2),
            }],
            total: 1,
        },
        failed: Listing {
            first: vec![mail.clone(), FailedMail { kind: MailKind::Digest, message: None, refused: false, ..mail }],
            total: 2,
        },
        last_link: Some(KnownLink { link: 1_234, hash: ContentDigest::of(b"abc") }),
        through: 7,
        after: 1,
    };
    DigestOrder { digest, nonce: 0xABCD }
}

const TEXT: &str = r#"This is what was done at security@example.org
since 2026-11-21 07:00 UTC, and what waits now, at 2026-11-22 07:00 UTC.
On the gateway, "case show" and a number such as m12 say more.

How 41 messages ended:
     1  held
    40  ignored: spam

What they were:
     1  never judged
    40  spam

These wait for a person. "case release" sends one on its way, "case drop"
ends it:
- m12 (OTEL-SEC-2026-0003), since 2026-11-22 06:00 UTC:
  held by an operator
- and 2 more

These are not finished after more than an hour. "check" says what does not
work:
- m14, since 2026-11-22 05:00 UTC: waits for "filing"

These mails were given up, and nobody has read them. Where it is a reply,
the reporter has NOT heard from us:
- reply about m12 (OTEL-SEC-2026-0003), 2026-11-22 06:00 UTC: REFUSED by the mail server
- digest, 2026-11-22 06:00 UTC: given up after many tries

Keep this mail: it proves later that none of these outcomes, or of those
before, was removed or changed. "case verify --since" on the gateway takes
the last link of its record:
1234:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad

This mail holds nothing of any message's content.
"#;

#[test]
fn each_member_with_a_usable_certificate_gets_it_sealed_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, days) in [("ana", 300), ("bo", 300), ("expired", 5), ("intake", 300)] {
        key(folder, name, Duration::days(days));
    }
    fs::remove_file(folder.join("team/intake.asc")).unwrap();
    let (identity, templates) = (identity(), Templates::load(None).unwrap());
    let keyring_of_gateway = keyring(folder, "intake.sec");
    let signer = keyring_of_gateway.own_certificate().cloned().unwrap();
    let office = Office {
        identity: &identity,
        templates: &templates,
        keyring: &keyring_of_gateway,
        without_certificate: &["cy@team.example".parse().unwrap()],
    };
    let mails = digest(&order(), &office).unwrap();
    let mut to: Vec<&str> = mails.iter().map(|mail| mail.envelope_to.as_str()).collect();
    to.sort_unstable();
    assert_eq!(to, ["ana@team.example", "bo@team.example"]);
    assert_ne!(mails[0].message_id, mails[1].message_id);
    for mail in &mails {
        assert_eq!((mail.kind, mail.envelope_from.as_ref()), (MailKind::Digest, None));
        let outer = MessageParser::default().parse(&mail.bytes).unwrap();
        assert_eq!(outer.subject(), Some("[OpenTelemetry] Digest"), "numbers stand inside only");
        assert_eq!(outer.header("Auto-Submitted").and_then(|value| value.as_text()), Some("auto-generated"));
        let reader = keyring(folder, &format!("{}.sec", mail.envelope_to.as_str().split_once('@').unwrap().0));
        let ciphertext = outer.attachments().last().unwrap().contents();
        let (limits, signer) = (Limits::default(), std::slice::from_ref(&signer));
        let mut budget = openpgp::Budget::new(&limits);
        let opened = openpgp::decrypt(ciphertext, &reader, signer, &limits, &mut budget, NOW).unwrap();
        let verdicts: Vec<_> = opened.signatures.iter().map(|checked| checked.trouble.as_ref()).collect();
        assert_eq!(verdicts, [None], "signed by the gateway");
        assert!(opened.decryption_key.is_some());
        let inner = MessageParser::default().parse(opened.plaintext.as_slice()).unwrap();
        assert_eq!(inner.subject(), Some("[OpenTelemetry] Digest: 41 done, 4 waiting"));
        assert_eq!(inner.body_text(0).unwrap().replace("\r\n", "\n"), TEXT);
        assert_eq!(inner.attachment_count(), 0);
    }
}

#[test]
fn says_only_what_there_is() {
    let templates = Templates::load(None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    key(folder.path(), "intake", Duration::days(300));
    let (identity, keyring) = (identity(), keyring(folder.path(), "intake.sec"));
    let office = Office { identity: &identity, templates: &templates, keyring: &keyring, without_certificate: &[] };
    let held_only = Digest {
        endings: [].into(),
        kinds: [].into(),
        unfinished: Listing { first: vec![], total: 0 },
        failed: Listing { first: vec![], total: 0 },
        last_link: None,
        ..order().digest
    };
    let text = templates.text(Name::Digest, &values(&held_only, &office));
    assert!(text.contains("These wait for a person") && !text.contains("How"), "{text}");
    assert!(!text.contains("not finished") && !text.contains("given up") && !text.contains("--since"), "{text}");
}
