use std::time::Duration;

use super::Settings;
use crate::case::Policy;

/// Ends of patience, as configured.
pub(super) fn policy(settings: &Settings) -> Policy {
    Policy {
        poison_after: 2,
        lost_after: 5,
        give_up_after: settings.give_up_after,
        settle_time: Duration::from_secs(10),
    }
}
