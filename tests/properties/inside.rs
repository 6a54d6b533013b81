//! Anything, inside a ciphertext for us.

use advisory_intake::model::{Encryption, Unreadable};

use super::{BENCH, NOW, opened, opening};

/// Whatever is inside a ciphertext that stands alone: all of it was encrypted, or the mail says what was wrong.
pub fn check(content: &[u8]) {
    let mail = sealed(content);
    let opening = opening(&mail);
    opened::tells_one_story(&opening);
    opened::is_bounded(&opening, mail.len());
    match opening.encryption {
        Encryption::Whole => {}
        // A ciphertext inside that stayed shut.
        Encryption::Partial => assert!(opening.parts.iter().any(|part| !part.protection.encrypted)),
        Encryption::Failed => assert!(
            matches!(opening.failure, Some(Unreadable::TooLarge | Unreadable::Malformed)),
            "{:?}",
            opening.failure
        ),
        Encryption::None => panic!("ciphertext was not seen"),
    }
}

/// A PGP/MIME mail (RFC 3156 4) that holds `content`, signed by the gateway itself.
fn sealed(content: &[u8]) -> Vec<u8> {
    let own = BENCH.keyring.own_certificate().expect("a test key");
    let armored = BENCH.keyring.seal(content, &[own], NOW).expect("a test key");
    let head = "From: Mira <mira@halden-labs.example>\r\nSubject: ...\r\nMIME-Version: 1.0\r\n\
                Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n\
                --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
                --b\r\nContent-Type: application/octet-stream\r\n\r\n";
    [head.as_bytes(), armored.as_bytes(), b"\r\n--b--\r\n"].concat()
}
