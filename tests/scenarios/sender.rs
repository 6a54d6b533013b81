//! Who sent it: signatures of mail domains, with keys from a DNS server of the tests' own.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use advisory_intake::dns::Resolver;
use advisory_intake::mime::dkim::{Flaw, verify};
use advisory_intake::model::{DnsAnswer, DnsFound, DnsQuestion, Limits};
use advisory_intake::ports::{Dns, Level};
use time::OffsetDateTime;

use crate::support::daemon::{Gateway, wait_for};
use crate::support::dkim::{Signer, WAY, Way};
use crate::support::dns::{DnsServer, Zone};

const NAME: &str = "s1._domainkey.example.org";
const HEADER: &str = "From: Erin <erin@example.org>\r\nTo: security@project.example\r\nSubject:  Overflow  in\r\n\tparse()\r\n\
                      Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n";
const TEXT: &str = "Content-Type: text/plain; charset=utf-8\r\n\r\nThe parser  overflows. \r\n\r\n  x\r\n\r\n\r\n";
const MULTI: &str = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nThe parser overflows.\r\n--b--\r\n";

fn mail() -> String {
    format!("{HEADER}{TEXT}")
}

fn answers(name: &str, found: DnsFound) -> Vec<DnsAnswer> {
    vec![DnsAnswer { question: name.parse().unwrap(), found }]
}

fn records(record: &str) -> Vec<DnsAnswer> {
    answers(NAME, DnsFound::Records(vec![record.as_bytes().to_vec()]))
}

fn verified(mail: &str, answers: &[DnsAnswer]) -> Option<Result<(), Flaw>> {
    let author = "erin@example.org".parse().unwrap();
    verify(mail.as_bytes(), &author, answers, &Limits::default(), OffsetDateTime::now_utc())
}

