use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;
use sequoia_openpgp::serialize::stream::{Compressor, Encryptor, LiteralWriter, Message};
use sequoia_openpgp::types::CompressionAlgorithm;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::model::{Identity, Limits, SenderRules, Unreadable, WorkerSettings};

const NOW: OffsetDateTime = datetime!(2026-11-22 12:00 UTC);

fn key(name: &str, password: Option<&str>) -> Generated {
    let address = format!("{}@example.org", name.to_lowercase()).parse().unwrap();
    generate(name, &address, password, Duration::days(3 * 365), NOW - Duration::days(10)).unwrap()
}

fn settings(folder: &Path) -> WorkerSettings {
    let identity = Identity {
        project: "Project".into(),
        address: "intake@example.org".parse().unwrap(),
        name: "Intake".into(),
        aliases: Vec::new(),
        case_prefix: "SEC".into(),
        message_id_domain: "intake.example.org".into(),
        policy_url: "https://example.org/policy".into(),
        certificate_url: None,
        github_owner: "example".into(),
        fallback_repository: "example/triage".parse().unwrap(),
        show_reporter: false,
    };
    for sub in ["own", "team", "known"] {
        fs::create_dir_all(folder.join(sub)).unwrap();
    }
    WorkerSettings {
        identity,
        limits: Limits::default(),
        sender: SenderRules::default(),
        secret_keys: vec![folder.join("own")],
        key_passwords: Vec::new(),
        team_certificates: vec![folder.join("team")],
        team_addresses: Vec::new(),
        known_certificates: vec![folder.join("known")],
        templates: None,
        routing: None,
    }
}

fn keyring(own: &[&Generated], team: &[&Generated], known: &[&Generated]) -> Keyring {
    let folder = tempfile::tempdir().unwrap();
    let settings = settings(folder.path());
    let write = |sub: &str, index: usize, text: &str| {
        fs::write(folder.path().join(sub).join(format!("{index}.asc")), text).unwrap();
    };
    own.iter().enumerate().for_each(|(at, key)| write("own", at, key.secret_key.expose()));
    team.iter().enumerate().for_each(|(at, key)| write("team", at, &key.certificate));
    known.iter().enumerate().for_each(|(at, key)| write("known", at, &key.certificate));
    Keyring::load(&settings, NOW).unwrap()
}

fn cert(key: &Generated) -> Cert {
    Cert::from_bytes(key.certificate.as_bytes()).unwrap()
}

fn open(ciphertext: &[u8], keyring: &Keyring) -> Result<Decrypted, Unreadable> {
    decrypt(ciphertext, keyring, &[], &Limits::default(), &mut Budget { bytes: 1 << 20, trials: 8 }, NOW)
}

#[test]
fn what_one_seals_the_other_opens_and_knows_who_signed() {
    let (intake, tc) = (key("Intake", None), key("Tc", None));
    let (ours, theirs) = (keyring(&[&intake], &[&tc], &[]), keyring(&[&tc], &[], &[&intake]));
    let sealed = ours.seal(b"a report", &[&ours.team()[0].certificate], NOW).unwrap();
    assert!(sealed.starts_with("-----BEGIN PGP MESSAGE-----"));

    let opened = open(sealed.as_bytes(), &theirs).unwrap();
    assert_eq!(&opened.plaintext[..], b"a report");
    assert_eq!(opened.decryption_key, Some(tc.fingerprint.clone()));
    let [signature] = &opened.signatures[..] else { panic!("one signature") };
    assert_eq!((&signature.trouble, &signature.signer), (&None, &Some(intake.fingerprint)));

    let stranger = keyring(&[&tc], &[], &[]);
    let unknown = open(sealed.as_bytes(), &stranger).unwrap();
    assert_eq!(unknown.signatures[0].trouble, Some(Trouble::UnknownKey));
    assert_eq!(open(sealed.as_bytes(), &ours).err(), Some(Unreadable::NoKey));
}

