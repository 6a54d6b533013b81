//! What mail programs, mail systems and attackers make of OpenPGP mail: every shape says in `expect.jsonl` what comes out.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use advisory_intake::model::{
    Doubt, Encryption, EncryptionFormat, OpenedMessage, PartContent, SignatureStatus, Unreadable,
};
use advisory_intake::openpgp::Keyring;
use serde::Deserialize;
use time::OffsetDateTime;

use super::opening::{fixtures, opened, settings, shown};

/// A line of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape {
    file: String,
    what: String,
    encryption: Encryption,
    encryption_format: Option<EncryptionFormat>,
    failure: Option<Unreadable>,
    signature: SignatureStatus,
    /// What a reader sees.
    contains: Vec<String>,
    /// What nobody may see.
    lacks: Option<String>,
    subject: Option<String>,
    #[serde(default)]
    files: Vec<String>,
    #[serde(default)]
    doubts: Vec<Doubt>,
}

fn folder() -> PathBuf {
    fixtures().join("mail/shapes")
}

fn table() -> Vec<Shape> {
    let text = fs::read_to_string(folder().join("expect.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn attachments(opened: &OpenedMessage) -> Vec<String> {
    let name = |content: &PartContent| match content {
        PartContent::Attachment(file) => Some(file.name.expose().clone()),
        PartContent::Text(_) => None,
    };
    opened.parts.iter().filter_map(|part| name(&part.content)).collect()
}

/// What differs from the table.
fn wrong(shape: &Shape, opened: &OpenedMessage) -> Vec<String> {
    let shown = shown(opened);
    let mut wrong = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            wrong.push(what);
        }
    };
    let protection = (opened.encryption, opened.format, opened.failure, opened.signature.status);
    let expected = (shape.encryption, shape.encryption_format, shape.failure, shape.signature);
    check(protection == expected, format!("{protection:?}, expected {expected:?}: {:?}", opened.signature.shortfall));
    for text in &shape.contains {
        check(shown.contains(text), format!("{text:?} is missing in {shown:?}"));
    }
    if let Some(text) = &shape.lacks {
        check(!shown.contains(text), format!("{text:?} is there"));
    }
    if let Some(subject) = &shape.subject {
        check(opened.subject.expose() == subject, format!("subject {:?}", opened.subject.expose()));
    }
    check(attachments(opened) == shape.files, format!("files {:?}", attachments(opened)));
    check(opened.doubts == shape.doubts, format!("doubts {:?}", opened.doubts));
    // Decrypted and clear text never share a block, or the clear one could carry the decrypted one away.
    let mixed = opened.parts.iter().filter(|part| !part.protection.encrypted).any(|part| match &part.content {
        PartContent::Text(text) => text.expose().contains("CANARY") && opened.encryption != Encryption::None,
        PartContent::Attachment(_) => false,
    });
    check(!mixed, "decrypted text stands in a clear part".into());
    wrong
}

#[test]
fn every_shape_opens_as_its_line_says() {
    let keys = fixtures().join("keys");
    let own = ["intake", "intake-2023", "intake-locked"].map(|name| keys.join(format!("{name}.sec.asc")));
    let settings = settings(own.to_vec());
    let keyring = Keyring::load(&settings, OffsetDateTime::now_utc()).unwrap();
    let mut failed = Vec::new();
    for shape in table() {
        let mail = fs::read(folder().join(&shape.file)).unwrap();
        let wrong = wrong(&shape, &opened(mail, &settings, &keyring));
        if !wrong.is_empty() {
            failed.push((shape.file, shape.what, wrong));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_shape_has_its_line() {
    let told: BTreeSet<String> = table().into_iter().map(|shape| shape.file).collect();
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(told, names.filter(|name| name.ends_with(".eml")).collect());
}