/// What a sender's server or a forger does with the mail, and what comes of it.
#[test]
fn a_domain_answers_for_a_mail_only_as_a_whole() {
    let (rsa, other) = (Signer::rsa(2048), Signer::ed25519());
    let way = |change: &dyn Fn(&mut Way<'static>)| {
        let mut way = WAY;
        change(&mut way);
        rsa.sign(&mail(), &way)
    };
    let good = way(&|_| {});
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let (future, past) = (format!("t={}; ", now + 7_200), format!("x={}; ", now - 10));
    let leak = |text: &str| -> &'static str { text.to_owned().leak() };
    let cases: Vec<(&str, String, Result<(), Flaw>)> = vec![
        ("as it should be", good.clone(), Ok(())),
        ("simple forms", way(&|w| w.forms = ("simple", "simple")), Ok(())),
        ("mixed forms", way(&|w| w.forms = ("relaxed", "simple")), Ok(())),
        ("over-signed", way(&|w| w.fields = "from:from:subject:subject:date:to:reply-to:content-type"), Ok(())),
        ("kept with bare line feeds", good.replace("\r\n", "\n"), Ok(())),
        ("rewrapped where that is allowed", good.replace("Subject:  Overflow  in", "subject: Overflow in"), Ok(())),
        ("in time", way(&|w| w.tags = leak(&format!("t={}; x={}; ", now - 60, now + 600))), Ok(())),
        (
            "by a domain above",
            {
                let below = mail().replace("erin@example.org", "erin@mail.example.org");
                rsa.sign(&below, &WAY)
            },
            Ok(()),
        ),
        (
            "a list's signature beside it",
            {
                let list = Way { domain: "lists.example", selector: "l", ..WAY };
                other.sign(&good, &list)
            },
            Ok(()),
        ),
        (
            "a broken one beside it",
            good.replacen("DKIM-Signature:", "DKIM-Signature: v=2; d=example.org\r\nDKIM-Signature:", 1),
            Ok(()),
        ),
        // Changed on the way.
        ("another text", good.replace("overflows", "overflowed"), Err(Flaw::BodyChanged)),
        ("more text", format!("{good}Pay here.\r\n"), Err(Flaw::BodyChanged)),
        ("another subject", good.replace("Overflow", "Underflow"), Err(Flaw::Bad)),
        ("another name", good.replace("From: Erin", "From: Boss"), Err(Flaw::Bad)),
        ("another signature", good.replace("b=", "b=AAAA"), Err(Flaw::Bad)),
        ("a lone carriage return", good.replace("parser  over", "parser \rover"), Err(Flaw::LineBreaks)),
        ("a lone line feed", good.replace("  x\r\n", "  x\n"), Err(Flaw::LineBreaks)),
        // Not covered.
        (
            "a length of the body",
            way(&|w| {
                w.length = Some(4);
                w.tags = "l=4; ";
            }),
            Err(Flaw::OpenEnd),
        ),
        ("all of it by length", way(&|w| w.tags = "l=9999; "), Err(Flaw::OpenEnd)),
        ("no From", way(&|w| w.fields = "subject:date:content-type"), Err(Flaw::Uncovered)),
        ("no Subject", way(&|w| w.fields = "from:date:content-type"), Err(Flaw::Uncovered)),
        (
            "an answer to somebody else",
            good.replace("To: sec", "Reply-To: mallory@evil.example\r\nTo: sec"),
            Err(Flaw::Uncovered),
        ),
        ("a Sender", good.replace("To: sec", "Sender: boss@example.org\r\nTo: sec"), Err(Flaw::Uncovered)),
        (
            "into another conversation",
            good.replace("To: sec", "In-Reply-To: <2@project.example>\r\nTo: sec"),
            Err(Flaw::Uncovered),
        ),
        (
            "into another one yet",
            good.replace("To: sec", "References: <2@project.example>\r\nTo: sec"),
            Err(Flaw::Uncovered),
        ),
        (
            "an answer",
            {
                let answer = mail().replace("To: sec", "In-Reply-To: <2@project.example>\r\nTo: sec");
                rsa.sign(&answer, &Way { fields: "from:subject:date:content-type:in-reply-to", ..WAY })
            },
            Ok(()),
        ),
        ("a second Subject", good.replace("To: sec", "Subject: Pay\r\nTo: sec"), Err(Flaw::Repeated)),
        ("a second From", good.replace("To: sec", "From: boss@example.org\r\nTo: sec"), Err(Flaw::Repeated)),
        ("a second Content-Type", good.replace("To: sec", "Content-Type: text/html\r\nTo: sec"), Err(Flaw::Repeated)),
        ("no Content-Type over plain text", way(&|w| w.fields = "from:subject:date"), Ok(())),
        (
            "no Content-Type over parts",
            { rsa.sign(&format!("{HEADER}{MULTI}"), &Way { fields: "from:subject:date", ..WAY }) },
            Ok(()),
        ),
        (
            "no Content-Type over parts with an end",
            { rsa.sign(&format!("{HEADER}{MULTI}the end\r\n"), &Way { fields: "from:subject:date", ..WAY }) },
            Err(Flaw::Uncovered),
        ),
        (
            "HTML made of plain text",
            { way(&|w| w.fields = "from:subject:date").replace("text/plain", "text/html") },
            Err(Flaw::Uncovered),
        ),
        // Another domain, another time.
        ("another domain", way(&|w| w.domain = "evil.example"), Err(Flaw::NotAligned)),
        ("a domain below", way(&|w| w.domain = "mail.example.org"), Err(Flaw::NotAligned)),
        ("the end of a domain", way(&|w| w.domain = "ample.org"), Err(Flaw::NotAligned)),
        ("a top-level domain", way(&|w| w.domain = "org"), Err(Flaw::NotAligned)),
        ("in the future", way(&|w| w.tags = leak(&future)), Err(Flaw::Future)),
        ("expired", way(&|w| w.tags = leak(&past)), Err(Flaw::Expired)),
        ("expired before it was made", way(&|w| w.tags = "t=20; x=10; "), Err(Flaw::Malformed)),
        ("a time that is none", way(&|w| w.tags = "x=never; "), Err(Flaw::Malformed)),
        ("two domains", way(&|w| w.tags = "d=example.org; "), Err(Flaw::Malformed)),
        ("an identity elsewhere", way(&|w| w.tags = "i=erin@evil.example; "), Err(Flaw::Malformed)),
        ("another version", good.replace("v=1", "v=2"), Err(Flaw::Malformed)),
        ("SHA-1", good.replace("rsa-sha256", "rsa-sha1"), Err(Flaw::Outdated)),
        ("a local key", way(&|w| w.domain = "printer.local"), Err(Flaw::Malformed)),
        (
            "an encoded NUL in the domain",
            good.replace("d=example.org", "d=example.org\0.evil.example"),
            Err(Flaw::Malformed),
        ),
    ];
    for (name, mail, expected) in cases {
        assert_eq!(verified(&mail, &records(&rsa.record)), Some(expected), "{name}\n{mail}");
    }
    assert_eq!(verified(&mail(), &[]), None, "no signature at all");
}