#[test]
fn every_broken_ciphertext_gives_nothing_and_says_why() {
    let (intake, tc) = (key("Intake", None), key("Tc", None));
    let ours = keyring(&[&intake], &[&tc], &[]);
    let own = ours.own_certificate().unwrap().clone();
    let sealed = ours.seal(b"a report that is a little longer than one block", &[&own], NOW).unwrap();
    let binary = dearmored(&sealed);
    let flipped = |at: usize| {
        let mut bytes = binary.clone();
        let at = bytes.len() - at;
        bytes[at] ^= 1;
        bytes
    };
    let (last, content) = (flipped(1), flipped(60));
    let bomb = packed(&own, &vec![0; 3 << 20]);
    // A session key packet for us, then the old encrypted packet (tag 9).
    let mut unprotected = binary[..first_packet(&binary)].to_vec();
    unprotected.extend([0xc9, 40]);
    unprotected.extend([7; 40]);
    let mut gnupg_ocb = binary[..first_packet(&binary)].to_vec();
    gnupg_ocb.extend([0xd4, 40, 1, 9, 2, 16]);
    gnupg_ocb.extend([7; 36]);
    let password = with_password();
    let cases: Vec<(&str, &[u8], Unreadable)> = vec![
        ("last byte", &last, Unreadable::Tampered),
        ("content", &content, Unreadable::Tampered),
        ("cut off", &binary[..binary.len() - 30], Unreadable::Tampered),
        ("bomb", &bomb, Unreadable::TooLarge),
        ("no integrity protection", &unprotected, Unreadable::NoIntegrityProtection),
        ("tag 20", &gnupg_ocb, Unreadable::Unsupported),
        ("password only", &password, Unreadable::SymmetricOnly),
        ("not OpenPGP", b"hello", Unreadable::Malformed),
        ("empty", b"", Unreadable::Malformed),
        ("a certificate", intake.certificate.as_bytes(), Unreadable::Malformed),
    ];
    for (name, bytes, expected) in cases {
        assert_eq!(open(bytes, &ours).err(), Some(expected), "{name}");
    }
}

/// A sender is told of these causes where they stand outside; inside they would tell what was decrypted.
#[test]
fn what_is_inside_of_a_ciphertext_is_no_cause_that_is_told() {
    let (intake, other) = (key("Intake", None), key("Other", None));
    let ours = keyring(&[&intake], &[], &[]);
    let own = ours.own_certificate().unwrap().clone();
    let within = |cert: &Cert, inner: &[u8]| {
        sealed(cert, |mut message| {
            message.write_all(inner).unwrap();
            message
        })
    };
    let unprotected = [&[0xc9, 40][..], &[7; 40]].concat();
    let foreign = within(&cert(&other), b"\xcb\x07b\0\0\0\0\0x");
    let cases = [
        ("unprotected", within(&own, &unprotected)),
        ("for somebody else", within(&own, &foreign)),
        ("for a password", within(&own, &with_password())),
    ];
    for (name, bytes) in cases {
        let cause = open(&bytes, &ours).err();
        assert!(matches!(cause, Some(Unreadable::Malformed | Unreadable::Tampered)), "{name}: {cause:?}");
    }
}

