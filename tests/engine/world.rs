//! Doubles of the ports which record what they are asked and fail on command; the store is the real one.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use time::OffsetDateTime;

use advisory_intake::case::{Backoff, Folder, Policy};
use advisory_intake::engine::{Engine, Parts, Settings, Timeouts};
use advisory_intake::model::*;
use advisory_intake::ports::*;
use advisory_intake::store::Sqlite;

/// Everything outside of the engine, and all that happened there in order.
#[derive(Default)]
pub struct World {
    pub inbox: Mutex<Vec<RawMessage>>,
    pub advisories: Mutex<Vec<(Repository, Marker)>>,
    pub comments: Mutex<Vec<Marker>>,
    /// What the next attempts to file answer; `Filed` when empty.
    pub filing: Mutex<VecDeque<Filing>>,
    /// What the next attempts to add the rest of a text answer.
    pub completing: Mutex<VecDeque<FilingError>>,
    pub sending: Mutex<VecDeque<SendError>>,
    pub moved: Mutex<BTreeMap<u32, Folder>>,
    pub orders: Mutex<Vec<ComposeOrder>>,
    pub digests: Mutex<Vec<Digest>>,
    /// What the clock shows; the real time when it is not set.
    pub clock: Mutex<Option<OffsetDateTime>>,
    /// What the opener's double can open.
    pub keys: Mutex<Vec<String>>,
    /// A message is opened that downs the gateway.
    pub death: tokio::sync::Notify,
    pub log: Mutex<Vec<String>>,
}

/// How an attempt to file goes.
pub enum Filing {
    Fails(FilingError),
    /// It is filed, and the answer is lost.
    Lost,
    Stalls(Duration),
}

impl World {
    fn note(&self, text: impl Into<String>) {
        self.log.lock().unwrap().push(text.into());
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Puts a mail into the mailbox; its lines tell the opener's double what to make of it.
    pub fn deliver(&self, uid: u32, text: &str) {
        self.inbox.lock().unwrap().push(message(uid, text));
    }

    pub fn filed(&self) -> Vec<String> {
        self.advisories.lock().unwrap().iter().map(|(repository, _)| repository.to_string()).collect()
    }
}

pub fn message(uid: u32, text: &str) -> RawMessage {
    RawMessage {
        origin: Origin::Imap { source: "inbox".into(), mailbox: "INBOX".into(), uid_validity: 1, uid },
        received: OffsetDateTime::now_utc(),
        size: text.len() as u64,
        bytes: text.as_bytes().to_vec(),
    }
}

pub struct Gateway {
    pub world: Arc<World>,
    pub store: Arc<dyn Store>,
    pub engine: Engine,
    pub folder: TempDir,
}

pub async fn gateway(world: Arc<World>) -> Gateway {
    gateway_with(world, |_| {}).await
}

pub async fn gateway_with(world: Arc<World>, change: impl FnOnce(&mut Settings)) -> Gateway {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(Sqlite::open(&folder.path().join("state.db")).await.unwrap());
    let engine = engine(&world, &store, change);
    Gateway { world, store, engine, folder }
}

pub fn engine(world: &Arc<World>, store: &Arc<dyn Store>, change: impl FnOnce(&mut Settings)) -> Engine {
    let short = Duration::from_millis(400);
    let mut settings = Settings::new("T-SEC".into(), "otel/fallback".parse().unwrap(), &Limits::default());
    settings.backoff = Backoff { first: Duration::from_millis(5), ceiling: Duration::from_millis(20) };
    settings.setup_wait = Duration::from_secs(60);
    settings.policy = Policy { settle_time: Duration::from_millis(2_400), ..settings.policy };
    settings.look = Duration::from_millis(50);
    settings.drain_patience = Duration::from_secs(5);
    settings.timeouts = Timeouts { fetch: short, open: short, file: short, send: short, settle: short };
    change(&mut settings);
    let parts = Parts {
        sources: vec![Arc::new(Inbox(world.clone()))],
        sender: Arc::new(Outside(world.clone())),
        advisories: Arc::new(Outside(world.clone())),
        store: store.clone(),
        opener: Arc::new(Outside(world.clone())),
        dns: None,
        directory: None,
        clock: Arc::new(Outside(world.clone())),
    };
    Engine::new(parts, settings)
}

struct Inbox(Arc<World>);
struct Outside(Arc<World>);

impl Clock for Outside {
    fn now(&self) -> OffsetDateTime {
        self.0.clock.lock().unwrap().unwrap_or_else(OffsetDateTime::now_utc)
    }
}

#[async_trait]
impl MailSource for Inbox {
    fn name(&self) -> &str {
        "inbox"
    }

