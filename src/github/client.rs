use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Limited};
use octocrab::Octocrab;
use octocrab::models::InstallationId;
use serde::Serialize;
use tracing::{Instrument, Span, field, info_span};
use url::Url;

use super::answer::{self, Installation};
use crate::model::Repository;
use crate::ports::FilingError;

/// Longest answer that is read, in bytes: a page of advisories with full descriptions fits.
const MAX_ANSWER: usize = 64 << 20;
/// Calls of the hour's 5,000 that nothing but filing may use.
const KEPT_FOR_FILING: u64 = 1_000;
/// Renames that are followed in a row.
const MAX_MOVES: usize = 3;

/// Sends calls and reads answers: who we are, timeouts, renames, pauses that GitHub asked for.
pub(super) struct Client {
    credentials: Credentials,
    base: Url,
    timeout: Duration,
    /// No call before this: GitHub's limits are for the credentials and not for a repository.
    paused: Mutex<Option<Instant>>,
    /// How many calls GitHub still allows in this hour, as it last said.
    left: AtomicU64,
}

/// What calls are made with. An `Octocrab` copies its cached token when it is cloned, so it is shared.
pub(super) enum Credentials {
    Token(Arc<Octocrab>),
    App {
        /// Signs as the App itself.
        app: Arc<Octocrab>,
        /// The configured installation.
        fixed: Option<Arc<Octocrab>>,
        /// Installations that were looked up, by owner in lower case.
        found: Mutex<HashMap<String, Arc<Octocrab>>>,
    },
}

impl Credentials {
    pub(super) fn app(app: Octocrab, fixed: Option<Octocrab>) -> Self {
        Credentials::App { app: Arc::new(app), fixed: fixed.map(Arc::new), found: Mutex::default() }
    }
}

/// An answer, whatever its status.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// A call about a repository. `path` comes after `/repos/{owner}/{name}`.
pub(super) struct Call<'a> {
    pub(super) repository: &'a Repository,
    pub(super) method: Method,
    pub(super) path: String,
    /// Names the endpoint in traces.
    pub(super) endpoint: &'static str,
}

impl<'a> Call<'a> {
    pub(super) fn get(repository: &'a Repository, endpoint: &'static str, path: impl Into<String>) -> Self {
        Call { repository, method: Method::GET, path: path.into(), endpoint }
    }

    pub(super) fn post(repository: &'a Repository, endpoint: &'static str, path: impl Into<String>) -> Self {
        Call { repository, method: Method::POST, path: path.into(), endpoint }
    }

    pub(super) fn patch(repository: &'a Repository, endpoint: &'static str, path: impl Into<String>) -> Self {
        Call { repository, method: Method::PATCH, path: path.into(), endpoint }
    }

    fn reads(&self) -> bool {
        self.method == Method::GET
    }
}

impl Client {
    pub(super) fn new(credentials: Credentials, base: Url, timeout: Duration) -> Self {
        Client { credentials, base, timeout, paused: Mutex::new(None), left: AtomicU64::new(u64::MAX) }
    }

    /// Whether there are calls to spare for what filing does not need.
    pub(super) fn can_spare(&self) -> bool {
        self.awake().is_ok() && self.left.load(Ordering::Relaxed) > KEPT_FOR_FILING
    }

    pub(super) fn is_app(&self) -> bool {
        matches!(self.credentials, Credentials::App { .. })
    }

    /// Makes a call without a body.
    pub(super) async fn read(&self, call: Call<'_>) -> Result<Reply, FilingError> {
        self.call(call, None::<&()>).await
    }

    /// Makes a call with a body.
    pub(super) async fn write(&self, call: Call<'_>, body: &(impl Serialize + Sync)) -> Result<Reply, FilingError> {
        self.call(call, Some(body)).await
    }

    /// Makes a call. An answer of any status is `Ok`. Errors: `Later` when nothing was sent or only reading was asked for,
    /// `Unknown` when a change was sent and no answer came, `Setup` when the credentials do not do.
    async fn call<B: Serialize + Sync>(&self, call: Call<'_>, body: Option<&B>) -> Result<Reply, FilingError> {
        let span = info_span!(
            "github",
            repository = %call.repository,
            method = %call.method,
            endpoint = call.endpoint,
            status = field::Empty,
        );
        async {
            self.awake()?;
            let crab = self.crab(call.repository).await?;
            let route = format!("/repos/{}{}", call.repository, call.path);
            let reply = self.send(&crab, &call, route, body).await?;
            Span::current().record("status", reply.status.as_u16());
            self.pause_if_asked(&reply);
            Ok(reply)
        }
        .instrument(span)
        .await
    }

