//! Opens again what stayed shut, once keys or the program are new.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Shared;
use super::bells::Room;
use super::order::PATIENT;
use super::pulse::Pulse;
use crate::case::{Effort, Event, State, is_worth_opening_again};
use crate::model::{Edition, MessageId, Outcome};
use crate::ports::{Advance, CertificateBounds, Shut, StoreError};

/// Messages that are opened again in one turn, and the time between two turns: however many have waited, fewer in an hour
/// than the 500 pieces of content that GitHub takes, and new mail hardly waits for them.
const IN_ONE_TURN: u32 = 7;
const BETWEEN_TURNS: Duration = Duration::from_secs(60);
/// Messages that one look decides about.
const IN_ONE_LOOK: u32 = 500;

/// Opens a few again, turn after turn, until told to stop.
pub(super) async fn keep_trying(shared: Arc<Shared>, pulse: Pulse, stop: CancellationToken) {
    let mut edition = shared.edition.subscribe();
    while !stop.is_cancelled() {
        pulse.within(shared.settings.lease() + BETWEEN_TURNS);
        edition.borrow_and_update();
        if let Err(error) = shared.reopen(IN_ONE_TURN).await {
            tracing::warn!(%error, "held messages are opened again later");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = edition.changed() => {}
            () = tokio::time::sleep(BETWEEN_TURNS) => {}
        }
    }
    pulse.rest();
}

impl Shared {
    /// Sends up to `most` held messages on their way again that are worth it now. Each is tried once for each edition: what
    /// it was opened with is recorded together with what came of it.
    pub(super) async fn reopen(&self, most: u32) -> Result<(), StoreError> {
        let Some(edition) = self.edition.borrow().clone() else { return Ok(()) };
        let shut = self.parts.store.shut_before(&edition, IN_ONE_LOOK).await?;
        let worth = |shut: &Shut| is_worth_opening_again(shut.reason, shut.edition.as_ref(), &edition);
        let (again, not): (Vec<Shut>, Vec<Shut>) = shut.into_iter().partition(worth);
        let not: Vec<MessageId> = not.into_iter().map(|shut| shut.message).collect();
        if !not.is_empty() {
            self.parts.store.stay_shut(&not, &edition).await?;
        }
        let again: Vec<Shut> = again.into_iter().take(most as usize).collect();
        for shut in &again {
            self.reopen_one(shut, &edition).await?;
        }
        if !again.is_empty() {
            tracing::info!(messages = again.len(), "held messages are opened again");
            self.bells.ring(Room::Open);
        }
        Ok(())
    }

    async fn reopen_one(&self, shut: &Shut, edition: &Edition) -> Result<(), StoreError> {
        let now = self.parts.clock.now();
        let effort = Effort { attempt: 1, died: 0, lost: 0, for_time: Duration::ZERO };
        let state = State::Nothing { outcome: Outcome::Held(shut.reason) };
        // Only what is held because it stayed shut is found, and that takes this event.
        let Ok(step) = state.step(Event::Reopen, effort, &PATIENT) else { return Ok(()) };
        let note = format!("opened again: {}", reason(shut, edition));
        let step = Advance {
            certificates: Vec::new(),
            certificate_bounds: CertificateBounds::default(),
            state: step.state,
            due: now,
            turn: shut.turn,
            holds: false,
            died: false,
            assessment: None,
            twins: None,
            edition: None,
            case: None,
            advisory: None,
            mails: Vec::new(),
            replies: None,
            note,
            now,
        };
        match self.parts.store.advance(shut.message, step).await {
            // A person was faster.
            Ok(_) | Err(StoreError::Stale(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn reason(shut: &Shut, edition: &Edition) -> &'static str {
    let same_version = shut.edition.as_ref().is_some_and(|before| before.version == edition.version);
    if same_version { "there is a new key" } else { "the program or its keys are others now" }
}