#[test]
fn ciphertext_in_ciphertext_opens_and_never_panics_when_cut_short() {
    let intake = key("Intake", None);
    let ours = keyring(&[&intake], &[], &[]);
    let own = ours.own_certificate().unwrap().clone();
    let inner = sealed(&own, |message| {
        let mut message = LiteralWriter::new(message).build().unwrap();
        message.write_all(b"inside").unwrap();
        message
    });
    let twice = |inner: &[u8]| {
        sealed(&own, |mut message| {
            message.write_all(inner).unwrap();
            message
        })
    };
    assert_eq!(&open(&twice(&inner), &ours).unwrap().plaintext[..], b"inside");

    // Sequoia's panics are caught, and still they print.
    let panics = Arc::new(AtomicUsize::new(0));
    let (count, here) = (Arc::clone(&panics), std::thread::current().id());
    let other = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match std::thread::current().id() == here {
        true => drop(count.fetch_add(1, Ordering::Relaxed)),
        false => other(panic),
    }));
    let start = first_packet(&inner);
    let content = start + 2..inner.len();
    for length in 1..content.len() {
        let there = &inner[content.start..content.start + length];
        let said = [&inner[..start], &[0xd2, u8::try_from(length).unwrap()], there].concat();
        let cut = [&inner[..content.start], there].concat();
        for bytes in [said, cut] {
            assert!(open(&bytes, &ours).is_err() && open(&twice(&bytes), &ours).is_err(), "{length}");
        }
    }
    assert_eq!(panics.load(Ordering::Relaxed), 0);
}

#[test]
fn hidden_recipients_and_retired_keys_open() {
    let (old, new) = (
        generate("Old", &"old@example.org".parse().unwrap(), None, Duration::days(1), NOW - Duration::days(400))
            .unwrap(),
        key("New", None),
    );
    let ours = keyring(&[&old, &new], &[], &[]);
    assert_eq!(ours.own_certificate().unwrap().fingerprint().to_hex(), new.fingerprint.as_str());
    let retired = cert(&old);
    let policy = super::policy::standard(NOW);
    let key = retired
        .keys()
        .with_policy(&policy, std::time::SystemTime::from(NOW - Duration::days(400)))
        .for_transport_encryption()
        .next()
        .unwrap();
    let recipient =
        sequoia_openpgp::serialize::stream::Recipient::new(None, None::<sequoia_openpgp::KeyHandle>, key.key());
    let mut sealed = Vec::new();
    let message = Encryptor::for_recipients(Message::new(&mut sealed), vec![recipient]).build().unwrap();
    let mut message = LiteralWriter::new(message).build().unwrap();
    message.write_all(b"late").unwrap();
    message.finalize().unwrap();
    let opened = open(&sealed, &ours).unwrap();
    assert_eq!((&opened.plaintext[..], opened.decryption_key), (&b"late"[..], Some(old.fingerprint)));
}

#[test]
fn passwords_unlock_keys_and_a_locked_one_is_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(folder.path());
    let locked = key("Intake", Some("right"));
    fs::write(folder.path().join("own/key.asc"), locked.secret_key.expose()).unwrap();
    fs::write(folder.path().join("own/README.md"), "not a key").unwrap();
    let keyring = Keyring::load(&settings, NOW).unwrap();
    assert!(keyring.own_certificate().is_none());
    assert!(keyring.warnings().iter().any(|w| w.contains("stay locked")), "{:?}", keyring.warnings());

    let passwords = folder.path().join("passwords");
    fs::write(&passwords, "wrong\r\nright\r\n").unwrap();
    settings.key_passwords = vec![passwords];
    let keyring = Keyring::load(&settings, NOW).unwrap();
    assert_eq!(keyring.own_certificate().map(fingerprint), Some(Some(locked.fingerprint)));
    assert_eq!(keyring.warnings(), [] as [String; 0]);
}

#[test]
fn a_path_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.asc");
    fs::write(&empty, "nothing").unwrap();
    let cases: [(PathBuf, &str); 2] =
        [(folder.path().join("missing.asc"), "cannot read"), (empty, "holds no OpenPGP key")];
    for (path, expected) in cases {
        let settings = WorkerSettings { secret_keys: vec![path.clone()], ..settings(folder.path()) };
        let error = Keyring::load(&settings, NOW).err().unwrap().to_string();
        assert!(error.contains(expected) && error.contains(&path.display().to_string()), "{error}");
    }
}

