//! Sends what is in the outbox.

use super::{Shared, fail};
use crate::model::MailKind;
use crate::ports::{MailResult, Queued, SendError, StoreError};

impl Shared {
    /// Sends the next mail that is due; `false` when there is none.
    pub async fn send_next(&self) -> Result<bool, StoreError> {
        let now = self.parts.clock.now();
        let Some(queued) = self.parts.store.claim_mail(now, self.settings.mail_lease()).await? else {
            return Ok(false);
        };
        self.tally.claimed();
        fail::point("send", "before");
        let result = self.send(&queued).await;
        fail::point("sent", "before");
        let now = self.parts.clock.now();
        self.commit(|| self.parts.store.mail_done(queued.id, result.clone(), now)).await?;
        fail::point("sent", "after");
        Ok(true)
    }

    async fn send(&self, queued: &Queued) -> MailResult {
        let error = match tokio::time::timeout(self.settings.timeouts.send, self.parts.sender.send(&queued.mail)).await
        {
            Ok(Ok(receipt)) => {
                self.board.area("sending", Ok(()));
                self.tally.sent();
                tracing::info!(kind = queued.mail.kind.as_str(), mail = %queued.mail.message_id, "mail sent");
                return MailResult::Sent(receipt);
            }
            Ok(Err(error)) => error,
            // It may have been taken over: all copies carry one Message-ID.
            Err(_) => SendError::Unknown("no answer in time".to_owned()),
        };
        match error {
            SendError::Refused(reason) => self.failed(queued, reason, true),
            SendError::Setup(reason) => {
                self.board.area("sending", Err(&reason));
                self.again(queued, reason, true)
            }
            SendError::Later(reason) | SendError::Unknown(reason) => {
                tracing::warn!(kind = queued.mail.kind.as_str(), mail = %queued.mail.message_id, error = reason, "mail is sent later");
                self.again(queued, reason, false)
            }
        }
    }

    fn again(&self, queued: &Queued, reason: String, setup: bool) -> MailResult {
        let now = self.parts.clock.now();
        // An alert is worth trying until somebody mends what is wrong; a late reply is not.
        if queued.mail.kind == MailKind::Reply && now - queued.queued > self.settings.mail_patience {
            return self.failed(queued, reason, false);
        }
        let wait = self.settings.backoff.after(queued.attempt, rand::random());
        let wait = if setup { wait.max(self.settings.setup_wait) } else { wait };
        MailResult::Again { at: now + wait, reason }
    }

    fn failed(&self, queued: &Queued, reason: String, refused: bool) -> MailResult {
        self.tally.unsent();
        tracing::error!(
            kind = queued.mail.kind.as_str(),
            mail = %queued.mail.message_id,
            to = %queued.mail.envelope_to,
            error = reason,
            "mail cannot be delivered"
        );
        MailResult::Failed { reason, refused }
    }
}
