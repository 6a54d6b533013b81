//! Two gateways on one PostgreSQL database, between real servers, of which one is killed every few seconds: each report is filed
//! once, answered under one Message-ID, and moved.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use sequoia_openpgp::Cert;
use sequoia_openpgp::parse::Parse;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};

use crate::support::ciphertext::{self, PublicKey, Sealing};
use crate::support::daemon::Gateway;
use crate::support::dovecot::PASSWORD;
use crate::support::pgpmime;
use crate::support::postgres;
use crate::support::soak::bound;
use crate::support::world::{ADDRESS, MAILBOX, World, fixture};

const REPOSITORIES: [&str; 3] = ["opentelemetry-collector", "opentelemetry-java", "opentelemetry-go"];
/// Longer than any lease and any wait of a gateway that works as it should.
const LONG: Duration = Duration::from_secs(15 * 60);

struct Pair {
    // The first of these is stopped first.
    gateways: [Gateway; 2],
    world: World,
    _server: postgres::Server,
    url: String,
    key: PublicKey,
    delivered: usize,
    deaths: usize,
}

impl Pair {
    fn new() -> Self {
        let world = World::new("");
        let server = postgres::Server::start();
        let url = server.database("pair", &[]);
        let text = fs::read_to_string(world.gateway.folder().join("gateway.toml")).unwrap();
        let text = text
            .replace("[github]\n", "[github]\nfilings_per_hour = 1000000\nonline_checks = false\n")
            .replace("timeout_seconds = 5", "timeout_seconds = 2")
            .replace("path = \"state/intake.sqlite\"", &format!("url = {url:?}\npassword = {{ file = \"database\" }}"));
        let gateways = [(); 2].map(|()| {
            let gateway = Gateway::new(&text);
            gateway.put("imap-password", PASSWORD.as_bytes());
            gateway.put("github-token", world.github.token().as_bytes());
            gateway.put("database", postgres::PASSWORD.as_bytes());
            gateway
        });
        let cert = Cert::from_file(fixture("keys/intake.pub.asc")).unwrap();
        let key = ciphertext::encryption_key(&cert).unwrap();
        Pair { gateways, world, _server: server, url, key, delivered: 0, deaths: 0 }
    }

    /// Puts reports into the mailbox, each by somebody else.
    fn deliver(&mut self, count: usize) {
        for number in self.delivered..self.delivered + count {
            let repository = REPOSITORIES[number % REPOSITORIES.len()];
            let text = format!(
                "Hello,\r\n\r\nhttps://github.com/open-telemetry/{repository} can be crashed by one unauthenticated request:\r\n\
                 send {number} frames with a length of zero. TOKEN-{number}-END\r\n\r\n\
                 CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n"
            );
            let armored = Sealing::default().seal(&text, &[&self.key]);
            let from = format!("{}@halden-labs.example", reporter(number));
            let mail = ciphertext::mail_from(&from, ADDRESS, &format!("pair-{number}"), &armored);
            self.world.dovecot.append(MAILBOX, "INBOX", &mail);
        }
        self.delivered += count;
    }

    fn start(&mut self) {
        self.gateways.iter_mut().for_each(Gateway::start);
    }

    /// Kills the one whose turn it is in the middle of whatever it does, and starts it anew.
    fn kill_one(&mut self) {
        let gateway = &mut self.gateways[self.deaths % 2];
        gateway.kill();
        gateway.start();
        self.deaths += 1;
    }

    fn moved(&self) -> usize {
        self.world.folder("Processed").len()
    }

