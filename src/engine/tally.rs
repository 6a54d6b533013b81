use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// What the engine has done since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Messages that were new.
    pub recorded: u64,
    /// How messages ended: `filed`, `commented`, `answered`, `held`, `ignored`.
    pub outcomes: BTreeMap<&'static str, u64>,
    pub mails_sent: u64,
    pub mails_failed: u64,
    /// Messages whose work is not finished, in the store as a whole.
    pub waiting: u64,
    /// Sources that could not be read, with the reason.
    pub failures: Vec<(String, String)>,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    recorded: AtomicU64,
    outcomes: Mutex<BTreeMap<&'static str, u64>>,
    sent: AtomicU64,
    unsent: AtomicU64,
    /// Claims that were made, and tasks that are working or looking for work.
    claims: AtomicU64,
    busy: AtomicUsize,
}

/// Counts a task as busy while it lives.
pub(super) struct Busy<'a>(&'a Tally);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Tally {
    pub fn recorded(&self, count: usize) {
        self.recorded.fetch_add(count as u64, Ordering::Relaxed);
    }

    pub fn finished(&self, outcome: &'static str) {
        *self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).entry(outcome).or_default() += 1;
    }

    pub fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    pub fn unsent(&self) {
        self.unsent.fetch_add(1, Ordering::Relaxed);
    }

    pub fn claimed(&self) {
        self.claims.fetch_add(1, Ordering::SeqCst);
    }

    pub fn busy(&self) -> Busy<'_> {
        self.busy.fetch_add(1, Ordering::SeqCst);
        Busy(self)
    }

    /// A number that stays the same between two looks only if nobody has worked in between; `None` while somebody does.
    pub fn quiet(&self) -> Option<u64> {
        let claims = self.claims.load(Ordering::SeqCst);
        (self.busy.load(Ordering::SeqCst) == 0).then_some(claims)
    }

    pub fn summary(&self, waiting: u64, failures: Vec<(String, String)>) -> Summary {
        Summary {
            recorded: self.recorded.load(Ordering::Relaxed),
            outcomes: self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            mails_sent: self.sent.load(Ordering::Relaxed),
            mails_failed: self.unsent.load(Ordering::Relaxed),
            waiting,
            failures,
        }
    }
}
