//! Tells the team once a day what came and what waits.

use std::sync::Arc;

use time::{Duration, OffsetDateTime, Time};
use tokio_util::sync::CancellationToken;

use super::bells::Room;
use super::pulse::Pulse;
use super::worker::Failed;
use super::{Shared, fail};
use crate::model::OutgoingMail;
use crate::ports::{Digest, DigestOrder, StoreError};

/// Looks again and again whether a digest is due, until told to stop.
pub(super) async fn daily(shared: Arc<Shared>, hour: u8, pulse: Pulse, stop: CancellationToken) {
    while !stop.is_cancelled() {
        pulse.within(shared.settings.lease());
        let wait = match shared.digest_if_due(hour).await {
            Ok(Looked::Done) => shared.settings.look,
            Ok(Looked::NotMade) => shared.settings.setup_wait,
            Err(error) => {
                tracing::warn!(%error, "digest is made later");
                shared.settings.setup_wait
            }
        };
        pulse.within(shared.settings.lease() + wait);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
    pulse.rest();
}

/// What came of a look.
enum Looked {
    Done,
    /// Due, and the workers could not make it.
    NotMade,
}

impl Shared {
    async fn digest_if_due(&self, hour: u8) -> Result<Looked, StoreError> {
        let now = self.parts.clock.now();
        let last = self.parts.store.last_digest().await?;
        if last.is_some_and(|last| !is_due(last, now, hour)) {
            return Ok(Looked::Done);
        }
        let digest = self.parts.store.digest(now).await?;
        // The first one only marks the beginning: a new gateway has nothing to tell, and waits for its hour.
        let mails = if last.is_none() || digest.is_quiet() {
            Vec::new()
        } else {
            match self.compose_digest(&digest).await {
                Ok(mails) => mails,
                Err(_) => return Ok(Looked::NotMade),
            }
        };
        fail::point("digest", "before");
        let is_made = self.parts.store.digest_made(&digest, &mails).await?;
        fail::point("digest", "after");
        if is_made && !mails.is_empty() {
            self.bells.ring(Room::Mail);
            tracing::info!(mails = mails.len(), messages = digest.ended(), "digest made");
        }
        Ok(Looked::Done)
    }

    async fn compose_digest(&self, digest: &Digest) -> Result<Vec<OutgoingMail>, Failed> {
        let order = DigestOrder { digest: digest.clone(), nonce: rand::random() };
        let mails = self.ask(self.parts.opener.digest(&order)).await?;
        if mails.is_empty() {
            tracing::warn!("nobody of the team has a usable certificate: the digest is kept for the next time");
        }
        Ok(mails)
    }
}

/// Whether the clock has struck `hour` (UTC) since `last`. A time that lies in the future was written by a clock that was
/// wrong, and must not silence the digest until then.
fn is_due(last: OffsetDateTime, now: OffsetDateTime, hour: u8) -> bool {
    let now = now.to_offset(time::UtcOffset::UTC);
    let stroke = now.replace_time(Time::from_hms(hour, 0, 0).unwrap_or(Time::MIDNIGHT));
    let stroke = if stroke > now { stroke - Duration::DAY } else { stroke };
    last < stroke || last > now + Duration::DAY
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn is_due_once_after_each_stroke_of_the_hour() {
        let cases = [
            (datetime!(2026-11-22 07:00 UTC), datetime!(2026-11-22 07:01 UTC), false),
            (datetime!(2026-11-21 07:00 UTC), datetime!(2026-11-22 06:59:59 UTC), false),
            (datetime!(2026-11-21 07:00 UTC), datetime!(2026-11-22 07:00 UTC), true),
            (datetime!(2026-11-22 06:59:59 UTC), datetime!(2026-11-22 07:00 UTC), true),
            // Made late, because the gateway was off at the hour.
            (datetime!(2026-11-22 15:00 UTC), datetime!(2026-11-23 06:00 UTC), false),
            (datetime!(2026-11-22 15:00 UTC), datetime!(2026-11-23 07:00 UTC), true),
            (datetime!(2026-11-22 08:00 +02:00), datetime!(2026-11-22 09:00 +02:00), true),
            (datetime!(2026-11-22 07:00:01 UTC), datetime!(2026-11-22 07:00 UTC), false),
            (datetime!(2036-01-01 07:00 UTC), datetime!(2026-11-22 09:00 UTC), true),
        ];
        for (last, now, expected) in cases {
            assert_eq!(is_due(last, now, 7), expected, "{last} {now}");
        }
    }
}
