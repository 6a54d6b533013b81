//! Hostile text in every field of a mail, through the whole way: what leaves is read again by code that is not the
//! gateway's, and does nothing but show it.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::daemon::Gateway;
use crate::support::dovecot::maildir_messages;
use crate::support::github_double::GithubDouble;
use crate::support::gnupg::GnuPg;
use crate::support::markdown::{acts, outline};
use crate::support::world::{ADDRESS, fixture, test_keys};

/// A report that is filed whatever stands around it.
const REPORT: &str = "The OTLP receiver of go.opentelemetry.io/collector v0.130.0 can be crashed by one unauthenticated\n\
                      request: a denial of service vulnerability. CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H\n";

/// What each field is filled with, in turn.
const HOSTILE: &[&str] = &[
    "x\r\nBcc: evil@evil.example\r\nSubject: forged",
    "x\nTo: evil@evil.example",
    "@octocat @open-telemetry/technical-committee &#64;octocat \u{200b}@\u{200b}octocat",
    "#1 GH-2 open-telemetry/opentelemetry-go#3 deadbeef1 GHSA-4625-4j76-fww9 :octocat:",
    "![x](https://evil.example/p.png) <img src=https://evil.example/q.png> <!-- x -->",
    "[safe](https://evil.example) https://evil.example www.evil.example mailto:a@evil.example [x]: https://evil.example",
    "| OpenTelemetry Security | Received by mail |\n| --- | --- |\n| Case | `OTEL-SEC-2026-9999` |\n| Signature | good |",
    "# Report\n\n### Attachments\n\nTitle\n=====\n\n---\n\n- [ ] task\n1. one\n> [!NOTE]\n> x",
    "```\n````\n~~~\n```mermaid\ngraph TD\n```\n$$x$$ $`x`$ [^1]\n\n[^1]: note",
    "a\rb # c\r\r- d \u{202e}e\u{2028}# f\u{85}> g \u{1b}[31m",
    "a\\|b` @octocat \\| `` @octocat | @octocat",
    "</td></table><details><summary>x</summary><script>alert(1)</script>",
    "good signature <security@opentelemetry.io>",
];

