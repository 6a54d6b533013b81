//! GitHub's double: an HTTP server on loopback that holds every request to GitHub's API description, keeps advisories,
//! and fails as it is told to. It runs on a thread of its own, so that a test may block; it stops when it is dropped.

mod contract;
mod door;
mod faults;
mod hub;
mod keys;
mod shapes;
mod way;

use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;

use serde_json::Value;
use tokio::sync::oneshot;

pub use self::faults::{Fault, What};
pub use self::hub::{Hub, Repo, Seen};
pub use self::keys::app_key;

/// The number of the test App, and of its installation.
pub const APP: u64 = 4_711;
pub const INSTALLATION: u64 = 815;

/// A running double.
pub struct GithubDouble {
    uri: String,
    hub: Arc<Mutex<Hub>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl GithubDouble {
    /// Starts a double that knows no repository.
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let hub = Arc::new(Mutex::new(Hub::new(uri.clone())));
        let (stop, stopped) = oneshot::channel();
        let shared = hub.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(door::serve(listener, shared, stopped));
        });
        GithubDouble { uri, hub, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens: the base URI for the gateway.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The port behind [`GithubDouble::uri`].
    pub fn port(&self) -> u16 {
        self.uri.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap()
    }

    /// What it says of itself names this port: of a proxy before it.
    pub fn is_seen_at(&self, port: u16) {
        self.hub().base = format!("http://127.0.0.1:{port}");
    }

    /// The token that it accepts.
    pub fn token(&self) -> String {
        self.hub().token.clone()
    }

    /// Adds a repository with private reporting and comments on.
    pub fn add(&self, repository: &str) {
        self.hub().repos.entry(repository.to_owned()).or_default();
    }

    /// Takes every repository of this owner, made when it is first named.
    pub fn add_owner(&self, owner: &str) {
        self.hub().owners.push(owner.to_owned());
    }

    /// Changes a repository.
    pub fn change(&self, repository: &str, change: impl FnOnce(&mut Repo)) {
        change(self.hub().repos.entry(repository.to_owned()).or_default());
    }

    /// Lets a coming request to `repository` (or, for `token`, any) fail.
    pub fn fail(&self, repository: &str, fault: Fault) {
        self.hub().faults.push((repository.to_owned(), fault));
    }

    /// Lets every installation token expire now.
    pub fn expire_tokens(&self) {
        self.hub().issued.clear();
    }

    /// The advisories of a repository, oldest first, as GitHub would show them.
    pub fn advisories(&self, repository: &str) -> Vec<Value> {
        self.hub().repos.get(repository).map(|repo| repo.advisories.clone()).unwrap_or_default()
    }

    /// The comments on an advisory, oldest first.
    pub fn comments(&self, repository: &str, ghsa_id: &str) -> Vec<String> {
        let hub = self.hub();
        let comments = hub.repos.get(repository).and_then(|repo| repo.comments.get(ghsa_id));
        comments
            .map(|all| all.iter().filter_map(|c| c["body"].as_str().map(str::to_owned)).collect())
            .unwrap_or_default()
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.hub().seen.clone()
    }

    /// How many requests went to an endpoint.
    pub fn count(&self, endpoint: &str) -> usize {
        self.hub().seen.iter().filter(|seen| seen.endpoint == endpoint).count()
    }

    /// What was wrong with requests: must be empty at the end of a test.
    pub fn complaints(&self) -> Vec<String> {
        self.hub().complaints.clone()
    }

    fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap()
    }
}

impl Drop for GithubDouble {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