#[test]
fn a_key_counts_for_what_its_record_says() {
    let (rsa, short, ed25519) = (Signer::rsa(2048), Signer::rsa(768), Signer::ed25519());
    let good = rsa.sign(&mail(), &WAY);
    let (by_ed25519, by_short) = (ed25519.sign(&mail(), &WAY), short.sign(&mail(), &WAY));
    let with = |tags: &str| rsa.record.replace("v=DKIM1;", &format!("v=DKIM1; {tags};"));
    let one = |record: &str| DnsFound::Records(vec![record.as_bytes().to_vec()]);
    let spf = b"v=spf1 -all".to_vec();
    let below = rsa.sign(&mail(), &Way { tags: "i=@mail.example.org; ", ..WAY });
    let cases: Vec<(&str, &str, DnsFound, Result<(), Flaw>)> = vec![
        ("Ed25519", &by_ed25519, one(&ed25519.record), Ok(())),
        ("the least it may say", &good, one(&rsa.record.replace("v=DKIM1; k=rsa; ", "")), Ok(())),
        ("for mail, with SHA-256", &good, one(&with("s=email; h=sha1:sha256; n=note")), Ok(())),
        (
            "another record beside it",
            &good,
            DnsFound::Records(vec![spf.clone(), rsa.record.clone().into_bytes()]),
            Ok(()),
        ),
        ("an identity below", &below, one(&rsa.record), Ok(())),
        ("an identity below a strict key", &below, one(&with("t=s")), Err(Flaw::KeyMisfit)),
        ("tests only", &good, one(&with("t=y")), Err(Flaw::Testing)),
        ("tests only, and more", &good, one(&with("t=s:y")), Err(Flaw::Testing)),
        ("withdrawn", &good, one("v=DKIM1; k=rsa; p="), Err(Flaw::Revoked)),
        ("not for mail", &good, one(&with("s=tlsrpt")), Err(Flaw::KeyMisfit)),
        ("not for SHA-256", &good, one(&with("h=sha1")), Err(Flaw::KeyMisfit)),
        ("another kind of key", &good, one(&ed25519.record), Err(Flaw::KeyMisfit)),
        ("another key", &good, one(&Signer::rsa(2048).record), Err(Flaw::Bad)),
        ("another version", &good, one(&rsa.record.replace("DKIM1", "DKIM2")), Err(Flaw::KeyMisfit)),
        ("too short", &by_short, one(&short.record), Err(Flaw::WeakKey)),
        ("no key in it", &good, one("p=AAAA"), Err(Flaw::WeakKey)),
        ("something else", &good, DnsFound::Records(vec![spf]), Err(Flaw::NoKey)),
        ("garbage", &good, DnsFound::Records(vec![vec![0xff; 4_000]]), Err(Flaw::NoKey)),
        ("two keys", &good, DnsFound::Records(vec![rsa.record.clone().into_bytes(); 2]), Err(Flaw::KeyMisfit)),
        ("no such name", &good, DnsFound::Nothing, Err(Flaw::NoKey)),
        ("no answer", &good, DnsFound::Failed, Err(Flaw::LookupFailed)),
    ];
    for (name, mail, found, expected) in cases {
        assert_eq!(verified(mail, &answers(NAME, found)), Some(expected), "{name}");
    }
    assert_eq!(verified(&good, &[]), Some(Err(Flaw::NotLookedUp)));
    let many = rsa.sign(&mail(), &WAY).split_once("\r\nFrom:").unwrap().0.replace("bh=", "bh=AAAA");
    let many = format!("{}{}", format!("{many}\r\n").repeat(4), rsa.sign(&mail(), &WAY));
    assert_eq!(verified(&many, &records(&rsa.record)), Some(Err(Flaw::BodyChanged)), "no more than four are verified");
}

