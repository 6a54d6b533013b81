//! What stages 4 to 6 (read, judge, draft) cost for one mail, and how that grows with its length.
//!
//! The aim: under 1 ms for 4 KB, and in proportion to the length beyond. Figures of one machine mean little, so the
//! growth is printed as the time for a KB against that of the shortest text.

#[path = "shared/settings.rs"]
mod settings;

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use advisory_intake::advisory;
use advisory_intake::model::Known;
use advisory_intake::model::{DraftOrder, Marker, MessageFacts, OpenedMessage, Origin, RawMessage, WorkerSettings};
use advisory_intake::openpgp::Keyring;
use advisory_intake::triage::{self, Routing, Wording};
use advisory_intake::worker::open::open;
use criterion::{BenchmarkId, Criterion, Throughput};
use time::OffsetDateTime;

/// Lengths of the text, in KB.
const LENGTHS: [usize; 6] = [4, 16, 64, 256, 512, 1024];

fn main() {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("criterion");
    let mut criterion = Criterion::default()
        .output_directory(&output)
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .sample_size(30)
        .configure_from_args();
    let desk = Desk::new();
    let mut group = criterion.benchmark_group("triage");
    for length in LENGTHS {
        let mail = desk.mail(length * 1024);
        group.throughput(Throughput::Bytes(length as u64 * 1024));
        group.bench_function(BenchmarkId::new("read-judge-draft", format!("{length}KB")), |b| {
            b.iter(|| black_box(desk.judge(&mail)));
        });
    }
    group.finish();
    criterion.final_summary();
    print_growth(&output);
}

struct Desk {
    settings: WorkerSettings,
    keyring: Keyring,
    routing: Routing,
    now: OffsetDateTime,
}

impl Desk {
    fn new() -> Self {
        let now = OffsetDateTime::now_utc();
        // Other people's certificates say nothing here.
        let settings = WorkerSettings { team_certificates: vec![], known_certificates: vec![], ..settings::settings() };
        let keyring = Keyring::load(&settings, now).unwrap();
        Desk { settings, keyring, routing: Routing::built_in(), now }
    }

    /// A report in clear whose text is about `length` bytes long: prose, names, links, code and traces.
    fn mail(&self, length: usize) -> OpenedMessage {
        let mut text = String::from(
            "From: Aiko Tanabe <aiko@tanabe-research.example>\r\nTo: <security-intake@otel.example>\r\n\
             Subject: Filelog receiver follows links\r\nMessage-ID: <1@tanabe-research.example>\r\n\
             Date: Mon, 02 Nov 2026 09:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello,\r\n\r\n\
             the filelog receiver of github.com/open-telemetry/opentelemetry-collector-contrib v0.120.0 follows links out \
             of its folder.\r\nCVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N, CWE-59. We will publish on 2027-03-01.\r\n\r\n",
        );
        let parts = [
            "It reads what the process may read, and sends it wherever the pipeline ends; nobody has to be logged in.\r\n",
            "We found version {n} of @opentelemetry/instrumentation-redis to be safe, see https://example.org/notes/{n}.\r\n",
            "\r\n    at io.opentelemetry.sdk.trace.SdkSpan.setAttribute(SdkSpan.java:{n})\r\n",
            "    curl -H 'traceparent: {n}' http://127.0.0.1:4318/v1/traces\r\n\r\n",
            "Nobody else was told about number {n}, and nothing was posted on any forum, list or blog so far.\r\n",
            "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp grows by {n} bytes a request.\r\n\r\n",
        ];
        for (n, part) in parts.iter().cycle().enumerate() {
            if text.len() >= length {
                break;
            }
            text.push_str(&part.replace("{n}", &n.to_string()));
        }
        let raw =
            RawMessage { origin: Origin::Pipe, received: self.now, size: text.len() as u64, bytes: text.into_bytes() };
        open(&raw, &self.keyring, &self.settings, &Known::default(), self.now)
    }

    fn judge(&self, opened: &OpenedMessage) -> advisory_intake::model::Verdict {
        let identity = &self.settings.identity;
        let report = triage::extract(opened, &self.routing);
        let verdict = triage::judge(opened, &report, &self.routing, Wording::built_in(), identity);
        let order = DraftOrder {
            case: "OTEL-SEC-2026-0001".parse().unwrap(),
            destination: verdict.destination.clone().unwrap(),
            facts: MessageFacts::of(opened),
            verdict: verdict.clone(),
            marker: Marker::from_random([7; 16]),
            refused: None,
            comment: false,
            same_ciphertext: Vec::new(),
            others: Default::default(),
            online: None,
        };
        black_box(advisory::draft(opened, &report, &order, identity, self.now));
        verdict
    }
}

/// Reads criterion's own estimates, so that the growth is that of the figures above.
fn print_growth(output: &Path) {
    let median = |length: usize| -> Option<f64> {
        let file = output.join(format!("triage/read-judge-draft/{length}KB/new/estimates.json"));
        let estimates: serde_json::Value = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
        estimates["median"]["point_estimate"].as_f64()
    };
    let Some(first) = median(LENGTHS[0]).map(|time| time / LENGTHS[0] as f64) else { return };
    println!("\nmedian of stages 4 to 6, and the time for a KB against that of the shortest mail:");
    for length in LENGTHS {
        if let Some(time) = median(length) {
            println!("  {length:>4} KB {:>9.1} µs  {:>5.2} ×", time / 1e3, time / length as f64 / first);
        }
    }
}
