//! Mail of all kinds on its way through a gateway that dies.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::daemon::PATIENCE;
use crate::support::github_double::{Fault, What};
use crate::support::gnupg::GnuPg;
use crate::support::world::{ADDRESS, MAILBOX, World, fixture};

pub const COLLECTOR: &str = "open-telemetry/opentelemetry-collector";
/// Takes nothing.
const CLOSED: &str = "open-telemetry/opentelemetry-go";
const FALLBACK: &str = "open-telemetry/sig-security";
/// More than are filed here.
const NO_FLOOD: &str = "filings_per_hour = 100000";
const FLOOD: &str = "filings_per_hour = 1";

/// What has to be on its way so that an instant is reached.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Need {
    /// A few mails of all kinds.
    Mix,
    /// The same bytes once more.
    Copy,
    /// The same ciphertext from somebody else.
    Stolen,
    FollowUp,
    Public,
    /// More text than a description holds.
    Long,
    /// About another project: held for a person.
    Foreign,
    /// A person sends what is held on its way, and it is looked for at GitHub first.
    Released,
    /// GitHub says "not now".
    Busy,
    /// The repository takes nothing.
    Refused,
    /// The connection breaks after GitHub has filed, or before.
    Lost {
        stored: bool,
    },
    /// More than is filed within an hour.
    Flood,
    /// What an earlier round left.
    Nothing,
}

/// Servers, a gateway, and what was delivered so far.
pub struct Round {
    pub world: World,
    mira: GnuPg,
    /// Reports by number, with the address that each came from.
    pub(super) reports: BTreeMap<usize, String>,
    pub(super) follow_ups: Vec<usize>,
    /// Those of them that anybody can read and a description holds.
    clear: Vec<usize>,
    /// Reports that go on in comments, by number, with the lines of each.
    pub(super) long: BTreeMap<usize, usize>,
    /// Held ones that nobody has released, by number.
    foreign: Vec<usize>,
    /// Message-IDs that must be answered, with the mailbox of their sender and how often.
    pub(super) answered: BTreeMap<String, (String, usize)>,
    pub(super) delivered: usize,
    is_flooded: bool,
}

impl Round {
    pub fn new() -> Self {
        let world = World::new("[replies]\nper_day = 100\n");
        world.github.change(CLOSED, |repository| (repository.reporting, repository.may_draft) = (false, false));
        let mira = GnuPg::with_keys(&[fixture("keys/secret/mira.sec.asc"), fixture("keys/intake.pub.asc")]);
        let round = Round {
            world,
            mira,
            reports: BTreeMap::new(),
            follow_ups: Vec::new(),
            clear: Vec::new(),
            long: BTreeMap::new(),
            foreign: Vec::new(),
            answered: BTreeMap::new(),
            delivered: 0,
            is_flooded: false,
        };
        // A short time, so that a lost attempt is looked for soon.
        round.configure("timeout_seconds = 5", &format!("timeout_seconds = 1\n{NO_FLOOD}"));
        round
    }

