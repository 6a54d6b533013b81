use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Shows whether every loop of the engine makes progress. Each loop says itself by when it will be heard of again, so a
/// loop that hangs is found whatever the others do.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    started: Instant,
    loops: Arc<Mutex<Vec<Pulse>>>,
}

/// One loop's part in it.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    name: String,
    started: Instant,
    /// Milliseconds after `started` by which the loop beats again.
    next: Arc<AtomicU64>,
}

impl Heartbeat {
    pub(super) fn new() -> Self {
        Heartbeat { started: Instant::now(), loops: Arc::default() }
    }

    /// A new loop, to be heard of within `first`.
    pub(super) fn register(&self, name: String, first: Duration) -> Pulse {
        let pulse = Pulse { name, started: self.started, next: Arc::default() };
        pulse.within(first);
        self.loops.lock().unwrap_or_else(PoisonError::into_inner).push(pulse.clone());
        pulse
    }

    /// Loops that should have been heard of and were not. While this is empty the watchdog may be fed.
    pub fn overdue(&self) -> Vec<String> {
        let now = millis(self.started.elapsed());
        let loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        loops.iter().filter(|pulse| pulse.next.load(Ordering::Relaxed) < now).map(|pulse| pulse.name.clone()).collect()
    }
}

impl Pulse {
    /// The loop is alive, and will be heard of again within `time`.
    pub fn within(&self, time: Duration) {
        self.next.store(millis(self.started.elapsed().saturating_add(time)), Ordering::Relaxed);
    }

    /// The loop has ended as it should.
    pub fn rest(&self) {
        self.next.store(u64::MAX, Ordering::Relaxed);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_loop_that_hangs_and_no_other() {
        let heartbeat = Heartbeat::new();
        let hangs = heartbeat.register("hangs".into(), Duration::ZERO);
        let works = heartbeat.register("works".into(), Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(heartbeat.overdue(), ["hangs"]);
        hangs.rest();
        works.within(Duration::from_secs(60));
        assert_eq!(heartbeat.overdue(), Vec::<String>::new());
    }
}
