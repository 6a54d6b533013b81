//! What GitHub said about a report: which version is supported, which other advisories are like it, who can read what it
//! links. Nothing here decides: people do.

use super::neutral::{code_span, inline};
use super::versions::{Support, reported, support};
use crate::model::{
    Beside, CaseId, DraftOrder, LinkedIssue, Online, OtherAdvisory, Package, Released, Report, Similar, similarity,
};

/// From this score on another advisory is named.
const NAMED: f32 = 0.4;
/// Most other advisories that are named.
const MOST_NAMED: usize = 5;
/// Most packages whose version is looked at.
const MOST_PACKAGES: usize = 3;
/// Most characters of another's title or tag that are shown.
const MOST_SHOWN: usize = 200;

/// The section about it, short whatever was found; `None` when nothing was asked.
pub(super) fn checked(report: &Report, order: &DraftOrder, similar: &[Similar]) -> Option<String> {
    let online = order.online.as_ref().filter(|_| !order.comment)?;
    let mut lines = versions(report, online);
    lines.extend(report.linked.iter().map(|issue| linked(report, issue)));
    let other = |similar: &Similar| {
        let known = online.advisories.iter().find(|other| other.ghsa_id == similar.ghsa_id);
        let case = known.and_then(case_of).map(|case| format!(", case {}", code_span(case.as_str())));
        let state = known.map_or("", |other| other.state.as_str());
        format!(
            "Perhaps the same: [{}]({}) ({}{}), likeness {:.2}: {}",
            similar.ghsa_id,
            similar.url(),
            inline(state),
            case.unwrap_or_default(),
            similar.score,
            similar.because
        )
    };
    lines.extend(similar.iter().map(other));
    if !similar.is_empty() {
        lines.push("Nothing was merged: compare them, and close one if they are the same.".to_owned());
    } else if !online.read.is_empty() {
        let read: Vec<String> = online.read.iter().map(|repository| code_span(repository.as_str())).collect();
        lines.push(format!("No other advisory of {} is like it.", read.join(", ")));
    }
    let lines: Vec<String> = lines.into_iter().map(|line| format!("- {line}")).collect();
    Some(format!("### Looked up at GitHub\n\n{}", lines.join("\n")))
}

fn versions(report: &Report, online: &Online) -> Vec<String> {
    let Some(releases) = &online.releases else {
        return vec![
            "Version: unknown whether it is supported, since GitHub did not say what was released.".to_owned(),
        ];
    };
    let stated: Vec<&Package> = report.packages.iter().filter(|package| reported(package).is_some()).collect();
    if stated.is_empty() {
        let latest = releases.latest.as_ref().map(|release| format!("; the latest release is {}", shown(release)));
        return vec![format!("Version: unknown, the report names none{}.", latest.unwrap_or_default())];
    }
    let line = |package: &&Package| {
        let version = code_span(reported(package).unwrap_or_default());
        let of = format!("Version: {version} of {}", code_span(&cut(&package.name)));
        match support(package, releases) {
            Support::Latest(release) => format!("{of} is the latest release, {}.", shown(release)),
            Support::SameMinor(release) => {
                format!("{of} is of the supported minor version, whose latest release is {}.", shown(release))
            }
            Support::Older(release) => {
                format!("{of} is **older than the supported minor version**: the latest release is {}.", shown(release))
            }
            Support::Newer(release) => format!("{of} is newer than the latest release, {}.", shown(release)),
            Support::Unknown(why) => format!("{of}: unknown whether it is supported; {why}."),
        }
    };
    stated.iter().take(MOST_PACKAGES).map(line).collect()
}

fn shown(release: &Released) -> String {
    format!("{} of {}", code_span(&cut(&release.tag)), inline(&cut(&release.day)))
}

fn linked(report: &Report, issue: &LinkedIssue) -> String {
    let place = code_span(&format!("{}#{}", issue.link.repository, issue.link.number));
    let Some(public) = &issue.public else {
        return format!("Linked: {place} is not there, or not everybody can read it.");
    };
    let what = if public.is_pull { "pull request" } else { "issue" };
    let state = if public.is_open { "open" } else { "closed" };
    let like = issue.likeness(report);
    let about = match issue.beside(report) {
        Beside::Same => format!("**its text is like the report's** (likeness {like:.2})"),
        Beside::Other => {
            format!("its text is unlike the report's (likeness {like:.2}), so it is perhaps only mentioned")
        }
        _ => format!("whether it is about the same is unclear (likeness {like:.2})"),
    };
    let title = code_span(&cut(&public.title));
    format!(
        "Linked: {place}, {what} of {}, {state}, {title}: anyone can read it, and {about}.",
        inline(&cut(&public.opened))
    )
}

