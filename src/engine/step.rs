use std::time::Duration;

use time::OffsetDateTime;

use super::bells::Room;
use super::{Shared, fail};
use crate::case::{Effort, Event, Misfit, State, Wait};
use crate::model::{CaseId, Filed, KnownCertificate, Origin, OutgoingMail};
use crate::ports::{Advance, Assessment, CertificateBounds, Claimed, ReplyLimit, StoreError};

/// Why a step was not taken. The claim then runs out by itself and the message is tried again.
#[derive(Debug, thiserror::Error)]
pub(super) enum StepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// What is committed together with a step.
#[derive(Debug, Default)]
pub(super) struct With {
    pub assessment: Option<Assessment>,
    /// See [`Advance::twins`].
    pub twins: Option<usize>,
    pub case: Option<CaseId>,
    pub advisory: Option<Filed>,
    pub mails: Vec<OutgoingMail>,
    pub replies: Option<ReplyLimit>,
    pub certificates: Vec<KnownCertificate>,
    /// For the history.
    pub note: String,
}

impl With {
    pub fn note(note: impl Into<String>) -> Self {
        With { note: note.into(), ..With::default() }
    }
}

impl Shared {
    /// Commits what `event` does to the message, and wakes whoever is next.
    pub async fn step(&self, claimed: &mut Claimed, event: Event<'_>, with: With) -> Result<(), StepError> {
        let now = self.parts.clock.now();
        let died = matches!(event, Event::WorkerDied);
        let holds = matches!(event, Event::Begun);
        let what = event.name();
        fail::point(what, "before");
        let step = claimed.state.clone().step(event, effort(claimed, now), &self.settings.policy)?;
        let state = without_move(step.state, &claimed.origin);
        let edition = with.assessment.as_ref().and_then(|_| self.edition.borrow().clone());
        if !holds {
            self.out_of_hand(claimed.message);
        }
        let rings = (room_of(&state), !with.mails.is_empty());
        let step = Advance {
            state: state.clone(),
            due: now + self.wait(step.wait, claimed.attempt),
            turn: claimed.turn,
            holds,
            died,
            edition,
            assessment: with.assessment.clone(),
            twins: with.twins,
            case: with.case,
            advisory: with.advisory,
            mails: with.mails,
            replies: with.replies,
            certificates: with.certificates,
            certificate_bounds: CertificateBounds::default(),
            note: with.note,
            now,
        };
        let turn = self.commit(|| self.parts.store.advance(claimed.message, step.clone())).await?;
        fail::point(what, "after");
        claimed.turn = turn;
        claimed.state = state;
        claimed.assessment = with.assessment.or(claimed.assessment.take());
        if let (Some(room), _) = rings {
            self.bells.ring(room);
        }
        if rings.1 {
            self.bells.ring(Room::Mail);
        }
        self.report(claimed);
        Ok(())
    }

    /// A step that goes on later, with what was in the way.
    pub async fn later(&self, claimed: &mut Claimed, after: Option<Duration>, why: &str) -> Result<(), StepError> {
        self.step(claimed, Event::Later { after }, With::note(format!("not now: {why}"))).await
    }

    fn wait(&self, wait: Wait, attempt: u32) -> Duration {
        match wait {
            Wait::No => Duration::ZERO,
            Wait::For(time) => time,
            Wait::Backoff { at_least } => self.settings.backoff.after(attempt, rand::random()).max(at_least),
        }
    }

    fn report(&self, claimed: &Claimed) {
        match &claimed.state {
            State::Nothing { outcome } => {
                self.tally.finished(outcome.name());
                tracing::info!(outcome = outcome.name(), "message finished");
            }
            state => tracing::debug!(waits_for = state.name(), "message moved on"),
        }
    }
}

fn effort(claimed: &Claimed, now: OffsetDateTime) -> Effort {
    Effort {
        attempt: claimed.attempt,
        died: claimed.died,
        lost: claimed.lost,
        for_time: Duration::try_from(now - claimed.since).unwrap_or_default(),
    }
}

/// What came through a pipe lies in no mailbox.
fn without_move(state: State, origin: &Origin) -> State {
    match (state, origin) {
        (State::Move { outcome }, Origin::Pipe) => State::Nothing { outcome },
        (state, _) => state,
    }
}

fn room_of(state: &State) -> Option<Room> {
    match state {
        State::Opening { .. } | State::UrgentAlert { .. } | State::LateAlert { .. } | State::Answer { .. } => {
            Some(Room::Open)
        }
        State::Filing { .. } | State::FilingCheck { .. } | State::Completing { .. } => Some(Room::File),
        State::Move { .. } => Some(Room::Settle),
        State::Nothing { .. } => None,
    }
}