    fn configure(&self, old: &str, new: &str) {
        let path = self.world.gateway.folder().join("gateway.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old));
        fs::write(path, text.replace(old, new)).unwrap();
    }

    fn append(&mut self, mail: &[u8]) {
        self.world.dovecot.append(MAILBOX, "INBOX", mail);
        self.delivered += 1;
    }

    /// The beginning of a mail whose sender must be answered.
    fn head(&mut self, from: &str, id: &str, subject: &str) -> Vec<u8> {
        let date = time::OffsetDateTime::now_utc().format(&time::format_description::well_known::Rfc2822).unwrap();
        self.answered.insert(format!("{id}@halden-labs.example"), (from.to_owned(), 1));
        format!(
            "From: <{from}@halden-labs.example>\r\nTo: <{ADDRESS}>\r\nMessage-ID: <{id}@halden-labs.example>\r\n\
             Date: {date}\r\nMIME-Version: 1.0\r\nSubject: {subject}\r\n"
        )
        .into_bytes()
    }

    /// A report of its own, by a reporter of its own; returns all of it behind its first header fields.
    fn report(&mut self, repository: &str, more: &str, encrypted: bool) -> (Vec<u8>, Vec<u8>) {
        let number = self.delivered;
        let from = format!("reporter{number}");
        let text = format!(
            "Hello,\r\n\r\nthe OTLP code of https://github.com/{repository} can be crashed by one unauthenticated request.\r\n\
             TOKEN-{number}-END\r\n\r\n{more}\
             CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n\r\nSteps: send {number} frames with a length of zero.\r\n"
        );
        let (subject, body) = if encrypted {
            let inner = format!("Content-Type: text/plain\r\n\r\n{text}");
            let armored = self.mira.encrypt(inner.as_bytes(), ADDRESS, None);
            let wrapped = "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"b1\"\r\n\r\n\
                 --b1\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\
                 --b1\r\nContent-Type: application/octet-stream\r\n\r\n";
            ("...".to_owned(), [wrapped.as_bytes(), &armored, b"\r\n--b1--\r\n"].concat())
        } else {
            (format!("Crash {number}"), format!("\r\n{text}").into_bytes())
        };
        let head = self.head(&from, &format!("report-{number}"), &subject);
        self.append(&[head.clone(), body.clone()].concat());
        self.reports.insert(number, from);
        if !encrypted && more.len() < 1_000 {
            self.clear.push(number);
        }
        (head, body)
    }

    fn question(&mut self) {
        let number = self.delivered;
        let mut mail = self.head(&format!("asker{number}"), &format!("question-{number}"), "How to report?");
        mail.extend(b"\r\nHello,\r\n\r\nhow do I report a security issue to you, and where is your PGP key?\r\n");
        self.append(&mail);
    }

    /// A report of so many lines more; some 1,150 fill a description.
    fn long(&mut self, lines: usize) {
        let line = |at| format!("the receiver reads frame {at} and takes memory for it\r\n");
        self.long.insert(self.delivered, lines);
        self.report(COLLECTOR, &(0..lines).map(line).collect::<String>(), false);
    }

    fn foreign(&mut self) {
        let number = self.delivered;
        let mut mail = self.head(
            &format!("stray{number}"),
            &format!("stray-{number}"),
            "Jaeger: query shows other tenants' traces",
        );
        mail.extend(
            format!(
                "\r\nHello,\r\n\r\nin Jaeger (jaegertracing/jaeger, v2.9) the query service ignores the tenant header when traces are \
                 looked up by id, so every\r\ntenant can read the others' traces in the Jaeger UI. TOKEN-{number}-END\r\nCWE-639. \
                 Nothing else but Jaeger is needed to see it.\r\n"
            )
            .into_bytes(),
        );
        self.append(&mail);
        self.foreign.push(number);
    }

    fn release(&mut self) {
        let number = self.foreign.pop().expect("a held one");
        let id = format!("stray-{number}@halden-labs.example");
        let held = self.listed().into_iter().find(|message| message["assessment"].to_string().contains(&id)).unwrap();
        let released = self.world.gateway.run(&["case", "release", &name(&held)]);
        assert!(released.status.success(), "{released:?}\n{}", self.show(&held));
        self.reports.insert(number, format!("stray{number}"));
        self.answered.get_mut(&id).unwrap().1 = 2;
    }

    /// A clear report that is filed.
    fn filed(&self) -> Option<usize> {
        let all = self.advisories().concat();
        self.clear.iter().find(|number| all.contains(&format!("TOKEN-{number}-END"))).copied()
    }

    /// Adds to a report that is filed; delivers another one when there is none yet.
    fn follow_up(&mut self) {
        let Some(report) = self.filed() else {
            self.report(COLLECTOR, "", false);
            return;
        };
        let (number, from) = (self.delivered, self.reports[&report].clone());
        let mut mail = self.head(&from, &format!("more-{number}"), &format!("Re: Crash {report}"));
        mail.extend(
            format!(
                "In-Reply-To: <report-{report}@halden-labs.example>\r\n\r\nHello,\r\n\r\none more thing: MORE-{number}-END \
                 also works over gRPC.\r\n"
            )
            .into_bytes(),
        );
        self.append(&mail);
        self.follow_ups.push(number);
    }

    /// Brings what an instant needs.
    pub fn deliver(&mut self, need: Need) {
        self.flood(need == Need::Flood);
        let encrypted = self.delivered.is_multiple_of(3);
        match need {
            Need::Nothing => {}
            Need::Mix => {
                self.report(COLLECTOR, "", encrypted);
                if self.delivered.is_multiple_of(2) {
                    self.question();
                }
            }
            Need::Flood => {
                self.report(COLLECTOR, "", encrypted);
                self.report(COLLECTOR, "", encrypted);
            }
            Need::Public => {
                let more = "Somebody has published a working exploit: https://exploit-archive.example/4711 . It is being \
                            exploited in the wild since this morning.\r\n";
                self.report(COLLECTOR, more, encrypted);
            }
            Need::Long => self.long(1_300),
            Need::Foreign => self.foreign(),
            Need::Released => self.release(),
            Need::Copy => {
                let (head, body) = self.report(COLLECTOR, "", encrypted);
                self.append(&[head, body].concat());
            }
            Need::Stolen => {
                let (_, body) = self.report(COLLECTOR, "", true);
                let number = self.delivered;
                let head = self.head(&format!("thief{number}"), &format!("stolen-{number}"), "...");
                self.append(&[head, body].concat());
            }
            Need::FollowUp => self.follow_up(),
            Need::Busy => {
                let busy = What::with_headers(429, &[("retry-after", "1")], "{\"message\":\"slow down\"}");
                self.world.github.fail(COLLECTOR, Fault::on("report", busy));
                self.report(COLLECTOR, "", encrypted);
            }
            Need::Refused => drop(self.report(CLOSED, "", encrypted)),
            Need::Lost { stored } => {
                self.world.github.fail(COLLECTOR, Fault::on("report", What::Drop { stored }));
                self.report(COLLECTOR, "", encrypted);
            }
        }
    }

    /// Changes how much is filed within an hour; what waits because of that goes on as soon as it may.
    pub(super) fn flood(&mut self, is_flooded: bool) {
        if self.is_flooded == is_flooded {
            return;
        }
        self.is_flooded = is_flooded;
        let (old, new) = if is_flooded { (NO_FLOOD, FLOOD) } else { (FLOOD, NO_FLOOD) };
        self.configure(old, new);
        for message in self.listed().iter().filter(|message| message["state"]["waits-for"] == "filing") {
            assert!(self.world.gateway.run(&["case", "retry", &name(message)]).status.success());
        }
    }

    /// Dies at each of these instants, with what it needs on its way.
    pub fn die_at(&mut self, instants: &[(&str, Need)]) {
        for (instant, need) in instants {
            if *need == Need::FollowUp && self.filed().is_none() {
                self.world.gateway.start();
                self.world.wait_for("a report to be filed", || self.filed());
                self.world.gateway.kill();
            }
            self.deliver(*need);
            let begun = Instant::now();
            self.world.gateway.start_with(&[("ADVISORY_INTAKE_ABORT_AT", instant)]);
            assert_eq!(self.world.gateway.wait(), None, "{instant} is reached, and ends the daemon at once");
            eprintln!("{instant}: {:.1} s", begun.elapsed().as_secs_f64());
        }
    }

    /// Is killed when the first of several comments with the rest of a report is there.
    pub fn die_between_comments(&mut self) {
        self.long(2_600);
        self.world.github.fail(COLLECTOR, Fault::on("comment", What::Delay(PATIENCE)));
        let before = self.world.github.count("comment");
        self.world.gateway.start();
        self.world.wait_for("a comment", || (self.world.github.count("comment") > before).then_some(()));
        self.world.gateway.kill();
    }

    /// Is killed that often, each time within `longest`, while mail arrives.
    pub fn die_at_random(&mut self, times: usize, longest: Duration) {
        use Need::*;
        let needs =
            [Public, Mix, Copy, FollowUp, Lost { stored: true }, Busy, Stolen, Mix, Lost { stored: false }, Refused];
        for number in 0..times {
            self.deliver(if number % 40 == 39 { Long } else { needs[number % needs.len()] });
            self.world.gateway.start();
            std::thread::sleep(longest.mul_f64(rand::random_range(0.01..1.0)));
            self.world.gateway.assert_alive();
            self.world.gateway.kill();
        }
    }

    pub(super) fn listed(&self) -> Vec<Value> {
        let listed = self.world.gateway.run(&["case", "list", "--format", "json", "--limit", "100000"]).stdout;
        String::from_utf8(listed).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) fn advisories(&self) -> Vec<String> {
        let all = [COLLECTOR, CLOSED, FALLBACK].into_iter().flat_map(|name| self.world.github.advisories(name));
        all.map(|advisory| text(&advisory)).collect()
    }
}

pub(super) fn text(advisory: &Value) -> String {
    advisory["description"].as_str().unwrap().to_owned()
}

pub(super) fn name(message: &Value) -> String {
    format!("m{}", message["message"])
}
