use std::path::Path;
use std::sync::Arc;

use futures::StreamExt;
use time::OffsetDateTime;
use time::macros::datetime;

use super::{Error, Loaded, Settings, fence, parts};
use crate::config::StorePlace;
use crate::model::Repository;
use crate::openpgp::OwnUse;
use crate::ports::{Advisories, Finding, Store};
use crate::store::{Postgres, Sqlite};
use crate::worker::{Confinement, Ready};

/// Repositories that are asked about at one time.
const AT_ONCE: usize = 4;

/// How far a long command is.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub done: u64,
    pub of: u64,
    pub what: &'a str,
}

/// Tries everything that the gateway needs; `offline` leaves out the network. Changes nothing and sends nothing.
pub async fn check(loaded: Loaded, offline: bool, progress: impl Fn(Step<'_>)) -> Result<Vec<Finding>, Error> {
    let settings = &loaded.settings;
    let mut findings = match loaded.warnings.is_empty() {
        true => vec![Finding::good("configuration", "it is read and fits together")],
        false => loaded.warnings.iter().map(|warning| Finding::warning("configuration", warning)).collect(),
    };
    findings.extend(settings.secrets().into_iter().filter_map(unreadable));
    findings.push(clock(OffsetDateTime::now_utc()));
    findings.extend(state(&settings.store, offline).await);
    findings.push(fence::finding(settings));
    let ready = workers(settings, &mut findings).await;
    if !offline {
        let repositories = repositories(settings, ready.as_ref());
        network(settings, &repositories, &mut findings, progress).await;
    }
    Ok(findings)
}

fn unreadable(secret: &crate::config::SecretSource) -> Option<Finding> {
    let path = match secret.path() {
        Ok(path) => path,
        Err(error) => return Some(Finding::failure("secrets", error.to_string())),
    };
    // Folders of keys are read by the workers, which say themselves what is wrong with them.
    (!path.is_dir()).then(|| std::fs::File::open(&path).err()).flatten().map(|error| {
        Finding::failure(
            "secrets",
            format!("cannot read {secret}: {error}; check its path and that this user may read it"),
        )
    })
}

/// Signatures, tokens and certificates are only as good as the clock.
fn clock(now: OffsetDateTime) -> Finding {
    const BUILT_AFTER: OffsetDateTime = datetime!(2026-01-01 0:00 UTC);
    let shown = now.date();
    if now < BUILT_AFTER {
        return Finding::failure(
            "clock",
            format!("it says {shown}, which is in the past: set it, and keep it right by NTP"),
        );
    }
    match Path::new("/run/systemd/timesync/synchronized").exists() {
        true => Finding::good("clock", format!("it says {now}, kept right by systemd-timesyncd", now = minute(now))),
        false => Finding::good("clock", format!("it says {}; see that NTP keeps it right", minute(now))),
    }
}

fn minute(now: OffsetDateTime) -> String {
    format!("{} {:02}:{:02} UTC", now.date(), now.hour(), now.minute())
}

async fn state(store: &StorePlace, offline: bool) -> Option<Finding> {
    match store {
        StorePlace::File(path) => Some(file(path).await),
        StorePlace::Postgres(_) if offline => None,
        StorePlace::Postgres(place) => Some(match parts::postgres(place) {
            Ok(settings) => Postgres::check(&settings).await,
            Err(error) => Finding::failure("state", error.to_string()),
        }),
    }
}

async fn file(store: &Path) -> Finding {
    let shown = store.display();
    if !store.exists() {
        let folder = store.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        return match folder.is_dir() || parts::can_be_made(folder) {
            true => Finding::good("state", format!("{shown} is made at the first start")),
            false => Finding::failure(
                "state",
                format!("the folder {} is missing: make it and give it to the service's user", folder.display()),
            ),
        };
    }
    match Sqlite::open(store).await {
        Ok(opened) => {
            opened.close().await;
            Finding::good("state", format!("{shown} is in order"))
        }
        Err(error) => Finding::failure("state", error.to_string()),
    }
}

/// Starts a worker as the daemon does, which reads keys, certificates, routing and templates.
async fn workers(settings: &Settings, findings: &mut Vec<Finding>) -> Option<Ready> {
    let pool = settings.worker().map_err(Error::from).and_then(|worker| parts::pool(worker, 1));
    let ready = match pool {
        Ok(pool) => pool.ready().await.map_err(Error::from),
        Err(error) => Err(error),
    };
    let ready = match ready {
        Ok(ready) => ready,
        Err(error) => {
            findings.push(Finding::failure("keys", error.to_string()));
            return None;
        }
    };
    findings.push(match &ready.own {
        Some(own) => Finding::good(
            "keys",
            format!("the gateway's certificate is {}: it {}", own.fingerprint.spaced(), OwnUse::Signs.explain()),
        ),
        None => Finding::failure(
            "keys",
            "there is no usable secret key: no mail is opened, no reply is signed; make one with key generate",
        ),
    });
    // Locked and missing ones are among the warnings.
    let others = ready.keys.iter().filter(|key| matches!(key.purpose, OwnUse::PostQuantum | OwnUse::Opens));
    findings.extend(
        others.map(|key| Finding::good("keys", format!("{} {}", key.fingerprint.spaced(), key.purpose.explain()))),
    );
    findings.extend(ready.warnings.iter().map(|warning| Finding::warning("keys", warning)));
    findings.push(confinement(&ready));
    findings.push(team(&ready));
    findings.push(Finding::good("routing", format!("{} repositories", ready.repositories.len())));
    Some(ready)
}

/// What holds the workers in: each has tried from inside what it must not be able to do before it said that it is ready.
fn confinement(ready: &Ready) -> Finding {
    let Confinement { landlock, seccomp, memory, missing } = &ready.confinement;
    if let Some(missing) = missing.iter().chain(&ready.spawner.missing).next() {
        return Finding::warning("workers", format!("{missing}; they are held in by what there is"));
    }
    let calls = if *seccomp { "system calls filtered" } else { "system calls not filtered" };
    let memory = memory.map_or(String::new(), |bytes| format!(", at most {} MiB of memory each", bytes >> 20));
    Finding::good("workers", format!("no network, files or processes (Landlock {landlock}, {calls}){memory}"))
}

fn team(ready: &Ready) -> Finding {
    let sealed = ready.team.iter().filter(|member| member.fingerprint.is_some() && member.unusable.is_none()).count();
    match (ready.team.len(), sealed) {
        (0, _) => Finding::failure("team", "nobody gets alerts: add the team's certificates with key import --into"),
        (all, 0) => Finding::failure(
            "team",
            format!("none of {all} members can be sent a report: every one gets the link only"),
        ),
        (all, sealed) if all == sealed => Finding::good("team", format!("{all} members get alerts")),
        (all, sealed) => {
            Finding::warning("team", format!("{sealed} of {all} members get reports, the others the link only"))
        }
    }
}

/// The repositories that may be filed in, each once.
fn repositories(settings: &Settings, ready: Option<&Ready>) -> Vec<Repository> {
    let mut all = vec![settings.identity.fallback_repository.clone()];
    all.extend(ready.into_iter().flat_map(|ready| ready.repositories.iter().cloned()));
    all.sort();
    all.dedup();
    all
}

async fn network(
    settings: &Settings,
    repositories: &[Repository],
    findings: &mut Vec<Finding>,
    progress: impl Fn(Step<'_>),
) {
    let asks = u64::from(settings.sender.dkim);
    let of = settings.mailboxes.len() as u64 + 1 + asks + repositories.len() as u64;
    let mut done = 0;
    let mut step = |what: &str| {
        progress(Step { done, of, what });
        done += 1;
    };
    for mailbox in &settings.mailboxes {
        step(&mailbox.name);
        match parts::mailbox_sources(mailbox, &settings.limits) {
            Ok(sources) => {
                for source in sources {
                    findings.extend(source.check().await);
                }
            }
            Err(error) => findings.push(Finding::failure(format!("mailbox {}", mailbox.name), error.to_string())),
        }
    }
    step("outgoing mail");
    match parts::sender(settings) {
        Ok(sender) => findings.extend(sender.check().await),
        Err(error) => findings.push(Finding::failure("outgoing mail", error.to_string())),
    }
    match parts::dns(settings) {
        Ok(Some(dns)) => {
            step("dns");
            findings.extend(dns.check().await);
        }
        Ok(None) => {}
        Err(error) => findings.push(Finding::failure("dns", error.to_string())),
    }
    let advisories: Arc<dyn Advisories> = match parts::advisories(settings) {
        Ok(advisories) => advisories,
        Err(error) => return findings.push(Finding::failure("filing", error.to_string())),
    };
    let advisories = &advisories;
    let mut asked = futures::stream::iter(repositories)
        .map(|repository| async move { (repository, advisories.check(repository).await) })
        .buffered(AT_ONCE);
    while let Some((repository, found)) = asked.next().await {
        step(repository.as_str());
        findings.extend(found);
    }
}
