//! Files private advisories at GitHub through its REST API.
//!
//! Nothing in here is retried unless the server has refused it for certain: GitHub has no idempotency key, so what may
//! have happened is [`FilingError::Unknown`], and the marker in the description is looked for before the next attempt.
//! Answers are quoted in errors only as far as they cannot hold the report's text.

mod answer;
mod check;
mod client;
mod comment;
mod file;
mod find;
mod look_up;
mod request;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use octocrab::models::{AppId, InstallationId};
use octocrab::{EncodingKey, Octocrab};
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use self::client::{Client, Credentials};
use self::look_up::Memory;
use crate::model::{AdvisoryDraft, CommentDraft, Commented, Filed, FilingWay, Inquiry, Marker, Online, Repository};
use crate::ports::{Advisories, FilingError, Finding};

/// Where GitHub's REST API is, unless an Enterprise server is used.
pub const API: &str = "https://api.github.com";

/// How GitHub is reached, and as whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The root of the REST API: [`API`], or an Enterprise server's. Plain `http` only to loopback.
    pub base_uri: String,
    pub auth: Auth,
    /// The way that is tried first.
    pub filing: FilingWay,
    /// For making a connection.
    pub connect_timeout: Duration,
    /// For one call as a whole, connecting and reading the answer included.
    pub timeout: Duration,
    /// Whether releases, linked issues and other advisories are looked up.
    pub online_checks: bool,
}

impl Settings {
    /// github.com with usual patience: 10 seconds to connect, 45 for a call.
    pub fn new(auth: Auth, filing: FilingWay) -> Self {
        Settings {
            base_uri: API.to_owned(),
            auth,
            filing,
            connect_timeout: Duration::from_secs(10),
            timeout: Duration::from_secs(45),
            online_checks: true,
        }
    }
}

/// Who the gateway is at GitHub. Needs the permission `repository_advisories: write` on every repository.
#[derive(Clone)]
pub enum Auth {
    /// A fine-grained or classic personal access token.
    Token(SecretString),
    /// A GitHub App.
    App {
        id: u64,
        /// `None`: looked up for each owner of a repository.
        installation: Option<u64>,
        /// The App's private key as GitHub hands it out.
        pem: SecretString,
    },
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Auth::Token(_) => f.write_str("Token([secret])"),
            Auth::App { id, installation, .. } => {
                f.debug_struct("App").field("id", id).field("installation", installation).finish_non_exhaustive()
            }
        }
    }
}

/// Settings with which GitHub cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("the GitHub base URI is not usable: {0}")]
    BaseUri(&'static str),
    #[error("the GitHub App's private key cannot be used: give the RSA key in PEM form as GitHub hands it out")]
    Key,
    #[error("the GitHub token is empty or holds characters that no token has")]
    Token,
    #[error("the HTTPS client cannot be set up: check that the system has CA certificates (package ca-certificates)")]
    Client,
    #[error("the GitHub client needs a running tokio runtime")]
    Runtime,
}

/// Advisories at GitHub.
pub struct GitHub {
    client: Client,
    filing: FilingWay,
    /// `None`: nothing is looked up.
    memory: Option<Memory>,
}

impl GitHub {
    /// A client with these settings; nothing is sent yet.
    ///
    /// # Errors
    /// When the settings can never work. Must be called within a tokio runtime.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        tokio::runtime::Handle::try_current().map_err(|_| SettingsError::Runtime)?;
        let base = checked_base(&settings.base_uri)?;
        let credentials = credentials(&settings, &base)?;
        let memory = settings.online_checks.then(Memory::default);
        Ok(GitHub { client: Client::new(credentials, base, settings.timeout), filing: settings.filing, memory })
    }
}

#[async_trait]
impl Advisories for GitHub {
    async fn file(&self, repository: &Repository, draft: &AdvisoryDraft) -> Result<Filed, FilingError> {
        file::file(&self.client, self.filing, repository, draft).await
    }

    async fn complete(&self, advisory: &Filed, draft: &AdvisoryDraft) -> Result<(), FilingError> {
        comment::complete(&self.client, advisory, draft).await
    }

    async fn find(&self, repository: &Repository, marker: &Marker) -> Result<Option<Filed>, FilingError> {
        find::find(&self.client, repository, marker).await
    }

    async fn comment(&self, advisory: &Filed, draft: &CommentDraft) -> Result<Commented, FilingError> {
        comment::comment(&self.client, advisory, draft).await
    }

