//! What the daemon finds out beside a message, because the workers cannot.

use super::Shared;
use super::worker::Failed;
use crate::model::{Address, DirectoryEntry, Known, KnownCertificate, RawMessage};
use crate::ports::{Claimed, StoreError};

impl Shared {
    /// Looks up what `raw` needs before it is judged. Only a worker's failure is one: what cannot be found out is left
    /// out, and nothing here takes long.
    pub(super) async fn look_up(&self, raw: &RawMessage) -> Result<Result<Known, Failed>, StoreError> {
        let outline = match self.ask(self.parts.opener.outline(raw)).await {
            Ok(outline) => outline,
            Err(failed) => return Ok(Err(failed)),
        };
        let certificates = self.learned_for(&outline.authors).await?;
        let dns = async {
            match &self.parts.dns {
                Some(dns) if !outline.dns.is_empty() => dns.txt(&outline.dns).await,
                _ => Vec::new(),
            }
        };
        let (dns, directory) = tokio::join!(dns, self.published_for(outline.authors.first()));
        Ok(Ok(Known { certificates, directory, dns, issues: Vec::new() }))
    }

    /// What the author's domain publishes. Of somebody whose mail only passes on another's, nothing is asked.
    async fn published_for(&self, author: Option<&Address>) -> Vec<DirectoryEntry> {
        match (&self.parts.directory, author) {
            (Some(directory), Some(author)) => directory.find(author).await.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// What a message that was judged is opened with once more: the certificates that its signatures need. The DNS is not
    /// asked again: keys go away, and what they showed stands in the facts, which the worker keeps to.
    pub(super) async fn recall(&self, claimed: &Claimed) -> Result<Known, StoreError> {
        let author = claimed.assessment.as_ref().and_then(|assessment| assessment.facts.author.as_ref());
        Ok(Known { certificates: self.learned_for(author).await?, ..Known::default() })
    }

    async fn learned_for(
        &self,
        authors: impl IntoIterator<Item = &Address>,
    ) -> Result<Vec<KnownCertificate>, StoreError> {
        let mut found = Vec::new();
        for author in authors.into_iter().filter(|_| self.settings.learn_certificates) {
            found.extend(self.parts.store.certificates(Some(author)).await?);
        }
        Ok(found)
    }
}
