//! What GitHub knows about a report besides: releases, linked issues, other advisories. All of it is reading, for which
//! nothing waits long: each question has seconds, none is asked again, and none when calls are running short.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::{decode, decode_list};
use super::client::{Call, Client, Reply};
use crate::model::{
    Ecosystem, GhsaId, Inquiry, IssueLink, LinkedIssue, Online, OtherAdvisory, Package, PublicIssue, Released,
    Releases, Repository, Secret,
};

/// Longest time for all that one message needs.
const LONGEST: Duration = Duration::from_secs(5);
/// How long nothing is looked up after GitHub did not answer in time, so that a backlog is filed without waiting each time.
const REST: Duration = Duration::from_secs(60);
/// How long public answers are kept.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// Most answers that are kept, of each kind.
const MOST_KEPT: usize = 256;

/// Answers that are kept for a while: public ones only. Advisories are read anew each time, since they hold what was
/// encrypted.
#[derive(Default)]
pub(super) struct Memory {
    releases: Kept<Repository, Releases>,
    issues: Kept<IssueLink, LinkedIssue>,
    resting: Mutex<Option<Instant>>,
}

/// Answers by question, with when they came.
struct Kept<K, V>(Mutex<HashMap<K, (Instant, V)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Kept(Mutex::default())
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    fn get(&self, key: &K) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(came, _)| came.elapsed() < KEPT).map(|(_, value)| value.clone())
    }

    fn put(&self, key: &K, value: &V) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (came, _)| came.elapsed() < KEPT);
        if kept.len() < MOST_KEPT {
            kept.insert(key.clone(), (Instant::now(), value.clone()));
        }
    }
}

/// Asks all of `inquiry` at one time.
pub(super) async fn look_up(client: &Client, memory: &Memory, inquiry: &Inquiry) -> Online {
    let resting = *memory.resting.lock().unwrap_or_else(PoisonError::into_inner);
    if resting.is_some_and(|until| Instant::now() < until) || !client.can_spare() {
        tracing::info!("nothing is looked up for now");
        return Online::default();
    }
    let (issues, releases, advisories) = tokio::join!(
        in_time(memory, issues(client, memory, &inquiry.issues)),
        in_time(memory, releases(client, memory, inquiry.releases_of.as_ref())),
        in_time(memory, all_advisories(client, &inquiry.advisories_of)),
    );
    let (read, advisories) = advisories.unwrap_or_default();
    Online { issues: issues.unwrap_or_default(), releases: releases.flatten(), read, advisories }
}

async fn in_time<T>(memory: &Memory, asking: impl Future<Output = T>) -> Option<T> {
    let answer = tokio::time::timeout(LONGEST, asking).await.ok();
    if answer.is_none() {
        tracing::warn!("GitHub did not answer a look-up in time");
        *memory.resting.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(REST);
    }
    answer
}

/// The issues that could be asked about; a repository that not everybody can see hides all of its own.
async fn issues(client: &Client, memory: &Memory, links: &[IssueLink]) -> Vec<LinkedIssue> {
    let mut found = Vec::new();
    for link in links.iter().take(IssueLink::MOST) {
        let known = memory.issues.get(link);
        let issue = match known {
            Some(issue) => Some(issue),
            None => issue(client, link).await.map(|public| LinkedIssue { link: link.clone(), public }),
        };
        if let Some(issue) = issue {
            memory.issues.put(link, &issue);
            found.push(issue);
        }
    }
    found
}

#[derive(Deserialize)]
struct Visibility {
    private: bool,
}

#[derive(Deserialize)]
struct Issue {
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    created_at: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    html_url: String,
    #[serde(default)]
    pull_request: Option<serde_json::Value>,
}

/// `None`: GitHub did not say. `Some(None)`: there is none that everybody can see.
async fn issue(client: &Client, link: &IssueLink) -> Option<Option<PublicIssue>> {
    let repository = &link.repository;
    let visibility = client.read(Call::get(repository, "repository", "")).await.ok()?;
    if missing(&visibility) {
        return Some(None);
    }
    if success::<Visibility>(&visibility)?.private {
        return Some(None);
    }
    let reply = client.read(Call::get(repository, "issue", format!("/issues/{}", link.number))).await.ok()?;
    if missing(&reply) {
        return Some(None);
    }
    let issue: Issue = success(&reply)?;
    // It may have been transferred: what another account shows is not the project's.
    let owned = format!("https://github.com/{}/", repository.owner()).to_ascii_lowercase();
    let ours = issue.html_url.is_empty() || issue.html_url.to_ascii_lowercase().starts_with(&owned);
    Some(ours.then(|| PublicIssue {
        title: first(&issue.title, Online::MOST_NAME),
        text: first(issue.body.as_deref().unwrap_or_default(), Online::MOST_TEXT),
        opened: day(&issue.created_at),
        is_open: issue.state == "open",
        is_pull: issue.pull_request.is_some(),
    }))
}

