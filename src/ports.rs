//! What the engine needs from the world, as traits. An adapter implements one and knows none of the others.
//!
//! Errors say whose fault it is and whether to try again; that is all the engine asks of them. Their `Display` is for the
//! operator: it names hosts, codes and limits, never a mail's text.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::case::{Folder, State};
use crate::model::{
    Address, AdvisoryDraft, CaseId, Chain, CommentDraft, Commented, ContentDigest, DirectoryEntry, DnsAnswer,
    DnsQuestion, Draft, Edition, Filed, Fingerprint, HoldReason, Inquiry, Known, KnownCertificate, KnownLink, MailId,
    MailKind, Marker, MessageId, Online, Origin, OutgoingMail, Outline, RawMessage, Receipt, Repository,
};
pub use crate::model::{Assessed, Assessment, ComposeOrder, Digest, DigestOrder, DraftOrder};

/// A place where mail arrives: one mailbox of one server, or one Maildir (stage 1).
#[async_trait]
pub trait MailSource: Send + Sync {
    /// Its configured name together with the mailbox: unique, fit for logs.
    fn name(&self) -> &str;

    /// The next messages after `cursor`, oldest first, at most `budget` bytes of them (but one at least, if there is one).
    /// An empty batch means that nothing is waiting.
    ///
    /// Nothing is marked as seen. A message over the size limit comes with its header section alone.
    async fn fetch(&self, cursor: Option<&Cursor>, budget: u64) -> Result<Batch, SourceError>;

    /// Waits until there may be something new: IDLE, file notification, or the poll interval. Returns early on nothing
    /// worse than a spurious wake-up.
    async fn wait(&self) -> Result<(), SourceError>;

    /// Moves a message to the folder for its outcome, creating the folder when missing. A message that is not there any
    /// more is moved already: `Ok`. Never deletes.
    async fn settle(&self, origin: &Origin, folder: Folder) -> Result<(), SourceError>;

    /// Tries what the daemon will need, for `check`: one finding for each thing tried.
    async fn check(&self) -> Vec<Finding>;
}

/// How far a source has been read: everything up to and including this is in the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cursor {
    /// Read up to this UID while the mailbox had this UIDVALIDITY; another one starts over.
    Imap { uid_validity: u32, uid: u32 },
    /// A Maildir has no order to rely on: what was read is moved from `new` to `cur`.
    Maildir,
}

/// What a fetch brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub messages: Vec<RawMessage>,
    /// To be stored in the same transaction as the messages.
    pub cursor: Option<Cursor>,
}

/// Why a mailbox could not be read or a message not moved. All are retried with backoff; the difference is for people.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Name resolution, connection, timeout, server gone: passes by itself.
    #[error("{0}")]
    Unreachable(String),
    /// The server said no to the login: a person must act.
    #[error("{0}")]
    Login(String),
    /// The server answered something that the protocol or our limits do not allow, or refused a command.
    #[error("{0}")]
    Server(String),
    /// The local file system said no.
    #[error("{0}")]
    File(String),
}

/// Sends finished mail (stage 9).
#[async_trait]
pub trait MailSender: Send + Sync {
    /// Hands `mail` to the mail server. Sending it again after [`SendError::Unknown`] is allowed: all copies carry one
    /// Message-ID.
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, SendError>;

    /// Tries to log in, for `check`.
    async fn check(&self) -> Vec<Finding>;
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// 4xx, no connection, timeout before DATA: again later.
    #[error("{0}")]
    Later(String),
    /// 5xx: never again; a person must know.
    #[error("{0}")]
    Refused(String),
    /// The connection broke after DATA: it may have been taken over.
    #[error("{0}")]
    Unknown(String),
    /// Login or TLS: a person must act, then again.
    #[error("{0}")]
    Setup(String),
}

/// Files advisories: GitHub, or a folder (stage 7).
#[async_trait]
pub trait Advisories: Send + Sync {
    /// Files a new advisory; what did not fit into its description is [`Advisories::complete`]'s. Never retries by itself.
    async fn file(&self, repository: &Repository, draft: &AdvisoryDraft) -> Result<Filed, FilingError>;

