//! What GitHub is asked about a report, and what comes of the answers: the program against GitHub's double.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use advisory_intake::github::{Auth, GitHub, Settings};
use advisory_intake::model::{FilingWay, Inquiry, IssueLink, Repository};
use advisory_intake::ports::Advisories;
use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;
use serde_json::{Value, json};

use crate::support::ciphertext::{Sealing, encryption_key, mail};
use crate::support::daemon::Gateway;
use crate::support::github_double::{Fault, GithubDouble, What};
use crate::support::world::{fixture, test_keys};

const CONTRIB: &str = "open-telemetry/opentelemetry-collector-contrib";
const CANARY: &str = "CANARY-0c7e-online";
const REPORT: &str = "Title: filelog receiver follows symlinks\r\n\r\nThe filelog receiver \
    (github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver v0.120.0) opens a watched file after it was replaced \
    by a symlink to /etc/shadow, and exports the content of the target. CWE-59. An attacker needs no more than write access to the directory.\r\n\
    CANARY-0c7e-online\r\n\r\nBackground: https://github.com/open-telemetry/opentelemetry-collector-contrib/issues/41234\r\n";

fn issue(title: &str, body: &str) -> Value {
    json!({ "number": 41234, "title": title, "body": body, "state": "open", "created_at": "2026-11-01T08:00:00Z",
        "html_url": format!("https://github.com/{CONTRIB}/issues/41234"), "user": { "login": "somebody" } })
}

fn release(tag: &str) -> Value {
    json!({ "tag_name": tag, "name": tag, "published_at": "2026-11-03T10:00:00Z", "prerelease": false, "draft": false })
}

fn other_advisory(id: &str, summary: &str, text: &str, cwe: &str) -> Value {
    json!({ "ghsa_id": id, "cve_id": null, "state": "triage", "summary": summary, "description": text, "cwe_ids": [cwe], "comments_url": null,
        "vulnerabilities": [{ "package": { "ecosystem": "go",
            "name": "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver" } }] })
}

/// A double that knows the project, with whatever `text` an issue has.
fn double(text: &str) -> GithubDouble {
    let double = GithubDouble::start();
    double.add_owner("open-telemetry");
    double.change(CONTRIB, |repo| {
        repo.releases = vec![release("v0.139.0"), release("v0.138.0")];
        repo.issues.insert("41234".into(), issue(&text[..text.len().min(60)], text));
        repo.advisories = vec![
            other_advisory(
                "GHSA-2222-3333-4444",
                "Symlink following in the filelog receiver",
                "| OpenTelemetry security | Received by mail |\n| --- | --- |\n| Case | `OTEL-SEC-2026-0001` |\n\n### Report\n\nThe filelog receiver exports \
                 the content of the target when a watched file is replaced by a symlink.",
                "CWE-59",
            ),
            other_advisory("GHSA-5555-6666-7777", "ReDoS in multiline", "A regular expression takes exponential time.", "CWE-1333"),
        ];
    });
    double
}

/// A gateway with one mail in its Maildir, encrypted.
fn gateway(double: &GithubDouble, more: &str) -> Gateway {
    let configuration = format!(
        "[identity]\naddress = \"security-intake@otel.example\"\n[mailbox.main]\npath = \"in\"\n[smtp]\ndeliver_to = \"out\"\n[github]\napi = \"{}\"\n\
         token = {{ file = \"token\" }}\ntimeout_seconds = 5\n{more}\n{}\n[store]\npath = \"state/intake.sqlite\"\n",
        double.uri(),
        test_keys()
    );
    let gateway = Gateway::new(&configuration);
    for folder in ["state", "in", "in/new", "in/cur", "in/tmp"] {
        fs::create_dir(gateway.folder().join(folder)).unwrap();
    }
    gateway.put("token", double.token().as_bytes());
    let key = encryption_key(&Cert::from_file(fixture("keys/intake.pub.asc")).unwrap()).unwrap();
    let sealed = Sealing::default().seal(REPORT, &[&key]);
    fs::write(gateway.folder().join("in/new/1"), mail("hello", &sealed)).unwrap();
    gateway
}

fn work(gateway: &Gateway) {
    let output = gateway.run(&["run", "--once"]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    for private in [CANARY, "41234", "symlink"] {
        assert!(!said.contains(private), "{private} in the log:\n{said}");
        assert!(!holds(gateway.folder(), private), "{private} is in a file of the gateway");
    }
}

/// Whether any file below `folder` holds `text`.
fn holds(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
        true => holds(&path, text),
        false => fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()),
    })
}

/// The advisory that the gateway filed.
fn filed(double: &GithubDouble) -> (String, String) {
    let advisory = double.advisories(CONTRIB).pop().unwrap();
    let text = |key: &str| advisory[key].as_str().unwrap_or_default().to_owned();
    assert!(text("description").contains(CANARY), "not filed");
    (text("summary"), text("description"))
}

