//! `inspect` on every mail of the fixtures: the contract of its lines, the truth about the mails, and the golden lines.

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::daemon::Gateway;
use crate::support::world::fixture;

const GOLDEN: &str = "golden/inspect.jsonl";
const FALLBACK: &str = "open-telemetry/sig-security";

fn every_mail_is_judged_as_a_careful_person_would() {
    let truth = fs::read_to_string(fixture("mail/expect.jsonl")).unwrap();
    let lines = by_file(inspected());
    let mut wrong = Vec::new();
    for truth in &truth.lines().map(parsed).collect::<Vec<_>>() {
        let file = truth["file"].as_str().unwrap();
        let line = &lines[file];
        let repository = match &truth["repository"] {
            Value::Null if line["actions"].as_array().unwrap().contains(&"file".into()) => &FALLBACK.into(),
            repository => repository,
        };
        // Of several findings in several repositories any may lead, and the others are named beside it.
        let repository = if truth["also"].as_array().unwrap().is_empty() || !same_repositories(truth, line) {
            repository
        } else {
            &line["repository"]
        };
        // Other kinds may name the case or repository that they seem to belong to; nothing is done with it.
        let kind = truth["kind"].as_str().unwrap();
        let filed = matches!(kind, "report" | "not-a-vulnerability").then_some(("repository", repository));
        let joined = (kind == "follow-up").then_some(("case", &truth["case"]));
        let always = ["kind", "disclosure", "encryption", "encryption_format", "failure", "signature"];
        let always = always.map(|field| (field, &truth[field]));
        for (field, expected) in always.into_iter().chain(filed).chain(joined) {
            if line[field] != *expected {
                wrong.push(format!("{file}: {field} is {}, not {expected}", line[field]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn same_repositories(truth: &Value, line: &Value) -> bool {
    let all = |value: &Value| -> std::collections::BTreeSet<String> {
        let also = value["also"].as_array().unwrap().iter().chain([&value["repository"]]);
        also.filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    all(truth) == all(line)
}

fn every_line_keeps_the_contract_with_scripts() {
    for line in inspected().lines() {
        Contract(line).hold(&parsed(line));
    }
}

/// One test, for the mails are inspected once.
#[test]
fn inspect_keeps_the_contract_tells_the_truth_and_shows_what_it_showed() {
    every_line_keeps_the_contract_with_scripts();
    every_mail_is_judged_as_a_careful_person_would();
    every_mail_is_shown_as_in_the_golden_file();
}

fn every_mail_is_shown_as_in_the_golden_file() {
    let path = fixture(GOLDEN);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, inspected()).unwrap();
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    let (golden, lines) = (by_file(&text), by_file(inspected()));
    let mut different = Vec::new();
    for file in golden.keys().chain(lines.keys()).collect::<std::collections::BTreeSet<_>>() {
        let (Some(Value::Object(old)), Some(Value::Object(new))) = (golden.get(file), lines.get(file)) else {
            different.push(format!("{file} is in one of the two only"));
            continue;
        };
        let changed = new.iter().filter(|(field, value)| old.get(*field) != Some(value));
        different.extend(changed.map(|(field, value)| format!("{file}: {field} is now {value}")));
    }
    let again = "if that is right: UPDATE_GOLDEN=1 cargo test --test main golden, and look at the difference before it is committed";
    assert!(different.is_empty() && text == inspected(), "{}\n{again}", different.join("\n"));
}

/// What `inspect` prints about the mails, with the keys of the fixtures.
fn inspected() -> &'static str {
    static LINES: OnceLock<String> = OnceLock::new();
    LINES.get_or_init(|| {
        let path = |name: &str| fixture(name).display().to_string();
        let gateway = Gateway::new(&format!(
            r#"
[identity]
address = "security-intake@otel.example"
aliases = ["security@opentelemetry.io"]
[mailbox.main]
path = "mail"
[smtp]
deliver_to = "out"
[ledger]
folder = "ledger"
[keys]
secret = [{{ file = {:?} }}, {{ file = {:?} }}, {{ file = {:?} }}]
passwords = [{{ file = {:?} }}]
team = [{:?}]
known = [{:?}]
"#,
            path("keys/intake.sec.asc"),
            path("keys/intake-2023.sec.asc"),
            path("keys/intake-locked.sec.asc"),
            path("keys/passwords.txt"),
            path("keys/team"),
            path("keys/reporters"),
        ));
        let mails = path("mail");
        let output = gateway.run(&["inspect", "--format", "json", &mails]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        // File names only, so that the golden file does not depend on the place of the sources.
        String::from_utf8(output.stdout).unwrap().replace(&format!("{mails}/"), "")
    })
}

fn by_file(lines: &str) -> BTreeMap<String, Value> {
    lines.lines().map(parsed).map(|line| (line["file"].as_str().unwrap().to_owned(), line)).collect()
}

fn parsed(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

/// What DESIGN promises about a line; shown when it is not kept.
struct Contract<'a>(&'a str);

impl Contract<'_> {
    fn hold(&self, line: &Value) {
        self.fields(
            line,
            "actions also case confidence decryption_key disclosure encryption encryption_format evidence failure file \
             forwarded_by kind message_id repository report sender signature signer subject",
        );
        self.fields(&line["sender"], "address authenticated");
        self.word(&line["sender"]["authenticated"], "signature dkim none");
        self.fields_or_null(&line["forwarded_by"], "address");
        self.word(&line["encryption"], "whole partial none failed");
        self.word_or_null(&line["encryption_format"], "pgp-mime inline attachment");
        self.word_or_null(
            &line["failure"],
            "no-key symmetric-only no-integrity-protection tampered unsupported too-large malformed",
        );
        self.word(&line["signature"], "good bad unknown-key partial none");
        self.word(
            &line["kind"],
            "report follow-up question key-request not-a-vulnerability wrong-project spam bounce auto-reply unreadable \
             empty",
        );
        self.word_or_null(&line["disclosure"], "private public");
        self.fields(&line["confidence"], "disclosure kind repository");
        for value in line["confidence"].as_object().unwrap().values() {
            assert!(value.as_f64().is_some_and(|value| (0.0..=1.0).contains(&value)), "{}", self.0);
        }
        for evidence in line["evidence"].as_array().unwrap() {
            self.fields(evidence, "because for says weight");
            self.word(&evidence["for"], "kind disclosure repository");
        }
        for action in line["actions"].as_array().unwrap() {
            self.word(
                action,
                "file comment alert alert-urgent alert-without-content digest acknowledge send-instructions ask-private \
                 explain-failure receipt hold ignore",
            );
        }
        if !line["report"].is_null() {
            self.report(&line["report"]);
        }
    }

    fn report(&self, report: &Value) {
        self.fields(report, "attachments cvss cwe deadline github_login packages references severity summary");
        self.word_or_null(&report["severity"], "low medium high critical");
        for package in report["packages"].as_array().unwrap() {
            self.fields(package, "affected ecosystem name patched");
            self.word(
                &package["ecosystem"],
                "rubygems npm pip maven nuget composer go rust erlang actions pub other swift",
            );
        }
        for cvss in report["cvss"].as_array().unwrap() {
            self.fields(cvss, "score vector");
        }
        for attachment in report["attachments"].as_array().unwrap() {
            self.fields(attachment, "bytes media_type name sha256");
            let digest = attachment["sha256"].as_str().unwrap();
            assert!(digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{digest}");
        }
        if let Some(day) = report["deadline"].as_str() {
            let form = time::macros::format_description!("[year]-[month]-[day]");
            assert!(time::Date::parse(day, form).is_ok(), "{day}");
        }
    }

    fn fields(&self, value: &Value, expected: &str) {
        let mut fields: Vec<&str> = value.as_object().expect(self.0).keys().map(String::as_str).collect();
        fields.sort_unstable();
        let mut expected: Vec<&str> = expected.split_whitespace().collect();
        expected.sort_unstable();
        assert_eq!(fields, expected, "{}", self.0);
    }

    fn fields_or_null(&self, value: &Value, expected: &str) {
        if !value.is_null() {
            self.fields(value, expected);
        }
    }

    fn word(&self, value: &Value, words: &str) {
        let word = value.as_str().expect(self.0);
        assert!(words.split_whitespace().any(|allowed| allowed == word), "{word}: {}", self.0);
    }

    fn word_or_null(&self, value: &Value, words: &str) {
        if !value.is_null() {
            self.word(value, words);
        }
    }
}
