//! One contract for both places where advisories go, and what GitHub's failures mean.

use std::sync::Arc;
use std::time::Duration;

use advisory_intake::github::{Auth, GitHub, Settings};
use advisory_intake::ledger::Ledger;
use advisory_intake::model::{
    AdvisoryDraft, AdvisorySeverity, CommentDraft, CommentedAs, Ecosystem, Filed, FilingWay, Marker, Package,
    Repository, Severity, Vulnerability,
};
use advisory_intake::ports::{Advisories, FilingError, Level};
use serde_json::Value;

use crate::support::github_double::{APP, Fault, GithubDouble, INSTALLATION, Repo, What, app_key};

mod trust;

const REPOSITORY: &str = "open-telemetry/opentelemetry-go";
/// How a repository differs from one that is set up well.
type Change = fn(&mut Repo);
const CANARY: &str = "canary-5b1d-of-the-report";

fn repository() -> Repository {
    REPOSITORY.parse().unwrap()
}

fn marker(number: u8) -> Marker {
    Marker::from_random([number; 16])
}

fn draft(number: u8) -> AdvisoryDraft {
    AdvisoryDraft {
        summary: format!("Overflow {CANARY}").into(),
        description: format!("> **Case** OTEL-SEC-2026-0001 {}\n\nIt overflows. {CANARY}", marker(number).as_str())
            .into(),
        continued: vec![format!("> {}\n\nContinued. {CANARY}", marker(number).as_str()).into()],
        vulnerabilities: vec![Vulnerability {
            package: Package {
                ecosystem: Ecosystem::Go,
                name: "go.opentelemetry.io/otel".into(),
                affected: Some("< 1.2.3".into()),
                patched: None,
            },
            functions: vec!["otel.Start".into()],
        }],
        severity: AdvisorySeverity::Words(Severity::High),
        cwe_ids: vec!["CWE-787".into()],
        credits: vec!["erin-t".into()],
        marker: marker(number),
        similar: vec![],
    }
}

fn comment(number: u8) -> CommentDraft {
    CommentDraft {
        body: format!("> {}\n\nMore. {CANARY}", marker(number).as_str()).into(),
        continued: Vec::new(),
        marker: marker(number),
    }
}

fn settings(double: &GithubDouble, auth: Auth) -> Settings {
    Settings {
        base_uri: double.uri().into(),
        timeout: Duration::from_secs(3),
        ..Settings::new(auth, FilingWay::Report)
    }
}

fn token(double: &GithubDouble) -> Auth {
    Auth::Token(double.token().into())
}

fn app(installation: Option<u64>) -> Auth {
    Auth::App { id: APP, installation, pem: app_key().0.clone().into() }
}

fn github(double: &GithubDouble) -> GitHub {
    GitHub::new(settings(double, token(double))).unwrap()
}

fn double() -> GithubDouble {
    let double = GithubDouble::start();
    double.add(REPOSITORY);
    double
}

/// What everybody relies on, wherever advisories go.
async fn keeps_the_contract(advisories: Arc<dyn Advisories>) {
    let repository = repository();
    assert_eq!(advisories.find(&repository, &marker(1)).await.unwrap(), None);
    let filed = advisories.file(&repository, &draft(1)).await.unwrap();
    assert_eq!(filed.repository, repository);
    assert!(!filed.url.is_empty());
    for _ in 0..2 {
        advisories.complete(&filed, &draft(1)).await.unwrap();
    }
    let other = advisories.file(&repository, &draft(2)).await.unwrap();
    assert_ne!(filed.ghsa_id, other.ghsa_id);

    assert_eq!(advisories.find(&repository, &marker(1)).await.unwrap(), Some(filed.clone()));
    assert_eq!(advisories.find(&repository, &marker(2)).await.unwrap(), Some(other));
    assert_eq!(advisories.find(&repository, &marker(3)).await.unwrap(), None);
    let elsewhere: Repository = "open-telemetry/sig-security".parse().unwrap();
    assert_eq!(advisories.find(&elsewhere, &marker(1)).await.unwrap(), None);

    let once = advisories.comment(&filed, &comment(11)).await.unwrap();
    let twice = advisories.comment(&filed, &comment(11)).await.unwrap();
    assert_eq!((&once.advisory, once.how), (&filed, CommentedAs::Comment));
    assert_eq!(once, twice);
    advisories.comment(&filed, &comment(12)).await.unwrap();
    // A comment's marker does not name an advisory.
    assert_eq!(advisories.find(&repository, &marker(11)).await.unwrap(), None);

    let nowhere = Filed { ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(), ..filed };
    assert!(matches!(advisories.comment(&nowhere, &comment(13)).await, Err(FilingError::Refused(_))));
    assert!(advisories.check(&repository).await.iter().all(|finding| finding.level == Level::Good));
}

