//! Which of a report's links can be looked up.

use crate::model::{Identity, IssueLink, Kind, Report, Verdict};

/// Links of a report into issues and pull requests of the project, once each; none for what is no report.
pub fn links_to_look_up(report: &Report, verdict: &Verdict, identity: &Identity) -> Vec<IssueLink> {
    if !matches!(verdict.kind, Kind::Report | Kind::NotAVulnerability) {
        return Vec::new();
    }
    let mut links: Vec<IssueLink> = Vec::new();
    for link in report.references.iter().filter_map(|link| IssueLink::parse(link.expose(), &identity.github_owner)) {
        if links.len() < IssueLink::MOST && !links.contains(&link) {
            links.push(link);
        }
    }
    links
}