    /// As the App itself: which installation is the repository's, and with what rights.
    pub(super) async fn installation(&self, repository: &Repository) -> Result<Reply, FilingError> {
        let Credentials::App { app, .. } = &self.credentials else {
            return Err(FilingError::Setup("a token has no installation".into()));
        };
        self.awake()?;
        let call = Call::get(repository, "installation", "");
        let span = info_span!("github", %repository, method = "GET", endpoint = "installation", status = field::Empty);
        async {
            let reply = self.send(app, &call, format!("/repos/{repository}/installation"), None::<&()>).await?;
            Span::current().record("status", reply.status.as_u16());
            self.pause_if_asked(&reply);
            Ok(reply)
        }
        .instrument(span)
        .await
    }

    /// The client for a repository, with a token that lives.
    async fn crab(&self, repository: &Repository) -> Result<Arc<Octocrab>, FilingError> {
        let crab = match &self.credentials {
            Credentials::Token(crab) => return Ok(crab.clone()),
            Credentials::App { fixed: Some(crab), .. } => crab.clone(),
            Credentials::App { app, found, .. } => {
                let owner = repository.owner().to_ascii_lowercase();
                let known = found.lock().unwrap_or_else(PoisonError::into_inner).get(&owner).cloned();
                match known {
                    Some(crab) => crab,
                    None => {
                        let crab = Arc::new(self.look_up(app, repository).await?);
                        found.lock().unwrap_or_else(PoisonError::into_inner).insert(owner, crab.clone());
                        crab
                    }
                }
            }
        };
        // Asked for here, so that its failure is not taken for a failure of what comes after it.
        match tokio::time::timeout(self.timeout, crab.installation_token()).await {
            Ok(Ok(_)) => Ok(crab),
            Ok(Err(error)) => Err(answer::no_token(error)),
            Err(_) => Err(FilingError::Later { reason: "GitHub gave no token in time".into(), after: None }),
        }
    }

    async fn look_up(&self, app: &Octocrab, repository: &Repository) -> Result<Octocrab, FilingError> {
        let reply = self.installation(repository).await?;
        if reply.status == StatusCode::NOT_FOUND {
            return Err(FilingError::Refused(format!(
                "the GitHub App is not installed on {repository}: install it there with repository_advisories: write"
            )));
        }
        if !reply.status.is_success() {
            return Err(answer::not_read(&reply, repository));
        }
        let Installation { id, .. } = answer::decode(&reply)
            .ok_or_else(|| FilingError::Later { reason: "GitHub's answer cannot be read".into(), after: None })?;
        app.installation(InstallationId(id)).map_err(|_| FilingError::Setup("the App's key cannot be used".into()))
    }

    async fn send<B: Serialize + Sync>(
        &self,
        crab: &Octocrab,
        call: &Call<'_>,
        route: String,
        body: Option<&B>,
    ) -> Result<Reply, FilingError> {
        match tokio::time::timeout(self.timeout, self.follow(crab, call, route, body)).await {
            Ok(result) => result,
            Err(_) => Err(no_answer(call, format!("no answer from GitHub within {} s", self.timeout.as_secs()))),
        }
    }

    /// Sends, and follows a rename on the same host. The route never has a host: with one, the credentials are not sent.
    async fn follow<B: Serialize + Sync>(
        &self,
        crab: &Octocrab,
        call: &Call<'_>,
        mut route: String,
        body: Option<&B>,
    ) -> Result<Reply, FilingError> {
        for _ in 0..=MAX_MOVES {
            let uri: Uri =
                route.parse().map_err(|_| FilingError::Refused("GitHub moved it to a place that is no URI".into()))?;
            let sent = match call.method {
                Method::POST => crab._post(uri, body).await,
                Method::PATCH => crab._patch(uri, body).await,
                _ => crab._get_with_headers(uri, None).await,
            };
            let (parts, content) = sent.map_err(|error| not_sent(call, error))?.into_parts();
            let body = Limited::new(content, MAX_ANSWER).collect().await.map(|all| all.to_bytes().to_vec());
            let body = body.map_err(|_| no_answer(call, "GitHub's answer broke off or is too long".into()))?;
            let reply = Reply { status: parts.status, headers: parts.headers, body };
            match self.moved(call, &reply)? {
                Some(next) => route = next,
                None => return Ok(reply),
            }
        }
        Err(FilingError::Refused(format!("GitHub sends {} in circles", call.repository)))
    }