#[derive(Deserialize)]
struct Published {
    tag_name: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    published_at: Option<String>,
    #[serde(default)]
    prerelease: bool,
    #[serde(default)]
    draft: bool,
}

impl Published {
    fn release(self) -> Released {
        Released {
            tag: first(&self.tag_name, Online::MOST_NAME),
            name: first(self.name.as_deref().unwrap_or_default(), Online::MOST_NAME),
            day: day(self.published_at.as_deref().unwrap_or_default()),
            is_prerelease: self.prerelease,
        }
    }
}

async fn releases(client: &Client, memory: &Memory, of: Option<&Repository>) -> Option<Releases> {
    let repository = of?;
    if let Some(releases) = memory.releases.get(repository) {
        return Some(releases);
    }
    let latest = client.read(Call::get(repository, "latest", "/releases/latest")).await.ok()?;
    let latest = if missing(&latest) { None } else { Some(success::<Published>(&latest)?.release()) };
    let path = format!("/releases?per_page={}", Online::MOST_RELEASES);
    let all = client.read(Call::get(repository, "releases", path)).await.ok()?;
    let all: Vec<Published> = if all.status.is_success() { decode_list(&all)? } else { return None };
    let all = all.into_iter().filter(|release| !release.draft).map(Published::release);
    let releases = Releases { latest, all: all.take(Online::MOST_RELEASES).collect() };
    memory.releases.put(repository, &releases);
    Some(releases)
}

async fn all_advisories(client: &Client, of: &[Repository]) -> (Vec<Repository>, Vec<OtherAdvisory>) {
    let (mut read, mut all) = (Vec::new(), Vec::new());
    for repository in of.iter().take(Online::MOST_REPOSITORIES) {
        if let Some(advisories) = advisories(client, repository).await {
            read.push(repository.clone());
            all.extend(advisories);
        }
    }
    all.truncate(Online::MOST_ADVISORIES);
    (read, all)
}

#[derive(Deserialize)]
struct Other {
    ghsa_id: GhsaId,
    #[serde(default)]
    cve_id: Option<String>,
    #[serde(default)]
    state: String,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    cwe_ids: Option<Vec<String>>,
    #[serde(default)]
    vulnerabilities: Option<Vec<Product>>,
}

#[derive(Deserialize)]
struct Product {
    #[serde(default)]
    package: Option<Name>,
}

#[derive(Deserialize)]
struct Name {
    #[serde(default)]
    name: Option<String>,
}

/// The newest advisories of a repository in any state: what was fixed lately may be reported once more.
async fn advisories(client: &Client, repository: &Repository) -> Option<Vec<OtherAdvisory>> {
    let path = "/security-advisories?sort=created&direction=desc&per_page=100";
    let reply = client.read(Call::get(repository, "list", path)).await.ok()?;
    let others: Vec<Other> = if reply.status.is_success() { decode_list(&reply)? } else { return None };
    let names = |other: &Other| {
        let products = other.vulnerabilities.iter().flatten().take(20);
        let names = products.filter_map(|product| product.package.as_ref()?.name.clone());
        // The name alone is compared.
        let package = |name| Package { ecosystem: Ecosystem::Other, name, affected: None, patched: None };
        names.map(package).collect()
    };
    let other = |other: Other| OtherAdvisory {
        repository: repository.clone(),
        packages: names(&other),
        ghsa_id: other.ghsa_id,
        state: first(&other.state, 20),
        summary: Secret::new(first(other.summary.as_deref().unwrap_or_default(), Online::MOST_NAME)),
        text: Secret::new(first(other.description.as_deref().unwrap_or_default(), Online::MOST_TEXT)),
        cwe: other.cwe_ids.into_iter().flatten().take(20).collect(),
        cve: other.cve_id,
    };
    Some(others.into_iter().map(other).collect())
}

/// Whether GitHub says that there is no such thing, or not for everybody.
fn missing(reply: &Reply) -> bool {
    matches!(reply.status.as_u16(), 404 | 410 | 451)
}

fn success<T: DeserializeOwned>(reply: &Reply) -> Option<T> {
    if reply.status.is_success() { decode(reply) } else { None }
}

/// At most `most` bytes, in whole characters.
fn first(text: &str, most: usize) -> String {
    text.get(..text.floor_char_boundary(most)).unwrap_or_default().to_owned()
}

/// The day of a time as GitHub writes it.
fn day(time: &str) -> String {
    let day: String = time.chars().take(10).collect();
    if day.chars().all(|c| c.is_ascii_digit() || c == '-') { day } else { String::new() }
}
