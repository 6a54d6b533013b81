use super::*;
use crate::openpgp::generate_post_quantum;

#[test]
fn a_reply_offers_both_certificates_and_says_which_to_take() {
    let mut world = World::new();
    let (address, days) = ("security@example.org".parse().unwrap(), Duration::days(300));
    let second = generate_post_quantum("Intake", &address, None, days, now()).unwrap();
    let both =
        [fs::read(world.folder.path().join("own.asc")).unwrap(), second.secret_key.expose().clone().into_bytes()];
    fs::write(world.folder.path().join("both.asc"), both.concat()).unwrap();
    world.keyring = Keyring::load(&settings(world.folder.path(), "both.asc"), now()).unwrap();

    let mut opened = opened(Encryption::Whole, Some(world.reply_certificate()));
    opened.decryption_key = Some(second.fingerprint.clone());
    let mail = world.compose(&opened, &order(&opened, Kind::Question, &[Action::SendInstructions])).remove(0);
    let plain = world.open(&mail);
    let message = parse(&plain);
    let names: Vec<_> = message.attachments().filter_map(|part| part.attachment_name()).collect();
    assert_eq!(names, [CERTIFICATE_FILE, PQ_CERTIFICATE_FILE]);
    let files: Vec<&[u8]> = message.attachments().map(|part| part.contents()).collect();

    // GnuPG 2.2 takes the first file as ever; the second one changes nothing, and no other mail depends on it.
    let (_, status) = gpg(world.folder.path(), &["--import"], files[0]);
    assert!(status.contains("IMPORT_OK"), "{status}");
    let (_, status) = gpg(world.folder.path(), &["--import"], files[1]);
    assert!(!status.contains("IMPORT_OK"), "{status}");
    assert_eq!(read_certificates(files[1]).unwrap()[0].fingerprint().to_hex(), second.fingerprint.as_str());

    let text = text(&plain);
    let spaced = second.fingerprint.spaced();
    for expected in [PQ_CERTIFICATE_FILE, &spaced[..39], &spaced[40..], "If you are not sure, take the first one"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("old key"), "{text}");
    assert!(!String::from_utf8_lossy(&mail.bytes).contains("post-quantum"), "nothing of it outside");

    let alone = World::new();
    let opened = super::opened(Encryption::None, None);
    let mail = alone.compose(&opened, &order(&opened, Kind::Question, &[Action::SendInstructions])).remove(0);
    let text = super::text(&mail.bytes);
    assert!(text.contains(CERTIFICATE_FILE) && !text.contains("second key"), "{text}");
}
