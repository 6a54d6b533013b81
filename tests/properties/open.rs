//! Any mail, opened.

use std::collections::HashSet;

use advisory_intake::model::{
    Authentication, ContentDigest, Encryption, OpenedMessage, Outline, PartContent, SignatureStatus, Unreadable,
};
use advisory_intake::worker::open::outline;

use super::{BENCH, is_one_line, opening, raw, small};

/// A mail opens to something that does not contradict itself, whatever it is.
pub fn check(mail: &[u8]) {
    let outline = outline(&raw(mail), &BENCH.settings);
    assert!(outline.authors.len() <= Outline::MOST_AUTHORS && outline.dns.len() <= Outline::MOST_QUESTIONS);
    let opened = opening(mail);
    tells_one_story(&opened);
    is_bounded(&opened, mail.len());
    if mail.len().is_multiple_of(16) {
        assert_eq!(opening(mail), opened, "the same mail twice");
    }
}

/// What protected the message and what protected its parts are the same truth.
pub(super) fn tells_one_story(opened: &OpenedMessage) {
    let encrypted: Vec<bool> = opened.parts.iter().map(|part| part.protection.encrypted).collect();
    match opened.encryption {
        Encryption::Whole => assert!(encrypted.iter().all(|encrypted| *encrypted), "whole, with a clear part"),
        Encryption::None | Encryption::Failed => {
            assert!(!encrypted.contains(&true), "an encrypted part, though nothing opened");
            assert!(!opened.subject_protected || opened.encryption == Encryption::None);
        }
        Encryption::Partial => {}
    }
    let opens = matches!(opened.encryption, Encryption::Whole | Encryption::Partial);
    assert_eq!(
        opened.decryption_key.is_some() || opened.encryption == Encryption::Partial,
        opens,
        "the key that opened"
    );
    assert!(!opens || opened.failure.is_none(), "a failure, though something opened");
    assert!(opened.failure.is_some() || opened.encryption != Encryption::Failed, "failed without saying why");
    assert!(opened.reply_certificate.is_none() || opens, "a reply to inside where nothing opened");

    let good = opened.signature.status == SignatureStatus::Good;
    assert!(!good || opened.parts.iter().all(|part| part.protection.signed), "a good signature that leaves a part out");
    assert!(!good || opened.sender.address.is_some(), "a good signature of nobody");
    assert!(good || opened.sender.authenticated != Authentication::Signature, "authenticated by no good signature");
    assert!(good || opened.signature.status == SignatureStatus::None || opened.signature.shortfall.is_some());
}

/// What comes out is bounded by what came in and by the limits, and goes on one line where it must.
pub(super) fn is_bounded(opened: &OpenedMessage, size: usize) {
    let limits = small();
    assert!(opened.parts.len() <= limits.mime_parts * (limits.ciphertexts + 2) * 64, "{} parts", opened.parts.len());
    let most = 8 * (size + limits.decrypted_size as usize) + 4096;
    let total: usize = opened.parts.iter().map(|part| length(&part.content)).sum();
    assert!(total <= most, "{total} bytes out of {size}");
    assert!(is_one_line(opened.subject.expose()), "subject {:?}", opened.subject.expose());
    assert!(is_one_line(&opened.sender.name), "name {:?}", opened.sender.name);
    for part in &opened.parts {
        if let PartContent::Attachment(file) = &part.content {
            let name = file.name.expose();
            assert!(is_one_line(name) && !name.contains(['/', '\\']) && !name.is_empty(), "file name {name:?}");
            assert!(is_one_line(&file.media_type), "media type {:?}", file.media_type);
            assert_eq!(file.sha256, ContentDigest::of(file.bytes.expose()));
        }
    }
    let certificates: HashSet<&str> = opened.certificates.iter().map(|cert| cert.fingerprint.as_str()).collect();
    assert_eq!(certificates.len(), opened.certificates.len(), "a certificate twice");
    assert!(opened.failure != Some(Unreadable::TooLarge) || opened.parts.is_empty() || opened.format.is_some());
}

fn length(content: &PartContent) -> usize {
    match content {
        PartContent::Text(text) => text.expose().len(),
        PartContent::Attachment(file) => file.bytes.expose().len(),
    }
}
