//! What the daemon learns about other people's certificates, with keys of the real GnuPG: from mail and from a key
//! directory, and what it tells the team.

use std::fs;
use std::path::Path;
use std::time::Duration;

use advisory_intake::ports::Directory;
use advisory_intake::wkd::{Settings, Wkd};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::daemon::Gateway;
use crate::support::dkim::{Signer, WAY, Way};
use crate::support::dns::{DnsServer, Zone};
use crate::support::dovecot::maildir_messages;
use crate::support::gnupg::GnuPg;
use crate::support::https::{Https, answer};
use crate::support::pgpmime;
use crate::support::world::fixture;

const MIRA: &str = "mira@halden-labs.example";
/// Where a Web Key Directory has Mira (draft-koch-openpgp-webkey-service 3.1).
const PATH: &str = "/.well-known/openpgpkey/halden-labs.example/hu/";

/// A gateway on a Maildir that knows no reporter's certificate, and the keys of people who write to it.
struct World {
    gateway: Gateway,
    mira: GnuPg,
    team: GnuPg,
    mails: usize,
}

impl World {
    fn new(more: &str) -> Self {
        let path = |name: &str| fixture(name).display().to_string();
        let gateway = Gateway::new(&format!(
            "[identity]\naddress = \"security-intake@otel.example\"\n[mailbox.main]\npath = \"mail\"\n[smtp]\ndeliver_to = \
             \"out\"\n[ledger]\nfolder = \"ledger\"\n[store]\npath = \"state/intake.sqlite\"\n[keys]\nsecret = [{{ file = {:?} \
             }}]\nteam = [{:?}]\n{more}",
            path("keys/intake.sec.asc"),
            path("keys/team/lena.asc"),
        ));
        let intake = fixture("keys/intake.pub.asc");
        let mira = GnuPg::with_keys(&[intake.clone(), fixture("keys/secret/mira.sec.asc")]);
        let team = GnuPg::with_keys(&[intake, fixture("keys/secret/lena.sec.asc")]);
        World { gateway, mira, team, mails: 0 }
    }