    fn finish(&self) {
        let begun = Instant::now();
        while self.moved() < self.delivered {
            self.gateways.iter().for_each(Gateway::assert_alive);
            assert!(begun.elapsed() < LONG, "{} of {} moved: {}", self.moved(), self.delivered, self.unfinished());
            std::thread::sleep(Duration::from_millis(200));
        }
        // Moving does not wait for the mails.
        for number in 0..self.delivered {
            while self.world.inbox(&reporter(number)).is_empty() {
                assert!(begun.elapsed() < LONG, "no reply to {}", reporter(number));
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn unfinished(&self) -> String {
        let output = self.gateways[0].run(&["case", "list", "--unfinished"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Lets the time go on for the database, as the gateways' clocks would: what a dead one had in hand is free.
    fn let_leases_run_out(&self) {
        let options: PgConnectOptions = self.url.parse().unwrap();
        let options = options.password(postgres::PASSWORD);
        let later = LONG.as_micros();
        let sql = format!(
            "UPDATE messages SET claimed_until = claimed_until - {later}, due = due - {later} WHERE lane IS NOT NULL;
             UPDATE outbox SET claimed_until = claimed_until - {later}, due = due - {later} WHERE status = 'waiting';
             UPDATE leases SET until = until - {later}"
        );
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut connection = options.connect().await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// Each report is filed once, its sender and the team were told by one mail each, however many copies of it, and nothing of
    /// the record is gone.
    fn assert_all_is_well(&mut self) {
        let filed: Vec<String> = REPOSITORIES
            .iter()
            .flat_map(|repository| self.world.github.advisories(&format!("open-telemetry/{repository}")))
            .map(|advisory| advisory["description"].as_str().unwrap().to_owned())
            .collect();
        for number in 0..self.delivered {
            let token = format!("TOKEN-{number}-END");
            let count = filed.iter().filter(|text| text.contains(&token)).count();
            assert_eq!(count, 1, "{token} is in {count} advisories");
            let ids = message_ids(&self.world.inbox(&reporter(number)));
            assert_eq!(ids.len(), 1, "{}: {ids:?}", reporter(number));
        }
        assert_eq!(filed.len(), self.delivered);
        assert_eq!(self.world.github.complaints(), Vec::<String>::new());
        let folders = ["INBOX", "Held", "Ignored"].map(|folder| self.world.folder(folder).len());
        assert_eq!((folders, self.moved()), ([0, 0, 0], self.delivered));
        let verified = self.gateways[0].run(&["case", "verify"]);
        let said = String::from_utf8_lossy(&verified.stdout).into_owned();
        assert!(verified.status.success() && said.contains(&format!("{} outcomes", self.delivered)), "{said}");
        for gateway in &mut self.gateways {
            assert_eq!(gateway.stop(), Some(0));
        }
        // Now nothing is on its way any more.
        assert_eq!(message_ids(&self.world.inbox("lena")).len(), self.delivered, "one alert for each");
    }
}

fn reporter(number: usize) -> String {
    format!("reporter{number}")
}

fn message_ids(mails: &[Vec<u8>]) -> BTreeSet<String> {
    mails.iter().map(|raw| pgpmime::open_outer(raw).header("Message-ID").to_owned()).collect()
}

#[test]
fn each_report_is_filed_once_while_gateways_on_one_database_are_killed() {
    let mut pair = Pair::new();
    pair.deliver(30);
    pair.start();
    for moved in [1, 4, 8, 12] {
        let begun = Instant::now();
        while pair.moved() < moved && begun.elapsed() < LONG {
            std::thread::sleep(Duration::from_millis(20));
        }
        pair.kill_one();
    }
    // Once all are dead, whatever is taken was theirs: the test need not wait for their leases.
    pair.gateways.iter_mut().for_each(Gateway::kill);
    pair.let_leases_run_out();
    pair.start();
    pair.finish();
    pair.assert_all_is_well();
}

#[test]
#[ignore = "takes a quarter of an hour: make soak"]
fn soak_two_gateways_of_which_one_is_killed_every_few_seconds() {
    /// Messages that arrive between two deaths.
    const PORTION: usize = 40;
    let messages = bound("MESSAGES");
    let mut pair = Pair::new();
    let begun = Instant::now();
    pair.start();
    while pair.moved() < messages * 9 / 10 {
        assert!(begun.elapsed() < LONG * 4, "{} of {} moved: {}", pair.moved(), pair.delivered, pair.unfinished());
        if pair.delivered < messages && pair.delivered < pair.moved() + 4 * PORTION {
            pair.deliver(PORTION.min(messages - pair.delivered));
        }
        // Not in step with anything a gateway does.
        std::thread::sleep(Duration::from_millis(2_000 + (pair.deaths as u64 * 617) % 2_000));
        pair.kill_one();
        if pair.deaths.is_multiple_of(10) {
            println!(
                "{} deaths, {} of {} moved, {:.0} s",
                pair.deaths,
                pair.moved(),
                messages,
                begun.elapsed().as_secs_f64()
            );
        }
    }
    pair.deliver(messages - pair.delivered);
    pair.finish();
    println!("{messages} messages, {} deaths, {:.0} s", pair.deaths, begun.elapsed().as_secs_f64());
    pair.assert_all_is_well();
}
