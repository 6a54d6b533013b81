//! How much is filed within an hour, so that a flood of reports does not become a flood of advisories.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3_600);

/// Counts by a clock that never jumps, in this process: a restart begins anew.
#[derive(Debug)]
pub(super) struct Budget {
    /// Filings an hour; `None`: any number.
    most: Option<u32>,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    at: VecDeque<Instant>,
    /// When something was put off last.
    over: Option<Instant>,
}

/// A filing that may begin. Unless it is kept it counts for nothing once it is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    budget: &'a Budget,
    at: Instant,
    is_kept: bool,
}

/// Nothing more may be filed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Over {
    /// How long.
    pub until: Duration,
    /// Nobody has been told of this flood.
    pub is_first: bool,
}

impl Budget {
    pub fn new(most: Option<u32>) -> Self {
        Budget { most, spent: Mutex::default() }
    }

    /// `may_tell`: the team can be told by what is put off here.
    pub fn take(&self, now: Instant, may_tell: bool) -> Result<Slot<'_>, Over> {
        let mut spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        while spent.at.front().is_some_and(|at| now.saturating_duration_since(*at) >= HOUR) {
            spent.at.pop_front();
        }
        match (self.most, spent.at.front()) {
            (Some(most), Some(first)) if spent.at.len() >= most as usize => {
                let until = HOUR.saturating_sub(now.saturating_duration_since(*first));
                let before = if may_tell { spent.over.replace(now) } else { Some(now) };
                let is_first = before.is_none_or(|before| now.saturating_duration_since(before) >= HOUR);
                Err(Over { until, is_first })
            }
            _ => {
                spent.at.push_back(now);
                Ok(Slot { budget: self, at: now, is_kept: false })
            }
        }
    }
}

impl Slot<'_> {
    /// Something was filed, or may have been.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        let mut spent = self.budget.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = spent.at.iter().position(|at| *at == self.at) {
            spent.at.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_as_may_be_is_filed_in_any_hour_and_a_flood_is_told_once() {
        let start = Instant::now();
        let at = |minutes: u64| start + Duration::from_secs(60 * minutes);
        let budget = Budget::new(Some(2));
        let takes = [
            (0, true, Ok(())),
            // What came to nothing counts for nothing.
            (5, false, Ok(())),
            (10, true, Ok(())),
            (20, true, Err((40, true))),
            (30, true, Err((30, false))),
            (60, true, Ok(())),
            (61, true, Err((9, false))),
            (70, true, Ok(())),
            (121, true, Ok(())),
            (125, true, Err((5, true))),
        ];
        for (minute, keeps, expected) in takes {
            let taken = match budget.take(at(minute), true) {
                Ok(slot) if keeps => {
                    slot.keep();
                    Ok(())
                }
                Ok(_) => Ok(()),
                Err(over) => Err((over.until.as_secs() / 60, over.is_first)),
            };
            assert_eq!(taken, expected, "minute {minute}");
        }
        let open = Budget::new(None);
        assert!((0..1_000).all(|_| open.take(start, true).map(Slot::keep).is_ok()));
    }
}
