//! What the box costs: opening, reading and judging an encrypted message of 4 KB in this process, and by a real worker, which
//! the message goes to and its assessment comes back from over a socket. A comparison in turns is printed at the end.

#[path = "shared/settings.rs"]
mod settings;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use advisory_intake::model::{Encryption, Known, Origin, RawMessage};
use advisory_intake::ports::Opener;
use advisory_intake::worker::{Desk, Pool};
use criterion::Criterion;
use time::OffsetDateTime;
use tokio::runtime::{Builder, Runtime};

use self::settings::{fixture, settings};

fn main() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion-confinement");
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(8))
        .configure_from_args();
    let bench = Bench::new();
    let mut group = criterion.benchmark_group("confinement");
    group.bench_function("free", |b| b.iter(|| bench.free()));
    group.bench_function("boxed", |b| b.iter(|| bench.boxed()));
    group.finish();
    criterion.final_summary();
    bench.compare();
}

struct Bench {
    runtime: Runtime,
    desk: Desk,
    pool: Pool,
    message: RawMessage,
    known: Known,
}

/// Rounds of the comparison.
const ROUNDS: usize = 3_000;

impl Bench {
    fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        let bytes = fs::read(fixture("mail/01-report-pgpmime-signed.eml")).unwrap();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_advisory-intake"));
        let bench = Bench {
            // As in the daemon, whoever waits for the worker looks after the sockets meanwhile.
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            desk: Desk::open(settings(), now).unwrap(),
            pool: Pool::start(program, settings(), 1).replace_after(u32::MAX),
            message: RawMessage { origin: Origin::Pipe, received: now, size: bytes.len() as u64, bytes },
            known: Known::default(),
        };
        assert_eq!(bench.free(), Encryption::Whole, "the bench must open its mail");
        assert_eq!(bench.boxed(), Encryption::Whole, "the bench must open its mail");
        bench
    }

    fn free(&self) -> Encryption {
        black_box(self.desk.assess(&self.message, &self.known, OffsetDateTime::now_utc())).assessment.facts.encryption
    }

    fn boxed(&self) -> Encryption {
        let assessed = self.runtime.block_on(self.pool.assess(&self.message, &self.known)).unwrap();
        black_box(assessed).assessment.facts.encryption
    }

    /// How much longer it takes in the box, by the medians of rounds that ask in turn, so that whatever else the machine
    /// does meets both alike.
    fn compare(&self) {
        let mut times: [Vec<Duration>; 2] = Default::default();
        for round in 0..ROUNDS * 2 {
            // Each is the first as often as the second.
            let which = (round + round / 2) % 2;
            let begun = Instant::now();
            _ = if which == 0 { self.free() } else { self.boxed() };
            times[which].push(begun.elapsed());
        }
        let [free, boxed] = times.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2].as_secs_f64() * 1e6
        });
        let more = (boxed / free - 1.0) * 100.0;
        println!(
            "\nopening and judging a message of 4 KB, in turn: {free:.1} µs, in the box {boxed:.1} µs: {more:+.1} %"
        );
    }
}