    /// Adds what did not fit into the description of a filed advisory ([`AdvisoryDraft::continued`]), as far as it is not
    /// there: asking twice adds once. The default is for those that file everything at once.
    async fn complete(&self, _advisory: &Filed, _draft: &AdvisoryDraft) -> Result<(), FilingError> {
        Ok(())
    }

    /// Looks for the advisory that carries `marker` in its status block.
    async fn find(&self, repository: &Repository, marker: &Marker) -> Result<Option<Filed>, FilingError>;

    /// Adds to an advisory: as a comment, or where comments are off at the end of its description. Finds its own marker
    /// first, so asking twice adds once.
    async fn comment(&self, advisory: &Filed, draft: &CommentDraft) -> Result<Commented, FilingError>;

    /// Whether [`Advisories::look_up`] asks anybody.
    fn looks_up(&self) -> bool {
        false
    }

    /// Asks what is public about a report, and which other advisories there are. Answers within a few seconds whatever
    /// happens; what has no answer by then is missing.
    async fn look_up(&self, _inquiry: &Inquiry) -> Online {
        Online::default()
    }

    /// Tries what filing in `repository` needs, for `check`.
    async fn check(&self, repository: &Repository) -> Vec<Finding>;
}

/// Why an advisory was not filed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum FilingError {
    /// This repository will not take it, however often it is asked: go on to the fallback.
    #[error("{0}")]
    Refused(String),
    /// Not now: rate limit, server error before anything happened. `after` is what the server asked for.
    #[error("{reason}")]
    Later { reason: String, after: Option<Duration> },
    /// It may or may not have been filed: look for the marker before anything else.
    #[error("{0}")]
    Unknown(String),
    /// Credentials or rights of the gateway itself: a person must act, then again.
    #[error("{0}")]
    Setup(String),
}

/// Opens mail in worker processes that hold the keys (stages 3 to 6 and 8).
#[async_trait]
pub trait Opener: Send + Sync {
    /// Says what has to be looked up before the message is opened. Reads its header section and nothing else.
    async fn outline(&self, message: &RawMessage) -> Result<Outline, OpenerError>;

    /// Opens, reads and judges, with what was looked up.
    async fn assess(&self, message: &RawMessage, known: &Known) -> Result<Assessed, OpenerError>;

    /// Opens again and drafts what is filed. What the order's facts say about the sender stands.
    async fn draft(&self, message: &RawMessage, known: &Known, order: &DraftOrder) -> Result<Draft, OpenerError>;

    /// Opens again (unless the order says otherwise) and composes the mails. What its facts say about the sender stands.
    async fn compose(
        &self,
        message: Option<&RawMessage>,
        known: &Known,
        order: &ComposeOrder,
    ) -> Result<Vec<OutgoingMail>, OpenerError>;

    /// Composes a digest: a mail for each member of the team to whom something can be encrypted.
    async fn digest(&self, order: &DigestOrder) -> Result<Vec<OutgoingMail>, OpenerError>;
}

/// Why a worker did not answer.
#[derive(Debug, thiserror::Error)]
pub enum OpenerError {
    /// It died or ran over its time on this message. Twice is poison.
    #[error("a worker died or stalled on the message: {0}")]
    Died(String),
    /// No worker can be had: its set-up is wrong. A person must act, then again.
    #[error("{0}")]
    Setup(String),
    /// The request cannot be carried out as it is: a configuration problem that concerns this message.
    #[error("{0}")]
    Refused(String),
}

/// Asks the DNS for what shows who sent a mail.
#[async_trait]
pub trait Dns: Send + Sync {
    /// The TXT records of each name, all asked at one time. Answers within a few seconds whatever the servers do: what has
    /// no answer by then has failed.
    async fn txt(&self, questions: &[DnsQuestion]) -> Vec<DnsAnswer>;

