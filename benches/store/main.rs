//! What one more message costs in a store that holds many finished cases, against the first thousand of a new store.
//!
//! `cargo bench --bench store -- 1000000` (default: a tenth of that; with `postgres` behind it a PostgreSQL server of its own). A
//! million cases take 10 GB in the folder for temporary files, and as much again for a moment; with `TMPDIR=/dev/shm` the figures are
//! the program's alone, else those of a commit to the disk are in them, a score for each message. Both stores take their messages
//! in turn, so that whatever else the machine does meets both alike, and the ratios of this one run are printed. Then: the digest,
//! the lists, `case verify`, `store backup` and opening, which reads every page.

mod fill;
mod message;
#[path = "../../tests/support/postgres.rs"]
mod server;
#[path = "../shared/settings.rs"]
mod settings;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use advisory_intake::ports::{MessageFilter, Store};
use advisory_intake::store::{Postgres, PostgresSettings, Sqlite};
use tempfile::TempDir;

use self::message::{PARTS, Sample};

/// Messages that each store takes while it is measured: the first of the new one.
const MEASURED: u32 = 1_000;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let cases = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let sample = Sample::new();
    if arguments.iter().any(|argument| argument == "postgres") {
        let server = server::Server::start();
        let place = |name: &str| PostgresSettings {
            url: server.database(name, &[]).parse().unwrap(),
            password: Some(server::PASSWORD.to_owned().into()),
            ca_file: None,
        };
        let (small, large) = (place("small"), place("large"));
        let fresh = Postgres::open(&small).await.unwrap();
        let first = Postgres::open(&large).await.unwrap();
        sample.one(&first, 1).await;
        first.close().await;
        report("filled", fill::postgres(&large, cases)).await;
        let full = report("opened, its chain made", Postgres::open(&large)).await.unwrap();
        compare(&sample, &fresh, &full, cases).await;
        look(&full).await;
    } else {
        let folder = tempfile::tempdir().unwrap();
        sqlite(&sample, &folder, cases).await;
    }
}

async fn sqlite(sample: &Sample, folder: &TempDir, cases: u32) {
    let (small, large) = (folder.path().join("small.db"), folder.path().join("large.db"));
    let fresh = Sqlite::open(&small).await.unwrap();
    let first = Sqlite::open(&large).await.unwrap();
    sample.one(&first, 1).await;
    first.close().await;
    report("filled", fill::sqlite(&large, cases)).await;
    let full = report("opened, its chain made", Sqlite::open(&large)).await.unwrap();
    compare(sample, &fresh, &full, cases).await;
    look(&full).await;
    let backup: PathBuf = folder.path().join("backup.db");
    report("store backup", full.backup(&backup)).await.unwrap();
    println!("{:>42}  {:.2} GB, its backup {:.2} GB", "the file", gigabytes(&large), gigabytes(&backup));
    full.close().await;
    report("opened again", Sqlite::open(&large)).await.unwrap().close().await;
}

/// Both take messages in turn.
async fn compare(sample: &Sample, fresh: &dyn Store, full: &dyn Store, cases: u32) {
    let mut times: [Vec<[Duration; PARTS.len()]>; 2] = Default::default();
    for number in 1..=MEASURED {
        let order = if number % 2 == 0 { [0, 1] } else { [1, 0] };
        for which in order {
            let (store, number) = if which == 0 { (fresh, number) } else { (full, cases + number) };
            times[which].push(sample.one(store, number).await);
        }
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!(
        "\none message of the first {MEASURED}, and one more after {cases} cases, in turn (load {}):",
        load.trim()
    );
    println!(
        "{:>22}  {:>10} {:>10} {:>6}    {:>10} {:>10} {:>6}",
        "", "median", "after", "ratio", "mean", "after", "ratio"
    );
    for (part, name) in PARTS.iter().enumerate() {
        line(name, times.each_ref().map(|all| all.iter().map(|times| times[part]).collect()));
    }
    line("all", times.each_ref().map(|all| all.iter().map(|times| times.iter().sum()).collect()));
}

fn line(name: &str, times: [Vec<Duration>; 2]) {
    let [median_before, median_after] = times.each_ref().map(|times| {
        let mut sorted = times.clone();
        sorted.sort_unstable();
        micros(sorted[sorted.len() / 2])
    });
    let [mean_before, mean_after] =
        times.each_ref().map(|times| micros(times.iter().sum::<Duration>()) / times.len() as f64);
    println!(
        "{name:>22}  {median_before:>7.0} µs {median_after:>7.0} µs {:>6.2}    {mean_before:>7.0} µs {mean_after:>7.0} µs {:>6.2}",
        median_after / median_before,
        mean_after / mean_before
    );
}

/// What looks at all of it, or might.
async fn look(full: &dyn Store) {
    println!();
    let digest = report("digest of all", full.digest(message::NOW)).await.unwrap();
    assert!(digest.ended() > MEASURED && digest.last_link.is_some());
    report("digest made", full.digest_made(&digest, &[message::digest_mail()])).await.unwrap();
    report("next digest", full.digest(message::NOW)).await.unwrap();
    let newest = MessageFilter { limit: 50, ..MessageFilter::default() };
    let unfinished = MessageFilter { unfinished_only: true, limit: u32::MAX, ..MessageFilter::default() };
    let held = MessageFilter { held_only: true, ..newest.clone() };
    for (name, filter) in [("case list", newest), ("what is unfinished", unfinished), ("what is held", held)] {
        report(name, full.messages(&filter)).await.unwrap();
    }
    let chain = report("case verify", full.verify(digest.last_link)).await.unwrap();
    assert!(chain.broken.is_none(), "{chain:?}");
    println!("{:>42}  {} links", "", chain.links);
}

async fn report<T>(what: &str, work: impl Future<Output = T>) -> T {
    let begun = Instant::now();
    let done = work.await;
    println!("{what:>42}  {:.3} s", begun.elapsed().as_secs_f64());
    done
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn gigabytes(file: &Path) -> f64 {
    std::fs::metadata(file).map_or(0, |file| file.len()) as f64 / 1e9
}