#[test]
fn a_report_is_filed_with_what_github_says_about_it() {
    let same = "filelog receiver follows symlinks\n\nWhen a watched file is replaced by a symlink, the filelog receiver exports the content of the \
                target, for example /etc/shadow.";
    let double = double(same);
    let gateway = gateway(&double, "");
    work(&gateway);
    let (title, text) = filed(&double);
    assert_eq!(title, "[public] filelog receiver follows symlinks");
    for part in [
        "### Looked up at GitHub",
        "is **older than the supported minor version**: the latest release is `v0.139.0` of 2026-11-03.",
        "`open-telemetry/opentelemetry-collector-contrib#41234`, issue of 2026-11-01, open, `filelog receiver follows symlinks",
        "**its text is like the report's**",
        "Perhaps the same: [GHSA-2222-3333-4444](https://github.com/open-telemetry/opentelemetry-collector-contrib/security/advisories/GHSA-2222-3333-4444) \
         (triage, case `OTEL-SEC-2026-0001`), likeness 0.",
        "Nothing was merged",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("GHSA-5555-6666-7777"), "{text}");
    let shown = String::from_utf8(gateway.run(&["case", "show", "m1"]).stdout).unwrap();
    assert!(shown.contains("security/advisories/GHSA-2222-3333-4444 (+0."), "{shown}");
    assert!(
        shown.contains("links an issue or pull request that anyone can read, whose text is like the report's"),
        "{shown}"
    );
    assert_eq!(double.complaints(), Vec::<String>::new());
}

#[test]
fn an_issue_about_something_else_or_hidden_makes_nothing_public() {
    let other =
        "Update the documentation of the batch processor\n\nThe default of send_batch_size changed two years ago.";
    type Change = fn(&mut crate::support::github_double::Repo);
    let cases: [(&str, Change, &str); 3] = [
        ("something else", |_| (), "so it is perhaps only mentioned"),
        ("not there", |repo| repo.issues.clear(), "is not there, or not everybody can read it"),
        ("a private repository", |repo| repo.private = true, "is not there, or not everybody can read it"),
    ];
    for (what, change, says) in cases {
        let double = double(other);
        double.change(CONTRIB, change);
        work(&gateway(&double, ""));
        let (title, text) = filed(&double);
        assert_eq!(title, "filelog receiver follows symlinks", "{what}");
        assert!(text.contains(says), "{what}: {text}");
        assert_eq!(double.complaints(), Vec::<String>::new());
    }
}

#[test]
fn nothing_is_asked_where_the_configuration_says_so() {
    let double = double("filelog receiver follows symlinks");
    work(&gateway(&double, "online_checks = false"));
    let (_, text) = filed(&double);
    assert!(!text.contains("Looked up at GitHub"), "{text}");
    for endpoint in ["repository", "issue", "latest", "releases", "list"] {
        assert_eq!(double.count(endpoint), 0, "{endpoint}");
    }
}

#[test]
fn a_look_up_that_fails_or_stalls_delays_no_report() {
    let stalls = |endpoint| Fault::on(endpoint, What::Delay(Duration::from_secs(60)));
    let fails = |endpoint| Fault::on(endpoint, What::status(500, "")).times(9);
    let empty = |endpoint| Fault::on(endpoint, What::status(200, "<html>")).times(9);
    let cases: Vec<(&str, Vec<Fault>)> = vec![
        ("stalls", vec![stalls("repository"), stalls("latest"), stalls("list")]),
        ("fails", vec![fails("repository"), fails("latest"), fails("list")]),
        ("nonsense", vec![empty("repository"), empty("latest"), empty("list")]),
    ];
    for (what, faults) in cases {
        let double = double("filelog receiver follows symlinks");
        faults.into_iter().for_each(|fault| double.fail(CONTRIB, fault));
        let began = Instant::now();
        work(&gateway(&double, ""));
        assert!(began.elapsed() < Duration::from_secs(45), "{what} took {:?}", began.elapsed());
        let (_, text) = filed(&double);
        assert!(text.contains("GitHub did not say what was released"), "{what}: {text}");
        assert_eq!(double.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn public_answers_are_kept_and_calls_are_kept_for_filing() {
    let double = double("filelog receiver follows symlinks");
    let settings = Settings {
        base_uri: double.uri().into(),
        ..Settings::new(Auth::Token(double.token().into()), FilingWay::Report)
    };
    let github = GitHub::new(settings).unwrap();
    let repository: Repository = CONTRIB.parse().unwrap();
    let inquiry = Inquiry {
        issues: vec![IssueLink { repository: repository.clone(), number: 41_234 }],
        releases_of: Some(repository.clone()),
        advisories_of: vec![repository.clone()],
    };
    for _ in 0..3 {
        let online = github.look_up(&inquiry).await;
        assert_eq!((online.issues.len(), online.advisories.len(), online.read.len()), (1, 2, 1));
        assert_eq!(online.releases.unwrap().all.len(), 2);
    }
    let count = |endpoint: &str| double.count(endpoint);
    assert_eq!(
        (count("repository"), count("issue"), count("latest"), count("releases"), count("list")),
        (1, 1, 1, 1, 3)
    );

    // A transferred issue is shown by somebody else.
    double.change(CONTRIB, |repo| {
        let mut moved = repo.issues["41234"].clone();
        moved["html_url"] = json!("https://github.com/somebody/else/issues/1");
        repo.issues.insert("5".into(), moved);
    });
    let moved = Inquiry { issues: vec![IssueLink { repository: repository.clone(), number: 5 }], ..Inquiry::default() };
    assert_eq!(github.look_up(&moved).await.issues[0].public, None);

    let scarce = What::with_headers(200, &[("x-ratelimit-remaining", "900")], "[]");
    double.fail(CONTRIB, Fault::on("list", scarce));
    let advisories = Inquiry { advisories_of: vec![repository], ..Inquiry::default() };
    assert_eq!(github.look_up(&advisories).await.read.len(), 1);
    let before = double.requests().len();
    assert_eq!(github.look_up(&advisories).await, Default::default());
    assert_eq!(double.requests().len(), before, "it asked with few calls left");
    assert_eq!(double.complaints(), Vec::<String>::new());
}
