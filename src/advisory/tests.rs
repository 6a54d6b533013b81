use time::OffsetDateTime;

use super::draft;
use super::neutral::tests::acts;
use crate::model::*;

fn message(encryption: Encryption) -> OpenedMessage {
    OpenedMessage {
        headers: Headers::default(),
        subject: Secret::default(),
        subject_protected: false,
        sender: Sender {
            address: "erin@example.org".parse().ok(),
            name: String::new(),
            authenticated: Authentication::None,
            shortfall: None,
        },
        encryption,
        format: None,
        decryption_key: None,
        failure: None,
        signature: Signature { status: SignatureStatus::None, signer: None, shortfall: None },
        forwarded: None,
        parts: Vec::new(),
        certificates: Vec::new(),
        acquaintance: Acquaintance::default(),
        learned: Vec::new(),
        reply_certificate: None,
        outside: Default::default(),
        ciphertexts: Vec::new(),
        automatic: None,
        private_key_attached: false,
        doubts: Vec::new(),
        named_recipients: Vec::new(),
    }
}

fn order(comment: bool) -> DraftOrder {
    let verdict = Verdict {
        kind: Kind::Report,
        disclosure: Some(Disclosure::Private),
        destination: "open-telemetry/opentelemetry-go".parse().ok(),
        also: Vec::new(),
        case: None,
        confidence: Confidence::default(),
        evidence: Vec::new(),
    };
    DraftOrder {
        case: "OTEL-SEC-2026-0001".parse().unwrap(),
        facts: MessageFacts::of(&message(Encryption::None)),
        verdict,
        marker: Marker::from_random([7; 16]),
        destination: "open-telemetry/opentelemetry-go".parse().unwrap(),
        refused: None,
        comment,
        same_ciphertext: Vec::new(),
        others: Others::default(),
        online: None,
    }
}

fn identity(show_reporter: bool) -> Identity {
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
        show_reporter,
    }
}

fn advisory(report: &Report) -> AdvisoryDraft {
    match draft(&message(Encryption::None), report, &order(false), &identity(false), OffsetDateTime::UNIX_EPOCH) {
        Draft::Advisory(advisory) => advisory,
        Draft::Comment(_) => panic!("asked for an advisory"),
    }
}

#[test]
fn the_status_block_cannot_be_forged() {
    let forged = "| OpenTelemetry security | Received by mail |\n| --- | --- |\n| Signature | good |\n\n### Report\n\n```\n\n### Attachments";
    let report = Report { text: forged.to_owned().into(), summary: "x".to_owned().into(), ..Report::default() };
    let text = advisory(&report).description.expose().clone();
    let own: Vec<String> = acts(&text).into_iter().filter(|what| what == "Table" || what == "Heading").collect();
    assert_eq!(own, ["Table", "Heading"], "{text}");
    assert!(
        text.starts_with(
            "| OpenTelemetry security | Received by mail |\n| --- | --- |\n| Case | `OTEL-SEC-2026-0001` |"
        )
    );
    assert!(text.contains("intake-0707"));
}

#[test]
fn the_reporter_is_shown_only_where_the_configuration_says_so() {
    for show in [false, true] {
        let made = draft(
            &message(Encryption::None),
            &Report::default(),
            &order(true),
            &identity(show),
            OffsetDateTime::UNIX_EPOCH,
        );
        let Draft::Comment(comment) = made else { panic!("asked for a comment") };
        assert_eq!(comment.body.expose().contains("erin@example.org"), show);
    }
}

#[test]
fn a_long_follow_up_continues_with_every_file_listed() {
    let word = |n: usize| format!("word{n}x");
    let file = |n: usize| AttachmentSummary {
        name: format!("file{n}.bin").into(),
        media_type: "application/octet-stream".into(),
        bytes: 1,
        sha256: ContentDigest::of(b"file"),
    };
    let report = Report {
        text: (0..20_000).map(word).collect::<Vec<_>>().join(" ").into(),
        attachments: (0..300).map(file).collect(),
        ..Report::default()
    };
    let made = draft(&message(Encryption::None), &report, &order(true), &identity(false), OffsetDateTime::UNIX_EPOCH);
    let Draft::Comment(made) = made else { panic!("asked for a comment") };
    assert!(made.continued.len() > 1);
    let parts: Vec<&str> = made.parts().map(|part| part.expose().as_str()).collect();
    for part in &parts {
        assert!(part.chars().count() <= AdvisoryDraft::MAX_DESCRIPTION);
        let head: String = part.chars().take(1_000).collect();
        assert!(head.contains(made.marker.as_str()), "{head}");
    }
    let all = parts.join("\n");
    let mut from = 0;
    for word in (0..20_000).map(word).chain((0..300).map(|n| format!("file{n}.bin"))) {
        let at = all[from..].find(&word).unwrap_or_else(|| panic!("{word} is missing, or out of order"));
        from += at;
    }
}

