//! Between the program's types and columns, the same for every database.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

use crate::case::State;
use crate::model::{Ending, MailKind, Marker, Origin, Outcome};
use crate::ports::{Lane, StoreError};

/// Microseconds since 1970.
pub fn micros(time: OffsetDateTime) -> i64 {
    i64::try_from(time.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX)
}

/// Longer than anything waits or is claimed for. A time that lies farther ahead was written by a clock that has been set
/// back since, and counts as come.
const FAR: Duration = Duration::from_secs(3 * 3_600);

/// See [`FAR`].
pub fn far(now: OffsetDateTime) -> i64 {
    micros(now + FAR)
}

/// The time of a column.
pub fn time(micros: i64) -> Result<OffsetDateTime, StoreError> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
        .map_err(|_| StoreError::Corrupt(format!("the store holds an impossible time: {micros}")))
}

/// A value as JSON text.
pub fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(format!("a value cannot be stored: {error}")))
}

/// A value from JSON text. The error names what was read and never shows it.
pub fn parsed<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Corrupt(format!(
            "the store holds a {what} that this version cannot read (line {}, column {}); install the version that wrote it",
            error.line(),
            error.column()
        ))
    })
}

/// Text from elsewhere (a server's words) as every database takes it: PostgreSQL has no text with a zero character.
pub fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A checked id from its text.
pub fn id<T: std::str::FromStr>(what: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("the store holds an unreadable {what}")))
}

/// The lane that works on a state; `None` when nothing waits.
pub fn lane_of(state: &State, source: &str) -> Option<String> {
    let lane = match state {
        State::Opening { .. } | State::UrgentAlert { .. } | State::LateAlert { .. } | State::Answer { .. } => {
            Lane::Open
        }
        State::Filing { .. } | State::FilingCheck { .. } | State::Completing { .. } => Lane::File,
        State::Move { .. } => Lane::Settle(source),
        State::Nothing { .. } => return None,
    };
    lane_name(lane)
}

/// A lane as the store writes it; neither one message nor those of several lanes are one of their own.
pub fn lane_name(lane: Lane<'_>) -> Option<String> {
    match lane {
        Lane::Open => Some("open".to_owned()),
        Lane::File => Some("file".to_owned()),
        Lane::Settle(source) => Some(format!("settle/{source}")),
        Lane::One(_) | Lane::Suspect { .. } => None,
    }
}

/// Smaller goes first: public news, then finishing what was begun, then new work.
pub fn urgency_of(state: &State) -> i64 {
    match state {
        state if state.is_urgent() => 0,
        State::Answer { .. } | State::LateAlert { .. } => 1,
        _ => 2,
    }
}

/// Smaller is sent first.
pub fn mail_urgency(kind: MailKind) -> i64 {
    match kind {
        MailKind::UrgentAlert => 0,
        MailKind::Alert => 1,
        MailKind::Reply => 2,
        MailKind::Digest => 3,
    }
}

/// A mail's kind from its column.
pub fn mail_kind(text: &str) -> Result<MailKind, StoreError> {
    [MailKind::UrgentAlert, MailKind::Alert, MailKind::Reply, MailKind::Digest]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| StoreError::Corrupt("the store holds an unknown kind of mail".to_owned()))
}

/// What makes two origins one message; `None` for what came through a pipe.
pub fn origin_key(origin: &Origin) -> Result<Option<String>, StoreError> {
    origin.source().map(|_| json(origin)).transpose()
}

/// Whether a message rests with a person.
pub fn is_held(state: &State) -> bool {
    matches!(state, State::Move { outcome: Outcome::Held(_) } | State::Nothing { outcome: Outcome::Held(_) })
}

/// The outcome of a message; `None` while it can still change without a person.
pub fn ended(state: &State) -> Option<&Outcome> {
    match state {
        State::Move { outcome } | State::Nothing { outcome } => Some(outcome),
        _ => None,
    }
}

/// What its outcome counts as.
pub fn ending_of(state: &State) -> Option<Ending> {
    ended(state).map(Ending::of)
}

/// Whether nobody will open the message again.
pub fn is_done_with_raw(state: &State) -> bool {
    matches!(state, State::Move { .. } | State::Nothing { .. }) && !is_held(state)
}

/// A marker that nobody can guess.
pub fn new_marker() -> Marker {
    Marker::from_random(rand::random())
}

/// A name for whoever opened a store, unlike any other's.
pub fn new_holder() -> String {
    format!("{:032x}", rand::random::<u128>())
}