#[tokio::test]
async fn names_are_looked_up_within_bounds_whatever_the_server_does() {
    let long = "x".repeat(3_000);
    let server = DnsServer::start(&[
        (NAME, Zone::Txt(vec!["v=DKIM1; p=AAAA".into()])),
        ("long._domainkey.example.org", Zone::Txt(vec![long.clone()])),
        ("huge._domainkey.example.org", Zone::Txt(vec!["x".repeat(5_000)])),
        ("many._domainkey.example.org", Zone::Txt(vec!["x".into(); 20])),
        ("fails._domainkey.example.org", Zone::Fails),
        ("silent._domainkey.example.org", Zone::Silent),
        ("project.example", Zone::Txt(vec!["v=spf1 -all".into()])),
    ]);
    let resolver = Resolver::new(&[server.address], "project.example").unwrap();
    let cases = [
        (NAME, DnsFound::Records(vec![b"v=DKIM1; p=AAAA".to_vec()])),
        ("long._domainkey.example.org", DnsFound::Records(vec![long.into_bytes()])),
        ("huge._domainkey.example.org", DnsFound::Failed),
        ("many._domainkey.example.org", DnsFound::Failed),
        ("fails._domainkey.example.org", DnsFound::Failed),
        ("silent._domainkey.example.org", DnsFound::Failed),
        ("none._domainkey.example.org", DnsFound::Nothing),
    ];
    let questions: Vec<DnsQuestion> = cases.iter().map(|(name, _)| name.parse().unwrap()).collect();
    let begin = Instant::now();
    let answers = resolver.txt(&questions).await;
    assert!(begin.elapsed() < Duration::from_secs(7), "{:?}", begin.elapsed());
    for ((name, expected), answer) in cases.iter().zip(answers) {
        assert_eq!(answer.found, *expected, "{name}");
    }
    assert_eq!(resolver.check().await[0].level, Level::Good);
    let gone = server.address;
    drop(server);
    let unreachable = Resolver::new(&[gone], "project.example").unwrap();
    assert_eq!(unreachable.check().await[0].level, Level::Warning);
}

