use std::collections::HashSet;

use crate::model::*;
use crate::triage::{Routing, Wording, extract, judge};

mod kinds;

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

pub(super) fn message(subject: &str, text: &str) -> OpenedMessage {
    let protection = Protection { encrypted: false, signed: false };
    OpenedMessage {
        headers: Headers { date: Some(time::macros::datetime!(2026-03-01 12:00 UTC)), ..Headers::default() },
        subject: subject.to_owned().into(),
        subject_protected: false,
        sender: Sender { address: None, name: String::new(), authenticated: Authentication::None, shortfall: None },
        encryption: Encryption::None,
        format: None,
        decryption_key: None,
        failure: None,
        signature: Signature { status: SignatureStatus::None, signer: None, shortfall: None },
        forwarded: None,
        parts: vec![Part { protection, content: PartContent::Text(text.to_owned().into()) }],
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

pub(super) fn identity() -> Identity {
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

/// What stands in clear beside ciphertext that stayed shut decides whether the team reads it at once.
#[test]
fn a_finding_beside_shut_ciphertext_is_seen() {
    let cases = [
        ("Here is my report, see the attached file.", None),
        ("The OTLP receiver has a heap overflow that a remote attacker can reach.", Some(Disclosure::Private)),
        (
            "An attacker crashes the collector: CWE-248. It was posted on Reddit yesterday, with an exploit.",
            Some(Disclosure::Public),
        ),
    ];
    let (routing, identity) = (Routing::built_in(), identity());
    for (text, disclosure) in cases {
        let shut = |mut message: OpenedMessage| {
            (message.encryption, message.failure) = (Encryption::Failed, Some(Unreadable::NoKey));
            message
        };
        let message = shut(message("Vulnerability", text));
        let verdict = judge(&message, &extract(&message, &routing), &routing, Wording::built_in(), &identity);
        assert_eq!(
            (verdict.kind, verdict.disclosure),
            (Kind::Unreadable, disclosure),
            "{text}: {:#?}",
            verdict.evidence
        );
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
        let verdict = judge(&message, &extract(&message, &routing), &routing, Wording::built_in(), &identity);
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

#[test]
fn links_of_any_text_are_few_and_short() {
    let numbered = (0..1000).map(|n| format!("see (https://a.b/{n}).\n")).collect::<String>();
    let cases = [
        ("https://a.b/".repeat(90_000), 1),
        (numbered, 200),
        (format!("http://é{}", "ü".repeat(5000)), 1),
        ("http://http://http:// https:// http".to_owned(), 1),
        ("one https://a.b/x?y=1, https://a.b/x?y=1 two http://c.d!".to_owned(), 2),
    ];
    for (text, count) in cases {
        let report = extract(&message("links", &text), &Routing::built_in());
        let begin: String = text.chars().take(40).collect();
        assert_eq!(report.references.len(), count, "{begin}");
        assert!(report.references.iter().all(|link| link.expose().len() <= 2048), "{begin}");
    }
}

#[test]
fn the_beginning_and_the_end_of_a_text_are_read_and_all_of_it_is_kept() {
    // Three bytes a character: the limits do not fall between two.
    let middle = "頁".repeat(70_000);
    let text = format!("CWE-79 {middle} CWE-80 https://a.b/ {middle} CWE-89");
    let message = message("long", &text);
    let report = extract(&message, &Routing::built_in());
    assert_eq!((report.cwe.as_slice(), report.references.len()), (&["CWE-79", "CWE-89"].map(str::to_owned)[..], 0));
    assert_eq!(report.text.expose(), &text);
    let verdict = judge(&message, &report, &Routing::built_in(), Wording::built_in(), &identity());
    assert_eq!(verdict.kind, Kind::Report);
}

/// The kind of a mail without headers.
fn judged(subject: &str, text: &str) -> Verdict {
    let (routing, message) = (Routing::built_in(), message(subject, text));
    judge(&message, &extract(&message, &routing), &routing, Wording::built_in(), &identity())
}

#[test]
fn forwarded_public_posts_of_the_made_mails_are_public() {
    let cases = [
        (
            "Fwd: [full-disclosure] opentelemetry-java: class loading",
            "List post of an hour ago, please file.\n\nHello list, the SDK loads a class by name. The vendor was not told.",
        ),
        (
            "Fwd: public PoC for opentelemetry-ebpf-instrumentation",
            "Seen on the fediverse.\n\nThe agent writes past its buffer. No fix yet, the maintainers did not answer my \
             question in the public issue.",
        ),
    ];
    for (subject, text) in cases {
        assert_eq!(judged(subject, text).disclosure, Some(Disclosure::Public), "{subject:?}");
    }
}

#[test]
fn encrypted_mail_is_never_spam() {
    let routing = Routing::built_in();
    for encryption in [Encryption::Whole, Encryption::Partial] {
        let mut message = message("offer", "SEO, backlinks, guest posts, discount. Schedule a call.");
        message.encryption = encryption;
        message.parts.iter_mut().for_each(|part| part.protection.encrypted = true);
        let verdict = judge(&message, &extract(&message, &routing), &routing, Wording::built_in(), &identity());
        assert_eq!(verdict.kind, Kind::Report, "{:#?}", verdict.evidence);
    }
}

#[test]
fn public_is_what_anyone_can_read_about_this_finding() {
    use Disclosure::{Private, Public};
    let mut wrong = Vec::new();
    let cases = [
        // What is out.
        (Public, "Somebody tweeted the exploit yesterday."),
        (Public, "A blog post about it went live this morning: https://blog.example.org/otel"),
        (Public, "It is described in https://github.com/open-telemetry/opentelemetry-go/issues/4711, with steps."),
        (Public, "A customer filed a GitHub issue with the whole reproduction."),
        (Public, "The flaw is being exploited, our honeypots see it since Monday."),
        (Public, "The details were posted on the oss-security mailing list today."),
        (Public, "A write-up is already online, and I could not find its author."),
        (Public, "This was presented at a conference last week, the slides are online."),
        (Public, "Die Lücke ist bereits öffentlich bekannt, gestern erschienen in einem Blog."),
        (Public, "Die Schwachstelle wird aktiv ausgenutzt."),
        (Public, "Un article publié hier sur un blog explique l'attaque."),
        (Public, "La faille est déjà publique."),
        (Public, "La vulnerabilidad ya es pública, hay un hilo publicado en un foro."),
        (Public, "A falha já foi publicada em um blog."),
        (Public, "该漏洞已公开，知乎上有人发布了文章。"),
        (Public, "この脆弱性はすでに公開されています。ブログの記事が投稿されました。"),
        (
            Public,
            "There is a thread on X since this morning showing how to do it: https://x.com/someone/status/17 (not by me).",
        ),
        (
            Public,
            "Somebody has published a working exploit for https://github.com/open-telemetry/opentelemetry-collector: \
             https://exploit-archive.example/4711 - it is public since this morning, I see it being used against our servers.",
        ),
        (Public, "It went to a public list an hour ago, the vendor was not told."),
        (Public, "Seen on the fediverse, already shared often; the maintainers did not answer in the public issue."),
        // What is not.
        (Private, "Not published yet."),
        (Private, "It has not yet been posted on any blog or list."),
        (Private, "We will publish a blog post in 90 days."),
        (Private, "We have not told anyone."),
        (Private, "I have not opened a GitHub issue, and there is no public pull request."),
        (Private, "No one outside our firm has been told, no talk is planned."),
        (Private, "A similar bug in another product was described in a blog post: https://blog.example.org/other"),
        (Private, "Background: https://opentelemetry.io/docs/collector/ is the public documentation."),
        (Private, "This can be exploited by any client, I have a working exploit."),
        (Private, "The public API of the class takes a public key."),
        (Private, "It is similar to https://github.com/open-telemetry/opentelemetry-go/issues/12, which was fixed."),
        (Private, "I uploaded nothing anywhere. A video is attached."),
        (Private, "The issue described above is in a public class."),
        (Private, "Once there is a fix I want to publish an article."),
        (Private, "Wir haben noch nichts veröffentlicht, ein Vortrag ist geplant."),
        (Private, "Je n'ai rien publié, ni sur un blog ni ailleurs."),
        (Private, "No lo he publicado en ningún foro."),
        (Private, "Ainda não publiquei nada, pretendo publicar um artigo depois."),
        (Private, "该漏洞尚未公开，我们没有告诉任何人。"),
        (Private, "まだ公開していません。修正後にブログで公開する予定です。"),
    ];
    for (disclosure, text) in cases {
        let text = format!("An attacker can crash the syslog receiver, CWE-248. {text}");
        let verdict = judged("Crash of the syslog receiver", &text);
        if verdict.disclosure != Some(disclosure) {
            let about = verdict.evidence.iter().filter(|evidence| evidence.question == Question::Disclosure);
            let why: Vec<(&str, f32)> = about.map(|evidence| (evidence.because.as_str(), evidence.weight)).collect();
            wrong.push(format!("{text} is {disclosure:?}: {why:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
