use std::time::Duration;

/// Waiting times between attempts: doubling from `first` up to `ceiling`, spread by jitter so that many waiting messages
/// do not come back at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub ceiling: Duration,
}

impl Backoff {
    /// The wait after the `attempt`th failure (from 1). `random` is uniform in 0..1 and takes away up to half.
    pub fn after(self, attempt: u32, random: f64) -> Duration {
        let doubled =
            self.first.saturating_mul(1u32.checked_shl(attempt.saturating_sub(1).min(31)).unwrap_or(u32::MAX));
        doubled.min(self.ceiling).mul_f64(1.0 - random.clamp(0.0, 1.0) / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_the_ceiling_and_jitter_takes_at_most_half() {
        let backoff = Backoff { first: Duration::from_secs(5), ceiling: Duration::from_secs(600) };
        let seconds: Vec<u64> = [1, 2, 3, 7, 8, 40, u32::MAX].map(|n| backoff.after(n, 0.0).as_secs()).into();
        assert_eq!(seconds, [5, 10, 20, 320, 600, 600, 600]);
        assert_eq!(backoff.after(1, 1.0), Duration::from_millis(2_500));
    }
}