#[test]
fn the_daemon_says_of_every_mail_what_its_domain_shows() {
    let signer = Signer::rsa(2048);
    let server = DnsServer::start(&[
        (NAME, Zone::Txt(vec![signer.record.clone()])),
        ("s1._domainkey.fails.example", Zone::Fails),
        ("s1._domainkey.silent.example", Zone::Silent),
    ]);
    let mut gateway = Gateway::new(&configuration(&format!("dkim = true\ndns_servers = [\"{}\"]", server.address)));
    let report = |subject: &str, from: &str| {
        mail().replace("Overflow", subject).replace("<1@", &format!("<{subject}@")).replace("erin@example.org", from).replace(
            "The parser",
            "I found a vulnerability in open-telemetry/opentelemetry-go v1.2.3: a remote attacker can crash it. The parser",
        )
    };
    let by = |domain: &'static str| Way { domain, ..WAY };
    let good = signer.sign(&report("Right", "erin@example.org"), &WAY);
    let cases = [
        ("Right", good.clone(), "authenticated by the mail domain (DKIM)"),
        ("Changed", good.replace("Right", "Changed"), "it does not fit the header and the key"),
        (
            "Fails",
            signer.sign(&report("Fails", "erin@fails.example"), &by("fails.example")),
            "its key could not be looked up",
        ),
        (
            "Silent",
            signer.sign(&report("Silent", "erin@silent.example"), &by("silent.example")),
            "its key could not be looked up",
        ),
        (
            "Missing",
            signer.sign(&report("Missing", "erin@other.example"), &by("other.example")),
            "its key is not published",
        ),
        ("Other", signer.sign(&report("Other", "erin@example.net"), &WAY), "it is another domain's"),
        ("Bare", report("Bare", "erin@example.org"), "it has no DKIM signature"),
    ];
    for (name, mail, _) in &cases {
        deliver(gateway.folder(), name, mail);
    }
    gateway.start();
    for (name, _, expected) in &cases {
        let text = wait_for(&gateway, name, || advisory(&gateway.folder().join("ledger"), name));
        assert!(text.contains(expected), "{name}: {expected}\n{text}");
    }
    gateway.stop();
    let asked = server.asked();
    assert!(asked.contains(&NAME.to_owned()) && asked.iter().all(|name| name.contains("._domainkey.")), "{asked:?}");
}

/// The server's word, without any look-up.
#[test]
fn the_mail_servers_word_is_taken_where_only_it_can_stand() {
    let signer = Signer::ed25519();
    let signed = signer.sign(&mail(), &WAY);
    let pass = "Authentication-Results: mx.project.example; dkim=pass header.d=example.org\r\n";
    let received = "Received: from mail.example.org by mx.project.example; Sun, 22 Nov 2026 12:00:00 +0000\r\n";
    let gateway = Gateway::new(&configuration("authserv_id = \"mx.project.example\""));
    let cases = [
        ("above", format!("{pass}{received}{signed}"), "dkim"),
        ("forged", format!("{received}{pass}{signed}"), "none"),
        ("nothing", format!("{received}{signed}"), "none"),
        ("unsigned", format!("{pass}{received}{}", mail()), "none"),
    ];
    for (name, mail, expected) in cases {
        let file = gateway.put(&format!("{name}.eml"), mail.as_bytes());
        let output = gateway.run(&["inspect", "--format", "json", file.to_str().unwrap()]);
        let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(line["sender"]["authenticated"], expected, "{name}");
    }
}

fn configuration(sender: &str) -> String {
    let fixture = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/keys").join(name);
    format!(
        r#"
[identity]
address = "security@project.example"
[mailbox.main]
path = "mail"
[smtp]
deliver_to = "out"
[ledger]
folder = "ledger"
[keys]
secret = [{{ file = {:?} }}]
team = [{:?}]
[store]
path = "state/intake.sqlite"
[sender]
{sender}
"#,
        fixture("intake.sec.asc"),
        fixture("team"),
    )
}

fn deliver(folder: &Path, name: &str, mail: &str) {
    for part in ["tmp", "new", "cur"] {
        fs::create_dir_all(folder.join("mail").join(part)).unwrap();
    }
    fs::write(folder.join("mail/tmp").join(name), mail).unwrap();
    fs::rename(folder.join("mail/tmp").join(name), folder.join("mail/new").join(name)).unwrap();
}

/// The text of the advisory whose title has this word.
fn advisory(ledger: &Path, word: &str) -> Option<String> {
    let mut folders = vec![ledger.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if let Some(text) =
                fs::read_to_string(&path).ok().filter(|text| text.contains(&format!("{word} in")))
            {
                return Some(text);
            }
        }
    }
    None
}
