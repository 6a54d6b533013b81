use serde::Deserialize;

use super::answer::{Installation, decode, not_read};
use super::client::{Call, Client};
use crate::model::{FilingWay, Repository};
use crate::ports::{FilingError, Finding};

#[derive(Deserialize)]
struct Reporting {
    enabled: bool,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Facts {
    full_name: String,
    archived: bool,
}

/// Tries what filing in `repository` needs, changing nothing. Stops where the rest can only fail for the same reason.
pub(super) async fn check(client: &Client, way: FilingWay, repository: &Repository) -> Vec<Finding> {
    let subject = format!("github {repository}");
    let (finding, go_on) = if client.is_app() { installed(client, repository).await } else { (None, true) };
    let mut findings = Vec::from_iter(finding);
    if go_on {
        let (finding, go_on) = visible(client, repository).await;
        findings.extend(finding);
        if go_on {
            findings.push(reporting(client, way, repository).await);
            findings.push(advisories(client, way, repository).await);
        }
    }
    findings.into_iter().map(|finding| Finding { subject: subject.clone(), ..finding }).collect()
}

/// The App's installation and its permission.
async fn installed(client: &Client, repository: &Repository) -> (Option<Finding>, bool) {
    let reply = match client.installation(repository).await {
        Ok(reply) => reply,
        Err(error) => return (Some(failed(&error)), false),
    };
    if reply.status.as_u16() == 404 {
        let what = format!("the GitHub App is not installed: install it on {repository}");
        return (Some(Finding::failure("", what)), false);
    }
    let Some(found) = decode::<Installation>(&reply).filter(|_| reply.status.is_success()) else {
        return (Some(failed(&not_read(&reply, repository))), false);
    };
    if found.suspended_at.is_some() {
        let what = "the App's installation is suspended: an owner must lift that in the organisation's settings";
        return (Some(Finding::failure("", what)), false);
    }
    match found.permissions.get("repository_advisories").map(String::as_str) {
        Some("write") => (Some(Finding::good("", "the App may write advisories")), true),
        _ => {
            let what = "the App lacks a permission: set \"Repository security advisories\" (repository_advisories) to \
                        read and write, and accept the change in the installation";
            (Some(Finding::failure("", what)), true)
        }
    }
}

/// Whether it is there, under this name, and open.
async fn visible(client: &Client, repository: &Repository) -> (Option<Finding>, bool) {
    let reply = match client.read(Call::get(repository, "repository", "")).await {
        Ok(reply) if reply.status.is_success() => reply,
        Ok(reply) if reply.status.as_u16() == 404 => {
            let what = "not found: correct its name in the routing table, or give the gateway access to it";
            return (Some(Finding::failure("", what)), false);
        }
        Ok(reply) => return (Some(failed(&not_read(&reply, repository))), false),
        Err(error) => return (Some(failed(&error)), false),
    };
    let facts: Facts = decode(&reply).unwrap_or_default();
    if facts.archived {
        return (Some(Finding::failure("", "archived, so it takes no advisories: route its reports elsewhere")), false);
    }
    let now: Option<Repository> = facts.full_name.parse().ok();
    let renamed = now.filter(|now| !now.as_str().eq_ignore_ascii_case(repository.as_str()));
    (renamed.map(|now| Finding::warning("", format!("renamed to {now}: correct the routing table"))), true)
}

/// Whether private reports can be made.
async fn reporting(client: &Client, way: FilingWay, repository: &Repository) -> Finding {
    let reply = match client.read(Call::get(repository, "reporting", "/private-vulnerability-reporting")).await {
        Ok(reply) => reply,
        Err(error) => return failed(&error),
    };
    match (decode::<Reporting>(&reply).filter(|_| reply.status.is_success()), way) {
        (Some(Reporting { enabled: true }), _) => Finding::good("", "private vulnerability reporting is on"),
        (Some(_), FilingWay::Draft) => Finding::warning(
            "",
            "private vulnerability reporting is off: people with an account cannot report privately",
        ),
        (Some(_), FilingWay::Report) => Finding::warning(
            "",
            "private vulnerability reporting is off: switch it on in the repository's security settings, or every \
             report is filed as a draft, which needs more rights",
        ),
        (None, _) => Finding::warning("", "GitHub does not say whether private vulnerability reporting is on"),
    }
}

/// Whether advisories can be listed, without which a lost attempt cannot be told from one that never was.
async fn advisories(client: &Client, way: FilingWay, repository: &Repository) -> Finding {
    let path = "/security-advisories?state=triage&per_page=1";
    let needed = match way {
        FilingWay::Report => "advisories cannot be read",
        FilingWay::Draft => "advisories cannot be read or made",
    };
    match client.read(Call::get(repository, "list", path)).await {
        Ok(reply) if reply.status.is_success() => Finding::good("", "advisories can be read"),
        Ok(reply) if matches!(reply.status.as_u16(), 403 | 404) => {
            Finding::failure("", format!("{needed}: give the App or token repository_advisories: write"))
        }
        Ok(reply) => failed(&not_read(&reply, repository)),
        Err(error) => failed(&error),
    }
}

fn failed(error: &FilingError) -> Finding {
    match error {
        FilingError::Later { .. } => Finding::warning("", error.to_string()),
        _ => Finding::failure("", error.to_string()),
    }
}