    /// Tries one look-up, for `check`.
    async fn check(&self) -> Vec<Finding>;
}

/// Asks mail domains what they publish about their people's certificates.
#[async_trait]
pub trait Directory: Send + Sync {
    /// What the directory of the address's domain holds for it, as it came. Answers within a few seconds; `None`: nothing,
    /// or it cannot be asked.
    async fn find(&self, address: &Address) -> Option<DirectoryEntry>;
}

/// A line of `check`: what was tried, how it went, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub level: Level,
    /// What was tried: `imap inbox`, `github open-telemetry/opentelemetry-go`.
    pub subject: String,
    /// What came of it, and what to do.
    pub message: String,
}

impl Finding {
    /// It works.
    pub fn good(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Finding { level: Level::Good, subject: subject.into(), message: message.into() }
    }

    /// It works, and something should be looked at.
    pub fn warning(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Finding { level: Level::Warning, subject: subject.into(), message: message.into() }
    }

    /// It does not work.
    pub fn failure(subject: impl Into<String>, message: impl Into<String>) -> Self {
        Finding { level: Level::Failure, subject: subject.into(), message: message.into() }
    }
}

/// How a [`Finding`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Good,
    Warning,
    Failure,
}

/// Time, so that tests can set it.
pub trait Clock: Send + Sync {
    /// The current time in UTC.
    fn now(&self) -> OffsetDateTime;
}

/// Keeps messages, cases, outgoing mail and attempts. Every method is one transaction.
#[async_trait]
pub trait Store: Send + Sync {
    /// Records new messages and moves the cursor of `source` in one transaction (stage 2). Returns a number for each
    /// message that was not there yet; one that is known already (same origin) is passed over, and one whose
    /// Message-ID-independent content digest is known comes with that message's number in `duplicate_of`.
    async fn record(&self, source: &str, batch: &Batch, now: OffsetDateTime) -> Result<Vec<Recorded>, StoreError>;

    /// Called once by a gateway before it works. Where only one gateway can use this store, claims that an earlier one
    /// left behind end at once and are counted as lost; a second gateway is refused. Elsewhere leases do that.
    async fn take_over(&self) -> Result<(), StoreError>;

    /// Makes whoever opened this store the one who does what `name` stands for, until `lease` has passed: `None`. Asking
    /// again prolongs it. Somebody else's lease is left alone; `Some`: until when that lasts.
    async fn hold(
        &self,
        name: &str,
        now: OffsetDateTime,
        lease: Duration,
    ) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Gives back what [`Store::hold`] gave.
    async fn let_go(&self, name: &str) -> Result<(), StoreError>;

    /// How far `source` has been read.
    async fn cursor(&self, source: &str) -> Result<Option<Cursor>, StoreError>;

