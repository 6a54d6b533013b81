use std::sync::Arc;

use super::{Error, Loaded, Settings, block_on, fence, parts};
use crate::engine::{Engine, EngineError, Parts};
use crate::model::RawMessage;
use crate::ports::MessageRecord;
use crate::worker::Pool;

/// Puts one message through the same way as mail from a mailbox, beside a running gateway or alone.
///
/// [`Error::Store`] when it is not recorded.
pub fn process(loaded: Loaded, raw: RawMessage) -> Result<MessageRecord, Error> {
    let settings = &loaded.settings;
    let pool = parts::pool(settings.worker()?, 1)?;
    pool.settle(None)?;
    fence::confine(settings)?;
    block_on(put(settings, raw, pool))
}

async fn put(settings: &Settings, raw: RawMessage, pool: Pool) -> Result<MessageRecord, Error> {
    let store = parts::store(settings).await?;
    let parts = Parts {
        sources: Vec::new(),
        sender: parts::sender(settings)?,
        advisories: parts::advisories(settings)?,
        store: store.clone(),
        opener: Arc::new(pool),
        dns: parts::dns(settings)?,
        directory: parts::directory(settings),
        clock: Arc::new(parts::SystemClock),
    };
    let result = Engine::new(parts, parts::engine(settings)).process(raw).await;
    store.close().await;
    result.map_err(|error| match error {
        EngineError::Store(error) => error.into(),
        EngineError::Task(sentence) => Error::Refused(sentence),
    })
}
