use crate::case::{Effort, Event, Misfit, Policy, Release, State};
use crate::model::MessageId;
use crate::ports::{Advance, CertificateBounds, Clock, MessageFilter, Store, StoreError};

/// What a person may do about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// Send what is held on its way.
    Release(Release),
    /// Keep what is not filed yet for a person.
    Hold,
    /// Let go of what is held.
    Drop,
    /// Do not wait for the next attempt; or try again what is held.
    Retry,
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

/// Carries out a person's order in the store, and returns what the message waits for now. A running gateway notices by
/// itself within [`super::Settings::look`]; what it had in hand of this message does not count any more.
pub async fn give(store: &dyn Store, clock: &dyn Clock, message: MessageId, order: Order) -> Result<State, OrderError> {
    let filter = MessageFilter { message: Some(message), limit: 1, ..MessageFilter::default() };
    let record = store
        .messages(&filter)
        .await?
        .pop()
        .ok_or_else(|| StoreError::NotFound(format!("there is no message {message}; see case list")))?;
    let (event, note) = match order {
        Order::Release(release) => (Event::Release(release), "an operator released it"),
        Order::Hold => (Event::Hold, "an operator held it"),
        Order::Drop => (Event::Drop, "an operator dropped it"),
        Order::Retry => (Event::Retry, "an operator asked for the next attempt now"),
    };
    let now = clock.now();
    // A lost filing shows itself only after a while: that time is not cut short.
    let due = if matches!(
        record.state,
        State::FilingCheck { .. } | State::LateAlert { begun: true, .. } | State::Completing { .. }
    ) {
        record.due.max(now)
    } else {
        now
    };
    let effort = Effort { attempt: record.attempt, died: 0, lost: 0, for_time: std::time::Duration::ZERO };
    let state = record.state.step(event, effort, &PATIENT)?.state;
    let step = Advance {
        state: state.clone(),
        due,
        turn: record.turn,
        holds: false,
        died: false,
        assessment: None,
        twins: None,
        edition: None,
        case: None,
        advisory: None,
        mails: Vec::new(),
        replies: None,
        certificates: Vec::new(),
        certificate_bounds: CertificateBounds::default(),
        note: note.to_owned(),
        now,
    };
    store.advance(message, step).await?;
    Ok(state)
}

/// A person's orders end no patience.
pub(super) const PATIENT: Policy = Policy {
    poison_after: u32::MAX,
    lost_after: u32::MAX,
    give_up_after: std::time::Duration::MAX,
    tell_after: std::time::Duration::MAX,
    settle_time: std::time::Duration::ZERO,
};
