//! Moves what is done in its mailbox.

use super::Shared;
use super::step::{StepError, With};
use crate::case::Event;
use crate::model::Outcome;
use crate::ports::Claimed;

impl Shared {
    pub async fn settle(&self, claimed: &mut Claimed, outcome: &Outcome) -> Result<(), StepError> {
        let Some(source) = self.parts.sources.iter().find(|source| claimed.source == source.name()) else {
            return self.later(claimed, Some(self.settings.setup_wait), "its mailbox is not configured any more").await;
        };
        let folder = outcome.folder();
        match tokio::time::timeout(self.settings.timeouts.settle, source.settle(&claimed.origin, folder)).await {
            Ok(Ok(())) => self.step(claimed, Event::Moved, With::default()).await,
            Ok(Err(error)) => {
                tracing::warn!(source = source.name(), %error, "message is moved later");
                self.later(claimed, None, &error.to_string()).await
            }
            Err(_) => {
                tracing::warn!(source = source.name(), "message is moved later: no answer in time");
                self.later(claimed, None, "no answer in time").await
            }
        }
    }
}