/// Other advisories that may be about the same finding, the likeliest first. The filed one itself is none.
pub(super) fn similar(report: &Report, order: &DraftOrder) -> Vec<Similar> {
    let Some(online) = order.online.as_ref().filter(|_| !order.comment) else { return Vec::new() };
    let text = format!("{}\n{}", report.summary.expose(), report.text.expose());
    let others = online.advisories.iter().filter(|other| !other.text.expose().contains(order.marker.as_str()));
    let mut similar: Vec<Similar> = others.filter_map(|other| compared(report, &text, other)).collect();
    similar.sort_by(|a, b| b.score.total_cmp(&a.score));
    similar.truncate(MOST_NAMED);
    similar
}

/// Component, weakness and CVE make the likeness, and how alike the words are.
fn compared(report: &Report, text: &str, other: &OtherAdvisory) -> Option<Similar> {
    let theirs = other.text.expose().as_str();
    // The gateway's own block is the same in all of them.
    let theirs = theirs.split_once("### Report\n").map_or(theirs, |(_, report)| report);
    let words = similarity(text, &format!("{}\n{theirs}", other.summary.expose()));
    let package = other
        .packages
        .iter()
        .any(|theirs| report.packages.iter().any(|ours| ours.name.eq_ignore_ascii_case(&theirs.name)));
    let cwe = other.cwe.iter().any(|id| report.cwe.contains(id));
    let cve = other.cve.as_ref().is_some_and(|id| report.cve.contains(id));
    let share = |holds: bool, weight: f32| if holds { weight } else { 0.0 };
    let score = (words * 0.6 + share(package, 0.2) + share(cwe, 0.15) + share(cve, 0.5)).min(1.0);
    let reasons =
        [(cve, "names its CVE"), (package, "same package"), (cwe, "same CWE"), (words >= 0.3, "like in its words")];
    let because: Vec<&str> = reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, why)| why).collect();
    // One package alone may have several findings.
    (score >= NAMED && !because.is_empty()).then(|| Similar {
        repository: other.repository.clone(),
        ghsa_id: other.ghsa_id.clone(),
        score,
        because: because.join(", "),
    })
}

/// The case that the gateway filed as this advisory.
fn case_of(other: &OtherAdvisory) -> Option<CaseId> {
    let (_, rest) = other.text.expose().split_once("| Case | `")?;
    rest.split_once('`')?.0.parse().ok()
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Ecosystem, Secret};

    fn package(name: &str) -> Package {
        Package { ecosystem: Ecosystem::Go, name: name.into(), affected: None, patched: None }
    }

    #[test]
    fn the_same_component_and_weakness_is_named_and_the_same_component_alone_is_not() {
        let name = "github.com/open-telemetry/opentelemetry-collector-contrib/receiver/filelogreceiver";
        let report = Report {
            summary: "filelog receiver follows symlinks".to_owned().into(),
            text: "An attacker replaces a watched file by a symlink to /etc/shadow and reads its content."
                .to_owned()
                .into(),
            packages: vec![package(name)],
            cwe: vec!["CWE-59".into()],
            cve: vec!["CVE-2026-1".into()],
            ..Report::default()
        };
        let other = |summary: &str, text: &str, packages: &[&str], cwe: &[&str], cve: Option<&str>| OtherAdvisory {
            repository: "o/r".parse().unwrap(),
            ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
            state: "triage".into(),
            summary: Secret::new(summary.to_owned()),
            text: Secret::new(text.to_owned()),
            packages: packages.iter().map(|name| package(name)).collect(),
            cwe: cwe.iter().map(|id| (*id).to_owned()).collect(),
            cve: cve.map(str::to_owned),
        };
        let same = "### Report\n\nWhoever writes logs makes a symlink of a watched file, and the content of /etc/shadow is exported.";
        let far = "### Report\n\nA multiline regular expression takes exponential time.";
        let cases = [
            (
                "the same in other words",
                other("Symlink following in filelog receiver", same, &[name], &["CWE-59"], None),
                true,
            ),
            ("the same without fields", other("filelog receiver follows symlinks", same, &[], &[], None), true),
            ("its CVE", other("Something", "", &[], &[], Some("CVE-2026-1")), true),
            (
                "same component, another weakness",
                other("ReDoS in filelog receiver", far, &[name], &["CWE-1333"], None),
                false,
            ),
            (
                "same weakness, another component",
                other("Symlinks in the operator", far, &["x"], &["CWE-59"], None),
                false,
            ),
            ("nothing", other("", "", &[], &[], None), false),
        ];
        let text = format!("{}\n{}", report.summary.expose(), report.text.expose());
        for (what, other, expected) in cases {
            let found = compared(&report, &text, &other);
            assert_eq!(found.is_some(), expected, "{what}: {found:?}");
        }
    }
}
