use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::*;
use crate::model::Secret;

fn order(folder: &Path) -> KeyOrder {
    KeyOrder {
        name: "Intake".into(),
        address: "intake@example.org".parse().unwrap(),
        password: Some(Secret::new("correct horse".into())),
        years: 2,
        folder: folder.to_owned(),
        file_name: "intake".into(),
        post_quantum: false,
    }
}

fn made(folder: &Path) -> MadeKey {
    generate_keys(&order(folder)).unwrap().remove(0)
}

#[test]
fn a_key_is_written_for_its_owner_alone_and_never_over_another() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path());
    for (path, mode) in [(&made.secret_key, 0o600), (&made.certificate, 0o644), (&made.revocation, 0o600)] {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    let before = std::fs::read(&made.secret_key).unwrap();
    std::fs::remove_file(&made.certificate).unwrap();
    let refused = generate_keys(&order(folder.path())).unwrap_err().to_string();
    assert!(refused.contains("exists and is not overwritten"), "{refused}");
    assert!(!made.certificate.exists(), "nothing is written beside it");
    assert_eq!(std::fs::read(&made.secret_key).unwrap(), before);
}

#[test]
fn certificates_are_found_exported_and_imported_without_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let made = made(folder.path());
    let store = KeyStore::of_paths(std::slice::from_ref(&made.secret_key)).unwrap();
    let tail = &made.fingerprint.as_str()[24..];
    for which in [made.fingerprint.as_str(), tail, &made.fingerprint.spaced(), "INTAKE@example"] {
        assert_eq!(store.find(which).unwrap().len(), 1, "{which}");
        assert!(store.export(which).unwrap().starts_with("-----BEGIN PGP PUBLIC KEY BLOCK-----"));
    }
    assert!(store.find("nobody@example.org").is_err());

    let team = folder.path().join("team");
    let refused = import_keys(&made.secret_key, &team, false, false).unwrap_err().to_string();
    assert!(refused.contains("is a secret key"), "{refused}");
    let changes = |file: &Path, update, secret| {
        let imported = import_keys(file, &team, update, secret)?;
        Ok::<_, Error>(imported.into_iter().map(|one| one.change).collect::<Vec<_>>())
    };
    assert_eq!(changes(&made.certificate, false, false).unwrap(), ["new"]);
    assert_eq!(changes(&made.certificate, false, false).unwrap(), ["unchanged"]);
    assert!(changes(&made.revocation, false, false).is_err(), "a revocation alone is no certificate");
    assert!(changes(&made.secret_key, false, true).unwrap_err().to_string().contains("--update"));
    assert_eq!(changes(&made.secret_key, true, true).unwrap(), ["updated"]);
    let file = team.join(format!("{}.asc", made.fingerprint));
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
}

/// The keys of `fixtures/key-kinds`, each with what an import says about it.
#[test]
fn an_import_says_what_is_wrong_with_a_key_and_what_to_do() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/key-kinds");
    let cases = [
        ("gnupg.sec.asc", "expired@", "expired on 2021-01-01: it opens mail that was encrypted to it"),
        ("gnupg.sec.asc", "revoked@", "is revoked: it opens mail that was encrypted to it"),
        ("gnupg.sec.asc", "elgamal@", "ElGamal is not supported: mail to it stays shut"),
        ("gnupg.sec.asc", "rsa2048@", "uses RSA with 2048 bits"),
        ("gnupg.sec.asc", "nistp256@", "its secret key has no password"),
        ("gnupg.sec.asc", "nistp256@", "which other users can read"),
        ("locked-one.sec.asc", "locked-one@", "its secret key has a password"),
        ("stub.sec.asc", "stub@", "lacks 1 of its 2 secret keys"),
    ];
    for (file, user_id, sentence) in cases {
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("source");
        std::fs::copy(fixtures.join(file), &source).unwrap();
        std::fs::set_permissions(&source, std::fs::Permissions::from_mode(0o644)).unwrap();
        let imported = import_keys(&source, &folder.path().join("own"), false, true).unwrap();
        let key = imported.iter().find(|key| key.description.user_ids[0].starts_with(user_id)).unwrap();
        assert!(key.advice.iter().any(|said| said.contains(sentence)), "{user_id}: {:?}", key.advice);
        let mode = std::fs::metadata(&key.path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", key.path.display());
    }
}

#[test]
fn the_post_quantum_key_comes_beside_the_first_one_and_never_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = KeyOrder { password: None, post_quantum: true, ..order(folder.path()) };
    let both = generate_keys(&wanted).unwrap();
    let said: Vec<_> = both.iter().map(|made| (made.post_quantum, made.fingerprint.as_str().len())).collect();
    assert_eq!(said, [(false, 40), (true, 64)], "version 4 first");
    let mode = std::fs::metadata(&both[1].secret_key).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode, both[1].secret_key.ends_with("intake-pq.sec.asc")), (0o600, true));
    assert!(generate_keys(&wanted).unwrap_err().to_string().contains("intake-pq.sec.asc exists"));

    for path in [&both[1].secret_key, &both[1].certificate, &both[1].revocation] {
        std::fs::remove_file(path).unwrap();
    }
    let second = generate_keys(&wanted).unwrap();
    assert_eq!(second.iter().map(|made| made.post_quantum).collect::<Vec<_>>(), [true], "the first one is there");
}
