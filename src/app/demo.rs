use std::collections::BTreeMap;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{Error, Settings, Step, file_error, mail_files, parts};
use crate::config::{Delivery, Filing, Log, Mailbox, MailboxKind, SecretSource, StorePlace, built_in_identity};
use crate::engine::{Engine, EngineError, Parts};
use crate::ledger::Ledger;
use crate::model::{
    Disclosure, FolderNames, HoldReason, Identity, Limits, MailKind, Origin, Outcome, Question, SenderRules, Verdict,
};
use crate::ports::{History, MessageFilter, MessageRecord, Store};

/// How often the progress bar is moved.
const LOOK: Duration = Duration::from_millis(250);
/// Stands for what there is not.
const NOTHING: &str = "-";
const MINUTE: Duration = Duration::from_secs(60);

/// What the demo did.
#[derive(Debug)]
pub struct Demo {
    /// Where it happened.
    pub folder: PathBuf,
    /// A row for each mail, by name.
    pub rows: Vec<DemoRow>,
}

/// What became of one mail, in words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct DemoRow {
    pub mail: String,
    pub kind: String,
    pub disclosure: String,
    pub repository: String,
    /// `filed`, `commented`, `answered`, `held` or `ignored`; what it waits for when it is not at its end.
    pub outcome: String,
    /// The advisory's file, from the demo's folder.
    pub advisory: String,
    pub alert: String,
    pub reply: String,
    /// The evidence that decided, or why it is held.
    pub because: String,
}

