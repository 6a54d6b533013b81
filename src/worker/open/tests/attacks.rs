//! Mail that pretends: none of it may come out as good, or as somebody else's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sequoia_openpgp::Packet;
use sequoia_openpgp::packet::UserID;
use sequoia_openpgp::packet::signature::SignatureBuilder;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::types::SignatureType;

use super::*;
use crate::openpgp::{armored, serialized};

const HTML: &str = "Content-Type: text/html\n\n<p>signed</p>\n";
const PLAIN: &str = "Content-Type: text/plain\n\nsigned\n";

/// `multipart/signed` (RFC 3156 5).
fn signed(by: &Keyring, content: &str) -> String {
    let signature = by.sign_detached(content.replace('\n', "\r\n").as_bytes(), NOW).unwrap().armored;
    format!(
        "Content-Type: multipart/signed; boundary=s; micalg=pgp-sha512; protocol=\"application/pgp-signature\"\n\n\
         --s\n{content}\n--s\nContent-Type: application/pgp-signature\n\n{signature}\n--s--\n"
    )
}

fn mixed(kind: &str, parts: &[&str]) -> String {
    let parts: String = parts.iter().map(|part| format!("--m\n{part}\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=m\n\n{parts}--m--\n")
}

#[test]
fn a_signature_counts_for_all_that_is_shown_and_for_its_own_sender_only() {
    use SignatureStatus::{Bad, Good, None, Partial, UnknownKey};
    let people = People::new();
    let by_erin = signed(&people.erin, PLAIN);
    let wrapped = format!("Content-Type: message/rfc822\n\nFrom: erin@example.org\n{by_erin}");
    let evil = "Content-Type: text/plain\n\nevil\n";
    let damaged = by_erin.replace("-----BEGIN PGP SIGNATURE-----\n", "-----BEGIN PGP SIGNATURE-----\n\n=\n");
    let erin = "From: erin@example.org\n";
    let cases = [
        ("as it should be", format!("{erin}{by_erin}"), Good),
        ("a clear part beside it", format!("{erin}{}", mixed("mixed", &[&by_erin, evil])), Partial),
        (
            "a clear file beside it",
            format!("{erin}{}", mixed("mixed", &[&by_erin, "Content-Type: image/png\n\nx"])),
            Partial,
        ),
        (
            "one of two signed",
            format!("{erin}{}", mixed("mixed", &[&by_erin, &signed(&people.mallory, HTML)])),
            Partial,
        ),
        (
            "a clear alternative is shown",
            format!("{erin}{}", mixed("alternative", &[evil, &signed(&people.erin, HTML)])),
            Partial,
        ),
        ("a signed mail is wrapped", format!("{erin}{}", mixed("mixed", &[evil, &wrapped])), None),
        ("a signed mail is all there is", format!("{erin}{wrapped}"), None),
        ("in another's name", format!("From: mallory@example.org\n{by_erin}"), Partial),
        (
            "the signer is only the Sender",
            format!("From: mallory@example.org\nSender: erin@example.org\n{by_erin}"),
            Partial,
        ),
        (
            "the signer is only the display name",
            format!("From: \"erin@example.org\" <mallory@example.org>\n{by_erin}"),
            Partial,
        ),
        ("two From fields", format!("{erin}From: mallory@example.org\n{by_erin}"), Partial),
        ("two people in From", format!("From: erin@example.org, mallory@example.org\n{by_erin}"), Partial),
        ("no From", by_erin.clone(), Partial),
        (
            "no list that rewrote From",
            format!("From: mallory@example.org\nX-Original-From: erin@example.org\n{by_erin}"),
            Partial,
        ),
        ("another text", format!("{erin}{}", by_erin.replace("\nsigned\n", "\nresigned\n")), Bad),
        ("a damaged signature", format!("{erin}{damaged}"), UnknownKey),
        (
            "a status line in the text",
            format!("{erin}\n[GNUPG:] GOODSIG 1 Erin\ngpg: Good signature from erin@example.org"),
            None,
        ),
    ];
    for (name, mail, expected) in cases {
        let opened = people.open(&mail);
        assert_eq!(opened.signature.status, expected, "{name}: {:?}", opened.signature.shortfall);
        assert_eq!(opened.sender.authenticated == Authentication::Signature, expected == Good, "{name}");
        assert_eq!(opened.signature.shortfall.is_none(), matches!(expected, Good | None), "{name}");
    }
}

#[test]
fn a_certificate_that_only_the_mail_brings_shows_nothing_about_its_sender() {
    let people = People::new();
    let somebody = |name: &str, address: &str| {
        let key =
            generate(name, &address.parse().unwrap(), None, Duration::days(900), NOW - Duration::days(9)).unwrap();
        keyring(&people.settings, &[key], 0)
    };
    let (new, imposter) = (somebody("New", "new@example.org"), somebody("Erin", "erin@example.org"));
    let more = with_user_id(&people.mallory_key, "New <new@example.org>");
    let autocrypt =
        |cert: &Cert| format!("Autocrypt: addr=x@example.org; keydata={}\n", STANDARD.encode(serialized(cert)));
    let cases = [
        (&new, new.own_certificate().unwrap().clone(), "new", SignatureStatus::UnknownKey),
        (&imposter, imposter.own_certificate().unwrap().clone(), "erin", SignatureStatus::Partial),
        // A certificate that is known here, to which its holder adds somebody else's address.
        (&people.mallory, more, "new", SignatureStatus::UnknownKey),
    ];
    for (by, cert, from, expected) in cases {
        let mail = format!("{}{}", autocrypt(&cert), pgp_mime(from, &people.sealed(by, "hello")));
        let opened = people.open(&mail);
        assert_eq!(opened.signature.status, expected, "{from}: {:?}", opened.signature.shortfall);
        assert_eq!(opened.sender.authenticated, Authentication::None);
        // Whoever made the signature inside knows the text already, so an answer may be sealed to that certificate.
        let answer = opened.reply_certificate.map(|answer| answer.fingerprint);
        assert_eq!(answer, crate::openpgp::fingerprint(&cert));
    }
    let forwarded = format!("Content-Type: message/rfc822\n\n{}\nhi", autocrypt(new.own_certificate().unwrap()));
    assert_eq!(people.open(&format!("From: erin@example.org\n{}", mixed("mixed", &[&forwarded]))).certificates, []);
}

pub(super) fn with_user_id(key: &Generated, name: &str) -> Cert {
    let cert = Cert::from_bytes(key.secret_key.expose().as_bytes()).unwrap();
    let mut signer = cert.primary_key().key().clone().parts_into_secret().unwrap().into_keypair().unwrap();
    let made = SignatureBuilder::new(SignatureType::PositiveCertification)
        .set_signature_creation_time(NOW - Duration::days(1))
        .unwrap();
    let name = UserID::from(name);
    let binding = name.bind(&mut signer, &cert, made).unwrap();
    let (cert, _) = cert.insert_packets([Packet::from(name), binding.into()]).unwrap();
    cert.strip_secret_key_material()
}

#[test]
fn secret_keys_are_told_and_never_passed_on() {
    let people = People::new();
    let secret = people.mallory_key.secret_key.expose().trim_end().to_owned();
    let cert = Cert::from_bytes(secret.as_bytes()).unwrap();
    let public = armored(&people.us().clone());
    let file = |name: &str, content: &str| {
        let part = format!(
            "Content-Type: application/octet-stream; name={name}\nContent-Transfer-Encoding: base64\n\n{}",
            STANDARD.encode(content)
        );
        mixed("mixed", &["Content-Type: text/plain\n\nhello", &part])
    };
    let binary = {
        let bytes = sequoia_openpgp::serialize::SerializeInto::to_vec(&cert.as_tsk()).unwrap();
        let part = format!(
            "Content-Type: application/octet-stream; name=x.bin\nContent-Transfer-Encoding: base64\n\n{}",
            STANDARD.encode(bytes)
        );
        mixed("mixed", &["Content-Type: text/plain\n\nhello", &part])
    };
    let cases = [
        ("in the text", format!("\nhello\n{secret}\nbye")),
        ("quoted", format!("\nhello\n> {}", secret.replace('\n', "\n> "))),
        ("without an end", format!("\nhello\n{}", secret.replace("-----END PGP PRIVATE KEY BLOCK-----", ""))),
        ("as a key file", file("me.asc", &secret)),
        ("as any file", file("notes.txt", &secret)),
        ("in the middle of a file", file("notes.txt", &format!("my key:\n{secret}\n"))),
        ("behind a public one", file("keys.asc", &format!("{public}\n{secret}\n"))),
        ("in binary", binary),
        ("as a broken key file", file("me.asc", &secret.replace("-----END", "AAAA\n-----END"))),
        ("sealed", format!("\n{}", people.sealed(&people.erin, &format!("hello\n{secret}")))),
    ];
    let line = secret.lines().nth(5).unwrap();
    for (name, mail) in cases {
        let opened = people.open(&format!("From: erin@example.org\n{mail}"));
        assert!(opened.private_key_attached, "{name}");
        let kept = format!("{:?}", texts(&opened));
        assert!(kept.contains("hello"), "{name}: {kept}");
        for part in &opened.parts {
            let held = match &part.content {
                PartContent::Text(text) => text.expose().clone().into_bytes(),
                PartContent::Attachment(file) => file.bytes.expose().clone(),
            };
            assert!(!String::from_utf8_lossy(&held).contains(line), "{name}");
            assert_ne!(crate::openpgp::kind(&held), Some(crate::openpgp::Kind::SecretKey), "{name}");
        }
        for cert in &opened.certificates {
            assert!(!Cert::from_bytes(&cert.bytes).unwrap().is_tsk(), "{name}");
        }
    }
}

#[test]
fn what_only_one_alternative_says_is_shown() {
    let people = People::new();
    let sealed = people.sealed(&people.erin, "hidden");
    let long = "the parser overflows. ".repeat(40);
    let html = |text: &str| format!("Content-Type: text/html\n\n<p>{text}</p>\n");
    let plain = |text: &str| format!("Content-Type: text/plain\n\n{text}\n");
    let cases = [
        (vec![plain("hi"), html("hi")], vec!["hi"]),
        (vec![plain(""), html("hi")], vec!["hi"]),
        (vec![plain("no HTML here"), html(&long)], vec!["no HTML here", long.trim()]),
        (vec![plain("see the HTML"), html(&format!("<pre>{sealed}</pre>"))], vec!["see the HTML", "hidden"]),
        (vec![plain(&sealed), html(&format!("<pre>{sealed}</pre>"))], vec!["hidden"]),
    ];
    for (parts, expected) in cases {
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let opened = people.open(&format!("From: erin@example.org\n{}", mixed("alternative", &parts)));
        assert_eq!(texts(&opened), expected);
    }
}

#[test]
fn hostile_shapes_are_bounded_and_keep_what_can_be_kept() {
    let people = People::new();
    let nested = |kind: &dyn Fn(usize) -> String| (0..60).map(kind).collect::<String>();
    let deep = nested(&|n| format!("Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n"));
    let forwards = nested(&|_| "Content-Type: message/rfc822\n\n".to_owned());
    let packed = format!(
        "Content-Type: application/octet-stream; name=GpgOL_MIME_structure.mime\nContent-Transfer-Encoding: base64\n\n{}",
        STANDARD.encode(
            pgp_mime("erin", &people.sealed(&people.erin, "hidden"))
                .split_once("Content-Type")
                .map(|(_, rest)| format!("Content-Type{rest}"))
                .unwrap()
        )
    );
    let again = (0..20).fold("the innermost".to_owned(), |text, _| people.sealed(&people.erin, &text));
    let cases = [
        ("deep multiparts", format!("From: erin@example.org\n{deep}\nhi"), Some(Unreadable::TooLarge), ""),
        ("deep forwards", format!("From: erin@example.org\n{forwards}\nhi"), Some(Unreadable::TooLarge), ""),
        (
            "a long field",
            format!("From: erin@example.org\nX: {}\n\nhi", "x".repeat(300 << 10)),
            Some(Unreadable::TooLarge),
            "",
        ),
        (
            "many fields",
            format!("From: erin@example.org\n{}\nhi", "X: y\n".repeat(1_100)),
            Some(Unreadable::TooLarge),
            "",
        ),
        ("deep in ciphertext", pgp_mime("erin", &people.sealed(&people.erin, &format!("{deep}\nkept"))), None, "kept"),
        ("packed by a mail program", format!("From: erin@example.org\n{}", mixed("mixed", &[&packed])), None, "hidden"),
        ("ciphertext in ciphertext", format!("From: erin@example.org\n\n{again}"), None, ""),
    ];
    for (name, mail, failure, kept) in cases {
        let opened = people.open(&mail);
        assert_eq!(opened.failure, failure, "{name}");
        assert!(
            texts(&opened).iter().any(|text| text.contains(kept)) || kept.is_empty(),
            "{name}: {:?}",
            texts(&opened)
        );
        assert!(!texts(&opened).contains(&"the innermost".to_owned()));
        assert_eq!(
            opened.sender.address.map(|from| from.as_str().to_owned()).as_deref(),
            Some("erin@example.org"),
            "{name}"
        );
    }
}

#[test]
fn lines_that_end_in_a_bare_cr_are_lines() {
    let people = People::new();
    let bytes = b"From: erin@example.org\rSubject: A bug\r\rhello\r".to_vec();
    let raw = RawMessage { origin: Origin::Pipe, received: NOW, size: bytes.len() as u64, bytes };
    let opened = open(&raw, &people.intake, &people.settings, &Known::default(), NOW);
    assert_eq!((opened.subject.expose().as_str(), texts(&opened)), ("A bug", vec!["hello".to_owned()]));
}
