//! A report of findings in two repositories, where each gets an advisory, and a daemon that dies in between.

use std::fs;
use std::time::Duration;

use crate::support::daemon::{Gateway, wait_for};
use crate::support::dovecot::maildir_messages;
use crate::support::github_double::{Fault, GithubDouble, What};
use crate::support::world::{ADDRESS, test_keys};

const FIRST: &str = "open-telemetry/opentelemetry-collector";
const SECOND: &str = "open-telemetry/opentelemetry-java";

fn gateway(github: &GithubDouble) -> Gateway {
    let gateway = Gateway::new(&format!(
        "[identity]\naddress = \"{ADDRESS}\"\n[mailbox.main]\npath = \"mail\"\n[smtp]\ndeliver_to = \"out\"\n[github]\n\
         api = \"{}\"\ntoken = {{ file = \"github-token\" }}\ntimeout_seconds = 2\n{}[routing]\nmulti = \"each\"\n[store]\n\
         path = \"state/intake.sqlite\"\n",
        github.uri(),
        test_keys(),
    ));
    gateway.put("github-token", github.token().as_bytes());
    for folder in ["state", "mail/new", "mail/cur", "mail/tmp"] {
        fs::create_dir_all(gateway.folder().join(folder)).unwrap();
    }
    let report = format!(
        "From: Erin <erin@tallow.example>\r\nTo: <{ADDRESS}>\r\nMessage-ID: <each@tallow.example>\r\nSubject: Two \
         vulnerabilities in the OTLP receiver and in the Java SDK\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\n\r\n\
         These are two vulnerabilities, independent of each other, in two repositories.\r\n\r\n\
         1. https://github.com/{FIRST}: the OTLP receiver of go.opentelemetry.io/collector v0.130.0 crashes on an empty \
         frame; an unauthenticated attacker can stop it.\r\n\
         2. https://github.com/{SECOND}: io.opentelemetry:opentelemetry-sdk 1.50.0 deserializes untrusted data.\r\n\r\n\
         The first one matters most: go.opentelemetry.io/collector/receiver/otlpreceiver.\r\n"
    );
    fs::write(gateway.folder().join("mail/new/1"), report).unwrap();
    gateway
}

/// The daemon is killed when the advisory of `repository` is there and its answer is not; another one goes on.
fn dies_while_filing_in(repository: &str) {
    let github = GithubDouble::start();
    github.add_owner("open-telemetry");
    github.fail(repository, Fault::on("report", What::Delay(Duration::from_secs(60))));
    let mut gateway = gateway(&github);
    gateway.start();
    wait_for(&gateway, "an advisory", || (!github.advisories(repository).is_empty()).then_some(()));
    gateway.kill();
    gateway.start();
    let processed = gateway.folder().join("mail/.Processed");
    wait_for(&gateway, "the end", || (maildir_messages(&processed).len() == 1).then_some(()));

    let of = |repository: &str| {
        let advisories = github.advisories(repository);
        let [advisory] = &advisories[..] else { panic!("{} advisories in {repository}", advisories.len()) };
        let text = |field: &str| advisory[field].as_str().unwrap().to_owned();
        (text("ghsa_id"), text("description"))
    };
    let ((first, about_first), (second, about_second)) = (of(FIRST), of(SECOND));
    assert!(about_first.contains(&format!("**each repository has an advisory of its own**: `{SECOND}` next")));
    assert!(
        about_second.contains(&format!("{first} in `{FIRST}`, where what the reporter adds goes")),
        "{about_second}"
    );
    assert!(about_second.contains(&format!("**also concerns** `{FIRST}`")), "{about_second}");
    let shown = String::from_utf8(gateway.run(&["case", "show", "m1"]).stdout).unwrap();
    assert!(shown.contains(&first) && shown.contains(&second), "{shown}");
    assert!(shown.contains(&format!("/{FIRST}/security/advisories/{first}")), "the case's advisory: {shown}");
    assert_eq!(github.complaints(), Vec::<String>::new());
    assert_eq!(gateway.stop(), Some(0), "{}", gateway.log());
}

#[test]
fn each_repository_gets_one_advisory_although_the_daemon_dies_in_the_first() {
    dies_while_filing_in(FIRST);
}

#[test]
fn each_repository_gets_one_advisory_although_the_daemon_dies_in_the_second() {
    dies_while_filing_in(SECOND);
}
