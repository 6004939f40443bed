//! The delay before the next attempt to connect.
//!
//! The delay doubles with each failure, and is a quarter longer or shorter by chance, so that the links of
//! many daemons do not come back at the same moment.

use std::time::{Duration, SystemTime};

#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    next: Duration,
    chance: u64,
}

/// The jitter in parts of a thousand.
const JITTER: u32 = 250;

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration, seed: u64) -> Self {
        let max = max.max(min);
        Self { min, max, next: min, chance: seed }
    }

    /// The next try comes this much later.
    pub(super) fn delay(&mut self) -> Duration {
        let delay = self.next;
        self.next = delay.saturating_mul(2).min(self.max);
        delay.saturating_mul(1000 - JITTER + self.chance(2 * JITTER)) / 1000
    }

    /// The link was bound for `duration`. One that is dropped again and again soon after its bind keeps
    /// being tried later and later.
    pub(super) fn was_bound(&mut self, duration: Duration) {
        if duration >= self.max {
            self.next = self.min;
        }
    }

    /// From 0 to `most`: a linear congruential generator, whose upper bits are good enough to spread.
    fn chance(&mut self, most: u32) -> u32 {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let upper = self.chance >> 33;
        u32::try_from(upper % u64::from(most + 1)).unwrap_or(most)
    }
}

/// Something that differs from daemon to daemon and from link to link.
pub(super) fn seed(name: &str, port: u16) -> u64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let mixed = name.bytes().fold(u64::from(port), |mixed, octet| mixed.wrapping_mul(31) + u64::from(octet));
    mixed ^ u64::from(since_1970.subsec_nanos()) ^ u64::from(std::process::id()) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn delays_double_to_the_most_and_begin_again_after_a_bind_that_lasted() {
        let mut backoff = Backoff::new(100 * MS, 1000 * MS, 7);
        for about in [100, 200, 400, 800, 1000, 1000] {
            let delay = backoff.delay();
            assert!((about * MS * 3 / 4..=about * MS * 5 / 4).contains(&delay), "{delay:?} is not {about}");
        }
        backoff.was_bound(999 * MS);
        assert!(backoff.delay() >= 750 * MS, "it did not last");
        backoff.was_bound(1000 * MS);
        assert!(backoff.delay() <= 125 * MS);
    }

    #[test]
    fn the_whole_width_of_the_jitter_is_used() {
        let mut backoff = Backoff::new(1000 * MS, 1000 * MS, 1);
        let delays: Vec<u128> = (0..10_000).map(|_| backoff.delay().as_millis()).collect();
        assert_eq!((delays.iter().min(), delays.iter().max()), (Some(&750), Some(&1250)));
        let mean = delays.iter().sum::<u128>() / 10_000;
        assert!((990..=1010).contains(&mean), "{mean}");
    }

    #[test]
    fn a_longest_delay_below_the_first_is_the_first() {
        let mut backoff = Backoff::new(100 * MS, Duration::ZERO, 1);
        assert!(backoff.delay() >= 75 * MS && backoff.delay() <= 125 * MS);
    }
}
