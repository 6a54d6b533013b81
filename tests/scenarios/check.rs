//! `check` against real servers: what works, and for everything that does not one sentence that says what to do.

use std::fs;

use serde_json::Value;

use crate::support::ca::Ca;
use crate::support::world::World;

const ELSEWHERE: &str = "open-telemetry/opentelemetry-go";

/// What somebody gets wrong when installing a gateway, and what `check` answers.
struct Mistake {
    make: fn(&World),
    /// Part of the finding's subject, and of what it says.
    expected: (&'static str, &'static str),
}

#[test]
fn a_good_gateway_passes_with_every_warning_explained() {
    let world = world();
    let (code, findings) = check(&world);
    assert_eq!(code, Some(1), "{findings:#?}");
    for subject in ["imap main/INBOX", "smtp", "keys", "team", "routing", "clock", "state"] {
        assert!(
            findings.iter().any(|f| f["subject"].as_str().unwrap().starts_with(subject)),
            "{subject}: {findings:#?}"
        );
    }
    assert!(findings.iter().any(|f| f["subject"] == format!("github {ELSEWHERE}") && f["level"] == "good"));
    // The test keys are readable by all, and one member of the team let her certificate expire.
    let explained = ["run chmod o=", "ask for a new one", "the link only"];
    for finding in findings.iter().filter(|finding| finding["level"] != "good") {
        let said = finding["message"].as_str().unwrap();
        assert!(explained.iter().any(|what_to_do| said.contains(what_to_do)), "{finding}");
    }
    // Nothing was changed: only folders that will be needed may be there now.
    assert!(world.folder("INBOX").is_empty() && !world.gateway.folder().join("state/intake.sqlite").exists());
}

#[test]
fn every_mistake_is_named_in_one_sentence_with_what_to_do() {
    let mistakes = [
        Mistake {
            make: |world| drop(world.gateway.put("imap-password", b"wrong")),
            expected: ("imap main/INBOX", "check user and password"),
        },
        Mistake {
            make: |world| {
                let folder = world.gateway.folder().join("other-ca");
                fs::create_dir(&folder).unwrap();
                let other = Ca::new(&folder).ca_file.display().to_string();
                rewrite(world, &world.dovecot.ca.ca_file.display().to_string(), &other);
            },
            expected: ("imap main/INBOX", "name its authority in `ca_file`"),
        },
        Mistake { make: |world| drop(world.gateway.put("github-token", b"wrong")), expected: ("github ", "token") },
        Mistake {
            make: |world| rewrite(world, "intake.sec.asc", "missing.sec.asc"),
            expected: ("keys", "check the path"),
        },
        Mistake {
            make: |world| world.github.change(ELSEWHERE, |repository| repository.may_read = false),
            expected: ("github open-telemetry/opentelemetry-go", "repository_advisories: write"),
        },
        Mistake {
            make: |world| world.github.change(ELSEWHERE, |repository| repository.archived = true),
            expected: ("github open-telemetry/opentelemetry-go", "route its reports elsewhere"),
        },
    ];
    for Mistake { make, expected: (subject, sentence) } in mistakes {
        let world = world();
        make(&world);
        let (code, findings) = check(&world);
        let failures: Vec<&Value> = findings.iter().filter(|finding| finding["level"] == "failure").collect();
        let said = |f: &&Value| {
            f["subject"].as_str().unwrap().starts_with(subject) && f["message"].as_str().unwrap().contains(sentence)
        };
        assert_eq!(code, Some(2), "{sentence}: {findings:#?}");
        assert!(failures.iter().any(said), "{sentence}: {failures:#?}");
    }
}

#[test]
fn a_repository_without_private_reporting_is_a_warning_since_drafts_are_left() {
    let world = world();
    world.github.change(ELSEWHERE, |repository| repository.reporting = false);
    let (code, findings) = check(&world);
    assert_eq!(code, Some(1), "{findings:#?}");
    let warned = findings.iter().any(|finding| {
        finding["subject"] == format!("github {ELSEWHERE}")
            && finding["level"] == "warning"
            && finding["message"].as_str().unwrap().contains("switch it on")
    });
    assert!(warned, "{findings:#?}");
}

/// All servers, and a gateway that reads the one folder that there is.
fn world() -> World {
    let world = World::new("");
    rewrite(&world, "user = \"security-intake\"", "user = \"security-intake\"\nfolders = [\"INBOX\"]");
    world
}

fn check(world: &World) -> (Option<i32>, Vec<Value>) {
    let output = world.gateway.run(&["check", "--format", "json"]);
    let lines = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn rewrite(world: &World, from: &str, to: &str) {
    let path = world.gateway.folder().join("gateway.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
}
