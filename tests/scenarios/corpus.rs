//! Labelled mail from elsewhere, that no copy of is kept here: `ADVISORY_INTAKE_CORPUS` names its folder (`make corpus`).
//!
//! Below it lie sets of `mail/`, `keys/` and `expect.jsonl`. A label says what a mail is, as GnuPG sees it, and in the sets
//! of hostile mail what a careful gateway does about it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use advisory_intake::model::{Limits, OpenedMessage, SignatureStatus, WorkerSettings};
use advisory_intake::openpgp::Keyring;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;

use super::opening::{opened, settings, shown};

/// A line of `expect.jsonl`.
#[derive(Deserialize)]
struct Label {
    file: String,
    /// `plain`, `encrypted-pgpmime`, `smime` and so on.
    kind: String,
    /// Whether one of the keys opens it.
    decryptable: bool,
    /// `good`, `bad`, `unknown` or `none`; `good` is only about the cryptography.
    signature: String,
    plaintext_contains: String,
    protected_subject: Option<String>,
    action: Option<String>,
}

/// What is done about a mail when its label asks for an action.
struct Action {
    name: &'static str,
    /// Of these actions one must be there …
    one_of: &'static [&'static str],
    /// … and none of these.
    none_of: &'static [&'static str],
}

const ANSWERS: &[&str] = &["acknowledge", "send-instructions", "ask-private", "explain-failure", "receipt"];

const ACTIONS: &[Action] = &[
    Action { name: "file-report", one_of: &["file"], none_of: &["hold", "ignore"] },
    // Filed with the oddity told, or held with it: people read both.
    Action { name: "file-report-flagged", one_of: &["file", "hold"], none_of: &["ignore"] },
    Action { name: "needs-human", one_of: &["hold"], none_of: &["file", "comment", "ignore"] },
    // Nothing is said to a program; a person hears of a bounce of our own mail.
    Action { name: "ignore-autoreply", one_of: &["ignore"], none_of: &["file", "comment"] },
    // Held without content; the sender is helped from what can be seen outside.
    Action { name: "reject-undecryptable", one_of: &["hold"], none_of: &["file", "comment", "alert", "acknowledge"] },
    // It has a line of its own, which is all that is asked.
    Action { name: "no-crash-any", one_of: &[], none_of: &[] },
];

/// The sets below the folder: those with an `expect.jsonl` and keys.
pub(super) fn sets() -> Vec<PathBuf> {
    let Some(corpus) = std::env::var_os("ADVISORY_INTAKE_CORPUS") else { return Vec::new() };
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(corpus)];
    while let Some(folder) = folders.pop() {
        if folder.join("expect.jsonl").is_file() {
            found.push(folder);
        } else {
            let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
            folders.extend(entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()));
        }
    }
    found.sort();
    assert!(!found.is_empty(), "ADVISORY_INTAKE_CORPUS names a folder without any expect.jsonl");
    found
}

/// The secret keys of a set.
pub(super) fn secret_keys(set: &Path) -> Vec<PathBuf> {
    let mut keys: Vec<_> = fs::read_dir(set.join("keys/export")).unwrap().map(|e| e.unwrap().path()).collect();
    keys.sort();
    keys
}

