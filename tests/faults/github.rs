//! GitHub breaks: answers are lost, late, cut or refusals, and nobody says whether something was filed.

use std::time::Duration;

use super::mails::Sent;
use super::rig::{Rig, TIMEOUT};
use crate::support::github_double::{Fault, Repo, What};
use crate::support::proxy::{At, End, Then};

const COLLECTOR: &str = "open-telemetry/opentelemetry-collector";
const FALLBACK: &str = "open-telemetry/sig-security";

/// What breaks about one repository.
enum Breaks {
    /// The way to it, at requests that this expression fits.
    Way(&'static str, Then),
    /// Its answers to requests to file, so many times.
    Answers(usize, What),
    /// How it is set up.
    Itself(fn(&mut Repo)),
}

/// Each row: a repository, what breaks, what is noted about it, where its report is in the end, and how many requests to
/// file reached the repository that broke. All of them break at one time.
#[tokio::test(flavor = "multi_thread")]
async fn every_report_is_filed_once_however_filing_breaks() {
    use Breaks::{Answers, Itself, Way};
    const POST: &str = "^POST ";
    let there = "";
    let limited = What::with_headers(429, &[("retry-after", "1")], "{}");
    let rows: Vec<(&str, Breaks, &str, &str, usize)> = vec![
        ("opentelemetry-js", Way(POST, Then::unheard(End::Close)), "perhaps filed: the connection", there, 1),
        ("opentelemetry-java", Way(POST, Then::unheard(End::Reset)), "perhaps filed: the connection", there, 1),
        ("opentelemetry-python", Way(POST, Then::unheard(End::Stall)), "perhaps filed: ", there, 1),
        ("opentelemetry-ruby", Way(POST, Then::heard(0, End::Close)), "perhaps filed: the connection", there, 1),
        ("opentelemetry-rust", Way(POST, Then::heard(0, End::Reset)), "perhaps filed: the connection", there, 1),
        ("opentelemetry-php", Way(POST, Then::heard(0, End::Stall)), "perhaps filed: ", there, 1),
        ("opentelemetry-swift", Way(POST, Then::heard(20, End::Close)), "perhaps filed: the connection", there, 1),
        (
            "opentelemetry-erlang",
            Way(POST, Then::heard(400, End::Close)),
            "perhaps filed: GitHub's answer broke off",
            there,
            1,
        ),
        (
            "opentelemetry-dotnet",
            Way(POST, Then::heard(400, End::Reset)),
            "perhaps filed: GitHub's answer broke off",
            there,
            1,
        ),
        ("opentelemetry-go", Way(POST, Then::heard(400, End::Stall)), "perhaps filed: ", there, 1),
        ("opentelemetry-cpp", Way(POST, Then::late(TIMEOUT * 2)), "perhaps filed: ", there, 1),
        // Nor can it be looked for: what is in doubt is not filed again.
        ("opentelemetry-android", Way("", Then::heard(0, End::Reset)), "not now: ", there, 1),
        ("opentelemetry-lambda", Way("", Then::heard(0, End::Stall)), "not now: ", there, 1),
        ("opentelemetry-operator", Answers(2, What::status(500, "")), "perhaps filed: GitHub answered 500", there, 3),
        (
            "opentelemetry-helm-charts",
            Answers(1, What::after_storing(502, "<html>")),
            "perhaps filed: GitHub answered 502",
            there,
            1,
        ),
        (
            "opentelemetry-demo",
            Answers(1, What::after_storing(503, "")),
            "perhaps filed: GitHub answered 503",
            there,
            1,
        ),
        (
            "opentelemetry-collector",
            Answers(1, What::after_storing(201, "<html>")),
            "perhaps filed: GitHub took",
            there,
            1,
        ),
        (
            "opentelemetry-js-contrib",
            Answers(1, What::after_storing(201, "{}")),
            "perhaps filed: GitHub took",
            there,
            1,
        ),
        (
            "opentelemetry-ruby-contrib",
            Answers(2, What::status(401, "{}")),
            "not now: GitHub does not accept the credentials",
            there,
            3,
        ),
        (
            "opentelemetry-proto",
            Answers(1, What::status(409, "{}")),
            "not now: open-telemetry/opentelemetry-proto is being changed",
            there,
            2,
        ),
        (
            "opentelemetry-go-contrib",
            Answers(1, What::status(410, "{}")),
            "refused: open-telemetry/opentelemetry-go-contrib is gone",
            FALLBACK,
            1,
        ),
        ("opentelemetry-specification", Answers(1, What::status(404, "{}")), "", there, 2),
        (
            "opentelemetry-java-contrib",
            Itself(|repo| (repo.reporting, repo.may_draft) = (false, false)),
            "no rights",
            FALLBACK,
            2,
        ),
        ("opentelemetry-php-contrib", Itself(|repo| repo.archived = true), "is archived", FALLBACK, 1),
        ("opentelemetry-cpp-contrib", Itself(|repo| repo.sections = vec!["Impact".into()]), "", there, 2),
        ("opentelemetry-rust-contrib", Itself(|repo| repo.refuses = Some("cwe_ids")), "", there, 2),
        (
            "opentelemetry-injector",
            Itself(|repo| repo.refuses = Some("summary")),
            "refused the advisory: summary",
            FALLBACK,
            2,
        ),
        ("opentelemetry-network", Itself(|repo| repo.moved_to = Some(FALLBACK.into())), "", FALLBACK, 1),
        ("opentelemetry-configuration", Answers(2, limited), "not now: GitHub's rate limit", there, 3),
    ];
    let mut rig = Rig::start().await;
    let mut expected = Vec::new();
    for (name, breaks, noted, _, requests) in &rows {
        let repository = format!("open-telemetry/{name}");
        match breaks {
            Way(request, then) => {
                rig.http.breaks(At::line(&format!("{request}.*/repos/{repository}/security-advisories")), then.clone());
            }
            Answers(times, what) => rig.github.fail(&repository, Fault::on("report", what.clone()).times(*times)),
            Itself(change) => rig.github.change(&repository, change),
        }
        expected.push((repository, *noted, *requests));
    }
    let mut mails = Vec::new();
    for ((repository, ..), row) in expected.iter().zip(&rows) {
        let sent = if mails.len() % 2 == 0 { rig.mails.sealed(repository) } else { rig.mails.plain(repository) };
        let there = if row.3.is_empty() { repository.clone() } else { row.3.to_owned() };
        mails.push(Sent { repository: Some(there), ..sent });
    }
    let tokens: Vec<String> = mails.iter().map(|mail| mail.token.clone()).collect();
    mails.extend(rig.mails.mixed("open-telemetry/opentelemetry-collector-contrib"));
    rig.deliver(mails);
    for (token, (_, noted, _)) in tokens.iter().zip(&expected) {
        let sent = rig.sent(token);
        rig.until(&format!("{noted} of {token}"), async || rig.story_of(sent).await.contains(noted)).await;
    }
    assert!(rig.http.mend() > 0);
    rig.is_sound("GitHub").await;
    let requests = rig.github.requests();
    for (repository, noted, count) in &expected {
        let to_file = requests.iter().filter(|seen| matches!(seen.endpoint, "report" | "create"));
        assert_eq!(to_file.filter(|seen| seen.repository == *repository).count(), *count, "{repository}: {noted}");
    }
    rig.stop().await;
}

/// Each row: a repository, what breaks when a follow-up is added to an advisory there, and how many requests to add it
/// reached GitHub.
#[tokio::test(flavor = "multi_thread")]
async fn every_follow_up_is_added_once_however_adding_breaks() {
    use Breaks::{Answers, Way};
    const POST: &str = "^POST ";
    let rows: Vec<(&str, Breaks, usize)> = vec![
        ("opentelemetry-js", Way(POST, Then::unheard(End::Reset)), 1),
        ("opentelemetry-java", Way(POST, Then::unheard(End::Stall)), 1),
        ("opentelemetry-python", Way(POST, Then::heard(0, End::Reset)), 1),
        ("opentelemetry-ruby", Way(POST, Then::heard(0, End::Stall)), 1),
        ("opentelemetry-rust", Way(POST, Then::heard(300, End::Close)), 1),
        ("opentelemetry-php", Way(POST, Then::late(TIMEOUT * 2)), 1),
        // Nor can it be looked for.
        ("opentelemetry-swift", Way("", Then::heard(0, End::Close)), 1),
        ("opentelemetry-go", Answers(2, What::status(500, "")), 3),
        ("opentelemetry-cpp", Answers(1, What::after_storing(502, "<html>")), 1),
        ("opentelemetry-demo", Answers(1, What::status(401, "{}")), 2),
    ];
    let mut rig = Rig::start().await;
    let names: Vec<String> = rows.iter().map(|(name, ..)| format!("open-telemetry/{name}")).collect();
    let mails: Vec<Sent> = names.iter().map(|name| rig.mails.plain(name)).collect();
    let first: Vec<String> = mails.iter().map(|mail| mail.token.clone()).collect();
    rig.deliver(mails);
    rig.is_sound("the first reports").await;
    for (name, (_, breaks, _)) in names.iter().zip(rows.iter()) {
        match breaks {
            Way(request, then) => {
                rig.http.breaks(
                    At::line(&format!("{request}.*/repos/{name}/security-advisories/.*/comments")),
                    then.clone(),
                );
            }
            Answers(times, what) => rig.github.fail(name, Fault::on("comment", what.clone()).times(*times)),
            Breaks::Itself(change) => rig.github.change(name, change),
        }
    }
    let mails: Vec<Sent> = first.iter().zip(&names).map(|(first, name)| rig.mails.follow_up(first, name)).collect();
    let tokens: Vec<String> = mails.iter().map(|mail| mail.token.clone()).collect();
    rig.deliver(mails);
    for (token, name) in tokens.iter().zip(&names) {
        let broke = ["perhaps filed: ", "not now: "];
        let sent = rig.sent(token);
        rig.until(name, async || {
            let story = rig.story_of(sent).await;
            broke.iter().any(|word| story.contains(word))
        })
        .await;
    }
    assert!(rig.http.mend() > 0);
    rig.is_sound("follow-ups").await;
    let requests = rig.github.requests();
    for (name, (.., count)) in names.iter().zip(&rows) {
        let made = requests.iter().filter(|seen| seen.endpoint == "comment" && seen.repository == *name).count();
        assert_eq!(made, *count, "{name}");
    }
    rig.stop().await;
}

/// Each row: what GitHub says to a request to file. For as long as it says (a second at least) it is asked for nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_limit_quiets_the_gateway_for_as_long_as_github_says() {
    type Row = (&'static str, fn() -> What);
    let rows: [Row; 3] = [
        ("429 with a time", || What::with_headers(429, &[("retry-after", "1")], "{}")),
        ("secondary limit with a time", || {
            let says = r#"{"message":"You have exceeded a secondary rate limit."}"#;
            What::with_headers(403, &[("retry-after", "1")], says)
        }),
        ("primary limit", || {
            let reset = (time::OffsetDateTime::now_utc().unix_timestamp() + 2).to_string();
            What::with_headers(403, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)], "{}")
        }),
    ];
    let mut rig = Rig::start().await;
    for (number, (name, limit)) in rows.into_iter().enumerate() {
        rig.github.fail(COLLECTOR, Fault::on("report", limit()));
        let mail = rig.mails.plain(COLLECTOR);
        rig.deliver(vec![mail]);
        rig.is_sound(name).await;
        let requests = rig.github.requests();
        let filing = requests.iter().enumerate().filter(|(_, seen)| seen.endpoint == "report");
        let filing: Vec<usize> = filing.map(|(at, _)| at).skip(2 * number).collect();
        let [limited, _] = filing[..] else { panic!("{name}: {} requests to file", filing.len()) };
        let quiet = requests[limited + 1].at - requests[limited].at;
        assert!(quiet >= Duration::from_millis(950), "{name}: asked again after {quiet:?}");
    }
    // Nothing is said of how long: a minute, for everything.
    rig.github.fail(COLLECTOR, Fault::on("report", What::status(429, "{}")));
    let mut requests = None;
    for _ in 0..2 {
        let mail = rig.mails.plain(COLLECTOR);
        let token = mail.token.clone();
        rig.deliver(vec![mail]);
        let sent = rig.sent(&token);
        rig.until("a limit", async || rig.story_of(sent).await.contains("not now: GitHub's rate limit is used up"))
            .await;
        let record = rig.record_of(sent).await.unwrap();
        let quiet = record.due - time::OffsetDateTime::now_utc();
        assert!(quiet > Duration::from_secs(20), "tried again in {quiet}");
        let made = rig.github.requests().len();
        assert_eq!(*requests.get_or_insert(made), made, "asked before its time");
    }
    rig.stop().await;
}
