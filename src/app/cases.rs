use std::str::FromStr;

use time::OffsetDateTime;

use super::{Error, Settings};
use crate::case::{Effort, Event, Policy};
use crate::model::{CaseId, InvalidId, MessageId};
use crate::ports::{Advance, History, MessageFilter, MessageRecord, Store, StoreError};
use crate::store::Sqlite;

/// How often a step is tried again when the running gateway has just moved the message on.
const TRIES: usize = 5;

/// The record of everything the gateway did, and a person's word in it. Works while the gateway runs: each word is one
/// transaction of the store.
pub struct Cases {
    store: Sqlite,
    policy: Policy,
}

/// A case or a message, as people name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    Case(CaseId),
    Message(MessageId),
}

impl FromStr for Which {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.parse() {
            Ok(message) => Ok(Which::Message(message)),
            Err(_) => text.parse().map(Which::Case),
        }
    }
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Which::Case(case) => case.fmt(f),
            Which::Message(message) => message.fmt(f),
        }
    }
}

impl Cases {
    /// Opens the record of the gateway with these settings. There has to be one.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        if !settings.store.exists() {
            let store = settings.store.display();
            return Err(Error::refused(format!(
                "there is no state in {store} yet: the gateway has not run with these settings"
            )));
        }
        Ok(Cases { store: Sqlite::open(&settings.store).await?, policy: super::parts::policy(settings) })
    }

    /// Messages, newest first.
    pub async fn list(&self, filter: &MessageFilter) -> Result<Vec<MessageRecord>, Error> {
        Ok(self.store.messages(filter).await?)
    }

    /// The messages of a case, or one message, oldest first, with what happened to them.
    pub async fn show(&self, which: &Which) -> Result<Vec<(MessageRecord, History)>, Error> {
        let mut shown = Vec::new();
        for record in self.records(which).await? {
            let history = self.store.history(record.message).await?;
            shown.push((record, history));
        }
        Ok(shown)
    }

    /// Tells a message, or each message of a case that can take it, what a person decided. Returns those that took it.
    pub async fn act(&self, which: &Which, event: impl Fn() -> Event<'static>) -> Result<Vec<MessageRecord>, Error> {
        let mut took = Vec::new();
        let mut refusal = None;
        for record in self.records(which).await? {
            match self.tell(record.message, &event).await? {
                Ok(record) => took.push(record),
                Err(sentence) => refusal = Some(sentence),
            }
        }
        match refusal {
            Some(sentence) if took.is_empty() => Err(Error::Refused(sentence)),
            _ => Ok(took),
        }
    }

    /// The outer error is the store's; the inner one says why the message cannot take the event now.
    async fn tell(
        &self,
        message: MessageId,
        event: &impl Fn() -> Event<'static>,
    ) -> Result<Result<MessageRecord, String>, Error> {
        for _ in 0..TRIES {
            let record = self.one(message).await?;
            let now = OffsetDateTime::now_utc();
            let for_time = (now - record.since).try_into().unwrap_or_default();
            let effort = Effort { attempt: record.attempt, died: 0, lost: 0, for_time };
            let before = record.state.name();
            let step = match record.state.step(event(), effort, &self.policy) {
                Ok(step) => step,
                Err(misfit) => return Ok(Err(format!("{message}: {misfit}"))),
            };
            let note = format!("an operator: {} (it waited for {before})", name(&event()));
            let advance = Advance {
                state: step.state,
                due: now,
                turn: record.turn,
                died: false,
                assessment: None,
                case: None,
                advisory: None,
                mails: Vec::new(),
                replies: None,
                note,
                now,
            };
            match self.store.advance(message, advance).await {
                Ok(_) => return Ok(Ok(self.one(message).await?)),
                Err(StoreError::Stale(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Err(format!("{message} is being worked on right now; try again in a moment")))
    }

    async fn one(&self, message: MessageId) -> Result<MessageRecord, Error> {
        let filter = MessageFilter { message: Some(message), limit: 1, ..MessageFilter::default() };
        let found = self.store.messages(&filter).await?.into_iter().next();
        found.ok_or_else(|| Error::refused(format!("there is no message {message}: case list shows what there is")))
    }

    async fn records(&self, which: &Which) -> Result<Vec<MessageRecord>, Error> {
        let case = match which {
            Which::Message(message) => return Ok(vec![self.one(*message).await?]),
            Which::Case(case) => case.clone(),
        };
        let filter = MessageFilter { case: Some(case), limit: u32::MAX, ..MessageFilter::default() };
        let mut records = self.store.messages(&filter).await?;
        records.reverse();
        if records.is_empty() {
            return Err(Error::refused(format!("there is no case {which}: case list shows what there is")));
        }
        Ok(records)
    }
}

fn name(event: &Event<'_>) -> &'static str {
    match event {
        Event::Release(_) => "release",
        Event::Hold => "hold",
        Event::Drop => "drop",
        _ => "retry",
    }
}
