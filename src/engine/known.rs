//! What the daemon finds out beside a message, because the workers cannot.

use super::Shared;
use super::worker::Failed;
use crate::model::{Known, RawMessage};

impl Shared {
    /// Looks up what `raw` needs before it is judged. Only a worker's failure is one: what cannot be found out is left
    /// out, and nothing here takes long.
    pub(super) async fn look_up(&self, raw: &RawMessage) -> Result<Known, Failed> {
        let outline = self.ask(self.parts.opener.outline(raw)).await?;
        let dns = match &self.parts.dns {
            Some(dns) if !outline.dns.is_empty() => dns.txt(&outline.dns).await,
            _ => Vec::new(),
        };
        Ok(Known { dns, ..Known::default() })
    }

    /// What a message that was judged is opened with once more. The DNS is not asked again: keys go away, and what they
    /// showed stands in the facts, which the worker keeps to.
    pub(super) fn recall(&self) -> Known {
        Known::default()
    }
}