#[tokio::test]
async fn the_ledger_keeps_the_contract() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::new(folder.path().join("ledger"));
    keeps_the_contract(Arc::new(ledger.clone())).await;

    let filed = ledger.find(&repository(), &marker(1)).await.unwrap().unwrap();
    let before = std::fs::read_to_string(ledger.path(&filed)).unwrap();
    assert_eq!(before.matches("More.").count(), 2, "{before}");
    assert!(before.contains("It overflows.") && before.contains("Continued."), "{before}");
    // A second filing of the same draft leaves what people added.
    assert_eq!(ledger.file(&repository(), &draft(1)).await.unwrap(), filed);
    assert_eq!(std::fs::read_to_string(ledger.path(&filed)).unwrap(), before);

    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&ledger.path(&filed)), 0o600);
    assert_eq!(mode(&folder.path().join("ledger")), 0o700);
    let names: Vec<_> = std::fs::read_dir(ledger.path(&filed).parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[tokio::test]
async fn github_keeps_the_contract_with_a_token_and_as_an_app() {
    let auths: [fn(&GithubDouble) -> Auth; 3] = [token, |_| app(Some(INSTALLATION)), |_| app(None)];
    for auth in auths {
        let double = double();
        double.add("open-telemetry/sig-security");
        keeps_the_contract(Arc::new(GitHub::new(settings(&double, auth(&double))).unwrap())).await;

        let advisories = double.advisories(REPOSITORY);
        assert_eq!(advisories.len(), 2);
        assert_eq!(advisories[0]["state"], "triage");
        assert_eq!(advisories[0]["cwe_ids"], serde_json::json!(["CWE-787"]));
        assert_eq!(advisories[0]["credits"], Value::Null);
        let comments = double.comments(REPOSITORY, advisories[0]["ghsa_id"].as_str().unwrap());
        assert_eq!(comments.len(), 3, "one continuation and two follow-ups");
        assert_eq!(double.complaints(), Vec::<String>::new());
    }
}

/// What an error asks the engine to do.
fn sort(result: &Result<Filed, FilingError>) -> String {
    match result {
        Ok(_) => "filed".into(),
        Err(FilingError::Refused(_)) => "refused".into(),
        Err(FilingError::Unknown(_)) => "unknown".into(),
        Err(FilingError::Setup(_)) => "setup".into(),
        Err(FilingError::Later { after: None, .. }) => "later".into(),
        Err(FilingError::Later { after: Some(after), .. }) => format!("later {}", after.as_secs_f32().ceil()),
    }
}

#[tokio::test]
async fn every_fault_of_filing_has_its_meaning() {
    const LIMITED: &str = r#"{"message":"You have exceeded a secondary rate limit."}"#;
    const NO_RIGHTS: &str = r#"{"message":"Resource not accessible by integration"}"#;
    // What happens, what it means, how many requests to file were made, how many advisories there are.
    let cases: Vec<(&str, What, &str, usize, usize)> = vec![
        ("bad credentials", What::status(401, ""), "setup", 1, 0),
        ("secondary limit", What::status(403, LIMITED), "later 60", 1, 0),
        ("secondary limit with a time", What::with_headers(403, &[("retry-after", "9")], LIMITED), "later 9", 1, 0),
        ("primary limit", What::with_headers(403, &[("x-ratelimit-remaining", "0")], ""), "later 60", 1, 0),
        ("too many", What::with_headers(429, &[("retry-after", "5")], ""), "later 5", 1, 0),
        ("no rights to report: a draft", What::status(403, NO_RIGHTS), "filed", 2, 1),
        ("no reporting: a draft", What::status(404, ""), "filed", 2, 1),
        ("gone", What::status(410, ""), "refused", 1, 0),
        ("archived", What::status(403, r#"{"message":"Repository was archived so is read-only."}"#), "refused", 1, 0),
        ("error before", What::status(500, ""), "unknown", 1, 0),
        ("error after", What::after_storing(502, ""), "unknown", 1, 1),
        ("unreadable success", What::after_storing(201, "<html>"), "unknown", 1, 1),
        ("success without an id", What::after_storing(201, "{}"), "unknown", 1, 1),
        ("dropped before", What::Drop { stored: false }, "unknown", 1, 0),
        ("dropped after", What::Drop { stored: true }, "unknown", 1, 1),
        ("too slow", What::Delay(Duration::from_secs(4)), "unknown", 1, 1),
        (
            "moved to another host",
            What::with_headers(307, &[("location", "https://evil.example/x")], ""),
            "refused",
            1,
            0,
        ),
        ("moved nowhere", What::status(307, ""), "refused", 1, 0),
    ];
    for (name, what, expected, requests, stored) in cases {
        let double = double();
        let github = github(&double);
        double.fail(REPOSITORY, Fault::on("report", what));
        let result = github.file(&repository(), &draft(1)).await;
        assert_eq!(sort(&result), expected, "{name}: {result:?}");
        assert!(!format!("{result:?}").contains(CANARY), "{name}");
        assert_eq!(double.count("report") + double.count("create"), requests, "{name}");
        assert_eq!(double.advisories(REPOSITORY).len(), stored, "{name}");
        if expected == "unknown" {
            let found = github.find(&repository(), &marker(1)).await.unwrap();
            assert_eq!(found.is_some(), stored == 1, "{name}");
        }
        assert_eq!(double.complaints(), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn nothing_listening_is_a_later() {
    let uri = double().uri().to_owned();
    let auth = Auth::Token("t".to_owned().into());
    let settings = Settings { base_uri: uri, ..Settings::new(auth, FilingWay::Report) };
    let github = GitHub::new(settings).unwrap();
    assert_eq!(sort(&github.file(&repository(), &draft(1)).await), "later");
    assert_eq!(sort(&github.find(&repository(), &marker(1)).await.map(Option::unwrap)), "later");
}

#[tokio::test]
async fn a_repository_decides_how_it_is_filed() {
    let cases: Vec<(&str, Change, &str, &str)> = vec![
        ("as it should be", |_| (), "filed", "triage"),
        ("reporting off", |r| r.reporting = false, "filed", "draft"),
        ("reporting off and no rights", |r| (r.reporting, r.may_draft) = (false, false), "refused", ""),
        ("archived", |r| r.archived = true, "refused", ""),
        ("a template", |r| r.sections = vec!["Impact".into(), "Proof of concept".into()], "filed", "triage"),
        ("a tick", |r| r.tick = true, "filed", "draft"),
        ("a tick and no rights", |r| (r.tick, r.may_draft) = (true, false), "refused", ""),
        ("does not like the CWE", |r| r.refuses = Some("cwe_ids"), "filed", "triage"),
        ("does not like the summary", |r| r.refuses = Some("summary"), "refused", ""),
    ];
    for (name, change, expected, state) in cases {
        let double = double();
        double.change(REPOSITORY, change);
        let result = github(&double).file(&repository(), &draft(1)).await;
        assert_eq!(sort(&result), expected, "{name}: {result:?}");
        assert!(!format!("{result:?}").contains(CANARY), "{name}");
        let states: Vec<String> =
            double.advisories(REPOSITORY).iter().map(|a| a["state"].as_str().unwrap().to_owned()).collect();
        assert_eq!(states.join(" "), state, "{name}");
        assert_eq!(double.complaints(), Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_draft_is_filed_with_its_credits_and_outside_the_limits_not_at_all() {
    let double = double();
    let settings = Settings { filing: FilingWay::Draft, ..settings(&double, token(&double)) };
    let github = GitHub::new(settings).unwrap();
    github.file(&repository(), &draft(1)).await.unwrap();
    assert_eq!(double.advisories(REPOSITORY)[0]["credits"][0]["login"], "erin-t");
    let long = AdvisoryDraft { summary: "s".repeat(1_025).into(), ..draft(2) };
    assert_eq!(sort(&github.file(&repository(), &long).await), "refused");
    assert_eq!(double.count("create"), 1);
}

#[tokio::test]
async fn a_renamed_repository_is_followed() {
    for auth in [token as fn(&GithubDouble) -> Auth, |_| app(Some(INSTALLATION))] {
        let double = double();
        double.change("open-telemetry/old", |r| r.moved_to = Some(REPOSITORY.into()));
        let github = GitHub::new(settings(&double, auth(&double))).unwrap();
        let old: Repository = "open-telemetry/old".parse().unwrap();
        let filed = github.file(&old, &draft(1)).await.unwrap();
        assert_eq!(double.advisories(REPOSITORY).len(), 1);
        assert_eq!(github.find(&old, &marker(1)).await.unwrap().map(|f| f.ghsa_id), Some(filed.ghsa_id));
        assert_eq!(double.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn finds_on_a_later_page_and_in_every_state_but_only_in_the_status_block() {
    for auth in [token as fn(&GithubDouble) -> Auth, |_| app(None)] {
        let double = double();
        let github = GitHub::new(settings(&double, auth(&double))).unwrap();
        let filed = github.file(&repository(), &draft(1)).await.unwrap();
        double.change(REPOSITORY, |repo| {
            let mut filler = repo.advisories[0].clone();
            filler["ghsa_id"] = "GHSA-2222-2222-2222".into();
            filler["description"] = format!("{} {}", "x".repeat(2_000), marker(1).as_str()).into();
            repo.advisories.extend(std::iter::repeat_n(filler, 250));
        });
        assert_eq!(github.find(&repository(), &marker(1)).await.unwrap(), Some(filed.clone()));
        let lists: Vec<_> = double.requests().into_iter().filter(|seen| seen.endpoint == "list").collect();
        let cursors = lists.iter().filter(|seen| seen.query.iter().any(|(name, _)| name == "after")).count();
        assert_eq!((lists.len(), cursors), (3, 2));
        assert!(lists.iter().all(|seen| seen.repository == REPOSITORY && seen.body.is_null()));
        for state in ["draft", "closed", "published"] {
            double.change(REPOSITORY, |repo| repo.advisories[0]["state"] = state.into());
            assert_eq!(github.find(&repository(), &marker(1)).await.unwrap(), Some(filed.clone()), "{state}");
        }
        double.change(REPOSITORY, |repo| repo.may_read = false);
        // Not knowing must not look like knowing that there is none, nor send the report elsewhere.
        assert_eq!(sort(&github.find(&repository(), &marker(1)).await.map(Option::unwrap)), "setup");
        assert_eq!(double.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn follow_ups_go_into_the_description_where_comments_are_off() {
    for told in [true, false] {
        let double = double();
        let github = github(&double);
        let filed = github.file(&repository(), &AdvisoryDraft { continued: vec![], ..draft(1) }).await.unwrap();
        double.change(REPOSITORY, |repo| {
            repo.comments_on = false;
            if told {
                repo.advisories[0]["comments_url"] = Value::Null;
            }
        });
        for _ in 0..2 {
            let done = github.comment(&filed, &comment(11)).await.unwrap();
            assert_eq!(done.how, CommentedAs::Description);
        }
        assert_eq!(github.comment(&filed, &comment(12)).await.unwrap().how, CommentedAs::Description);
        let description = double.advisories(REPOSITORY)[0]["description"].as_str().unwrap().to_owned();
        assert_eq!(description.matches("More.").count(), 2, "{description}");
        assert!(description.starts_with(draft(1).description.expose()));
        assert_eq!(double.count("update"), 2);
        assert_eq!(double.count("comment"), if told { 0 } else { 2 });

        double.change(REPOSITORY, |repo| repo.advisories[0]["description"] = "x".repeat(65_500).into());
        let full = github.comment(&filed, &comment(13)).await;
        assert!(matches!(full, Err(FilingError::Refused(_))), "{full:?}");
        assert_eq!(double.complaints(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_lost_comment_is_found_again() {
    for (name, what) in [("drop", What::Drop { stored: true }), ("error", What::after_storing(500, ""))] {
        let double = double();
        let github = github(&double);
        let filed = github.file(&repository(), &AdvisoryDraft { continued: vec![], ..draft(1) }).await.unwrap();
        double.fail(REPOSITORY, Fault::on("comment", what));
        let lost = github.comment(&filed, &comment(11)).await;
        assert!(matches!(lost, Err(FilingError::Unknown(_))), "{name}: {lost:?}");
        github.comment(&filed, &comment(11)).await.unwrap();
        assert_eq!(double.comments(REPOSITORY, filed.ghsa_id.as_str()).len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_long_follow_up_is_added_in_order_and_goes_on_where_it_was_lost() {
    let part = |number: u8, text: &str| format!("> {}\n\n{text}", marker(number).as_str());
    for lost in 0..3 {
        let double = double();
        let github = github(&double);
        let filed = github.file(&repository(), &AdvisoryDraft { continued: vec![], ..draft(1) }).await.unwrap();
        let long = CommentDraft { continued: vec![part(11, "second").into(), part(11, "third").into()], ..comment(11) };
        if lost > 0 {
            let continued = long.continued[..lost - 1].to_vec();
            github.comment(&filed, &CommentDraft { continued, ..comment(11) }).await.unwrap();
        }
        double.fail(REPOSITORY, Fault::on("comment", What::Drop { stored: true }));
        assert!(matches!(github.comment(&filed, &long).await, Err(FilingError::Unknown(_))), "{lost}");
        for _ in 0..2 {
            assert_eq!(github.comment(&filed, &long).await.unwrap().how, CommentedAs::Comment);
        }
        let comments = double.comments(REPOSITORY, filed.ghsa_id.as_str());
        assert_eq!(comments.len(), 3, "{lost}");
        for (body, text) in comments.iter().zip(["More.", "second", "third"]) {
            assert!(body.contains(text), "{lost}: {comments:?}");
        }
    }
}

#[tokio::test]
async fn the_rest_of_a_long_report_is_added_in_order_and_goes_on_where_it_was_lost() {
    let part = |text: &str| format!("> {}\n\n{text}", marker(1).as_str()).into();
    let long = AdvisoryDraft { continued: vec![part("second"), part("third"), part("fourth")], ..draft(1) };
    let faults = [
        ("lost after it was stored", What::Drop { stored: true }, "unknown"),
        ("lost before", What::Drop { stored: false }, "unknown"),
        ("an error after it was stored", What::after_storing(502, ""), "unknown"),
        ("a limit", What::with_headers(429, &[("retry-after", "1")], ""), "later"),
        ("comments are off", What::status(404, ""), "refused"),
    ];
    for (name, what, expected) in faults {
        for at in 0..3 {
            let double = double();
            let github = github(&double);
            let filed = github.file(&repository(), &long).await.unwrap();
            assert_eq!(double.count("comment"), 0, "{name}");
            let before = AdvisoryDraft { continued: long.continued[..at].to_vec(), ..draft(1) };
            github.complete(&filed, &before).await.unwrap();
            double.fail(REPOSITORY, Fault::on("comment", what.clone()));
            let error = sort(&github.complete(&filed, &long).await.map(|()| filed.clone()));
            assert!(error.starts_with(expected), "{name} {at}: {error}");
            if expected == "later" {
                tokio::time::sleep(Duration::from_millis(1_100)).await;
            }
            for _ in 0..2 {
                github.complete(&filed, &long).await.unwrap();
            }
            let comments = double.comments(REPOSITORY, filed.ghsa_id.as_str());
            assert_eq!(comments.len(), 3, "{name} {at}");
            for (body, text) in comments.iter().zip(["second", "third", "fourth"]) {
                assert!(body.contains(text), "{name} {at}: {comments:?}");
            }
            assert_eq!(double.complaints(), Vec::<String>::new());
        }
    }
}

#[tokio::test]
async fn a_limit_quiets_the_gateway_and_not_only_the_one_call() {
    let double = double();
    let github = github(&double);
    double.fail(REPOSITORY, Fault::on("report", What::with_headers(429, &[("retry-after", "1")], "")));
    assert_eq!(sort(&github.file(&repository(), &draft(1)).await), "later 1");
    assert_eq!(sort(&github.file(&repository(), &draft(1)).await), "later 1");
    assert_eq!(double.count("report"), 1);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(sort(&github.file(&repository(), &draft(1)).await), "filed");
}