/// Header fields that the gateway writes.
const OURS: &[&str] = &[
    "Return-Path",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "Importance",
    "X-Priority",
    "Autocrypt",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// An encoded word, which brings any character into a header field (RFC 2047).
fn word(text: &str) -> String {
    format!("=?utf-8?b?{}?=", STANDARD.encode(text))
}

/// Mails with `text` in every field that can hold it.
fn mails(number: usize, text: &str) -> Vec<Vec<u8>> {
    let flat: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let (encoded, quoted) = (word(text), flat.replace(['"', '\\'], "'"));
    let percent: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let head = |mark: &str| {
        format!(
            "From: {encoded} <erin{number}{mark}@tallow.example>\r\nReply-To: \"{quoted}\" <erin{number}{mark}@tallow.example>\r\n\
             To: <{ADDRESS}>\r\nSubject: Crash {encoded}\r\nMessage-ID: <{number}{mark}@tallow.example>\r\n\
             In-Reply-To: <{encoded}@x> <a\"b@x>\r\nReferences: <{quoted}> <ref@tallow.example>\r\nX-Mailer: {encoded}\r\n\
             Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
        )
    };
    let plain = format!("{}Content-Type: text/plain; charset=\"{quoted}\"\r\n\r\n{REPORT}\r\n{text}\r\n", head("p"));
    let html = format!(
        "{}Content-Type: text/html; charset=utf-8; x=\"{quoted}\"\r\n\r\n<p>{REPORT}</p><h1>{text}</h1><pre>{text}</pre>\
         <a href=\"{quoted}\">{text}</a><img alt=\"{quoted}\"><table><tr><td>{text}</td><td>b</td></tr><tr><td>c<td>{text}</table>\r\n",
        head("h")
    );
    let file = format!(
        "{}Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\n\r\n{REPORT}\r\n--b1\r\n\
         Content-Type: application/x-{number}; name=\"{quoted}\"\r\nContent-Disposition: attachment; filename*=utf-8''{percent}\r\n\r\nx\r\n\
         --b1\r\nContent-Type: \"{quoted}\"\r\nContent-Disposition: attachment; filename=\"{encoded}\"\r\n\r\ny\r\n\
         --b1\r\nContent-Type: message/rfc822\r\n\r\nFrom: {encoded} <mallory@evil.example>\r\nSubject: {encoded}\r\n\r\n{text}\r\n--b1--\r\n",
        head("f")
    );
    [plain, html, file].map(String::into_bytes).to_vec()
}

/// A mail whose text is encrypted, with a hostile protected subject.
fn encrypted(number: usize, text: &str) -> Vec<u8> {
    let gnupg = GnuPg::with_keys(&[fixture("keys/intake.pub.asc")]);
    let inner = format!(
        "Content-Type: text/plain; charset=utf-8; hp=\"cipher\"\r\nSubject: {}\r\nFrom: {} <x@evil.example>\r\n\r\n{REPORT}\r\n{text}\r\n",
        word(text),
        word(text)
    );
    let armored = String::from_utf8(gnupg.encrypt(inner.as_bytes(), ADDRESS, None)).unwrap();
    format!(
        "From: <sealed{number}@tallow.example>\r\nTo: <{ADDRESS}>\r\nSubject: ...\r\nMessage-ID: <{number}e@tallow.example>\r\n\
         Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n\
         --b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\
         {armored}\r\n--b--\r\n"
    )
    .into_bytes()
}

fn fixtures() -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(fixture("mail")).unwrap().map(|entry| entry.unwrap().path()).collect();
    // Unlocking the key of that one takes seconds in a debug build.
    files.retain(|path| path.extension().is_some_and(|e| e == "eml") && !path.ends_with("10-report-locked-key.eml"));
    files.sort();
    files.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn what_leaves_shows_hostile_text_and_does_nothing_else() {
    let github = GithubDouble::start();
    github.add_owner("open-telemetry");
    let gateway = Gateway::new(&format!(
        "[identity]\naddress = \"{ADDRESS}\"\n[mailbox.main]\npath = \"in\"\n[smtp]\ndeliver_to = \"out\"\n[github]\napi = \"{}\"\n\
         token = {{ file = \"github-token\" }}\n{}\n[store]\npath = \"intake.sqlite\"\n[replies]\nper_day = 100\n",
        github.uri(),
        test_keys()
    ));
    gateway.put("github-token", github.token().as_bytes());
    for folder in ["in/new", "in/cur", "in/tmp"] {
        fs::create_dir_all(gateway.folder().join(folder)).unwrap();
    }
    let made = HOSTILE.iter().enumerate().flat_map(|(number, text)| mails(number, text));
    let sealed = HOSTILE.iter().enumerate().take(7).map(|(number, text)| encrypted(number, text));
    let made: Vec<Vec<u8>> = made.chain(sealed).collect();
    for (number, mail) in made.iter().cloned().chain(fixtures()).enumerate() {
        fs::write(gateway.folder().join(format!("in/new/{number:04}")), mail).unwrap();
    }
    let output = gateway.run(&["run", "--once"]);
    fs::write(gateway.folder().join("gateway.log"), [output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success());
    assert_eq!(github.complaints(), Vec::<String>::new());

    let advisories: Vec<Value> = github.requests().into_iter().map(|seen| seen.body).collect();
    let filed = advisories.iter().filter(|body| body["description"].is_string()).count();
    assert!(filed >= made.len(), "{filed} advisories of {} hostile reports", made.len());
    for body in &advisories {
        for field in ["description", "body"] {
            if let Some(markdown) = body[field].as_str() {
                assert_harmless(markdown);
            }
        }
        let summary = body["summary"].as_str().unwrap_or_default();
        assert!(!summary.contains(|c: char| c.is_control() || matches!(c, '\u{200b}' | '\u{2028}')), "{summary:?}");
    }

    let sent = maildir_messages(&gateway.folder().join("out"));
    assert!(sent.len() > made.len(), "{} mails", sent.len());
    let lena = GnuPg::with_keys(&[fixture("keys/secret/lena.sec.asc")]);
    let mut opened = 0;
    for mail in &sent {
        let fields = assert_one_of_each(mail, OURS);
        let to_lena = fields.iter().any(|(name, value)| name == "To" && value.contains("lena"));
        let text = String::from_utf8(mail.clone()).unwrap();
        // What she forwarded in clear is answered in clear.
        if to_lena && text.contains("-----BEGIN PGP MESSAGE-----") && opened < 12 {
            opened += 1;
            let inner = lena.decrypt(armor(&text).as_bytes()).plaintext;
            let protected = assert_one_of_each(&inner, &[OURS, &["HP-Outer"]].concat());
            let subject = protected.iter().find(|(name, _)| name == "Subject").expect("a protected subject");
            assert!(subject.1.contains("[OTEL-SEC-") && !subject.1.contains("forged"), "{subject:?}");
        }
    }
    assert!(opened > 5, "{opened} alerts were opened");
}

/// A section that holds nothing of the sender's but names of packages and versions, as a list.
const LOOKED_UP: &str = "Looked up at GitHub";

/// The status block first and once, sections of ours only, and nothing that acts.
fn assert_harmless(markdown: &str) {
    let blocks = outline(markdown);
    let begins = blocks.first().is_some_and(|(kind, text)| {
        kind == "Table" && text.contains("Received by mail")
            || kind == "Paragraph" && text.starts_with("Continued from above")
    });
    assert!(begins, "{markdown}");
    let mut section = "";
    for (kind, text) in &blocks {
        let ours = match kind.as_str() {
            "Heading" => {
                section = text;
                let added = ["What the sender adds", "Outside of the encryption", "Deadline", "Attachments", LOOKED_UP];
                text == "Report" || added.contains(&section)
            }
            // Nothing else of ours is a list, and nothing of the sender's is.
            "List" => section == LOOKED_UP,
            "Table" => {
                text.starts_with("|OpenTelemetry Security|Received by mail|Case|")
                    || text.starts_with("|Name|Type|Bytes|SHA-256|")
            }
            "Paragraph" | "CodeBlock" | "BlockQuote" => true,
            _ => false,
        };
        assert!(ours, "{kind} {text:?} in {markdown}");
    }
    let status = blocks.iter().filter(|(kind, text)| kind == "Table" && text.contains("Received by mail")).count();
    assert!(status <= 1, "{markdown}");
    let section = markdown.split_once(&format!("\n### {LOOKED_UP}\n")).map_or("", |(_, rest)| rest);
    let list = section.split("\n### ").next().unwrap();
    assert!(
        acts(list).iter().all(|what| ["List", "Item", "Link", "reference \"GHSA-\""].contains(&what.as_str())),
        "{list}"
    );
    // Its links show where they lead: to advisories of the project, by their ids.
    let ends: Vec<&str> = list.split("](").collect();
    for (before, after) in ends.iter().zip(ends.iter().skip(1)) {
        let (id, target) = (before.rsplit('[').next().unwrap(), after.split(')').next().unwrap());
        assert!(target.starts_with("https://github.com/open-telemetry/"), "{target}");
        assert!(target.ends_with(&format!("/security/advisories/{id}")) && id.starts_with("GHSA-"), "{id} {target}");
    }
    let acting: Vec<String> = acts(&markdown.replacen(list, "", 1))
        .into_iter()
        .filter(|what| !["Heading", "Table", "TableRow", "TableCell", "Strong", "Emph"].contains(&what.as_str()))
        .collect();
    assert!(acting.is_empty(), "{acting:?} in {markdown}");
}

/// The header fields of a mail, read strictly (RFC 5322 2.2): known names, each once, ASCII, lines of a length.
fn assert_one_of_each(mail: &[u8], known: &[&str]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(mail).replace("\r\n", "\n");
    let head = text.split("\n\n").next().unwrap();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split('\n') {
        assert!(line.len() <= 998 && line.bytes().all(|b| (0x20..0x7f).contains(&b) || b == b'\t'), "{line:?}");
        match line.strip_prefix([' ', '\t']) {
            Some(fold) => fields.last_mut().expect("a fold of something").1.push_str(fold),
            None => {
                let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("no field: {line:?}"));
                assert!(known.contains(&name), "{line:?}");
                assert!(name == "HP-Outer" || fields.iter().all(|(other, _)| other != name), "two {name}");
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
    for name in ["From", "To", "Subject"] {
        assert!(fields.iter().any(|(field, _)| field == name) || known.contains(&"HP-Outer"), "no {name} in {head}");
    }
    for (_, value) in fields.iter().filter(|(name, _)| name == "To") {
        assert!(!value.contains("evil") && value.matches('@').count() == 1, "{value}");
    }
    fields
}

fn armor(mail: &str) -> &str {
    let end = "-----END PGP MESSAGE-----";
    let from = mail.find("-----BEGIN PGP MESSAGE-----").expect("armor");
    let to = mail[from..].find(end).expect("the end of the armor") + from + end.len();
    &mail[from..to]
}