#[test]
fn nobody_is_encrypted_to_who_cannot_be() {
    let intake = key("Intake", None);
    let expired =
        generate("Old", &"old@example.org".parse().unwrap(), None, Duration::days(1), NOW - Duration::days(9)).unwrap();
    let ours = keyring(&[&intake], &[&expired], &[]);
    let member = &ours.team()[0];
    assert_eq!(member.unusable.as_deref(), Some("expired on 2026-11-14"));
    assert!(matches!(ours.seal(b"x", &[&member.certificate], NOW), Err(SealError::Unusable { .. })));
    assert_eq!(ours.seal(b"x", &[], NOW), Err(SealError::NoRecipient));
    assert_eq!(keyring(&[], &[], &[]).sign_detached(b"x", NOW), Err(SealError::NoSigner));

    let revoked = format!("{}{}", intake.certificate, intake.revocation.expose());
    let imported = import(revoked.as_bytes(), &[], NOW);
    let merged = match imported {
        Ok(found) => found,
        // A lone revocation is no certificate: it comes with the one it revokes.
        Err(_) => import(&joined(&intake), &[], NOW).unwrap(),
    };
    assert_eq!(merged[0].description.unusable.as_deref(), Some("is revoked"));
}

#[test]
fn detached_signatures_cover_every_byte() {
    let intake = key("Intake", None);
    let (ours, theirs) = (keyring(&[&intake], &[], &[]), keyring(&[], &[], &[&intake]));
    let signature = ours.sign_detached(b"text\r\n", NOW).unwrap();
    assert_eq!(signature.micalg, "pgp-sha512");
    let verify = |content: &[u8]| {
        verify_detached(content, signature.armored.as_bytes(), &theirs, &[], &Limits::default(), NOW).unwrap()
    };
    assert_eq!(verify(b"text\r\n")[0].trouble, None);
    assert_eq!(verify(b"text\n")[0].trouble, Some(Trouble::Bad));
    let nothing = verify_detached(b"text", b"no signature", &theirs, &[], &Limits::default(), NOW);
    assert_eq!(nothing.err(), Some(Unreadable::Malformed));
}

#[test]
fn a_generated_certificate_says_what_it_can_do() {
    let made = key("Intake", None);
    let described = describe(&cert(&made), NOW);
    assert_eq!(described.user_ids, ["Intake <intake@example.org>"]);
    assert_eq!((described.unusable, described.secret, described.warnings), (None, false, Vec::new()));
    assert_eq!(described.algorithms.len(), 3, "{:?}", described.algorithms);
    assert_eq!(described.fingerprint.len(), 40);
    assert!(!super::certificate::advertises_tag_20(&cert(&made), NOW));
    let soon = describe(&cert(&made), NOW + Duration::days(3 * 365 - 20));
    assert!(soon.warnings[0].starts_with("expires on 2029-11-"), "{:?}", soon.warnings);
}

#[test]
fn an_import_tells_new_from_known() {
    let made = key("Intake", None);
    let public = made.certificate.as_bytes();
    let change = |bytes: &[u8], existing: &[Cert]| import(bytes, existing, NOW).map(|found| found[0].change);
    assert_eq!(change(public, &[]), Ok(Change::New));
    assert_eq!(change(public, &[cert(&made)]), Ok(Change::Unchanged));
    assert_eq!(change(made.secret_key.expose().as_bytes(), &[cert(&made)]), Ok(Change::Updated));
    assert!(change(b"hello", &[]).is_err());
}

/// The certificate followed by its revocation, binary, as two files put together.
fn joined(key: &Generated) -> Vec<u8> {
    let mut bytes = dearmored(&key.certificate);
    // The revocation belongs right behind the primary key; parsers take it at the end of the certificate too.
    bytes.extend(dearmored(key.revocation.expose()));
    bytes
}

fn dearmored(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut reader = sequoia_openpgp::armor::Reader::from_bytes(text.as_bytes(), None);
    std::io::Read::read_to_end(&mut reader, &mut bytes).unwrap();
    bytes
}