    /// Delivers a mail, lets the gateway work it off, and gives the alert about it as Lena reads it.
    fn send(&mut self, mail: &str) -> String {
        self.mails += 1;
        let folder = self.gateway.folder().join("mail");
        for part in ["tmp", "new", "cur"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("new").join(self.mails.to_string()), mail).unwrap();
        let before = self.out();
        let output = self.gateway.run(&["run", "--once"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let new = self.out().into_iter().filter(|mail| !before.contains(mail));
        let alerts: Vec<Vec<u8>> = new.filter(|mail| to(mail).contains("lena")).collect();
        let [alert] = &alerts[..] else { panic!("{} alerts", alerts.len()) };
        pgpmime::open(alert, &self.team).text
    }

    fn out(&self) -> Vec<Vec<u8>> {
        maildir_messages(&self.gateway.folder().join("out"))
    }

    /// The learned certificates as the command lists them.
    fn learned(&self) -> Vec<Value> {
        let output = self.gateway.run(&["certificate", "list", "--format", "json"]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn command(&self, arguments: &[&str]) -> String {
        let output = self.gateway.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The newest advisory of the ledger.
    fn advisory(&self) -> String {
        let mut pages = Vec::new();
        pages_below(&self.gateway.folder().join("ledger"), &mut pages);
        pages.sort();
        fs::read_to_string(&pages.pop().expect("an advisory").1).unwrap()
    }

    /// A report, encrypted to the gateway and signed with the key `signer`, as Mira sends it.
    fn report(&self, gnupg: &GnuPg, number: usize, header: &str, parts: &str) -> String {
        let inner = format!(
            "Content-Type: multipart/mixed; boundary=i\n\n--i\nContent-Type: text/plain\n\nReport {number}: a heap overflow in \
             opentelemetry-collector, CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n{parts}--i--\n"
        );
        let inner = inner.replace('\n', "\r\n");
        let sealed = gnupg.encrypt(inner.as_bytes(), "security-intake@otel.example", Some(MIRA));
        let sealed = String::from_utf8(sealed).unwrap();
        format!(
            "From: Mira <{MIRA}>\nTo: security-intake@otel.example\nSubject: ...\nMessage-ID: \
             <{number}@halden-labs.example>\n{header}MIME-Version: 1.0\nContent-Type: multipart/encrypted; \
             protocol=\"application/pgp-encrypted\"; boundary=o\n\n--o\nContent-Type: \
             application/pgp-encrypted\n\nVersion: 1\n\n--o\nContent-Type: application/octet-stream\n\n{sealed}\n--o--\n"
        )
    }
}

fn pages_below(folder: &Path, pages: &mut Vec<(std::time::SystemTime, std::path::PathBuf)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            pages_below(&path, pages);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push((path.metadata().unwrap().modified().unwrap(), path));
        }
    }
}

fn to(mail: &[u8]) -> String {
    pgpmime::open_outer(mail).header("To").to_owned()
}

fn autocrypt(gnupg: &GnuPg) -> String {
    format!("Autocrypt: addr={MIRA}; prefer-encrypt=mutual; keydata={}\n", STANDARD.encode(gnupg.export(MIRA, false)))
}

fn attached(armored: &[u8]) -> String {
    let armored = String::from_utf8(armored.to_vec()).unwrap();
    format!("--i\nContent-Type: application/pgp-keys; name=key.asc\n\n{armored}\n")
}

#[test]
fn a_certificate_is_learned_confirmed_changed_and_forgotten() {
    let mut world = World::new("");
    let first = world.mira.fingerprint(MIRA);

    // It comes with a mail that anybody could have written.
    let mail = world.report(&world.mira, 1, &autocrypt(&world.mira), "");
    let alert = world.send(&mail);
    assert!(alert.contains("only this mail says that its certificate is the sender's"), "{alert}");
    let learned = world.learned();
    let fields =
        ["address", "fingerprint", "voucher", "learned_from"].map(|name| learned[0][name].as_str().unwrap().to_owned());
    assert_eq!((learned.len(), fields), (1, [MIRA, &first, "nobody", "autocrypt"].map(str::to_owned)));

    // The next mail does not bring it, and can be verified; but nothing has shown whose it is.
    let mail = world.report(&world.mira, 2, "", "");
    let alert = world.send(&mail);
    let today = time::OffsetDateTime::now_utc().date();
    assert!(alert.contains(&format!("has been seen since {today}")), "{alert}");

    // A person compares the fingerprint.
    world.command(&["certificate", "pin", MIRA, &first]);
    let mail = world.report(&world.mira, 3, "", "");
    let alert = world.send(&mail);
    assert!(alert.contains("shown by a signature") && alert.contains("Signature:  good"), "{alert}");
    assert!(alert.contains(&format!("known since {today}, shown by a person who runs the gateway")), "{alert}");
    assert!(world.advisory().contains("known since"), "{}", world.advisory());

    // Another key in her name, and in the same mail a stranger's.
    let other = GnuPg::with_keys(&[fixture("keys/intake.pub.asc")]);
    other.generate(&format!("Mira <{MIRA}>"));
    let stranger = fs::read(fixture("keys/others/stranger.asc")).unwrap();
    let parts = attached(&other.export(MIRA, true)) + &attached(&stranger);
    let mail = world.report(&other, 4, "", &parts);
    let alert = world.send(&mail);
    let flat = alert.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in ["WARNING", "the certificate changed", &format!("first seen {today}"), "it is not accepted"] {
        assert!(flat.contains(told), "{told}: {alert}");
    }
    assert!(!flat.contains("Signature: good"), "{alert}");
    assert!(world.advisory().contains("**Warning:** the certificate changed"), "{}", world.advisory());
    assert_eq!(world.learned().len(), 1, "beside a fixed one no other is learned, and the stranger's never");

    let shown = world.command(&["certificate", "show", MIRA]);
    assert!(shown.contains("BEGIN PGP PUBLIC KEY BLOCK") && shown.contains("Mira Okonkwo"), "{shown}");
    world.command(&["certificate", "forget", MIRA]);
    assert_eq!(world.learned(), Vec::<Value>::new());
    assert!(!world.gateway.run(&["certificate", "forget", MIRA]).status.success());
}

#[test]
fn a_mail_domain_vouches_for_the_certificate_that_it_signed_and_for_no_other() {
    let signer = Signer::ed25519();
    let server = DnsServer::start(&[("s1._domainkey.halden-labs.example", Zone::Txt(vec![signer.record.clone()]))]);
    let sender = format!("[sender]\ndkim = true\ndns_servers = [\"{}\"]\n", server.address);
    let way = Way { domain: "halden-labs.example", ..WAY };
    for (fields, vouched) in [("from:subject:content-type:autocrypt", true), ("from:subject:content-type", false)] {
        let mut world = World::new(&sender);
        let mail = crlf(&world.report(&world.mira, 1, &autocrypt(&world.mira), ""));
        let alert = world.send(&signer.sign(&mail, &Way { fields, ..way.clone() }));
        assert!(alert.contains("shown by the sending domain (DKIM)"), "{alert}");
        let voucher = world.learned()[0]["voucher"].as_str().unwrap().to_owned();
        assert_eq!(voucher, if vouched { "dkim" } else { "nobody" });
        // From the next mail on, whatever its domain says of that.
        let mail = world.report(&world.mira, 2, "", "");
        let alert = world.send(&mail);
        assert_eq!(alert.contains("Signature:  good"), vouched, "{alert}");
    }
    // A signed mail of hers that somebody sends once more with another certificate vouches for nothing.
    let mut world = World::new(&sender);
    let other = GnuPg::with_keys(&[fixture("keys/intake.pub.asc")]);
    other.generate(&format!("Mira <{MIRA}>"));
    let signed =
        signer.sign(&crlf(&world.report(&world.mira, 1, "", "")), &Way { fields: "from:subject:content-type", ..way });
    world.send(&format!("{}{signed}", crlf(&autocrypt(&other))));
    assert!(world.learned().iter().all(|known| known["voucher"] == "nobody"), "{:?}", world.learned());
    let mail = world.report(&other, 2, "", "");
    let alert = world.send(&mail);
    assert!(!alert.contains("Signature:  good"), "{alert}");
}

fn crlf(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

#[test]
fn a_secret_key_sent_by_accident_is_told_of_and_kept_nowhere() {
    let mut world = World::new("");
    let secret = fs::read_to_string(fixture("keys/secret/mira.sec.asc")).unwrap();
    let mail = format!(
        "From: Mira <{MIRA}>\nTo: security-intake@otel.example\nSubject: heap overflow in opentelemetry-collector\nMessage-ID: \
         <s@halden-labs.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=i\n\n--i\nContent-Type: \
         text/plain\n\nA heap overflow, CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\n{}--i--\n",
        attached(secret.as_bytes())
    );
    let alert = world.send(&mail);
    assert!(alert.contains("one was attached by accident"), "{alert}");
    assert_eq!(world.learned().len(), 1, "the public part is learned");
    let body: String = secret.lines().filter(|line| !line.contains('-') && !line.contains(':')).collect();
    let binary = STANDARD
        .decode(body.split('=').next().unwrap_or_default().get(..1_000 / 4 * 4).unwrap_or(&body[..400]))
        .unwrap();
    let line = secret.lines().find(|line| line.len() == 64).unwrap();
    // The secret itself stands behind the public parts of the packet.
    let secret_part = &binary[60..120];
    let mut files = Vec::new();
    files_below(world.gateway.folder(), &mut files);
    for file in files.iter().filter(|file| !file.starts_with(world.gateway.folder().join("mail"))) {
        let bytes = fs::read(file).unwrap();
        for needle in [line.as_bytes(), secret_part] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{}", file.display());
        }
    }
    assert!(files.iter().any(|file| file.ends_with("state/intake.sqlite")));
}

fn files_below(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files_below(&path, files) } else { files.push(path) }
    }
}

#[test]
fn a_key_directory_vouches_for_the_first_mail_already() {
    let keys = GnuPg::with_keys(&[fixture("keys/secret/mira.sec.asc")]);
    let certificate = keys.export(MIRA, false);
    let server = Https::start(
        &["openpgpkey.halden-labs.example"],
        Box::new(move |line| match line.contains(PATH) {
            true => answer("200 OK", "", &certificate),
            false => answer("404 Not Found", "", b""),
        }),
    );
    let mut world = World::new(&format!(
        "[certificates]\nwkd = true\nwkd_ca_file = {:?}\nwkd_hosts = [\"openpgpkey.halden-labs.example={}\"]\n",
        server.ca_file.display().to_string(),
        server.address
    ));
    let mail = world.report(&world.mira, 1, "", "");
    let alert = world.send(&mail);
    assert!(alert.contains("Signature:  good") && alert.contains("key directory (WKD)"), "{alert}");
    assert_eq!(world.learned()[0]["voucher"], "directory");
    assert_eq!(server.requests().len(), 1, "{:?}", server.requests());
}

#[test]
fn a_directory_is_believed_only_over_its_own_tls_from_where_it_is_and_in_bounds() {
    let redirect = "Location: https://openpgpkey.found.example/\r\n";
    let hosts = ["found", "none", "moved", "huge", "endless", "slow", "garbage", "empty"];
    let names: Vec<String> = hosts.iter().map(|host| format!("openpgpkey.{host}.example")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.push("direct.example");
    let server = Https::start(
        &names,
        Box::new(move |line| {
            let of = |host: &str| line.contains(&format!("/{host}.example/"));
            match () {
                () if of("none") => answer("404 Not Found", "", b"x"),
                () if of("moved") => answer("302 Found", redirect, b"x"),
                () if of("huge") => answer("200 OK", "", &vec![b'x'; 300 << 10]),
                () if of("endless") => [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 300 << 10]].concat(),
                () if of("slow") => {
                    std::thread::sleep(Duration::from_secs(3));
                    answer("200 OK", "", b"late")
                }
                () if of("garbage") => b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec(),
                () if of("empty") => answer("200 OK", "", b""),
                () => answer("200 OK", "", b"certificate"),
            }
        }),
    );
    let at = |host: &str| (host.to_owned(), Some(server.address));
    let mut resolved: Vec<_> = names.iter().map(|host| at(host)).collect();
    resolved.extend([at("openpgpkey.stolen.example"), ("openpgpkey.direct.example".to_owned(), None)]);
    let settings = Settings { timeout: Duration::from_secs(2), ca_file: Some(server.ca_file.clone()), hosts: resolved };
    let wkd = Wkd::new(settings);
    let cases = [
        ("erin@found.example", true),
        ("erin@direct.example", true),
        ("erin@none.example", false),
        ("erin@moved.example", false),
        ("erin@huge.example", false),
        ("erin@endless.example", false),
        ("erin@garbage.example", false),
        ("erin@empty.example", false),
        // Its certificate is not for that host.
        ("erin@stolen.example", false),
        ("erin@localhost", false),
        ("erin@[127.0.0.1]", false),
        ("erin@slow.example", false),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let find = |address: &str| runtime.block_on(wkd.find(&address.parse().unwrap()));
    for (address, expected) in cases {
        let found = find(address);
        assert_eq!(found.map(|entry| entry.bytes), expected.then(|| b"certificate".to_vec()), "{address}");
    }
    let asked = server.requests().len();
    assert!(find("erin@found.example").is_some() && find("erin@none.example").is_none());
    assert_eq!(server.requests().len(), asked, "answers are remembered for a while");
    assert!(server.requests().iter().any(|line| line.starts_with("GET /.well-known/openpgpkey/hu/")), "direct");
    for number in 0..40 {
        find(&format!("erin{number}@found.example"));
    }
    assert!(server.requests().len() < asked + 20, "one domain's people are not asked for without end");
}