    /// Takes the next message whose state belongs to `lane` and whose time has come, most urgent first, and counts the
    /// attempt before anything happens. It stays taken until it is advanced, or `lease` has passed.
    async fn claim(&self, lane: Lane<'_>, now: OffsetDateTime, lease: Duration) -> Result<Option<Claimed>, StoreError>;

    /// The bytes of a message whose work is not finished.
    async fn raw(&self, message: MessageId) -> Result<RawMessage, StoreError>;

    /// Puts a message into its next state, with everything that belongs to that step, in one transaction: verdict, case,
    /// outgoing mail, notes in its history. The claim ends. Returns the message's next turn, or [`StoreError::Stale`] and
    /// changes nothing when somebody else has moved the message since `step.turn`, or it has other twins by now.
    ///
    /// The raw bytes are deleted by the step that ends the need for them; what is held keeps them.
    async fn advance(&self, message: MessageId, step: Advance) -> Result<i64, StoreError>;

    /// Makes the next case of the year of `now` for a message, or gives the one it has already.
    async fn open_case(
        &self,
        message: MessageId,
        prefix: &str,
        reporter: Option<&Address>,
        now: OffsetDateTime,
    ) -> Result<CaseRecord, StoreError>;

    /// A case by name.
    async fn case(&self, case: &CaseId) -> Result<Option<CaseRecord>, StoreError>;

    /// The case to which one of these Message-IDs belongs: a mail of ours, or an earlier message of that case.
    /// The first id that belongs to one decides.
    async fn case_of_mail(&self, ids: &[MailId]) -> Result<Option<Joined>, StoreError>;

    /// Other messages that hold one of these ciphertexts, oldest first; the first few. See [`Advance::twins`].
    async fn twins(&self, message: MessageId, ciphertexts: &[ContentDigest]) -> Result<Vec<MessageRecord>, StoreError>;

    /// Messages that rest, held because they could not be opened, and were last looked into with something else than
    /// `edition`: at most `limit`, oldest first.
    async fn shut_before(&self, edition: &Edition, limit: u32) -> Result<Vec<Shut>, StoreError>;

    /// Remembers that `edition` is no reason to open these messages again.
    async fn stay_shut(&self, messages: &[MessageId], edition: &Edition) -> Result<(), StoreError>;

    /// Replies of the kind that `limit` counts which were queued to `address`.
    async fn replies_since(&self, address: &Address, limit: ReplyLimit) -> Result<u32, StoreError>;

    /// Counts a filing of `message` in `repository`, so that at most `most` begin within an hour, whichever gateways of this
    /// store make them; the inner error is that there were so many. What is begun once more is counted once. `tells`: the team can
    /// be told by what is put off here.
    async fn spend(
        &self,
        message: MessageId,
        repository: &Repository,
        most: u32,
        tells: bool,
        now: OffsetDateTime,
    ) -> Result<Result<(), OverBudget>, StoreError>;

    /// Remembers that the team is told of a flood ([`OverBudget::is_first`]): once that is sure, so that a crash tells it twice
    /// and not never.
    async fn flood_told(&self, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Takes back what [`Store::spend`] counted, because nothing was filed.
    async fn unspend(&self, message: MessageId, repository: &Repository) -> Result<(), StoreError>;

    /// Adds to the history of a message, whoever has it in hand.
    async fn note(&self, message: MessageId, what: &str, now: OffsetDateTime) -> Result<(), StoreError>;

    /// Takes the next outgoing mail whose time has come, urgent alerts first, and counts the attempt.
    async fn claim_mail(&self, now: OffsetDateTime, lease: Duration) -> Result<Option<Queued>, StoreError>;

    /// Records how sending went.
    async fn mail_done(&self, mail: i64, result: MailResult, now: OffsetDateTime) -> Result<(), StoreError>;

    /// When the next claim could succeed, for a lane or (`None`) for outgoing mail; `None`: nothing is waiting.
    async fn next_due(&self, lane: Option<Lane<'_>>) -> Result<Option<OffsetDateTime>, StoreError>;

    /// Messages of the list for people, newest first.
    async fn messages(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, StoreError>;

    /// All that is known about a message: attempts, notes, mails.
    async fn history(&self, message: MessageId) -> Result<History, StoreError>;

    /// When the last digest was made; `None` before the first.
    async fn last_digest(&self) -> Result<Option<OffsetDateTime>, StoreError>;

    /// What a digest made `now` would tell: all that was committed since the last one that had mails.
    async fn digest(&self, now: OffsetDateTime) -> Result<Digest, StoreError>;

    /// Remembers that `digest` was made and puts its mails into the outbox, in one transaction. Without mails what it
    /// would have told is left for the next one. `false`, and nothing happens, when another was made in between.
    async fn digest_made(&self, digest: &Digest, mails: &[OutgoingMail]) -> Result<bool, StoreError>;

    /// Certificates that were learned for an address (`None`: for all), by address, the best vouched for first.
    async fn certificates(&self, address: Option<&Address>) -> Result<Vec<KnownCertificate>, StoreError>;

    /// Forgets what was learned for an address, or one certificate of it. Returns how many that were.
    async fn forget_certificates(
        &self,
        address: &Address,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<u32, StoreError>;

    /// A person's word that a learned certificate is the right one ([`crate::model::Voucher::Operator`]); `false`: there
    /// is no such.
    async fn pin_certificate(&self, address: &Address, fingerprint: &Fingerprint) -> Result<bool, StoreError>;

    /// Holds the outcomes of all messages to their chain as it is at one moment, and to a link that somebody noted. Reads
    /// everything.
    async fn verify(&self, known: Option<KnownLink>) -> Result<Chain, StoreError>;

    /// Waits for what is being written and closes all connections.
    async fn close(&self);
}

/// The work of one kind of task, so that a stalled server holds up only its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane<'a> {
    /// Opening and composing: as many as there are workers.
    Open,
    /// Filing: waits for GitHub.
    File,
    /// What [`Lane::Open`] and [`Lane::File`] leave alone, because two or more claims of it ended without a word: the
    /// gateway went down while it had this in hand, for a reason of its own or because of this. Those that were lost up to
    /// `lost` times, the least often lost first, to be taken up one at a time.
    Suspect { lost: u32 },
    /// Moving what this source brought ([`Store::record`]).
    Settle(&'a str),
    /// Whatever waits for this one message.
    One(MessageId),
}

impl Lane<'_> {
    /// From so many lost claims on a message is a [`Lane::Suspect`]: one is chance.
    pub const SUSPECT: u32 = 2;
}

/// A message that [`Store::record`] took in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub message: MessageId,
    pub duplicate_of: Option<MessageId>,
}

/// A message with the step that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    pub message: MessageId,
    /// Who brought it: the name given to [`Store::record`].
    pub source: String,
    pub origin: Origin,
    pub received: OffsetDateTime,
    pub state: State,
    /// How often this state has been tried, this time included.
    pub attempt: u32,
    /// When this state was entered.
    pub since: OffsetDateTime,
    /// How many workers have died on this state before.
    pub died: u32,
    /// How many claims of this state ended without a word before.
    pub lost: u32,
    /// To be given back with the step: it changes whenever the message is claimed or advanced.
    pub turn: i64,
    /// The same content was recorded before as this message.
    pub duplicate_of: Option<MessageId>,
    /// The marker of this message alone, for what it adds to an advisory.
    pub marker: Marker,
    /// It was held before because it could not be opened, and its sender was told so.
    pub was_shut: bool,
    pub case: Option<CaseRecord>,
    pub assessment: Option<Assessment>,
}

/// A message that is held because it could not be opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Shut {
    pub message: MessageId,
    pub reason: HoldReason,
    /// See [`Claimed::turn`].
    pub turn: i64,
    /// With what it was looked into last.
    pub edition: Option<Edition>,
}

/// A case found by a Message-ID.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined {
    pub case: CaseRecord,
    /// What the mail with that id was, when it was ours.
    pub mail: Option<MailKind>,
}