/// Length of the first packet (new format, one- or two-byte length).
fn first_packet(bytes: &[u8]) -> usize {
    match bytes[1] {
        short @ 0..192 => 2 + usize::from(short),
        long => 3 + (usize::from(long) - 192) * 256 + usize::from(bytes[2]) + 192,
    }
}

fn packed(to: &Cert, content: &[u8]) -> Vec<u8> {
    sealed(to, |message| {
        let message = Compressor::new(message).algo(CompressionAlgorithm::Zlib).build().unwrap();
        let mut message = LiteralWriter::new(message).build().unwrap();
        message.write_all(content).unwrap();
        message
    })
}

/// A ciphertext for `to` of what is written.
fn sealed(to: &Cert, write: impl for<'a> FnOnce(Message<'a>) -> Message<'a>) -> Vec<u8> {
    let policy = super::policy::standard(NOW);
    let keys = to.keys().with_policy(&policy, std::time::SystemTime::from(NOW)).for_transport_encryption();
    let mut sealed = Vec::new();
    write(Encryptor::for_recipients(Message::new(&mut sealed), keys).build().unwrap()).finalize().unwrap();
    sealed
}

fn with_password() -> Vec<u8> {
    let mut sealed = Vec::new();
    let message = Encryptor::with_passwords(Message::new(&mut sealed), Some("hunter2")).build().unwrap();
    let mut message = LiteralWriter::new(message).build().unwrap();
    message.write_all(b"x").unwrap();
    message.finalize().unwrap();
    sealed
}

#[test]
fn a_signature_that_cannot_count_says_whether_it_fits_all_the_same() {
    let (intake, old) = (key("Intake", None), key("Old", None));
    let (ours, theirs) = (keyring(&[&intake], &[], &[&old]), keyring(&[&old], &[], &[]));
    let signature = theirs.sign_detached(b"text", NOW).unwrap().armored;
    let check = |content: &[u8], signature: &str, ring: &Keyring, now| {
        let checked = verify_detached(content, signature.as_bytes(), ring, &[], &Limits::default(), now);
        checked.map(|checked| checked.into_iter().map(|c| c.trouble).collect::<Vec<_>>())
    };
    assert_eq!(check(b"text", &signature, &ours, NOW), Ok(vec![None]));
    assert_eq!(check(b"other", &signature, &ours, NOW), Ok(vec![Some(Trouble::Bad)]));
    assert_eq!(check(b"text", &signature, &keyring(&[&intake], &[], &[]), NOW), Ok(vec![Some(Trouble::UnknownKey)]));
    // Before it was made, when its key was there already.
    let early = NOW - Duration::days(1);
    let unacceptable = Trouble::Unacceptable("it is not valid yet".to_owned());
    assert_eq!(check(b"text", &signature, &ours, early), Ok(vec![Some(unacceptable)]));
    assert_eq!(check(b"other", &signature, &ours, early), Ok(vec![Some(Trouble::Bad)]));
    assert_eq!(check(b"text", "nothing", &ours, NOW), Err(Unreadable::Malformed));
}

#[test]
fn all_ciphertext_of_a_mail_has_one_budget() {
    let intake = key("Intake", None);
    let ours = keyring(&[&intake], &[], &[]);
    let own = ours.own_certificate().unwrap().clone();
    let sealed = ours.seal(&[b'a'; 1_000], &[&own], NOW).unwrap();
    let limits = Limits::default();
    let open = |budget: &mut Budget| decrypt(sealed.as_bytes(), &ours, &[], &limits, budget, NOW).map(|_| ()).err();
    let mut bytes = Budget { bytes: 2_500, trials: 9 };
    assert_eq!([open(&mut bytes), open(&mut bytes), open(&mut bytes)], [None, None, Some(Unreadable::TooLarge)]);
    let mut trials = Budget { bytes: 1 << 20, trials: 1 };
    assert_eq!([open(&mut trials), open(&mut trials)], [None, Some(Unreadable::TooLarge)]);
}