    async fn fetch(&self, cursor: Option<&Cursor>, _budget: u64) -> Result<Batch, SourceError> {
        let read = match cursor {
            Some(Cursor::Imap { uid, .. }) => *uid,
            _ => 0,
        };
        let uid_of = |message: &RawMessage| match message.origin {
            Origin::Imap { uid, .. } => uid,
            _ => 0,
        };
        let next = self.0.inbox.lock().unwrap().iter().find(|message| uid_of(message) > read).cloned();
        let cursor = next.as_ref().map(|message| Cursor::Imap { uid_validity: 1, uid: uid_of(message) });
        Ok(Batch { messages: next.into_iter().collect(), cursor })
    }

    async fn wait(&self) -> Result<(), SourceError> {
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(())
    }

    async fn settle(&self, origin: &Origin, folder: Folder) -> Result<(), SourceError> {
        let Origin::Imap { uid, .. } = origin else { return Err(SourceError::Server("not mine".into())) };
        self.0.moved.lock().unwrap().insert(*uid, folder);
        Ok(())
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

#[async_trait]
impl MailSender for Outside {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, SendError> {
        self.0.note(format!("send {}", mail.kind.as_str()));
        match self.0.sending.lock().unwrap().pop_front() {
            Some(error) => Err(error),
            None => Ok(Receipt { response: "250 ok".into() }),
        }
    }

    async fn check(&self) -> Vec<Finding> {
        Vec::new()
    }
}

fn filed(repository: &Repository) -> Filed {
    Filed {
        repository: repository.clone(),
        ghsa_id: "GHSA-2222-3333-4444".parse().unwrap(),
        url: "https://example.org/advisory".into(),
    }
}

#[async_trait]
impl Advisories for Outside {
    async fn file(&self, repository: &Repository, draft: &AdvisoryDraft) -> Result<Filed, FilingError> {
        self.0.note(format!("file {repository}"));
        let planned = self.0.filing.lock().unwrap().pop_front();
        let keep = || self.0.advisories.lock().unwrap().push((repository.clone(), draft.marker.clone()));
        match planned {
            Some(Filing::Fails(error)) => return Err(error),
            Some(Filing::Lost) => {
                keep();
                return Err(FilingError::Unknown("connection reset".into()));
            }
            Some(Filing::Stalls(time)) => tokio::time::sleep(time).await,
            None => {}
        }
        keep();
        Ok(filed(repository))
    }

    async fn complete(&self, _advisory: &Filed, draft: &AdvisoryDraft) -> Result<(), FilingError> {
        self.0.note(format!("fill {}", draft.continued.len()));
        self.0.completing.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }

    async fn find(&self, repository: &Repository, marker: &Marker) -> Result<Option<Filed>, FilingError> {
        self.0.note(format!("find {repository}"));
        let known = self.0.advisories.lock().unwrap();
        Ok(known.iter().find(|(name, known)| name == repository && known == marker).map(|_| filed(repository)))
    }

    async fn comment(&self, advisory: &Filed, draft: &CommentDraft) -> Result<Commented, FilingError> {
        self.0.note("comment");
        let mut comments = self.0.comments.lock().unwrap();
        if !comments.contains(&draft.marker) {
            comments.push(draft.marker.clone());
        }
        Ok(Commented { advisory: advisory.clone(), how: CommentedAs::Comment })
    }

    async fn check(&self, _repository: &Repository) -> Vec<Finding> {
        Vec::new()
    }
}

fn field<'a>(message: &'a RawMessage, name: &str) -> Option<&'a str> {
    let text = std::str::from_utf8(&message.bytes).unwrap();
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn kills(message: &RawMessage, stage: &str) -> Result<(), OpenerError> {
    match field(message, "kills") {
        Some(stages) if stages.contains(stage) => Err(OpenerError::Died("signal 6".into())),
        _ => Ok(()),
    }
}

#[async_trait]
impl Opener for Outside {
    async fn outline(&self, _message: &RawMessage) -> Result<Outline, OpenerError> {
        Ok(Outline::default())
    }

