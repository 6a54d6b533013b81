use std::collections::HashSet;

use crate::model::*;
use crate::triage::{Routing, extract, judge};

#[test]
fn the_built_in_table_names_only_repositories_that_exist() {
    let facts = include_str!("../../fixtures/facts/repositories.csv");
    let mut reader = csv::Reader::from_reader(facts.as_bytes());
    let known: HashSet<String> = reader.records().map(|row| row.unwrap().get(0).unwrap().to_owned()).collect();
    let routing = Routing::built_in();
    assert!(routing.repositories().len() > 60);
    for repository in routing.repositories() {
        assert!(known.contains(repository.as_str()), "{repository} is not in fixtures/facts/repositories.csv");
    }
}

#[test]
fn a_table_with_a_mistake_is_refused_with_what_to_change() {
    let cases = [
        ("[repositories.\"a/b\"]\nreciever = []", "line 2"),
        ("[repositories.\"no-owner\"]", "\"no-owner\""),
        ("[repositories.\"a/b\"]\nmoved_to = \"a/c\"", "\"a/c\" has no section"),
        (
            "[repositories.\"a/b\"]\npackages.go = [\"x.io/y\"]\n[repositories.\"a/b\".names]\n\"the y\" = \"x.io/y\"",
            "as ecosystem:name",
        ),
        ("[repositories.\"a/b\"]\npackages.npm = [\"x-y\", \"x-y\"]", "\"x-y\" is there twice"),
        (
            "[repositories.\"a/b\".names]\n\"the y\" = \"\"\n[repositories.\"a/c\".names]\n\"The-Y\" = \"\"",
            "\"The-Y\" is there twice",
        ),
        ("[repositories.\"a/b\"]\npackages.cargo = [\"x\"]", "\"cargo\" is no ecosystem"),
    ];
    for (text, says) in cases {
        let error = Routing::parse(text).unwrap_err().to_string();
        assert!(error.contains(says), "{text:?} gave {error:?}");
    }
}

fn message(subject: &str, text: &str) -> OpenedMessage {
    let protection = Protection { encrypted: false, signed: false };
    OpenedMessage {
        headers: Headers { date: Some(time::macros::datetime!(2026-03-01 12:00 UTC)), ..Headers::default() },
        subject: subject.to_owned().into(),
        subject_protected: false,
        sender: Sender { address: None, name: String::new(), authenticated: Authentication::None },
        encryption: Encryption::None,
        format: None,
        decryption_key: None,
        failure: None,
        signature: Signature { status: SignatureStatus::None, signer: None, shortfall: None },
        forwarded: None,
        parts: vec![Part { protection, content: PartContent::Text(text.to_owned().into()) }],
        certificates: Vec::new(),
        reply_certificate: None,
        ciphertext: None,
        automatic: None,
        private_key_attached: false,
    }
}

fn identity() -> Identity {
    Identity {
        project: "OpenTelemetry".into(),
        address: "security@example.org".parse().unwrap(),
        name: "OpenTelemetry security".into(),
        aliases: Vec::new(),
        case_prefix: "OTEL-SEC".into(),
        message_id_domain: "example.org".into(),
        policy_url: "https://example.org/policy".into(),
        certificate_url: None,
        github_owner: "open-telemetry".into(),
        fallback_repository: "open-telemetry/sig-security".parse().unwrap(),
        show_reporter: false,
    }
}

#[test]
fn judges_kinds_disclosure_and_repository() {
    use Disclosure::{Private, Public};
    let cases = [
        (
            "SSRF in the filelog receiver",
            "An attacker can make it fetch any file. CWE-918. I have not published anything, and there is no public issue.",
            (Kind::Report, Some(Private), "opentelemetry-collector-contrib"),
        ),
        (
            "Crash of @opentelemetry/exporter-prometheus",
            "Someone posted a thread on Reddit yesterday that shows how an attacker crashes the process. CWE-248.",
            (Kind::Report, Some(Public), "opentelemetry-js"),
        ),
        (
            "Overflow",
            "We will publish a blog post in 60 days. The C++ SDK has a heap overflow when an attacker sends a header.",
            (Kind::Report, Some(Private), "opentelemetry-cpp"),
        ),
        ("something is odd", "I saw something odd.", (Kind::Report, Some(Private), "sig-security")),
        ("PGP key", "Could you send me your public key, please?", (Kind::KeyRequest, None, "")),
        (
            "How do I report?",
            "Where should I report a vulnerability? What is your disclosure policy?",
            (Kind::Question, None, ""),
        ),
        ("Rank higher", "Our SEO agency offers link building, let us schedule a call.", (Kind::Spam, None, "")),
        ("Re: [OTEL-SEC-2026-0007] got it", "Here is the file you asked for.", (Kind::FollowUp, None, "")),
        ("", "  \n", (Kind::Empty, None, "")),
    ];
    let (routing, identity) = (Routing::built_in(), identity());
    for (subject, text, (kind, disclosure, repository)) in cases {
        let message = message(subject, text);
        let verdict = judge(&message, &extract(&message, &routing), &routing, &identity);
        assert_eq!((verdict.kind, verdict.disclosure), (kind, disclosure), "{subject:?}: {:#?}", verdict.evidence);
        assert_eq!(verdict.destination.as_ref().map_or("", Repository::name), repository, "{subject:?}");
        let told = format!("{:?}", verdict.evidence);
        assert!(!told.contains("yesterday") && !told.contains("odd."), "evidence quotes the mail: {told}");
    }
}

#[test]
fn reads_what_a_report_states() {
    let text = "Package: io.opentelemetry:opentelemetry-api 1.0.0 to 1.5.2, fixed in 1.5.3.\n\nSeverity: high, \
                CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770 and CVE-2026-12345.\n\n\
                We publish on 2026-06-01. See (https://example.org/a). My GitHub handle is octo-cat.";
    let report = extract(&message("Fwd: [list] Re: Unbounded header", text), &Routing::built_in());
    assert_eq!(report.summary.expose(), "Unbounded header");
    let package = Package {
        ecosystem: Ecosystem::Maven,
        name: "io.opentelemetry:opentelemetry-api".into(),
        affected: Some(">= 1.0.0, <= 1.5.2".into()),
        patched: Some("1.5.3".into()),
    };
    assert_eq!(report.packages, [package]);
    assert_eq!((report.severity, report.cvss[0].score), (Some(Severity::High), Some(7.5)));
    assert_eq!((report.cwe, report.cve), (vec!["CWE-770".to_owned()], vec!["CVE-2026-12345".to_owned()]));
    assert_eq!(report.deadline, Some(time::macros::date!(2026 - 06 - 01)));
    assert_eq!(report.references[0].expose(), "https://example.org/a");
    assert_eq!(report.github_login.as_deref(), Some("octo-cat"));
}