/// The record that ties messages, one advisory and one reporter together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CaseRecord {
    pub id: CaseId,
    pub marker: Marker,
    #[serde(with = "time::serde::rfc3339")]
    pub opened: OffsetDateTime,
    pub advisory: Option<Filed>,
    /// Who reported it, for telling a follow-up of theirs from a stranger's.
    pub reporter: Option<Address>,
}

/// One step of a message, to be committed as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Advance {
    pub state: State,
    /// When the new state may be worked on.
    pub due: OffsetDateTime,
    /// The turn for which this step was made.
    pub turn: i64,
    /// The claim goes on: this step announces an effect that follows.
    pub holds: bool,
    /// A worker died on the state that ends or goes on here.
    pub died: bool,
    /// Set by the step that judged the message.
    pub assessment: Option<Assessment>,
    /// How many [`Store::twins`] it was judged beside. When there are others by now, the step is stale: of two messages with
    /// the same ciphertext that are judged at one time, one must see the other.
    pub twins: Option<usize>,
    /// With what it was opened by this step.
    pub edition: Option<Edition>,
    /// Joins the message to a case.
    pub case: Option<CaseId>,
    /// The case's advisory, once filed.
    pub advisory: Option<Filed>,
    /// Mails for the outbox.
    pub mails: Vec<OutgoingMail>,
    /// Replies over this limit are left out, and the history says so.
    pub replies: Option<ReplyLimit>,
    /// Certificates that the message brought, or that were looked up for it.
    pub certificates: Vec<KnownCertificate>,
    pub certificate_bounds: CertificateBounds,
    /// What happened, for `case show`: the gateway's words and a server's, never the mail's.
    pub note: String,
    pub now: OffsetDateTime,
}

