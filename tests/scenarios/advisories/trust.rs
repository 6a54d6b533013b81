//! Credentials: kept, renewed, checked, and never shown.

use std::sync::Arc;

use advisory_intake::github::GitHub;
use advisory_intake::ports::{Advisories, Level};

use super::{
    CANARY, Change, REPOSITORY, app, comment, double, draft, github, marker, repository, settings, sort, token,
};
use crate::support::github_double::{Fault, INSTALLATION, What};

#[tokio::test]
async fn an_apps_token_is_kept_renewed_and_its_troubles_told_apart() {
    let double = double();
    let github = GitHub::new(settings(&double, app(None))).unwrap();
    double.add_owner("open-telemetry");
    for (number, name) in [(1, "opentelemetry-go"), (2, "opentelemetry-rust"), (3, "opentelemetry-go")] {
        github.file(&format!("open-telemetry/{name}").parse().unwrap(), &draft(number)).await.unwrap();
    }
    assert_eq!((double.count("token"), double.count("installation")), (1, 1));
    double.expire_tokens();
    github.file(&repository(), &draft(4)).await.unwrap();
    assert_eq!((double.count("token"), double.advisories(REPOSITORY).len()), (2, 3));
    // octocrab asks once more after a 401, with a new token; then it is the key that is wrong.
    double.fail(REPOSITORY, Fault::on("report", What::status(401, "")).times(2));
    assert_eq!(sort(&github.file(&repository(), &draft(5)).await), "setup");

    let cases = [
        (What::status(401, ""), "setup"),
        (What::status(404, ""), "setup"),
        (What::status(500, ""), "later"),
        (What::Drop { stored: false }, "later"),
        (What::with_headers(403, &[("retry-after", "3")], ""), "later 3"),
    ];
    for (what, expected) in cases {
        let github = GitHub::new(settings(&double, app(Some(INSTALLATION)))).unwrap();
        double.fail("", Fault::on("token", what.clone()));
        let result = github.file(&repository(), &draft(5)).await;
        assert_eq!(sort(&result), expected, "{what:?}: {result:?}");
    }
    double.change(REPOSITORY, |repo| repo.installed = false);
    let github = GitHub::new(settings(&double, app(None))).unwrap();
    assert_eq!(sort(&github.file(&repository(), &draft(6)).await), "refused");
    assert_eq!(double.advisories(REPOSITORY).len(), 3);
    assert_eq!(double.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn check_says_what_is_missing() {
    let cases: Vec<(&str, Change, Level, &str)> = vec![
        ("as it should be", |_| (), Level::Good, "may write advisories"),
        ("not installed", |r| r.installed = false, Level::Failure, "install it on"),
        ("reads only", |r| r.permission = "read".into(), Level::Failure, "repository_advisories"),
        ("reporting off", |r| r.reporting = false, Level::Warning, "switch it on"),
        ("cannot list", |r| r.may_read = false, Level::Failure, "repository_advisories: write"),
        ("archived", |r| r.archived = true, Level::Failure, "route its reports elsewhere"),
    ];
    for (name, change, level, words) in cases {
        let double = double();
        double.change(REPOSITORY, change);
        let findings = GitHub::new(settings(&double, app(None))).unwrap().check(&repository()).await;
        assert_eq!(findings.iter().map(|finding| finding.level).max(), Some(level), "{name}: {findings:?}");
        assert!(findings.iter().any(|f| f.level == level && f.message.contains(words)), "{name}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.subject == format!("github {REPOSITORY}")), "{name}");
        assert_eq!(double.count("report") + double.count("create"), 0);
        assert_eq!(double.complaints(), Vec::<String>::new(), "{name}");
    }
    let double = double();
    let unknown = github(&double).check(&"open-telemetry/nothing".parse().unwrap()).await;
    assert!(matches!(&unknown[..], [f] if f.level == Level::Failure && f.message.contains("routing")), "{unknown:?}");
    double.change("open-telemetry/old", |r| r.moved_to = Some(REPOSITORY.into()));
    let renamed = github(&double).check(&"open-telemetry/old".parse().unwrap()).await;
    assert!(renamed.iter().any(|f| f.level == Level::Warning && f.message.contains(REPOSITORY)), "{renamed:?}");
}

#[tokio::test]
async fn no_log_at_any_level_shows_the_report_or_the_credentials() {
    use std::io::Write;
    use std::sync::Mutex;
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let double = double();
    double.fail(REPOSITORY, Fault::on("report", What::status(422, &format!(r#"{{"message":"{CANARY}"}}"#))));
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    // Client, connection and test share one thread here, so all of their events come by.
    let guard = tracing::subscriber::set_default(subscriber);
    for auth in [token(&double), app(None)] {
        let github = GitHub::new(settings(&double, auth)).unwrap();
        let filed = github.file(&repository(), &draft(1)).await.unwrap();
        github.find(&repository(), &marker(1)).await.unwrap();
        github.comment(&filed, &comment(11)).await.unwrap();
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("endpoint=\"report\"") && log.contains("status=201"), "no spans");
    for secret in [CANARY, &double.token(), "ghs_", "Bearer", "eyJ"] {
        assert!(!log.contains(secret), "the log shows {secret}");
    }
}
