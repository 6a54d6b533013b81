//! Web Key Directory (draft-koch-openpgp-webkey-service): what a mail domain publishes about its people's certificates.
//!
//! Asked about addresses that strangers' mail names, so it trusts nobody: only HTTPS with a certificate that verifies, only
//! public network addresses, resolved once and connected to as resolved, no redirects, little time, few bytes. What comes
//! back is handed on unread: a worker looks at it.

mod fetch;
mod place;
mod public;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::Instant;

use crate::model::{Address, DirectoryEntry};
use crate::ports::Directory;
use place::{Place, places};

/// How long an answer counts, and how long one that did not come.
const FRESH: Duration = Duration::from_secs(3_600);
const FRESH_FAILURE: Duration = Duration::from_secs(600);
/// Addresses whose answers are remembered, and domains whose look-ups are counted.
const MOST_REMEMBERED: usize = 500;
/// Look-ups at one domain within [`FRESH`]: mail in its name must not become a flood of requests.
const MOST_PER_DOMAIN: u32 = 20;

/// How directories are asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Longest time for one address, both ways of asking together.
    pub timeout: Duration,
    /// Certificates in PEM that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Where hosts are, instead of asking the DNS: for a directory in one's own network, and for tests. These may be private
    /// addresses; `None` stands for a host that does not exist.
    pub hosts: Vec<(String, Option<SocketAddr>)>,
}

impl Settings {
    /// For directories on the internet.
    pub fn new() -> Self {
        Settings { timeout: Duration::from_secs(5), ca_file: None, hosts: Vec::new() }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings::new()
    }
}

/// Asks the Web Key Directories of mail domains.
#[derive(Debug)]
pub struct Wkd {
    settings: Settings,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    answers: HashMap<Address, (Instant, Answer)>,
    domains: HashMap<String, (Instant, u32)>,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Found(Vec<u8>),
    Nothing,
    Failed,
}

impl Wkd {
    pub fn new(settings: Settings) -> Self {
        Wkd { settings, memory: Mutex::default() }
    }

    async fn ask(&self, address: &Address) -> Answer {
        let Some(places) = places(address) else { return Answer::Nothing };
        for place in places {
            match fetch::addresses(&place.host, &self.settings).await {
                // The draft: the second place counts only where the first one's host does not exist.
                fetch::Resolved::Nowhere => {}
                fetch::Resolved::Refused => return Answer::Failed,
                fetch::Resolved::At(addresses) => return self.fetch(&place, &addresses).await,
            }
        }
        Answer::Nothing
    }

    async fn fetch(&self, place: &Place, addresses: &[SocketAddr]) -> Answer {
        match fetch::get(place, addresses, &self.settings).await {
            Ok(Some(bytes)) => Answer::Found(bytes),
            Ok(None) => Answer::Nothing,
            Err(error) => {
                tracing::debug!(host = place.host, %error, "key directory did not answer");
                Answer::Failed
            }
        }
    }

    fn remembered(&self, address: &Address, now: Instant) -> Option<Answer> {
        let memory = self.memory();
        let (at, answer) = memory.answers.get(address)?;
        let fresh = if *answer == Answer::Failed { FRESH_FAILURE } else { FRESH };
        (now.duration_since(*at) < fresh).then(|| answer.clone())
    }

    /// Counts a look-up at the domain; `false`: there were enough for now.
    fn may_ask(&self, domain: &str, now: Instant) -> bool {
        let mut memory = self.memory();
        if memory.domains.len() >= MOST_REMEMBERED {
            memory.domains.retain(|_, (since, _)| now.duration_since(*since) < FRESH);
        }
        if memory.domains.len() >= MOST_REMEMBERED && !memory.domains.contains_key(domain) {
            return false;
        }
        let (since, count) = memory.domains.entry(domain.to_owned()).or_insert((now, 0));
        if now.duration_since(*since) >= FRESH {
            (*since, *count) = (now, 0);
        }
        *count += 1;
        *count <= MOST_PER_DOMAIN
    }

    fn remember(&self, address: &Address, answer: Answer, now: Instant) {
        let mut memory = self.memory();
        if memory.answers.len() >= MOST_REMEMBERED {
            memory.answers.retain(|_, (at, _)| now.duration_since(*at) < FRESH_FAILURE);
        }
        if memory.answers.len() < MOST_REMEMBERED {
            memory.answers.insert(address.clone(), (now, answer));
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Directory for Wkd {
    async fn find(&self, address: &Address) -> Option<DirectoryEntry> {
        let now = Instant::now();
        let answer = match self.remembered(address, now) {
            Some(answer) => answer,
            None if self.may_ask(address.domain(), now) => {
                let asked = tokio::time::timeout(self.settings.timeout, self.ask(address)).await;
                let answer = asked.unwrap_or(Answer::Failed);
                self.remember(address, answer.clone(), now);
                answer
            }
            None => Answer::Failed,
        };
        match answer {
            Answer::Found(bytes) => Some(DirectoryEntry { address: address.clone(), bytes }),
            Answer::Nothing | Answer::Failed => None,
        }
    }
}