/// How many learned certificates are kept, so that strangers' mail fills neither the disk nor an address's list. What the
/// operator fixed is never pushed out, and what something vouched for never by what nothing vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateBounds {
    /// For one address.
    pub per_address: u32,
    /// New ones for all addresses of one domain within 24 hours.
    pub new_per_domain_and_day: u32,
    /// In all.
    pub total: u32,
}

impl Default for CertificateBounds {
    fn default() -> Self {
        CertificateBounds { per_address: 8, new_per_domain_and_day: 32, total: 10_000 }
    }
}

/// How many replies one address may get. Those to mail that its sender was shown to have sent are counted apart, so that
/// nobody can use them up in somebody else's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplyLimit {
    pub most: u32,
    pub since: OffsetDateTime,
    /// It answers mail whose sender is proven.
    pub proven: bool,
}

/// As much was filed within the last hour as may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverBudget {
    /// When the next filing may begin.
    pub until: OffsetDateTime,
    /// The team is to be told: it was not, of anything that was put off since, with less than an hour between.
    pub is_first: bool,
}

/// An outgoing mail whose turn it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Queued {
    pub id: i64,
    pub message: Option<MessageId>,
    pub case: Option<CaseId>,
    pub attempt: u32,
    pub queued: OffsetDateTime,
    pub mail: OutgoingMail,
}

/// How sending a mail went.
#[derive(Debug, Clone, PartialEq)]
pub enum MailResult {
    Sent(Receipt),
    Again {
        at: OffsetDateTime,
        reason: String,
    },
    /// `refused`: the server said never (5xx); otherwise it was tried for too long.
    Failed {
        reason: String,
        refused: bool,
    },
}

/// Which messages a list shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MessageFilter {
    pub message: Option<MessageId>,
    pub case: Option<CaseId>,
    pub held_only: bool,
    pub unfinished_only: bool,
    pub limit: u32,
}

/// A line of the list of messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageRecord {
    pub message: MessageId,
    pub origin: Origin,
    #[serde(with = "time::serde::rfc3339")]
    pub received: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub recorded: OffsetDateTime,
    pub state: State,
    /// When this state was entered.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub due: OffsetDateTime,
    /// How often this state has been tried.
    pub attempt: u32,
    /// See [`Claimed::turn`].
    pub turn: i64,
    pub case: Option<CaseRecord>,
    pub assessment: Option<Assessment>,
}

/// What happened to a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// Steps in order: when, from which state, what.
    pub steps: Vec<HistoryStep>,
    pub mails: Vec<MailRecord>,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryStep {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub what: String,
}

/// A mail of the outbox, without its content.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MailRecord {
    pub kind: MailKind,
    pub message_id: MailId,
    pub to: Address,
    #[serde(with = "time::serde::rfc3339")]
    pub queued: OffsetDateTime,
    pub attempts: u32,
    /// `sent`, `waiting` or `failed`, and the server's last word.
    pub status: String,
}

/// Why the store did not do it. The daemon cannot work without it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Locked, full, unreachable: again later.
    #[error("{0}")]
    Unavailable(String),
    /// The data is not what this program wrote: a person must act.
    #[error("{0}")]
    Corrupt(String),
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// Somebody else has moved the message on.
    #[error("message {0} has been moved on by somebody else")]
    Stale(MessageId),
}
