//! The gateway between its servers, a proxy before each, and what must be true once it is through.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
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
use advisory_intake::ports::{Clock, MessageFilter, MessageRecord, Store};
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
    _folder: TempDir,
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
        let mailbox = Imap::new(imap::Settings { port: imap.port, timeout: TIMEOUT, ..dovecot.settings(MAILBOX) });
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
            _folder: folder,
        }
    }

    /// Puts mails into the mailbox.
    pub fn deliver(&mut self, mails: Vec<Sent>) {
        for mail in &mails {
            self.dovecot.append(MAILBOX, "INBOX", &mail.bytes);
        }
        self.sent.extend(mails);
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
                panic!("gave up waiting for {what}: {status}\n{}", self.stories().await);
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// What the store has of a mail: the message itself, not the copies of it.
    pub async fn record_of(&self, sent: &Sent) -> Option<MessageRecord> {
        let id = format!("{}@reporter.example", sent.token);
        let is_it = |record: &MessageRecord| {
            let facts = record.assessment.as_ref().map(|assessment| &assessment.facts);
            facts.and_then(|facts| facts.message_id.as_ref()).is_some_and(|known| known.as_str() == id)
        };
        let is_copy = |record: &MessageRecord| {
            matches!(record.state.outcome(), Some(Outcome::Ignored(IgnoreReason::DuplicateOf(_))))
        };
        self.records().await.into_iter().find(|record| is_it(record) && !is_copy(record))
    }

    /// What was noted about each step of a mail and about the mails that came of it.
    pub async fn story_of(&self, sent: &Sent) -> String {
        match self.record_of(sent).await {
            Some(record) => self.story(&record).await,
            None => "not there".to_owned(),
        }
    }

    async fn story(&self, record: &MessageRecord) -> String {
        let history = self.store.history(record.message).await.unwrap();
        let steps = history.steps.into_iter().map(|step| step.what);
        let mails =
            history.mails.into_iter().map(|mail| format!("{} to {}: {}", mail.kind.as_str(), mail.to, mail.status));
        let state = format!("{} waits for {}", record.message, record.state.name());
        [state].into_iter().chain(steps).chain(mails).collect::<Vec<_>>().join("\n    ")
    }

    /// The end of everything, for a test that fails.
    async fn stories(&self) -> String {
        let mut stories = Vec::new();
        for record in self.records().await.iter().rev().take(8) {
            stories.push(self.story(record).await);
        }
        stories.join("\n")
    }

    async fn records(&self) -> Vec<MessageRecord> {
        let filter = MessageFilter { limit: u32::MAX, ..MessageFilter::default() };
        self.store.messages(&filter).await.unwrap()
    }

    /// Waits until everything that was delivered is through, and holds all of it, from the beginning, to the promises.
    pub async fn is_sound(&self, what: &str) {
        assert!(!self.running.is_finished(), "{what}: the engine has ended");
        self.until(&format!("{what}: everything to end"), async || {
            let records = self.records().await;
            let ended = records.iter().filter(|record| matches!(record.state, State::Nothing { .. })).count();
            ended == records.len()
                && ended >= self.sent.len()
                && self.dovecot.messages(MAILBOX, "INBOX").is_empty()
                && self.store.next_due(None).await.unwrap().is_none()
        })
        .await;
        let mut expected: BTreeMap<String, usize> = BTreeMap::new();
        let mut mails: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for sent in &self.sent {
            let record = self.record_of(sent).await.unwrap_or_else(|| panic!("{what}: {sent:?} is lost"));
            let story = self.story_of(sent).await;
            let about = format!("{what}: {}\n{story}", sent.token);
            assert_eq!(record.state.outcome().map(Outcome::name), Some(sent.ends), "{about}");
            if let Some(repository) = &sent.repository {
                *expected.entry(repository.clone()).or_default() += 1;
                let found = self.github.advisories(repository).into_iter();
                let found = found.filter(|a| a["description"].as_str().unwrap().contains(&sent.token)).count();
                assert_eq!(found, 1, "advisories of {about}");
            }
            let history = self.store.history(record.message).await.unwrap();
            let mut told = BTreeSet::new();
            let mut replies = 0;
            for mail in &history.mails {
                assert!(mail.status.starts_with("sent"), "{about}");
                match mail.kind {
                    MailKind::Reply => replies += 1,
                    _ => drop(told.insert(mail.to.local().to_owned())),
                }
                mails.entry(mail.to.local().to_owned()).or_default().insert(mail.message_id.as_str().to_owned());
            }
            assert_eq!(replies, sent.replies, "replies of {about}");
            let team: BTreeSet<String> =
                TEAM.iter().filter(|_| sent.repository.is_some()).map(|m| m.to_string()).collect();
            assert_eq!(told, team, "who was told of {about}");
            let urgent = history.mails.iter().any(|mail| mail.kind == MailKind::UrgentAlert);
            assert_eq!(urgent, sent.urgent, "{about}");
        }
        for (repository, count) in expected {
            assert_eq!(self.github.advisories(&repository).len(), count, "{what}: advisories in {repository}");
        }
        self.has_delivered(what, mails).await;
        assert_eq!(self.github.complaints(), Vec::<String>::new(), "{what}");
        let chain = self.store.verify(None).await.unwrap();
        assert_eq!((chain.links as usize, chain.broken), (self.records().await.len(), None), "{what}");
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
