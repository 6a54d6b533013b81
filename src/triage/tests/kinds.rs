//! What a message is, by its words: both sides of each border.

use super::judged;
use crate::model::Kind;

#[test]
fn nothing_real_is_taken_for_something_that_nobody_reads() {
    let cases = [
        (
            "Normal?",
            "Why do I see the traces of another customer in my dashboard? Is the collector meant to work like that?",
        ),
        ("question", "Is it intended that the collector answers without asking who I am? Anyone here can put data in."),
        ("Bonjour", "Pourquoi mon mot de passe est-il dans le journal ? Qui peut le lire ?"),
        ("奇怪", "为什么我能看到别人的数据？这是正常的吗？"),
        ("質問", "他の利用者のトレースが見えるのは仕様でしょうか？どこに連絡すればよいですか？"),
        ("odd", "When I send a very long name the process is gone. Is this known? Shall I send the file?"),
        ("Vulnerability ?? bounty", "Sir what is the reward? In the kafka receiver a short frame panics the process."),
        (
            "partnership",
            "Our agency does SEO and growth. By the way, otelcol-contrib 0.131.0 prints our API token to its log.",
        ),
        (
            "unsubscribe",
            "The unsubscribe link of our newsletter ends up in http.route of @opentelemetry/instrumentation-express.",
        ),
        ("quick call?", "Can we schedule a quick call? There is remote code execution, I prefer to tell it by phone."),
        ("crypto wallet keys", "investment app: the spans contain our bitcoin wallet seeds, leaked to all tenants"),
        (
            "found during an audit",
            "Our auditor and the compliance team found that the collector accepts any certificate.",
        ),
        ("scanner", "Snyk says it is a false positive, but an attacker can inject headers with the propagator."),
        ("I want to report a vulnerability", "The Java agent deserializes what it gets over RMI."),
        (
            "I would like to report a security issue",
            "Where should I report? I do it here: heap overflow in the C++ SDK.",
        ),
        ("how to crash the gateway", "This is how to crash the collector with one packet, please help to fix it."),
        (
            "PGP key?",
            "Please send me your public key. It is about an auth bypass in the oidc extension, attackers can log in.",
        ),
        ("Jaeger", "The Jaeger receiver of the collector crashes on a short thrift frame."),
        (
            "Prometheus stored XSS",
            "@opentelemetry/exporter-prometheus writes labels unescaped, so Prometheus shows them as HTML.",
        ),
        ("Envoy", "Envoy with opentelemetry-cpp 1.20: the OTLP exporter follows redirects to any host."),
        ("thoughts?", "is this a problem? spans of other customers show up in ours since the upgrade to 0.131"),
        ("Frage", "Ist es normal, dass ein Angreifer den Collector mit einem einzigen Paket zum Absturz bringt?"),
        ("question", "Est-ce normal ? Un attaquant peut lire les jetons de tous les clients avec le sampler."),
        ("duda", "¿Cómo es posible que un atacante ejecute código con una cabecera tracestate?"),
        (
            "dúvida",
            "Como faço para avisar: um atacante consegue derrubar o coletor sem autenticação, injeção no cabeçalho.",
        ),
        ("请问", "请问这是漏洞吗？攻击者可以绕过认证读取所有数据。"),
        ("", "yo your collector takes whatever yaml i send w/o login?? ended up with a root shell on our test box"),
        (
            "Vulnerability in the demo",
            "Our scanner shows that the OpenTelemetry demo puts a parameter into the page without escaping (XSS): open \
             https://demo.example/cart?currency=<b> or /?currency=<b>\n\nClick here to unsubscribe, special discount!",
        ),
        (
            "Is this OK?",
            "Is it normal that anyone on our network can read other tenants' spans at the collector? How do I report it?",
        ),
        ("Thanks", "Thanks for the quick fix, but with two frames it still stops."),
        ("¿Nos afecta CVE-2025-29786?", "El arreglo sigue sin cubrir el exportador, ¿lo sabían? Trivy no lo ve."),
        ("Is CVE-2025-29786 fixed?", "Our scanner is silent about it, but an attacker can still crash the collector."),
        ("", "Is CVE-2025-29786 known to you? I sent the published body to the collector and became root."),
        ("PGP", "Can I get your eyes on this? otelcol 0.131.0 accepts any certificate whose fingerprint is empty."),
        (
            "Уязвимость",
            "Добрый день! Злоумышленник может обойти проверку токена в коллекторе. Наша компания его использует.",
        ),
        (
            "Your mailbox",
            "The demo's mailbox is open: anyone can read it without a login. Your help desk will be blocked by it.",
        ),
        (
            "final notice",
            "Your domain status.example.org points to a bucket that nobody owns. We expect an answer in 48 hours.",
        ),
        ("Question", "There is no report attached since your form rejects it: any client can bypass the bearer token."),
        ("質問", "教えてください。攻撃者が認証を回避して任意のファイルを読めますが、これは仕様ですか？"),
    ];
    for (subject, text) in cases {
        let verdict = judged(subject, text);
        let read = matches!(verdict.kind, Kind::Report | Kind::NotAVulnerability | Kind::WrongProject);
        assert!(read, "{subject:?} is {}: {:#?}", verdict.kind, verdict.evidence);
    }
}

