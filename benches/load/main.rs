//! Encrypted mail that waits in a real Dovecot is drained by the real program, and then comes one message at a time.
//!
//! `cargo bench --bench load -- 1000 10000` (the default). For each number of messages: how many a second, what the cores did, the
//! share of decryption, and the peak of the memory of all processes of the gateway. GitHub is the tests' double and the mail server
//! takes everything at once, both in this process, so that the figures are the gateway's.

#[path = "../shared/settings.rs"]
mod settings;
mod sink;
// The tests' servers, of which not every part is needed here.
#[allow(dead_code, unused_imports)]
#[path = "../../tests/support/mod.rs"]
mod support;
mod usage;

use std::fs::{self, File};
use std::hint::black_box;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use advisory_intake::openpgp::{self, Cert, Keyring};
use sequoia_openpgp::parse::Parse;
use time::OffsetDateTime;

use self::sink::Sink;
use self::support::ciphertext::{self, PublicKey, Sealing};
use self::support::world::{ADDRESS, MAILBOX, World, fixture};
use self::usage::{Usage, cores, machine, watch};

/// Messages that come one at a time.
const ALONE: usize = 200;
/// How often an encrypted report is opened until it is done: to judge it, to draft the advisory, to write the mails.
const OPENINGS: f64 = 3.0;
/// For what should have happened long ago.
const PATIENCE: Duration = Duration::from_secs(3_600);

fn main() {
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let counts = if given.is_empty() { vec![1_000, 10_000] } else { given };
    let decryption = decryption();
    println!("decrypting one message of 4 KB takes {:.0} µs here; {} cores", decryption * 1e6, cores());
    for count in counts {
        drain(count, decryption);
    }
    one_at_a_time();
}

/// Servers, a mail server that takes everything, and the gateway's configuration for both.
struct Place {
    world: World,
    sink: Sink,
    key: PublicKey,
}

impl Place {
    fn new(github: &str) -> Self {
        let (world, sink) = (World::new(""), Sink::start());
        let file = world.gateway.folder().join("gateway.toml");
        let text = fs::read_to_string(&file).unwrap();
        let text = text
            .replace("[github]\n", &format!("[github]\nfilings_per_hour = 1000000\n{github}"))
            .replace(&format!("port = {}\n", world.wire.port), &format!("port = {}\n", sink.port));
        fs::write(file, text).unwrap();
        let cert = Cert::from_file(fixture("keys/intake.pub.asc")).unwrap();
        Place { world, sink, key: ciphertext::encryption_key(&cert).unwrap() }
    }

    fn deliver(&self, number: usize) {
        let armored = Sealing::default().seal(&text(number), &[&self.key]);
        let from = format!("{}@halden-labs.example", reporter(number));
        let mail = ciphertext::mail_from(&from, ADDRESS, &format!("load-{number}"), &armored);
        self.world.dovecot.append(MAILBOX, "INBOX", &mail);
    }

    fn gateway(&self, arguments: &[&str]) -> Child {
        let folder = self.world.gateway.folder();
        let log = File::create(folder.join("load.log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_advisory-intake"));
        command.args(arguments).arg("--config").arg(folder.join("gateway.toml")).current_dir(folder);
        command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.world.gateway.folder().join("load.log")).unwrap_or_default()
    }

    fn filed(&self) -> usize {
        self.world.github.count("report")
    }
}

/// 4 KB of a report.
fn text(number: usize) -> String {
    let mut text = format!(
        "Hello,\r\n\r\nhttps://github.com/open-telemetry/opentelemetry-collector can be crashed by one unauthenticated request:\r\n\
         send {number} frames with a length of zero.\r\n\r\nCVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H, CWE-770.\r\n\r\n"
    );
    while text.len() < 4_096 {
        text.push_str("It reads what the process may read, and sends it wherever the pipeline ends.\r\n");
    }
    text
}

fn reporter(number: usize) -> String {
    format!("reporter{number}")
}

fn drain(count: usize, decryption: f64) {
    let place = Place::new("online_checks = false\n");
    (0..count).for_each(|number| place.deliver(number));
    let (begun, before) = (Instant::now(), machine());
    let mut gateway = place.gateway(&["run", "--once"]);
    let watch = watch(gateway.id());
    let status = gateway.wait().unwrap();
    let wall = begun.elapsed().as_secs_f64();
    let busy = machine().busy_since(&before);
    let Usage { workers, daemon, peak, peak_daemon } = watch.end();
    assert!(status.success(), "{}", place.log());
    assert_eq!((place.filed(), place.world.folder("Processed").len()), (count, count));
    assert_eq!(place.world.github.complaints(), Vec::<String>::new());
    let replies = place.sink.taken().iter().filter(|(to, _)| to.starts_with("reporter")).count();
    assert_eq!(replies, count);
    let all = wall * cores() as f64;
    println!(
        "{count:>6} messages: {wall:.1} s, {:.0} a second; of the time of all cores: busy {:.0} %, workers {:.0} %, daemon {:.0} %, \
         decryption {:.0} % (of the workers' time {:.0} %); {} mails; peak memory {:.0} MB, of that the daemon {:.0} MB (load {})",
        count as f64 / wall,
        busy * 100.0,
        workers / all * 100.0,
        daemon / all * 100.0,
        decryption * OPENINGS * count as f64 / all * 100.0,
        decryption * OPENINGS * count as f64 / workers * 100.0,
        place.sink.taken().len(),
        peak / 1e6,
        peak_daemon / 1e6,
        fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
    );
}

fn one_at_a_time() {
    let place = Place::new("");
    let mut gateway = place.gateway(&["run"]);
    wait("the gateway", || place.log().contains("gateway is ready").then_some(()));
    let (mut requests, mut replies) = (Vec::new(), Vec::new());
    // The first ones warm it up.
    for number in 0..ALONE + 10 {
        let delivered = Instant::now();
        place.deliver(number);
        let request = wait("the request", || (place.filed() > number).then(|| delivered.elapsed()));
        let to = format!("{}@", reporter(number));
        let taken = || place.sink.taken().into_iter().rev().find(|(whom, _)| whom.starts_with(&to));
        let reply = wait("the reply", || taken().map(|(_, at)| at - delivered));
        if number >= 10 {
            requests.push(request);
            replies.push(reply);
        }
        // Alerts and moving must not be in the next one's way.
        std::thread::sleep(Duration::from_millis(150));
    }
    for (what, times) in [("advisory request", &mut requests), ("reply's hand-over", &mut replies)] {
        times.sort_unstable();
        let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
        println!("from delivery to the {what}: median {:.0} ms, 99th percentile {:.0} ms", at(50), at(99));
    }
    support::daemon::signal(gateway.id(), "TERM");
    gateway.wait().unwrap();
}

fn wait<T>(what: &str, mut done: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = done() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "gave up waiting for {what}");
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Seconds that one message takes to decrypt, as a worker does it: the median.
fn decryption() -> f64 {
    let settings = settings::settings();
    let now = OffsetDateTime::now_utc();
    let keyring = Keyring::load(&settings, now).unwrap();
    let cert = Cert::from_file(fixture("keys/intake.pub.asc")).unwrap();
    let key = ciphertext::encryption_key(&cert).unwrap();
    let armored = Sealing::default().seal(&text(0), &[&key]);
    let mut times: Vec<Duration> = (0..1_001)
        .map(|_| {
            let begun = Instant::now();
            let mut budget = openpgp::Budget::new(&settings.limits);
            black_box(openpgp::decrypt(&armored, &keyring, &[], &settings.limits, &mut budget, now)).unwrap();
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
}