    fn looks_up(&self) -> bool {
        self.memory.is_some()
    }

    async fn look_up(&self, inquiry: &Inquiry) -> Online {
        match &self.memory {
            Some(memory) => look_up::look_up(&self.client, memory, inquiry).await,
            None => Online::default(),
        }
    }

    async fn check(&self, repository: &Repository) -> Vec<Finding> {
        check::check(&self.client, self.filing, repository).await
    }
}

/// The base as a URL, without a slash at its end.
fn checked_base(text: &str) -> Result<Url, SettingsError> {
    let base = Url::parse(text).map_err(|_| SettingsError::BaseUri("it is no URL"))?;
    let loopback = match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(SettingsError::BaseUri("it names no host")),
    };
    if !(base.scheme() == "https" || base.scheme() == "http" && loopback) {
        return Err(SettingsError::BaseUri("it must begin with https://"));
    }
    if !base.username().is_empty() || base.password().is_some() || base.query().is_some() || base.fragment().is_some() {
        return Err(SettingsError::BaseUri("it must be scheme, host and path only"));
    }
    Ok(base)
}

fn credentials(settings: &Settings, base: &Url) -> Result<Credentials, SettingsError> {
    let builder = Octocrab::builder()
        .add_header(http::header::ACCEPT, "application/vnd.github+json".to_owned())
        .set_connect_timeout(Some(settings.connect_timeout))
        .set_read_timeout(Some(settings.timeout))
        .set_write_timeout(Some(settings.timeout))
        .base_uri(base.as_str().trim_end_matches('/'))
        .map_err(|_| SettingsError::BaseUri("it is no URL"))?;
    match &settings.auth {
        Auth::Token(token) => {
            let text = token.expose_secret();
            if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
                return Err(SettingsError::Token);
            }
            let crab = builder.build().map_err(|_| SettingsError::Client)?;
            // Not the builder's `personal_token`: that header is not marked as sensitive.
            let crab = crab.user_access_token(text.to_owned()).map_err(|_| SettingsError::Token)?;
            Ok(Credentials::Token(Arc::new(crab)))
        }
        Auth::App { id, installation, pem } => {
            let key = EncodingKey::from_rsa_pem(pem.expose_secret().as_bytes()).map_err(|_| SettingsError::Key)?;
            octocrab::auth::create_jwt(AppId(*id), &key).map_err(|_| SettingsError::Key)?;
            let app = builder.app(AppId(*id), key).build().map_err(|_| SettingsError::Client)?;
            let fixed = installation.map(|id| app.installation(InstallationId(id)));
            let fixed = fixed.transpose().map_err(|_| SettingsError::Key)?;
            Ok(Credentials::app(app, fixed))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_https_and_loopback_only() {
        for (text, good) in [
            ("https://api.github.com", true),
            ("https://ghes.example/api/v3/", true),
            ("http://127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("http://localhost:8080", true),
            ("http://api.github.com", false),
            ("http://127.0.0.1.example", false),
            ("ftp://127.0.0.1", false),
            ("https://user:secret@api.github.com", false),
            ("https://api.github.com/?a=b", false),
            ("api.github.com", false),
        ] {
            assert_eq!(checked_base(text).is_ok(), good, "{text}");
        }
    }

    #[tokio::test]
    async fn wrong_credentials_are_refused_without_showing_them() {
        let app = |pem: &str| Auth::App { id: 1, installation: None, pem: pem.to_owned().into() };
        for (auth, expected) in [
            (Auth::Token("".to_owned().into()), SettingsError::Token),
            (Auth::Token("canary\r\nX: y".to_owned().into()), SettingsError::Token),
            (app("canary"), SettingsError::Key),
            (app("-----BEGIN RSA PRIVATE KEY-----\nY2FuYXJ5\n-----END RSA PRIVATE KEY-----\n"), SettingsError::Key),
        ] {
            assert!(!format!("{auth:?}").contains("canary"));
            let error = GitHub::new(Settings::new(auth, FilingWay::Report)).err();
            assert_eq!(error, Some(expected));
        }
    }

    #[test]
    fn needs_a_runtime() {
        let settings = Settings::new(Auth::Token("t".to_owned().into()), FilingWay::Report);
        assert_eq!(GitHub::new(settings).err(), Some(SettingsError::Runtime));
    }
}