#[test]
fn kinds_are_told_apart() {
    let cases = [
        ("Re: your ranking", "We sell backlinks and guest posts. Schedule a call? Reply to opt out.", Kind::Spam),
        ("SOC 2 in 14 days", "Did you know that buyers ask for SOC 2? We get you there. Unsubscribe here.", Kind::Spam),
        ("Votre stand", "Réservez votre stand au salon. Pour vous désabonner, cliquez ici.", Kind::Spam),
        ("Pentest offer", "Our agency finds vulnerabilities. Penetration testing services at a discount!", Kind::Spam),
        ("bug", "I found a critical bug. Tell me the bounty, after your confirmation I will share more.", Kind::Spam),
        ("Bug: SPF", "Your SPF record is missing, email spoofing is possible. I hope for a reward.", Kind::Spam),
        ("贷款", "您好，低息贷款，优惠推广，加微信。", Kind::Spam),
        ("Where to send reports", "Which address is the right address for vulnerabilities?", Kind::Question),
        ("Wohin", "An wen kann man sich mit einer Schwachstelle wenden, wie melde ich sie?", Kind::Question),
        ("Où signaler ?", "Bonjour, où signaler une faille de sécurité chez vous ?", Kind::Question),
        ("¿Dónde?", "Hola, ¿dónde puedo reportar una vulnerabilidad?", Kind::Question),
        ("Onde?", "Como posso reportar uma vulnerabilidade para vocês?", Kind::Question),
        ("咨询", "你好，请问如何报告漏洞？", Kind::Question),
        ("お問い合わせ", "脆弱性の報告先を教えてください。", Kind::Question),
        ("log4shell", "Are you affected by CVE-2021-44228? Our auditor wants yes or no.", Kind::Question),
        (
            "no spans",
            "I followed the getting started guide and nothing arrives. What am I doing wrong?",
            Kind::Question,
        ),
        ("Thanks!", "Hi all, thanks for the quick fix! Have a good week.", Kind::Question),
        ("Danke", "Vielen Dank für die schnelle Hilfe.", Kind::Question),
        (
            "CVE-2025-29786 ?",
            "Bonjour, notre outil le signale pour l'image 0.120.0. Une date de correction ?",
            Kind::Question,
        ),
        (
            "Betrifft Sie CVE-2025-29786?",
            "Der Scan meldet es beim Collector 0.120.0. Oder ist das ein Fehlalarm?",
            Kind::Question,
        ),
        (
            "Before we write",
            "Who assigns the CVE? How long is your usual timeline? This is not a report, we only collect answers.",
            Kind::Question,
        ),
        ("Storage", "Your mailbox is full. Verify your password here, or it will be suspended.", Kind::Spam),
        ("Votre compte", "Votre messagerie sera suspendue. Validez votre adresse ici.", Kind::Spam),
        (
            "Brand",
            "We are a domain registration office. A firm applied to register your brand name in Asia.",
            Kind::Spam,
        ),
        ("Предложение", "Наша компания делает аудит сайтов, скидка 20 %. Звоните в отдел продаж!", Kind::Spam),
        ("hello", "hey, can i get your gpg key? there is something that i will not send in the open", Kind::KeyRequest),
        ("Schlüssel", "Bitte schicken Sie mir Ihren öffentlichen Schlüssel, meiner ist abgelaufen.", Kind::KeyRequest),
        ("clé PGP", "Pourriez-vous m'envoyer votre clé PGP ?", Kind::KeyRequest),
        ("公钥", "请发送你们的 PGP 公钥。", Kind::KeyRequest),
        (
            "Grafana shows traces of others",
            "With Grafana in front, the otel collector hands out other tenants' traces; I suspect the headers_setter extension.",
            Kind::Report,
        ),
        ("Loki", "Grafana Loki lets any user write files outside of its folder.", Kind::WrongProject),
        ("full queue", "An authenticated client can exhaust the memory of the collector.", Kind::NotAVulnerability),
    ];
    for (subject, text, kind) in cases {
        let verdict = judged(subject, text);
        assert_eq!(verdict.kind, kind, "{subject:?}: {:#?}", verdict.evidence);
    }
}
