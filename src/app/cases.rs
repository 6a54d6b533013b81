use std::str::FromStr;

use std::sync::Arc;

use super::parts::{self, SystemClock};
use super::{Error, Settings};
use crate::case::Misfit;
use crate::engine::{self, Order, OrderError};
use crate::model::{CaseId, Chain, InvalidId, KnownLink, MessageId};
use crate::ports::{History, MessageFilter, MessageRecord, Store, StoreError};

/// How often a step is tried again when the running gateway has just moved the message on.
const TRIES: usize = 5;

/// The record of everything the gateway did, and a person's word in it. Works while the gateway runs: each word is one
/// transaction of the store.
pub struct Cases {
    store: Arc<dyn Store>,
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
        Ok(Cases { store: parts::existing_store(settings).await? })
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

    /// Holds the outcomes of all messages to their chain, and to a link that was noted before.
    pub async fn verify(&self, known: Option<KnownLink>) -> Result<Chain, Error> {
        Ok(self.store.verify(known).await?)
    }

    /// Gives a message, or each message of a case that can take it, a person's order. Returns those that took it.
    pub async fn order(&self, which: &Which, order: &Order) -> Result<Vec<MessageRecord>, Error> {
        let mut took = Vec::new();
        let mut refusal = None;
        for record in self.records(which).await? {
            match self.give(record.message, order).await? {
                None => took.push(self.one(record.message).await?),
                Some(misfit) => refusal = Some(format!("{}: {misfit}", record.message)),
            }
        }
        match refusal {
            Some(sentence) if took.is_empty() => Err(Error::Refused(sentence)),
            _ => Ok(took),
        }
    }

    /// Why the message cannot take the order now, if so.
    async fn give(&self, message: MessageId, order: &Order) -> Result<Option<Misfit>, Error> {
        for _ in 0..TRIES {
            match engine::give(&*self.store, &SystemClock, message, order.clone()).await {
                Ok(_) => return Ok(None),
                Err(OrderError::Misfit(misfit)) => return Ok(Some(misfit)),
                Err(OrderError::Store(StoreError::Stale(_))) => {}
                Err(OrderError::Store(error)) => return Err(error.into()),
            }
        }
        Err(Error::refused(format!("{message} is being worked on right now: try again in a moment")))
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