    /// Where a renamed repository is now. A change is followed only where its method and body stay as they are.
    fn moved(&self, call: &Call<'_>, reply: &Reply) -> Result<Option<String>, FilingError> {
        let follow = match reply.status.as_u16() {
            307 | 308 => true,
            301 | 302 => call.reads(),
            _ => return Ok(None),
        };
        let place = reply.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let Some(place) = place.filter(|_| follow).and_then(|place| self.base.join(place).ok()) else {
            return Ok(None);
        };
        if place.origin() != self.base.origin() {
            return Err(FilingError::Refused(format!(
                "{} has moved to another host, which is not followed: correct the routing",
                call.repository
            )));
        }
        tracing::info!("repository was renamed");
        Ok(Some(place.query().map_or_else(|| place.path().to_owned(), |query| format!("{}?{query}", place.path()))))
    }

    /// Refuses to call while GitHub has asked for quiet.
    fn awake(&self) -> Result<(), FilingError> {
        let until = *self.paused.lock().unwrap_or_else(PoisonError::into_inner);
        match until.and_then(|until| until.checked_duration_since(Instant::now())) {
            Some(rest) if !rest.is_zero() => {
                Err(FilingError::Later { reason: "GitHub's rate limit is used up".into(), after: Some(rest) })
            }
            _ => Ok(()),
        }
    }

    fn pause_if_asked(&self, reply: &Reply) {
        let left =
            reply.headers.get("x-ratelimit-remaining").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        self.left.store(left.unwrap_or(u64::MAX), Ordering::Relaxed);
        if let Some(wait) = answer::asks_to_wait(reply) {
            *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(wait);
        }
    }
}

/// What an error of the client means. Its text is not shown: it can hold addresses and anything else.
fn not_sent(call: &Call<'_>, error: octocrab::Error) -> FilingError {
    match &error {
        octocrab::Error::Service { source, .. } => {
            if never_connected(source.as_ref()) {
                return FilingError::Later { reason: "GitHub cannot be reached".into(), after: None };
            }
            no_answer(call, "the connection to GitHub broke".into())
        }
        octocrab::Error::Hyper { .. } => no_answer(call, "the connection to GitHub broke".into()),
        // All others come before anything is sent.
        _ => FilingError::Setup("a request to GitHub cannot be made: check base URI and credentials".into()),
    }
}

/// A change may have happened; what was only read was not.
fn no_answer(call: &Call<'_>, reason: String) -> FilingError {
    if call.reads() { FilingError::Later { reason, after: None } } else { FilingError::Unknown(reason) }
}

/// Whether this failed while connecting, so that no request was sent.
pub(super) fn never_connected(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut at = Some(error);
    while let Some(error) = at {
        if error.downcast_ref::<hyper_util::client::legacy::Error>().is_some_and(|e| e.is_connect()) {
            return true;
        }
        at = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::github::checked_base;

    #[tokio::test]
    async fn follows_renames_on_the_same_host_only() {
        let crab = Octocrab::builder().build().unwrap();
        let base = checked_base("https://api.github.com").unwrap();
        let client = Client::new(Credentials::Token(Arc::new(crab)), base, Duration::from_secs(1));
        let repository: Repository = "o/r".parse().unwrap();
        let cases = [
            (
                Method::POST,
                307,
                "https://api.github.com/repositories/7/security-advisories",
                Ok(Some("/repositories/7/security-advisories")),
            ),
            (Method::POST, 308, "/repositories/7?a=b", Ok(Some("/repositories/7?a=b"))),
            (Method::POST, 301, "/repositories/7", Ok(None)),
            (Method::POST, 302, "/repositories/7", Ok(None)),
            (Method::GET, 301, "/repositories/7", Ok(Some("/repositories/7"))),
            (Method::GET, 200, "/repositories/7", Ok(None)),
            (Method::POST, 307, "https://evil.example/repositories/7", Err(())),
            (Method::POST, 307, "http://api.github.com/repositories/7", Err(())),
            (Method::POST, 307, "https://api.github.com:444/repositories/7", Err(())),
        ];
        for (method, status, location, expected) in cases {
            let call = Call { repository: &repository, method: method.clone(), path: String::new(), endpoint: "test" };
            let headers = [(header::LOCATION, location.parse().unwrap())].into_iter().collect();
            let reply = Reply { status: StatusCode::from_u16(status).unwrap(), headers, body: vec![] };
            let found = client.moved(&call, &reply).map_err(|_| ());
            assert_eq!(
                found.as_ref().map(Option::as_deref),
                expected.as_ref().map(|e| *e),
                "{method} {status} {location}"
            );
        }
    }
}
