//! The time at which the next message of one bind is due.

use std::time::Duration;

/// A share of a rate, kept exactly over the whole run: what was missed is made up for.
#[derive(Clone, Copy)]
pub struct Pace {
    /// Messages per second of all binds together, and how many binds there are; `None` for as fast as
    /// possible.
    share: Option<(u32, u32)>,
    sent: u64,
}

const MICROS_PER_SECOND: u128 = 1_000_000;

impl Pace {
    /// One bind's share of `messages_per_second`.
    pub fn new(messages_per_second: Option<u32>, binds: usize) -> Self {
        let binds = u32::try_from(binds).unwrap_or(u32::MAX);
        Self { share: messages_per_second.map(|rate| (rate.max(1), binds)), sent: 0 }
    }

    /// Time to wait for the next message when the run has lasted for `elapsed`; zero if it is due.
    pub fn wait(&self, elapsed: Duration) -> Duration {
        let Some((rate, binds)) = self.share else {
            return Duration::ZERO;
        };
        let due_micros = u128::from(self.sent) * u128::from(binds) * MICROS_PER_SECOND / u128::from(rate);
        let due = Duration::from_micros(u64::try_from(due_micros).unwrap_or(u64::MAX));
        due.saturating_sub(elapsed)
    }

    /// Notes that a message was sent.
    pub fn count(&mut self) {
        self.sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binds_share_the_rate() {
        let mut pace = Pace::new(Some(100), 4);
        assert_eq!(pace.wait(Duration::ZERO), Duration::ZERO);
        pace.count();
        assert_eq!(pace.wait(Duration::ZERO), Duration::from_millis(40));
        assert_eq!(pace.wait(Duration::from_millis(30)), Duration::from_millis(10));
        assert_eq!(pace.wait(Duration::from_secs(1)), Duration::ZERO);
    }

    #[test]
    fn without_a_rate_every_message_is_due() {
        let mut pace = Pace::new(None, 1);
        pace.count();
        assert_eq!(pace.wait(Duration::ZERO), Duration::ZERO);
    }
}
