use super::*;
use crate::model::Ecosystem;
use crate::triage::extract::bare_subject;

/// The title of a mail with this subject and text, whose packages and CWEs are read from them.
fn title_of(subject: &str, text: &str) -> String {
    static ROUTING: LazyLock<Routing> = LazyLock::new(Routing::built_in);
    let message = crate::triage::tests::message(subject, text);
    crate::triage::extract(&message, &ROUTING).title.expose().clone()
}

#[test]
fn a_title_is_what_a_maintainer_would_write() {
    let filelog = "An attacker who writes logs can make the filelog receiver follow a symlink to /etc/shadow. CWE-59.";
    let baggage =
        "Package go.opentelemetry.io/otel/baggage, version 1.20.0. Parse has no limit, so memory exhaustion follows.";
    let cases: &[(&str, &str, &str)] = &[
        // What a maintainer would write already stays.
        ("Path traversal in the file exporter (group_by)", "", "Path traversal in the file exporter (group_by)"),
        ("ReDoS in @opentelemetry/core", "", "ReDoS in @opentelemetry/core"),
        (
            "filelog receiver reads /etc/shadow through a symlink",
            filelog,
            "filelog receiver reads /etc/shadow through a symlink",
        ),
        (".NET Zipkin exporter: unbounded memory", "", ".NET Zipkin exporter: unbounded memory"),
        ("OBI: command injection through process names", "", "OBI: command injection through process names"),
        ("Java agent writes database password into span", "", "Java agent writes database password into span"),
        // Alarm, tags, reply marks, wrappers, greetings.
        ("URGENT: filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("[SECURITY] filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        (
            "Fwd: [SECURITY] URGENT!!! Re: filelog receiver follows symlinks",
            filelog,
            "filelog receiver follows symlinks",
        ),
        ("Vulnerability report: filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        (
            "Security vulnerability report - filelog receiver follows symlinks",
            filelog,
            "filelog receiver follows symlinks",
        ),
        ("Responsible Disclosure | filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("CRITICAL SECURITY: filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("Hi team, filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        (
            "Dear OpenTelemetry security team - filelog receiver follows symlinks",
            filelog,
            "filelog receiver follows symlinks",
        ),
        ("[oss-list] [vendor 12] filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("filelog receiver follows symlinks (urgent)", filelog, "filelog receiver follows symlinks"),
        ("filelog receiver follows symlinks [SECURITY]!!!", filelog, "filelog receiver follows symlinks"),
        ("filelog receiver follows symlinks - security report", filelog, "filelog receiver follows symlinks"),
        ("🚨🚨 TLP:RED: filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("(confidential) filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("0day / urgent: filelog receiver follows symlinks", filelog, "filelog receiver follows symlinks"),
        ("\"filelog receiver follows symlinks\"", filelog, "filelog receiver follows symlinks"),
        ("Bug:Security: filelog receiver follows symlinks...", filelog, "filelog receiver follows symlinks"),
        ("URGENT zpages abused", "", "zpages abused"),
        // A word that wraps is part of the finding elsewhere.
        ("Security bypass in oidcauthextension", "", "Security bypass in oidcauthextension"),
        (
            "Critical path of bearertokenauth is not constant-time",
            "",
            "Critical path of bearertokenauth is not constant-time",
        ),
        ("Report-to header injection in confighttp", "", "Report-to header injection in confighttp"),
        // Only a place: the stated weakness is added.
        ("Vulnerability in the filelog receiver", filelog, "filelog receiver: symlink following (CWE-59)"),
        ("Security issue in filelog receiver", filelog, "filelog receiver: symlink following (CWE-59)"),
        ("filelog receiver", filelog, "filelog receiver: symlink following (CWE-59)"),
        (
            "Possible security bug in go.opentelemetry.io/otel/baggage",
            baggage,
            "go.opentelemetry.io/otel/baggage: memory exhaustion",
        ),
        ("otel/baggage", baggage, "otel/baggage: memory exhaustion"),
        ("Vulnerability in the filelog receiver", "It does something odd.", "Vulnerability in the filelog receiver"),
        // No place: the stated component is put before it.
        ("Symlink trick", filelog, "receiver/filelogreceiver: Symlink trick"),
        ("Unbounded memory when parsing", baggage, "go.opentelemetry.io/otel/baggage: Unbounded memory when parsing"),
        (
            "Header parsing never stops",
            "npm package @opentelemetry/propagator-jaeger 1.2.0.",
            "@opentelemetry/propagator-jaeger: Header parsing never stops",
        ),
        (
            "Azure VM resource detector: unlimited metadata",
            "NuGet OpenTelemetry.Resources.Azure 1.0.",
            "Azure VM resource detector: unlimited metadata",
        ),
        (
            "asgi websockets",
            "opentelemetry-instrumentation-asgi 0.50b0 has a memory leak.",
            "asgi websockets: memory exhaustion",
        ),
        ("Deserialization of RMI contexts", "", "Deserialization of RMI contexts"),
        // Useless subjects: from what is stated.
        ("", filelog, "receiver/filelogreceiver: symlink following (CWE-59)"),
        ("security issue", filelog, "receiver/filelogreceiver: symlink following (CWE-59)"),
        ("Hello", filelog, "receiver/filelogreceiver: symlink following (CWE-59)"),
        ("...", filelog, "receiver/filelogreceiver: symlink following (CWE-59)"),
        ("(no subject)", filelog, "receiver/filelogreceiver: symlink following (CWE-59)"),
        ("Vulnerability Report", baggage, "go.opentelemetry.io/otel/baggage: memory exhaustion"),
        (
            "URGENT!!!! CRITICAL SECURITY VULNERABILITY FOUND IN YOUR PROJECT",
            baggage,
            "go.opentelemetry.io/otel/baggage: memory exhaustion",
        ),
        ("[SECURITY] OpenTelemetry", baggage, "go.opentelemetry.io/otel/baggage: memory exhaustion"),
        (
            "bug",
            "io.opentelemetry:opentelemetry-api 1.30.0, CWE-99999.",
            "io.opentelemetry:opentelemetry-api: CWE-99999",
        ),
        (
            "report",
            "io.opentelemetry:opentelemetry-api. CWE-20 as we think.",
            "io.opentelemetry:opentelemetry-api: improper input validation (CWE-20)",
        ),
        ("question", "The process crashes: an attacker sends a deep JSON. Denial of service.", "Denial of service"),
        (
            "re:",
            "Something in the way you parse numbers surprised me.",
            "Something in the way you parse numbers surprised me",
        ),
        ("hi", "Hi all,\n\nThe numbers come out wrong. It matters.", "The numbers come out wrong"),
        ("!!!", "", ""),
        // Forms.
        (
            "Vulnerability report",
            "### Summary\n\nSpan names are written to the log unescaped\n\n### Details\n\nLong.",
            "Span names are written to the log unescaped",
        ),
        (
            "Vulnerability report",
            "**Title:** zpages leaks tenant names\n**Severity:** high\n",
            "zpages leaks tenant names",
        ),
        (
            "New submission",
            "| Title | Prometheus receiver follows redirects |\n| CVSS | 5.3 |",
            "Prometheus receiver follows redirects",
        ),
        ("脆弱性の報告", "件名：OTLP 受信器がメモリ枯渇で停止する\n", "OTLP 受信器がメモリ枯渇で停止する"),
        // Other languages.
        ("DRINGEND: Sicherheitslücke: Pfadausbruch im file exporter", "", "Pfadausbruch im file exporter"),
        (
            "Sicherheitslücke im filelog receiver",
            "Der filelog receiver folgt Symlinks.",
            "filelog receiver: symlink following",
        ),
        (
            "Schwachstelle gefunden",
            "Paket go.opentelemetry.io/otel/baggage: Speichererschöpfung durch lange Kopfzeilen.",
            "go.opentelemetry.io/otel/baggage: memory exhaustion",
        ),
        ("WG: AW: Wichtig - Java agent deserialisiert fremde Objekte", "", "Java agent deserialisiert fremde Objekte"),
        ("TR: Signalement de vulnérabilité : fuite de mémoire dans otelhttp", "", "fuite de mémoire dans otelhttp"),
        (
            "Bonjour",
            "Le paquet @opentelemetry/core permet un déni de service.",
            "@opentelemetry/core: denial of service",
        ),
        (
            "Faille de sécurité dans @opentelemetry/core",
            "Une boucle infinie suffit.",
            "@opentelemetry/core: infinite loop",
        ),
        (
            "URGENTE: Vulnerabilidad en opentelemetry-sdk",
            "Permite inyección de comandos.",
            "opentelemetry-sdk: command injection",
        ),
        ("Reporte de vulnerabilidad: el headers setter filtra cabeceras", "", "el headers setter filtra cabeceras"),
        (
            "Relatório de vulnerabilidade - negação de serviço no exportador OTLP",
            "",
            "negação de serviço no exportador OTLP",
        ),
        ("Olá", "O pacote @opentelemetry/core sofre de negação de serviço.", "@opentelemetry/core: denial of service"),
        (
            "Faille dans @opentelemetry/core : redirection suivie vers l'interne",
            "",
            "@opentelemetry/core : redirection suivie vers l'interne",
        ),
        ("kafka receiver 存在拒绝服务漏洞", "", "kafka receiver 存在拒绝服务"),
        ("【紧急】漏洞报告：kafka receiver 内存耗尽", "", "kafka receiver 内存耗尽"),
        (
            "go.opentelemetry.io/otel/baggage 的漏洞",
            "攻击者可以造成内存耗尽。",
            "go.opentelemetry.io/otel/baggage: memory exhaustion",
        ),
        (
            "安全漏洞",
            "go.opentelemetry.io/otel/baggage 1.20.0：攻击者可以造成内存耗尽。",
            "go.opentelemetry.io/otel/baggage: memory exhaustion",
        ),
        (
            "【重要】脆弱性報告：filelog receiver がシンボリックリンクを追跡する",
            "",
            "filelog receiver がシンボリックリンクを追跡する",
        ),
        (
            "filelog receiver の脆弱性について",
            "シンボリックリンクを追跡します。",
            "filelog receiver: symlink following",
        ),
        ("Срочно: уязвимость: утечка токенов в otlphttp exporter", "", "утечка токенов в otlphttp exporter"),
        // One line, without characters that hide or turn text.
        ("filelog receiver\n follows\tsymlinks", filelog, "filelog receiver follows symlinks"),
    ];
    assert!(cases.len() >= 60);
    let wrong: Vec<String> = cases
        .iter()
        .map(|(subject, text, expected)| (subject, title_of(subject, text), expected))
        .filter(|(_, found, expected)| found != **expected)
        .map(|(subject, found, expected)| format!("{subject:?}\n     is {found:?}\n not as {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn a_title_is_short_and_in_one_line_whatever_comes() {
    let long = "word ".repeat(1_000);
    let endless = "漏洞".repeat(2_000) + &"x".repeat(5_000);
    for subject in
        [long.as_str(), &endless, "a\nb\r\nc", "[[[[", "((((", "Re: Re: Re:", "::::", "[x]", "-", "URGENT", "\u{202e}"]
    {
        let title = title_of(subject, "");
        assert!(title.chars().count() <= LONGEST && !title.contains('\n'), "{title:?}");
    }
    let title = title_of(&long, "");
    assert!(title.ends_with("word…"), "{title}");
}

#[test]
fn nothing_is_said_that_is_not_stated() {
    let routing = Routing::built_in();
    assert_eq!(title("security issue", &Report::default(), &routing), "");
    let package = |name: &str| Package { ecosystem: Ecosystem::Go, name: name.into(), affected: None, patched: None };
    let report = Report { packages: vec![package("github.com/a/b/c/d")], ..Report::default() };
    assert_eq!(title("hi", &report, &routing), "Report about c/d");
    assert_eq!(component(&package("github.com/a/b")).as_deref(), Some("b"));
    assert_eq!(component(&package(&"x".repeat(100))), None);
    assert_eq!(bare_subject("Re: [x] y"), "y");
}
