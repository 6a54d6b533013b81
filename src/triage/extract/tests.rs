//! What is read out of snippets as people write them: each line is a snippet and what has to be found in it.

mod packages;

use time::Date;

use crate::model::Report;
use crate::triage::tests::message;
use crate::triage::{Routing, extract};

fn read(routing: &Routing, text: &str) -> Report {
    extract(&message("A finding", text), routing)
}

/// Checks every case and tells all that differ.
fn check(cases: &[(&str, &str)], field: impl Fn(&Report) -> String) {
    let routing = Routing::built_in();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|(text, expected)| {
            let found = field(&read(&routing, text));
            (found != *expected).then(|| format!("{text:?}\n    has to give {expected:?}\n    gives       {found:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn vectors_are_checked_and_scored() {
    check(
        &[
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H 9.8"),
            (
                "9.3 (CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N).",
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N 9.3",
            ),
            ("cvss 7.5: av:n/ac:l/pr:n/ui:n/s:u/c:n/i:n/a:h", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H 7.5"),
            (
                "CVSS score 9.9, vector CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H 7.5 stated 9.9",
            ),
            (
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H (Base Score: 5.0 Medium)",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H 7.5 stated 5",
            ),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N does not parse"),
            (
                "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H does not parse",
            ),
            // Scripts without spaces write on.
            (
                "评分：CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H（高危）。",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H 7.5",
            ),
            // Version 2 is none of ours, and a version number no score.
            ("AV:N/AC:L/Au:N/C:P/I:P/A:P", ""),
            (
                "Tested with 1.2. CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H 7.5",
            ),
        ],
        |report| {
            let shown = report.cvss.iter().map(|cvss| {
                let score = cvss.score.map_or("does not parse".to_owned(), |score| format!("{score}"));
                let stated = cvss.disagreeing().map_or(String::new(), |stated| format!(" stated {stated}"));
                format!("{} {score}{stated}", cvss.vector)
            });
            shown.collect::<Vec<_>>().join("; ")
        },
    );
}

#[test]
fn severities_weaknesses_and_numbers_are_read() {
    check(
        &[
            ("Severity: Critical", "Critical"),
            ("### Severity\n\nModerate\n\n### Details\nx", "Medium"),
            ("Schweregrad: hoch", "High"),
            ("Gravedad: alta", "High"),
            ("severity: \"low\"", "Low"),
            ("We class it as medium.", "Medium"),
            ("危害等级:高", "High"),
            ("评级:严重程度建议为中。", "Medium"),
            ("当社としては深刻度「高」と考えております。", "High"),
            ("심각도: 낮음", "Low"),
            ("该接口的请求量很高,风险等级未评定。中间件", ""),
            // A view in a clause of its own.
            ("The input was random. I'd go with medium.", "Medium"),
            ("Customers ask for a number. For us is high.", "High"),
            ("I believe low, but it is your software.", "Low"),
            ("Medium in my assessment.", "Medium"),
            ("One request is enough. High, I'd say.", "High"),
            ("Everybody in the cluster can do it. High.", "High"),
            ("Aus unserer Sicht hoch.", "High"),
            ("Yo diría alta. No hay parche.", "High"),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H - high on paper", "High"),
            ("The case is kept by us as \"high\".", "High"),
            ("Der Fall wird bei uns mit „mittel“ geführt.", "Medium"),
            // The upper end of a span.
            ("Severity: low to medium", "Medium"),
            ("Gravità secondo me bassa-media.", "Medium"),
            // Without spaces.
            ("深刻度は中程度と考えます。", "Medium"),
            ("情報漏えいはないため、深刻度は低と考えます。", "Low"),
            ("级别我认为是高。", "High"),
            ("我认为是中危，可以远程触发。", "Medium"),
            ("심각도: 높음", "High"),
            ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H（高危）", "High"),
            // Not what the words are about.
            ("It needs high CPU load and a low privileged user.", ""),
            ("Our traffic is low. We set the verbosity to \"high\".", ""),
            ("Is the chance to meet it big? Low.", ""),
            ("The sampling was low, medium, high and then off.", ""),
            ("日志级别在配置中改为高。", ""),
            ("请求量很高，延迟很低，攻击风险很高危险也大。", ""),
        ],
        |report| report.severity.map_or(String::new(), |severity| format!("{severity:?}")),
    );
    check(
        &[
            ("CWE-22, CWE 79 and cwe: 502", "CWE-22 CWE-79 CWE-502"),
            ("https://cwe.mitre.org/data/definitions/352.html", "CWE-352"),
            ("\"cwe_ids\": [\"CWE-400\", \"CWE-770\"]", "CWE-400 CWE-770"),
            ("CWE‑1333 (ReDoS)", "CWE-1333"),
            ("the cwe list has 900 entries", ""),
        ],
        |report| report.cwe.join(" "),
    );
    check(
        &[
            ("CVE-2026-1234 was assigned; it is like cve-2021-44228.", "CVE-2026-1234 CVE-2021-44228"),
            ("CVE-2026-12 is no number", ""),
        ],
        |report| report.cve.join(" "),
    );
}

#[test]
fn a_cve_is_this_findings_only_where_the_report_says_so() {
    check(
        &[
            ("CVE-2026-1234 was assigned to this.", "CVE-2026-1234"),
            ("CVE ID: CVE-2026-1234\nCVSS: 7.5", "CVE-2026-1234"),
            ("\"cve_id\": \"CVE-2026-1234\"", "CVE-2026-1234"),
            ("MITRE has reserved CVE-2026-1234. It is a bypass of CVE-2025-9999.", "CVE-2026-1234"),
            ("CVE-2026-1234 wurde uns zugewiesen.", "CVE-2026-1234"),
            ("It is similar to CVE-2021-44228, which was assigned years ago.", ""),
            ("Incomplete fix of CVE-2025-9999.", ""),
            ("See CVE-2025-9999.", ""),
        ],
        |report| report.own_cve.join(" "),
    );
}

#[test]
fn a_wish_for_silence_is_read() {
    check(
        &[
            ("This is under embargo until 1 June.", "asks"),
            ("Please keep this confidential.", "asks"),
            ("TLP:AMBER+STRICT", "asks"),
            ("Bitte vertraulich behandeln.", "asks"),
            ("请保密。", "asks"),
            ("There is no embargo from our side; do not disclose anything you would not otherwise.", ""),
            ("The embargo is over.", ""),
            ("It reads confidential data.", ""),
            ("On lit des données confidentielles.", ""),
        ],
        |report| if report.embargo { "asks".to_owned() } else { String::new() },
    );
}

#[test]
fn deadlines_are_days_ahead_on_which_something_is_published() {
    // All mails are of 1 March 2026.
    check(
        &[
            ("We will publish on 2026-06-15.", "2026-06-15"),
            ("I plan to go public on June 15th, 2026.", "2026-06-15"),
            ("Public disclosure: 15 June", "2026-06-15"),
            ("The image was published on 17 February and pulled since.", ""),
            ("The embargo ends 45 days counted from today.", "2026-04-15"),
            ("We intend to disclose this on Monday, 15th of June 2026", "2026-06-15"),
            ("Disclosure date: 15/06/2026", "2026-06-15"),
            ("Disclosure date: 06/15/2026", "2026-06-15"),
            ("Disclosure date: 2026/06/15", "2026-06-15"),
            ("Our policy is a 90-day disclosure deadline.", "2026-05-30"),
            ("We follow coordinated disclosure and publish ninety days after this mail.", "2026-05-30"),
            ("I present this at a conference on August 8.", "2026-08-08"),
            ("Wir veröffentlichen am 15. Juni 2026.", "2026-06-15"),
            ("Die Frist endet am 15.06.2026.", "2026-06-15"),
            ("Wir veröffentlichen in 60 Tagen.", "2026-04-30"),
            ("Nous publierons les détails le 15 juin 2026.", "2026-06-15"),
            ("Divulgation dans 90 jours.", "2026-05-30"),
            ("Publicaremos los detalles el 15 de junio de 2026.", "2026-06-15"),
            ("El plazo es de 60 días.", "2026-04-30"),
            ("Vamos publicar em 15 de junho de 2026.", "2026-06-15"),
            ("Pubblicheremo il 15 giugno 2026.", "2026-06-15"),
            ("我们将在2026年6月15日公开细节。", "2026-06-15"),
            ("我们会在90天后公开。", "2026-05-30"),
            ("2026年6月15日に公開する予定です。", "2026-06-15"),
            ("2026년 6월 15일에 공개합니다.", "2026-06-15"),
            ("Публикация 15 июня 2026.", "2026-06-15"),
            ("The matter stays closed for 45 calendar days counted from today.", "2026-04-15"),
            ("Veröffentlichung nach 45 Kalendertagen.", "2026-04-15"),
            ("Our policy: 45 days, then our customers are informed.", "2026-04-15"),
            ("The client's report is confidential until 15 June 2026.", "2026-06-15"),
            ("Der Bericht bleibt vertraulich bis 15. Juni 2026.", "2026-06-15"),
            ("The write-up leaves my drafts on June 15.", "2026-06-15"),
            ("Another issue became public last year. We publish after 90 days.", "2026-05-30"),
            // None.
            ("The test case became public on its own at the 90 day mark.", ""),
            ("The report goes to the client on 15 June. It isn't going to be published by them.", ""),
            ("The 90 days are over, so we published.", ""),
            ("The 90 days are over. We will publish now.", ""),
            ("Your 90 days ended yesterday and nothing was published.", ""),
            ("The 90-day deadline has passed.", ""),
            ("After 120 days without an answer I published it.", ""),
            ("Die 90 Tage sind abgelaufen, es ist veröffentlicht.", ""),
            ("Once the 90 days are over I will publish.", "2026-05-30"),
            ("It was published 3 days ago.", ""),
            ("I publish when I have an answer to my 30 messages.", ""),
            ("No deadline from me; publish when you like, 90 days or not.", ""),
            ("The release of 2026-06-15 will have it.", ""),
            ("We published it on 2026-01-15.", ""),
        ],
        |report| report.deadline.map_or(String::new(), |day: Date| day.to_string()),
    );
}

#[test]
fn references_and_logins_are_read() {
    check(
        &[
            (
                "See https://example.org/a(b), <https://example.org/c>.",
                "https://example.org/a(b) https://example.org/c",
            ),
            ("[post](https://example.org/d)", "https://example.org/d"),
        ],
        |report| report.references.iter().map(|link| link.expose().clone()).collect::<Vec<_>>().join(" "),
    );
    check(
        &[
            ("Please credit me as @octocat on GitHub.", "octocat"),
            ("GitHub: octocat", "octocat"),
            ("Credit: Mira Halden (https://github.com/mira-h)", "mira-h"),
            ("My GitHub username is octo-cat.", "octo-cat"),
            ("I found it on GitHub in the issue of @someone.", ""),
            ("Credit: https://github.com/open-telemetry/opentelemetry-go", ""),
        ],
        |report| report.github_login.clone().unwrap_or_default(),
    );
}
