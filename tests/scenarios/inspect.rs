//! `inspect` on every mail of the fixtures: the contract of its lines.

use serde_json::Value;

use crate::support::daemon::Gateway;
use crate::support::world::fixture;

#[test]
fn every_line_keeps_the_contract_with_scripts() {
    for line in inspected().lines() {
        Contract(line).hold(&parsed(line));
    }
}

/// What `inspect` prints about the mails, with the keys of the fixtures.
fn inspected() -> String {
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