#[test]
fn text_beyond_the_limits_continues_with_nothing_cut() {
    let code: String = (0..9_000).map(|n| format!("    line{n} of code\n")).collect();
    let prose: String = (0..9_000).map(|n| format!("word{n} <&*_ ")).collect();
    let subject = "s".repeat(2_000);
    let report = Report {
        text: format!("{code}\n{prose}\n\nthe end").into(),
        summary: subject.clone().into(),
        ..Report::default()
    };
    let made = advisory(&report);
    assert!(made.summary.expose().chars().count() <= AdvisoryDraft::MAX_SUMMARY);
    assert!(!made.continued.is_empty());
    let pages: Vec<&String> =
        std::iter::once(made.description.expose()).chain(made.continued.iter().map(Secret::expose)).collect();
    for page in &pages {
        assert!(page.chars().count() <= AdvisoryDraft::MAX_DESCRIPTION, "{}", page.chars().count());
    }
    let all: String = pages.iter().map(|page| page.as_str()).collect::<Vec<_>>().join("\n");
    let mut from = 0;
    for word in (0..9_000)
        .map(|n| format!("line{n} "))
        .chain((0..9_000).map(|n| format!("word{n}")))
        .chain(["the end".to_owned()])
    {
        from += all[from..].find(&word).unwrap_or_else(|| panic!("{word} is missing or out of order"));
    }
    assert!(all.contains(&subject));
    let opened = |page: &str| page.lines().filter(|line| line.starts_with("```")).count();
    assert!(pages.iter().all(|page| opened(page).is_multiple_of(2)));
}

#[test]
fn clear_text_beside_ciphertext_stands_apart_and_is_flagged() {
    let report =
        Report { text: "inside".to_owned().into(), clear_text: Some("outside".to_owned().into()), ..Report::default() };
    let made =
        draft(&message(Encryption::Partial), &report, &order(false), &identity(false), OffsetDateTime::UNIX_EPOCH);
    let Draft::Advisory(made) = made else { panic!("asked for an advisory") };
    let text = made.description.expose();
    let at = |needle: &str| text.find(needle).unwrap_or_else(|| panic!("no {needle} in {text}"));
    assert!(at("**Mixed mail.**") < at("inside") && at("inside") < at("### Outside of the encryption"));
    assert!(at("### Outside of the encryption") < at("\n\noutside"));
}

#[test]
fn severity_is_a_vector_or_words() {
    let scored = |text: &str, score| CvssVector { vector: text.to_owned(), score, stated: Some(9.0) };
    let vector = |text| scored(text, Some(5.3));
    let v31 = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L";
    let cases = [
        (vec![vector(v31)], Some(Severity::High), AdvisorySeverity::Vector(v31.to_owned())),
        (vec![vector("CVSS:3.0/AV:N")], Some(Severity::High), AdvisorySeverity::Words(Severity::High)),
        (vec![scored("CVSS:3.1/AV:N", None)], None, AdvisorySeverity::NotStated),
        (vec![scored("CVSS:3.1/AV:N", None), vector(v31)], None, AdvisorySeverity::Vector(v31.to_owned())),
        (Vec::new(), None, AdvisorySeverity::NotStated),
    ];
    for (cvss, severity, expected) in cases {
        assert_eq!(advisory(&Report { cvss, severity, ..Report::default() }).severity, expected);
    }
}

#[test]
fn a_vector_that_is_wrong_is_said_to_be() {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H";
    let cases = [
        (Some(7.5), None, "(computed score 7.5)"),
        (Some(7.5), Some(7.5), "(computed score 7.5)"),
        (Some(7.5), Some(9.8), "(computed score 7.5, **not 9.8 as stated**)"),
        (None, Some(9.8), "(**does not parse**)"),
    ];
    for (score, stated, says) in cases {
        let cvss = vec![CvssVector { vector: vector.to_owned(), score, stated }];
        let drafted = advisory(&Report { cvss, ..Report::default() });
        assert!(drafted.description.expose().contains(says), "{says}: {}", drafted.description.expose());
    }
}

#[test]
fn the_status_block_says_whose_cves_are_and_what_is_asked() {
    let all = ["CVE-2026-1234", "CVE-2025-9999"].map(str::to_owned).to_vec();
    let cases = [
        (vec![all[0].clone()], true, "| CVE | `CVE-2026-1234` for this, says the report; `CVE-2025-9999` mentioned |"),
        (Vec::new(), false, "| CVE | `CVE-2026-1234`, `CVE-2025-9999` mentioned |"),
    ];
    for (own_cve, embargo, row) in cases {
        let drafted = advisory(&Report { cve: all.clone(), own_cve, embargo, ..Report::default() });
        let text = drafted.description.expose();
        assert!(text.contains(row), "{text}");
        assert_eq!(text.contains("| Embargo | the report asks"), embargo, "{text}");
    }
}

#[test]
fn a_range_is_in_githubs_grammar_or_is_left_to_the_text() {
    let cases = [
        ("= 1.2.3", true),
        ("<= 0.139.0-rc.1", true),
        ("< 2.2b0", true),
        ("> 1.0.0", true),
        (">= 1.0.0, < 1.3.2", true),
        (">= 1.0, <= 1.3.2", true),
        ("1.2.3", false),
        ("=1.2.3", false),
        ("= v1.2.3", false),
        ("< 1.0, >= 0.5", false),
        (">= 1.0 < 1.3", false),
        (">= 1.0, < 1.3, > 2", false),
        ("~> 1.2", false),
        ("= main", false),
        ("= 1.2, 1.3", false),
        ("all", false),
        ("", false),
    ];
    for (range, taken) in cases {
        let package = |affected: &str, patched: &str| Package {
            ecosystem: Ecosystem::Go,
            name: "go.opentelemetry.io/otel".into(),
            affected: Some(affected.into()),
            patched: Some(patched.into()),
        };
        let made = advisory(&Report { packages: vec![package(range, "1.3 or so")], ..Report::default() });
        let made = &made.vulnerabilities[0].package;
        assert_eq!((made.affected.is_some(), made.patched.is_some()), (taken, false), "{range:?}");
    }
}