    async fn assess(&self, message: &RawMessage, _known: &Known) -> Result<Assessed, OpenerError> {
        self.0.note("assess");
        if let Some(time) = field(message, "slow") {
            tokio::time::sleep(Duration::from_millis(time.parse().unwrap())).await;
        }
        if field(message, "downs").is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.0.death.notify_one();
            std::future::pending::<()>().await;
        }
        kills(message, "assess")?;
        let mut assessment = super::assessment();
        let (facts, verdict) = (&mut assessment.facts, &mut assessment.verdict);
        facts.message_id = field(message, "id").map(|id| id.parse().unwrap());
        facts.answers = field(message, "answers").map(|id| id.parse().unwrap()).into_iter().collect();
        if let Some(from) = field(message, "from") {
            facts.author = Some(from.parse().unwrap());
            facts.answer_to = facts.author.clone();
        }
        if let Some(address) = field(message, "answer-to") {
            facts.answer_to = address.parse().ok();
        }
        if let Some(also) = field(message, "also") {
            verdict.also = also.split(' ').map(|name| name.parse().unwrap()).collect();
        }
        if let Some(case) = field(message, "case") {
            verdict.case = case.parse().ok();
        }
        if field(message, "proven").is_some() {
            facts.authenticated = Authentication::Dkim;
        }
        if field(message, "clear").is_some() {
            facts.encryption = Encryption::None;
        }
        if field(message, "partly").is_some() {
            facts.encryption = Encryption::Partial;
        }
        facts.ciphertexts =
            field(message, "ciphertext").map(|text| ContentDigest::of(text.as_bytes())).into_iter().collect();
        facts.identity = field(message, "identity").map(|text| ContentDigest::of(text.as_bytes()));
        if field(message, "shut").is_some_and(|key| !self.0.keys.lock().unwrap().contains(&key.to_owned())) {
            (facts.encryption, facts.failure) = (Encryption::Failed, Some(Unreadable::NoKey));
            verdict.kind = Kind::Unreadable;
        }
        if field(message, "own").is_some() {
            facts.automatic = Some(Automatic::OwnMail { case: None });
        }
        if let Some(kind) = field(message, "kind") {
            verdict.kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind).unwrap();
        }
        if field(message, "public").is_some() {
            verdict.disclosure = Some(Disclosure::Public);
        }
        Ok(Assessed { assessment, learned: Vec::new(), links: Vec::new() })
    }

    async fn draft(&self, message: &RawMessage, _known: &Known, order: &DraftOrder) -> Result<Draft, OpenerError> {
        kills(message, "draft")?;
        let (text, marker) = (Secret::new("text".to_owned()), order.marker.clone());
        Ok(if order.comment {
            Draft::Comment(CommentDraft { body: text, continued: Vec::new(), marker })
        } else {
            Draft::Advisory(AdvisoryDraft {
                summary: text.clone(),
                description: text,
                continued: field(message, "long").map(|rest| Secret::new(rest.to_owned())).into_iter().collect(),
                vulnerabilities: Vec::new(),
                severity: AdvisorySeverity::NotStated,
                cwe_ids: Vec::new(),
                credits: Vec::new(),
                marker,
                similar: Vec::new(),
            })
        })
    }

    async fn compose(
        &self,
        message: Option<&RawMessage>,
        _known: &Known,
        order: &ComposeOrder,
    ) -> Result<Vec<OutgoingMail>, OpenerError> {
        message.map_or(Ok(()), |message| kills(message, "compose"))?;
        self.0.orders.lock().unwrap().push(order.clone());
        let answer_to = order.assessment.as_ref().and_then(|assessment| assessment.facts.answer_to.clone());
        let mut mails = Vec::new();
        let mut mail = |kind: MailKind, to: Address| {
            let message_id = format!("{:x}.{}@gateway.example", order.nonce, kind.as_str()).parse().unwrap();
            mails.push(OutgoingMail {
                kind,
                message_id,
                envelope_from: None,
                envelope_to: to,
                bytes: b"mail".to_vec(),
            });
        };
        for (kind, wanted) in [
            (MailKind::UrgentAlert, order.actions.contains(&Action::AlertUrgent)),
            (MailKind::Alert, order.actions.iter().any(|a| matches!(a, Action::Alert | Action::AlertWithoutContent))),
        ] {
            if wanted {
                mail(kind, "tc@example.org".parse().unwrap());
            }
        }
        if let Some(to) =
            answer_to.filter(|_| order.actions.iter().any(|action| advisory_intake::case::is_answer(*action)))
        {
            mail(MailKind::Reply, to);
        }
        Ok(mails)
    }

    async fn digest(&self, order: &DigestOrder) -> Result<Vec<OutgoingMail>, OpenerError> {
        self.0.digests.lock().unwrap().push(order.digest.clone());
        Ok(vec![OutgoingMail {
            kind: MailKind::Digest,
            message_id: format!("{:x}.digest@gateway.example", order.nonce).parse().unwrap(),
            envelope_from: None,
            envelope_to: "tc@example.org".parse().unwrap(),
            bytes: b"mail".to_vec(),
        }])
    }
}
