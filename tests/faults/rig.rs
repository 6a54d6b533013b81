//! The gateway between its servers, a proxy before each, and what must be true once it is through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use advisory_intake::case::{Backoff, State};
use advisory_intake::config;
use advisory_intake::engine::{Engine, EngineError, Parts, Settings, Timeouts};
use advisory_intake::github::{self, Auth, GitHub};
use advisory_intake::imap::{self, Imap};
use advisory_intake::model::{FilingWay, IgnoreReason, Limits, MailKind, Outcome};
use advisory_intake::ports::{Clock, History, MessageFilter, MessageRecord, Store};
use advisory_intake::smtp::{self, Smtp, Tls};
use advisory_intake::store::Sqlite;
use advisory_intake::worker::Pool;

use super::mails::{Mails, Sent};
use crate::support::dovecot::Dovecot;
use crate::support::github_double::GithubDouble;
use crate::support::pgpmime;
use crate::support::postfix::Postfix;
use crate::support::proxy::Proxy;
use crate::support::world::{ADDRESS, MAILBOX, test_keys};

/// How long the gateway may take to recover: these machines are shared.
const PATIENCE: Duration = Duration::from_secs(60);
/// The longest wait for a server's answer.
pub const TIMEOUT: Duration = Duration::from_millis(500);
const OWNER: &str = "open-telemetry";
/// Members of the team: two with a certificate, one without a usable one.
const TEAM: [&str; 3] = ["lena", "samir", "petra"];

/// Servers, proxies, and a gateway at work.
pub struct Rig {
    pub dovecot: Dovecot,
    _postfix: Postfix,
    pub github: GithubDouble,
    /// Before Dovecot, ending TLS.
    pub imap: Proxy,
    /// Before Postfix.
    pub smtp: Proxy,
    /// Before GitHub's double.
    pub http: Proxy,
    pub store: Arc<dyn Store>,
    pub engine: Arc<Engine>,
    pub mails: Mails,
    sent: Vec<Sent>,
    stop: CancellationToken,
    running: JoinHandle<Result<(), EngineError>>,
    folder: TempDir,
}

struct System;

impl Clock for System {
    fn now(&self) -> time::OffsetDateTime {
        time::OffsetDateTime::now_utc()
    }
}