/// Runs the daemon's own code over the mails in `fixtures`/mail with the TEST keys of `fixtures`/keys, in a new folder,
/// which is removed afterwards unless it is to be kept.
pub async fn demo(fixtures: &Path, keep: bool, progress: impl Fn(Step<'_>)) -> Result<Demo, Error> {
    let inbox = fixtures.join("mail");
    let mails = if inbox.is_dir() { mail_files(&[inbox])? } else { Vec::new() };
    if mails.is_empty() {
        let fixtures = fixtures.display();
        return Err(Error::refused(format!(
            "there are no mails in {fixtures}/mail: run the demo in the source folder, or name its fixtures with --fixtures"
        )));
    }
    let folder = Folder::make(keep)?;
    let settings = settings(fixtures, &folder.path)?;
    deliver(&mails, &folder.path.join("mail"))?;
    let store = parts::store(&settings).await?;
    let rows = work(&settings, store.clone(), mails.len() as u64, progress).await;
    store.close().await;
    Ok(Demo { rows: rows?, folder: folder.path.clone() })
}

async fn work(
    settings: &Settings,
    store: Arc<dyn Store>,
    of: u64,
    progress: impl Fn(Step<'_>),
) -> Result<Vec<DemoRow>, Error> {
    let pool = Arc::new(parts::pool(settings.worker()?, parts::workers(settings))?);
    pool.ready().await?;
    let parts = Parts {
        sources: parts::sources(settings)?,
        sender: parts::sender(settings)?,
        advisories: parts::advisories(settings)?,
        store: store.clone(),
        opener: pool,
        dns: None,
        directory: None,
        clock: Arc::new(parts::SystemClock),
    };
    let engine = Engine::new(parts, parts::engine(settings));
    let drain = engine.drain(CancellationToken::new());
    tokio::pin!(drain);
    let all = MessageFilter { limit: u32::MAX, ..MessageFilter::default() };
    loop {
        tokio::select! {
            ended = &mut drain => {
                ended.map_err(|error| match error {
                    EngineError::Store(error) => error.into(),
                    EngineError::Task(sentence) => Error::Refused(sentence),
                })?;
                break;
            }
            () = tokio::time::sleep(LOOK) => {
                let done = store.messages(&all).await?.iter().filter(|record| record.state.outcome().is_some()).count();
                progress(Step { done: done as u64, of, what: "mails" });
            }
        }
    }
    let mut rows = Vec::new();
    for record in store.messages(&all).await? {
        rows.push(row(&record, &store.history(record.message).await?, settings));
    }
    rows.sort();
    Ok(rows)
}

/// The settings of the demo: all of it in `folder`.
fn settings(fixtures: &Path, folder: &Path) -> Result<Settings, Error> {
    let fixtures = std::path::absolute(fixtures).map_err(|error| file_error("find", fixtures, &error))?;
    let keys = fixtures.join("keys");
    let built_in = built_in_identity()?;
    let address = "security-intake@otel.example".parse().map_err(|_| Error::refused("the demo's address is wrong"))?;
    let aliases = vec![built_in.address.clone()];
    Ok(Settings {
        identity: Identity { address, aliases, message_id_domain: "otel.example".into(), ..built_in },
        mailboxes: vec![Mailbox {
            name: "demo".into(),
            kind: MailboxKind::Maildir(folder.join("mail")),
            folders: FolderNames::default(),
            poll: MINUTE,
        }],
        delivery: Delivery::Maildir(folder.join("out")),
        filing: Filing::Ledger(folder.join("ledger")),
        secret_keys: secret_keys(&keys)?,
        key_passwords: vec![SecretSource::File(keys.join("passwords.txt"))],
        team: vec![keys.join("team")],
        team_addresses: Vec::new(),
        known: vec![keys.join("reporters")],
        learn_certificates: true,
        wkd: None,
        multi: Default::default(),
        routing: None,
        templates: None,
        sender: SenderRules::default(),
        dns_servers: Vec::new(),
        limits: Limits::default(),
        // One after the other, so that every run numbers the cases alike: some mails name one.
        workers: Some(1),
        store: StorePlace::File(folder.join("intake.sqlite")),
        replies_per_day: 50,
        give_up_after: MINUTE,
        tell_after: MINUTE,
        digest_hour: None,
        log: Log::default(),
    })
}

/// The gateway's own secret keys, its present one first; `keys`/secret has those of the other people.
fn secret_keys(keys: &Path) -> Result<Vec<SecretSource>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(keys).map_err(|error| file_error("read", keys, &error))? {
        let path = entry.map_err(|error| file_error("read", keys, &error))?.path();
        if path.to_str().is_some_and(|name| name.ends_with(".sec.asc")) {
            files.push(path);
        }
    }
    files.sort_by_key(|path| (!path.ends_with("intake.sec.asc"), path.clone()));
    Ok(files.into_iter().map(SecretSource::File).collect())
}

/// Puts the mails into a Maildir, as a mail server does.
fn deliver(mails: &[PathBuf], maildir: &Path) -> Result<(), Error> {
    for folder in ["new", "cur", "tmp"] {
        let folder = maildir.join(folder);
        std::fs::create_dir_all(&folder).map_err(|error| file_error("make", &folder, &error))?;
    }
    for mail in mails {
        let name = mail.file_name().unwrap_or(mail.as_os_str());
        std::fs::copy(mail, maildir.join("new").join(name)).map_err(|error| file_error("copy", mail, &error))?;
    }
    Ok(())
}

fn row(record: &MessageRecord, history: &History, settings: &Settings) -> DemoRow {
    let verdict = record.assessment.as_ref().map(|assessment| &assessment.verdict);
    let outcome = record.state.outcome();
    let text = |text: Option<&str>| text.unwrap_or(NOTHING).to_owned();
    DemoRow {
        mail: match &record.origin {
            Origin::Maildir { name, .. } => name.trim_end_matches(".eml").to_owned(),
            _ => record.message.to_string(),
        },
        kind: text(verdict.map(|verdict| verdict.kind.as_str())),
        disclosure: text(verdict.and_then(|verdict| verdict.disclosure).map(|disclosure| disclosure.as_str())),
        repository: text(
            verdict.and_then(|verdict| verdict.destination.as_ref()).map(|repository| repository.as_str()),
        ),
        outcome: outcome.map_or_else(|| format!("waits for {}", record.state.name()), |outcome| outcome.name().into()),
        advisory: text(advisory(outcome, settings).as_deref()),
        alert: mails(history, &[(MailKind::UrgentAlert, "urgent alert"), (MailKind::Alert, "alert")]),
        reply: mails(history, &[(MailKind::Reply, "reply")]),
        because: because(verdict, outcome),
    }
}

/// What decided: for public news that it is public, else what kind of message it is; for what a rule holds, the rule.
fn because(verdict: Option<&Verdict>, outcome: Option<&Outcome>) -> String {
    let evidence = verdict.and_then(|verdict| {
        let (question, answer) = match verdict.disclosure {
            Some(Disclosure::Public) => (Question::Disclosure, Disclosure::Public.as_str()),
            _ => (Question::Kind, verdict.kind.as_str()),
        };
        // Strongest first.
        verdict.evidence.iter().find(|evidence| evidence.question == question && evidence.says == answer)
    });
    match (outcome, evidence) {
        (Some(Outcome::Held(HoldReason::WrongProject)), Some(evidence)) => evidence.because.clone(),
        (Some(Outcome::Held(reason)), _) => reason.explain().to_owned(),
        (_, Some(evidence)) => evidence.because.clone(),
        (Some(Outcome::Ignored(reason)), None) => reason.explain(),
        (_, None) => NOTHING.to_owned(),
    }
}

/// The advisory's file.
fn advisory(outcome: Option<&Outcome>, settings: &Settings) -> Option<String> {
    let (Outcome::Filed(filed) | Outcome::Commented { advisory: filed, .. }) = outcome? else { return None };
    let Filing::Ledger(folder) = &settings.filing else { return None };
    let path = Ledger::new(folder).path(filed);
    let shown = folder.parent().and_then(|parent| path.strip_prefix(parent).ok()).unwrap_or(&path);
    Some(shown.display().to_string())
}

/// How many mails of these kinds were sent, and what became of others: `3 urgent alerts`, `1 alert failed`.
fn mails(history: &History, kinds: &[(MailKind, &str)]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for mail in &history.mails {
        let name = kinds.iter().find(|(kind, _)| *kind == mail.kind).map(|(_, name)| *name);
        let status = mail.status.split([':', ' ', ',']).next().unwrap_or_default();
        *counts.entry((name.unwrap_or_default(), if status == "sent" { "" } else { status })).or_default() += 1;
    }
    let shown = counts.iter().filter(|((name, _), _)| !name.is_empty()).map(|((name, status), count)| {
        let many = if *count == 1 { "" } else { "s" };
        format!("{count} {name}{many} {status}").trim_end().to_owned()
    });
    let shown: Vec<String> = shown.collect();
    if shown.is_empty() { NOTHING.into() } else { shown.join(", ") }
}

/// The folder of the demo, which goes when it goes, unless it is to be kept.
struct Folder {
    path: PathBuf,
    keep: bool,
}

impl Folder {
    fn make(keep: bool) -> Result<Self, Error> {
        let name = format!("advisory-intake-demo-{:08x}", rand::random::<u32>());
        let path = std::env::temp_dir().join(name);
        // Made by this process and for its user alone: a name that somebody else took is refused.
        let made = std::fs::DirBuilder::new().mode(0o700).create(&path);
        made.map_err(|error| file_error("make", &path, &error))?;
        Ok(Folder { path, keep })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.keep {
            // What is left behind is the demo's test data: nothing to fail for.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
