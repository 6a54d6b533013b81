use std::collections::hash_map::Entry;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::bells::Room;
use super::pulse::Pulse;
use super::step::StepError;
use super::{Shared, fail};
use crate::case::{Filing, State};
use crate::model::MessageId;
use crate::ports::{Claimed, Lane, MailSource, StoreError};

/// What a task does.
#[derive(Clone)]
pub(super) enum Work {
    Open,
    File,
    /// Opens and files what the gateway went down with more than once.
    Suspect,
    Settle(Arc<dyn MailSource>),
    Mail,
}

impl Work {
    pub fn name(&self) -> &'static str {
        match self {
            Work::Open => "open",
            Work::File => "file",
            Work::Suspect => "suspect",
            Work::Settle(_) => "settle",
            Work::Mail => "mail",
        }
    }

    fn room(&self) -> Room {
        match self {
            Work::Open => Room::Open,
            Work::File => Room::File,
            Work::Suspect => Room::Suspect,
            Work::Settle(_) => Room::Settle,
            Work::Mail => Room::Mail,
        }
    }

    /// `None` is the outbox. `most_lost`: see [`Shared::bears_losses`].
    fn lane(&self, most_lost: u32) -> Option<Lane<'_>> {
        match self {
            Work::Open => Some(Lane::Open),
            Work::File => Some(Lane::File),
            Work::Suspect => Some(Lane::Suspect { lost: most_lost }),
            Work::Settle(source) => Some(Lane::Settle(source.name())),
            Work::Mail => None,
        }
    }
}

/// Takes what is due, one after the other, until told to stop.
pub(super) async fn work(shared: Arc<Shared>, work: Work, pulse: Pulse, stop: CancellationToken) {
    let mut bell = shared.bells.listen(work.room());
    let mut failures = 0;
    while !stop.is_cancelled() {
        pulse.within(shared.settings.lease());
        bell.borrow_and_update();
        match shared.next(&work).await {
            Ok(true) => failures = 0,
            Ok(false) => {
                failures = 0;
                tokio::select! {
                    () = stop.cancelled() => {}
                    _ = bell.changed() => {}
                    () = tokio::time::sleep(shared.until_due(&work).await) => {}
                }
            }
            Err(error) => {
                failures += 1;
                shared.store_failed(&error);
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(shared.settings.backoff.after(failures, rand::random())) => {}
                }
            }
        }
    }
    pulse.rest();
}

/// A message that a task works on.
struct InHand<'a> {
    shared: &'a Shared,
    message: MessageId,
    turn: i64,
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        let mut all = self.shared.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        // Another task may have it by now.
        if all.get(&self.message) == Some(&self.turn) {
            all.remove(&self.message);
        }
    }
}

impl Shared {
    /// Does one thing of this kind; `false` when nothing is due.
    async fn next(&self, work: &Work) -> Result<bool, StepError> {
        let _busy = self.tally.busy();
        let Some(lane) = work.lane(self.bears_losses()) else { return Ok(self.send_next().await?) };
        let now = self.parts.clock.now();
        let Some(claimed) = self.parts.store.claim(lane, now, self.settings.lease()).await? else { return Ok(false) };
        self.tally.claimed();
        self.board.area("store", Ok(()));
        self.perform(claimed).await?;
        Ok(true)
    }

    /// How often a message may have been lost for it to be taken up now.
    ///
    /// What was in hand when the gateway went down may be why, or may just have been there. So what was there twice is
    /// tried by itself, and only once this gateway has lived for a while, longer each time: whatever else ends gateways
    /// ends this one before that, and is not blamed on the message.
    fn bears_losses(&self) -> u32 {
        let (lived, all) = (self.begun.elapsed(), self.settings.policy.lost_after);
        let is_too_soon = |lost: &u32| self.settings.backoff.after(lost + 1 - Lane::SUSPECT, 0.0) > lived;
        (Lane::SUSPECT..all).find(is_too_soon).map_or(u32::MAX, |lost| lost - 1)
    }

    /// Performs the effect that a claimed message waits for.
    pub async fn perform(&self, mut claimed: Claimed) -> Result<(), StepError> {
        let span = tracing::info_span!(
            "step",
            message = %claimed.message,
            case = claimed.case.as_ref().map(|case| case.id.as_str()),
            stage = claimed.state.name(),
            attempt = claimed.attempt
        );
        let performed = async {
            let Some(_hand) = self.take_in_hand(&claimed) else {
                tracing::warn!("message is in the hands of another task: the clock has jumped");
                return Ok(());
            };
            fail::point("claimed", claimed.state.name());
            match claimed.state.clone() {
                State::Opening { released } => self.open(&mut claimed, released.is_some()).await,
                State::UrgentAlert { .. } => self.urgent_alert(&mut claimed).await,
                State::LateAlert { filing, why, .. } => self.late_alert(&mut claimed, filing, why).await,
                State::Filing { filing } => self.file(&mut claimed, filing).await,
                State::FilingCheck { filing } => self.check_filing(&mut claimed, filing).await,
                State::Completing { advisory, refused, others } => {
                    let filing = Filing { refused, others, ..Filing::new(advisory.repository.clone()) };
                    self.complete(&mut claimed, advisory, filing).await
                }
                State::Answer { outcome, refused, others } => self.answer(&mut claimed, outcome, refused, others).await,
                State::Move { outcome } => self.settle(&mut claimed, &outcome).await,
                State::Nothing { .. } => Ok(()),
            }
        };
        match performed.instrument(span.clone()).await {
            // A person, or another gateway after a lease ran out: what they did counts.
            Err(StepError::Store(StoreError::Stale(_))) => {
                span.in_scope(|| tracing::warn!("message was moved on by somebody else"));
                Ok(())
            }
            Err(error) => {
                span.in_scope(|| tracing::error!(%error, "step was not taken"));
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Keeps other tasks from a message; `None` while one of them has it. Its claim then runs out, and it is tried again.
    fn take_in_hand(&self, claimed: &Claimed) -> Option<InHand<'_>> {
        let (message, turn) = (claimed.message, claimed.turn);
        match self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).entry(message) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => {
                free.insert(turn);
                Some(InHand { shared: self, message, turn })
            }
        }
    }

    /// Its effect is over: as soon as the step is in the store another task may claim the message.
    pub fn out_of_hand(&self, message: MessageId) {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).remove(&message);
    }

    fn store_failed(&self, error: &StepError) {
        if let StepError::Store(error @ StoreError::Unavailable(_)) = error {
            self.board.area("store", Err(&error.to_string()));
        }
    }

    /// How long nothing is due, as far as the store knows now.
    async fn until_due(&self, work: &Work) -> Duration {
        let next = self.parts.store.next_due(work.lane(self.bears_losses())).await.ok().flatten();
        let now = self.parts.clock.now();
        // Never at once: what is due and yet could not be claimed is in somebody's hands.
        let least = Duration::from_millis(10);
        next.map_or(self.settings.look, |due| Duration::try_from(due - now).unwrap_or_default())
            .clamp(least.min(self.settings.look), self.settings.look)
    }
}