/// `inspect` over all mails of a set, by file name.
fn inspected(set: &Path) -> BTreeMap<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_advisory-intake"));
    command.current_dir(folder.path()).args(["inspect", "--format", "json", "--show-text"]);
    for key in secret_keys(set) {
        command.arg("--key").arg(key);
    }
    let output = command.arg("--cert").arg(set.join("keys")).arg(set.join("mail")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let name = |line: &Value| line["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).map(|line| (name(&line), line)).collect()
}

#[test]
fn labelled_mail_comes_out_as_its_label_says() {
    let mut wrong = Vec::new();
    for set in sets() {
        let lines = inspected(&set);
        let known = settings(secret_keys(&set));
        let known = WorkerSettings { known_certificates: vec![set.join("keys")], limits: Limits::default(), ..known };
        let keyring = Keyring::load(&known, OffsetDateTime::now_utc()).unwrap();
        let labels = fs::read_to_string(set.join("expect.jsonl")).unwrap();
        for label in labels.lines().map(|line| serde_json::from_str::<Label>(line).unwrap()) {
            let open = || opened(fs::read(set.join(&label.file)).unwrap(), &known, &keyring);
            let line = lines.get(label.file.rsplit('/').next().unwrap());
            let line = line.unwrap_or_else(|| panic!("{} has no line", label.file));
            let differs = differences(&label, line, open);
            wrong.extend(differs.into_iter().map(|what| format!("{}/{}: {what}", set.display(), label.file)));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// How `line` is not what `label` says, beyond what is accepted.
fn differences(label: &Label, line: &Value, open: impl Fn() -> OpenedMessage) -> Vec<String> {
    let mut wrong = Vec::new();
    if label.kind == "smime" {
        // Recognised and not opened: the policy asks for OpenPGP. What is only signed is read as what it is.
        let seen = line["failure"] == "unsupported" || line["encryption"] == "none";
        wrong.extend((!seen || line["signature"] == "good").then(|| format!("S/MIME is {}", line["failure"])));
        wrong.extend(acted(label, line));
        return wrong;
    }
    if label.action.as_deref() == Some("no-crash-any") {
        return wrong;
    }
    let opens = line["encryption"] == "whole" || line["encryption"] == "partial";
    // Ciphertext that is quoted from another mail is the sender's own no more, so a person looks at it.
    let quoted = label.action.as_deref() == Some("needs-human") && !opens;
    if label.decryptable != opens && !quoted {
        wrong.push(format!("encryption is {}, failure {}", line["encryption"], line["failure"]));
    }
    if !quoted
        && !holds(line, &label.plaintext_contains)
        && !words(&shown(&open())).contains(&words(&label.plaintext_contains))
    {
        wrong.push(format!("lacks {:?}", label.plaintext_contains));
    }
    if label.protected_subject.as_ref().is_some_and(|subject| line["subject"] != subject.as_str()) {
        wrong.push(format!("subject is {}", line["subject"]));
    }
    let expected = match label.signature.as_str() {
        "unknown" => "unknown-key",
        other => other,
    };
    if line["signature"] != expected && !quoted {
        let reason = stricter(label, &open()).filter(|_| line["signature"] != "good");
        match reason {
            Some(reason) => println!("{}: {} is {}: {reason}", label.file, label.signature, line["signature"]),
            None => wrong.push(format!("signature is {}, not {expected}", line["signature"])),
        }
    }
    wrong.extend(acted(label, line));
    wrong
}

/// Why a signature is less for the mail than GnuPG's word for its cryptography; `None`: no reason that counts.
///
/// What is good may fall short: of the mail's whole content, of its sender's address, of today's algorithms. A key in the mail
/// itself may show what GnuPG could not check for want of one. A well-formed report's signature has no excuse.
fn stricter(label: &Label, opened: &OpenedMessage) -> Option<String> {
    let shortfall = opened.signature.shortfall.clone()?;
    let may = match label.signature.as_str() {
        "good" => opened.signature.status != SignatureStatus::Bad && label.action.as_deref() != Some("file-report"),
        "unknown" => opened.signature.status == SignatureStatus::Bad,
        _ => false,
    };
    may.then_some(shortfall)
}

/// How the actions are not those that the label asks for.
fn acted(label: &Label, line: &Value) -> Option<String> {
    let name = label.action.as_deref()?;
    let action = ACTIONS.iter().find(|action| action.name == name).expect("an action of the table");
    let actions: Vec<&str> = line["actions"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    let has = |names: &[&str]| names.iter().any(|name| actions.contains(name));
    let answered = name == "ignore-autoreply" && has(ANSWERS);
    let right = (action.one_of.is_empty() || has(action.one_of)) && !has(action.none_of) && !answered;
    (!right).then(|| format!("{name}, but does {actions:?} (kind {})", line["kind"]))
}

/// Whether what is shown holds `text`, line breaks aside.
fn holds(line: &Value, text: &str) -> bool {
    let shown = ["text", "subject"].map(|field| line[field].as_str().unwrap_or_default());
    shown.iter().any(|shown| words(shown).contains(&words(text)))
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