impl Rig {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dovecot = Dovecot::start();
        let postfix = Postfix::start(&dovecot);
        let github = GithubDouble::start();
        github.add_owner(OWNER);
        let imap = Proxy::tls(&dovecot.ca, dovecot.imap_port);
        let smtp = Proxy::to(postfix.plain_port);
        let http = Proxy::to(github.port());
        github.is_seen_at(http.port);
        let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("state.db")).await.unwrap());
        let mailbox = Imap::new(imap::Settings {
            port: imap.port,
            timeout: TIMEOUT,
            poll: TIMEOUT * 4,
            ..dovecot.settings(MAILBOX)
        });
        let advisories = GitHub::new(github::Settings {
            base_uri: format!("http://127.0.0.1:{}", http.port),
            connect_timeout: TIMEOUT,
            timeout: TIMEOUT,
            ..github::Settings::new(Auth::Token(github.token().into()), FilingWay::Report)
        });
        let parts = Parts {
            sources: vec![Arc::new(mailbox)],
            sender: Arc::new(Smtp::new(smtp::Settings {
                host: "127.0.0.1".into(),
                port: smtp.port,
                tls: Tls::None,
                login: None,
                timeout: TIMEOUT,
                ..postfix.settings()
            })),
            advisories: Arc::new(advisories.unwrap()),
            store: store.clone(),
            opener: Arc::new(pool(folder.path())),
            dns: None,
            directory: None,
            clock: Arc::new(System),
        };
        let engine = Arc::new(Engine::new(parts, settings()));
        let (stop, worker) = (CancellationToken::new(), engine.clone());
        let ended = stop.clone();
        let running = tokio::spawn(async move { worker.run(ended).await });
        Rig {
            dovecot,
            _postfix: postfix,
            github,
            imap,
            smtp,
            http,
            store,
            engine,
            mails: Mails::new(),
            sent: Vec::new(),
            stop,
            running,
            folder,
        }
    }

    /// Puts mails into the mailbox.
    pub fn deliver(&mut self, mails: Vec<Sent>) {
        for mail in &mails {
            self.dovecot.append(MAILBOX, "INBOX", &mail.bytes);
        }
        self.sent.extend(mails);
    }

    /// The file of the store.
    pub fn store_path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    /// The delivered mail with this token.
    pub fn sent(&self, token: &str) -> &Sent {
        self.sent.iter().find(|sent| sent.token == token).unwrap()
    }

    /// Waits until `done`.
    pub async fn until(&self, what: &str, mut done: impl AsyncFnMut() -> bool) {
        let begun = Instant::now();
        while !done().await {
            if begun.elapsed() > PATIENCE {
                let status = self.engine.status().borrow().line();
                let inbox = self.dovecot.messages(MAILBOX, "INBOX").len();
                panic!("gave up waiting for {what}: {status}; {inbox} in INBOX\n{}", self.stories().await);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// What the store has of a mail: the message itself, not the copies of it.
    pub async fn record_of(&self, sent: &Sent) -> Option<MessageRecord> {
        self.records().await.into_iter().find(|record| is_of(record, sent))
    }

    /// What was noted about each step of a mail and about the mails that came of it.
    pub async fn story_of(&self, sent: &Sent) -> String {
        match self.record_of(sent).await {
            Some(record) => story(&record, &self.store.history(record.message).await.unwrap()),
            None => "not there".to_owned(),
        }
    }

    /// The end of everything, for a test that fails.
    async fn stories(&self) -> String {
        let mut stories = Vec::new();
        for record in self.records().await.iter().take(8) {
            stories.push(story(record, &self.store.history(record.message).await.unwrap()));
        }
        stories.join("\n")
    }

    async fn records(&self) -> Vec<MessageRecord> {
        let filter = MessageFilter { limit: u32::MAX, ..MessageFilter::default() };
        self.store.messages(&filter).await.unwrap()
    }

    /// Waits until everything that was delivered is through, and holds all of it, from the beginning, to the promises.
    pub async fn is_sound(&self, what: &str) {
        self.until(&format!("{what}: everything to end"), async || {
            assert!(!self.running.is_finished(), "{what}: the engine has ended");
            let records = self.records().await;
            let ended = records.iter().filter(|record| matches!(record.state, State::Nothing { .. })).count();
            ended == records.len()
                && ended >= self.sent.len()
                && self.dovecot.messages(MAILBOX, "INBOX").is_empty()
                && self.store.next_due(None).await.unwrap().is_none()
        })
        .await;
        let records = self.records().await;
        let mut written: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut mails: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for sent in &self.sent {
            let record = records.iter().find(|record| is_of(record, sent));
            let record = record.unwrap_or_else(|| panic!("{what}: {} is lost", sent.token));
            let history = self.store.history(record.message).await.unwrap();
            let about = format!("{what}: {}", story(record, &history));
            has_ended_well(sent, record, &history, &about);
            for mail in history.mails {
                mails.entry(mail.to.local().to_owned()).or_default().insert(mail.message_id.as_str().to_owned());
            }
            if let Some(repository) = &sent.repository {
                let found = self.written(repository, sent.ends);
                assert_eq!(found.iter().filter(|text| text.contains(&sent.token)).count(), 1, "{}: {about}", sent.ends);
                *written.entry((repository, sent.ends)).or_default() += 1;
            }
        }
        for ((repository, ends), count) in written {
            assert_eq!(self.written(repository, ends).len(), count, "{what}: {ends} in {repository}");
        }
        self.has_delivered(what, mails).await;
        assert_eq!(self.github.complaints(), Vec::<String>::new(), "{what}");
        let chain = self.store.verify(None).await.unwrap();
        assert!(chain.broken.is_none() && chain.links as usize >= records.len(), "{what}: {chain:?}");
    }

    /// The texts of all advisories in a repository, or of all comments on them.
    fn written(&self, repository: &str, ends: &str) -> Vec<String> {
        let advisories = self.github.advisories(repository).into_iter();
        let text = |advisory: &serde_json::Value, field: &str| advisory[field].as_str().unwrap().to_owned();
        match ends {
            "filed" => advisories.map(|advisory| text(&advisory, "description")).collect(),
            _ => {
                advisories.flat_map(|advisory| self.github.comments(repository, &text(&advisory, "ghsa_id"))).collect()
            }
        }
    }

    /// Everybody has every mail that is for them, and none that nobody knows of; copies carry one Message-ID.
    async fn has_delivered(&self, what: &str, mails: BTreeMap<String, BTreeSet<String>>) {
        for (who, ids) in mails {
            let there = || -> BTreeSet<String> {
                let mails = self.dovecot.messages(&who, "INBOX");
                let id =
                    |raw: &Vec<u8>| pgpmime::open_outer(raw).header("Message-ID").trim_matches(['<', '>']).to_owned();
                mails.iter().map(id).collect()
            };
            self.until(&format!("{what}: delivery to {who}"), async || there().len() >= ids.len()).await;
            assert_eq!(there(), ids, "{what}: {who} has other mails");
        }
    }

    /// Stops the gateway in good order.
    pub async fn stop(self) {
        self.stop.cancel();
        self.running.await.unwrap().unwrap();
        self.store.close().await;
    }
}

/// Whether this is the message of a mail, and not of a copy of it.
fn is_of(record: &MessageRecord, sent: &Sent) -> bool {
    let id = format!("{}@reporter.example", sent.token);
    let facts = record.assessment.as_ref().map(|assessment| &assessment.facts);
    let is_it = facts.and_then(|facts| facts.message_id.as_ref()).is_some_and(|known| known.as_str() == id);
    is_it && !matches!(record.state.outcome(), Some(Outcome::Ignored(IgnoreReason::DuplicateOf(_))))
}

fn story(record: &MessageRecord, history: &History) -> String {
    let steps = history.steps.iter().map(|step| step.what.clone());
    let mails = history.mails.iter().map(|mail| format!("{} to {}: {}", mail.kind.as_str(), mail.to, mail.status));
    let state = format!("{} waits for {}", record.message, record.state.name());
    [state].into_iter().chain(steps).chain(mails).collect::<Vec<_>>().join("\n    ")
}

/// The one outcome, and mail for everybody who has to hear of it.
fn has_ended_well(sent: &Sent, record: &MessageRecord, history: &History, about: &str) {
    assert_eq!(record.state.outcome().map(Outcome::name), Some(sent.ends), "{about}");
    assert!(history.mails.iter().all(|mail| mail.status.starts_with("sent")), "{about}");
    let (replies, alerts): (Vec<_>, Vec<_>) = history.mails.iter().partition(|mail| mail.kind == MailKind::Reply);
    assert_eq!(replies.len(), sent.replies, "replies of {about}");
    let told: BTreeSet<&str> = alerts.iter().map(|mail| mail.to.local()).collect();
    let team: BTreeSet<&str> = TEAM.into_iter().filter(|_| sent.repository.is_some()).collect();
    assert_eq!(told, team, "who was told of {about}");
    assert_eq!(alerts.iter().any(|mail| mail.kind == MailKind::UrgentAlert), sent.urgent, "{about}");
}

fn settings() -> Settings {
    let mut settings =
        Settings::new("OTEL-SEC".into(), format!("{OWNER}/sig-security").parse().unwrap(), &Limits::default());
    let seconds = Duration::from_secs;
    settings.openers = 2;
    settings.replies_per_day = 1_000;
    settings.backoff = Backoff { first: Duration::from_millis(50), ceiling: Duration::from_millis(200) };
    settings.setup_wait = Duration::from_millis(400);
    settings.look = Duration::from_millis(100);
    settings.timeouts = Timeouts {
        fetch: seconds(5),
        open: seconds(60),
        file: TIMEOUT * 3 / 2,
        send: TIMEOUT * 3 / 2,
        settle: TIMEOUT * 3,
    };
    // `Engine::new` makes it as long as it must be.
    settings.policy.settle_time = Duration::ZERO;
    settings
}

/// The real workers, with the test keys.
fn pool(folder: &Path) -> Pool {
    let text = format!(
        "[identity]\naddress = \"{ADDRESS}\"\n[mailbox.main]\npath = \"in\"\n[smtp]\ndeliver_to = \"out\"\n\
         [ledger]\nfolder = \"ledger\"\n{}",
        test_keys()
    );
    let loaded = config::load_text(&folder.join("gateway.toml"), &text, BTreeMap::new()).unwrap();
    Pool::start(env!("CARGO_BIN_EXE_advisory-intake").into(), loaded.settings.worker().unwrap(), 2)
}
