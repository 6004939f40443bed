//! Messages per second, as a token bucket that never reads a clock.

use parking_lot::Mutex;

use crate::time::UnixMicros;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// The number of messages that an account may submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// In the long run.
    pub per_second: u32,
    /// At once, after a pause.
    pub burst: u32,
}

/// One account's bucket. Many sessions may take from it.
///
/// It is kept as the instant at which the bucket will be full again (the generic cell rate algorithm), so
/// that a message costs one comparison and one addition.
#[derive(Debug, Default)]
pub struct Throttle {
    full_at: Mutex<u64>,
}

impl Throttle {
    /// Takes one message out, or answers `false` where the bucket is empty.
    pub fn admit(&self, limit: RateLimit, now: UnixMicros) -> bool {
        let rate = u64::from(limit.per_second.max(1));
        // In steps finer than a microsecond, so that rates which do not divide a second hardly drift.
        let cost = MICROS_PER_SECOND * SCALE / rate;
        let depth = cost.saturating_mul(u64::from(limit.burst.max(1)));
        let now = now.0.saturating_mul(SCALE);
        let mut full_at = self.full_at.lock();
        if *full_at > now.saturating_add(depth).saturating_add(CLOCK_SKEW_MAX) {
            // The clock was set back, or the limit was lowered: the bucket is empty, and fills from here on.
            *full_at = now.saturating_add(depth);
        }
        let next = (*full_at).max(now).saturating_add(cost);
        let fits = next - now <= depth;
        if fits {
            *full_at = next;
        }
        fits
    }
}

/// Steps in a microsecond: 1,024 of them reach from 1970 to beyond the year 2500 in a `u64`.
const SCALE: u64 = 1_024;

/// By how much the `now` of two sessions may differ without the clock having been set back: one second.
const CLOCK_SKEW_MAX: u64 = MICROS_PER_SECOND * SCALE;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_the_rate() {
        let (throttle, limit) = (Throttle::default(), RateLimit { per_second: 10, burst: 3 });
        let start = 1_790_000_000_000_000;
        let admitted = |at: u64| throttle.admit(limit, UnixMicros(start + at));
        assert_eq!([admitted(0), admitted(0), admitted(0), admitted(0)], [true, true, true, false]);
        assert!(!admitted(99_000));
        assert!(admitted(100_000));
        assert!(!admitted(100_001));
    }

    #[test]
    fn in_the_long_run_no_more_than_the_rate() {
        let (throttle, limit) = (Throttle::default(), RateLimit { per_second: 7, burst: 7 });
        let start = 1_790_000_000_000_000;
        let admitted =
            (0..100_000u64).filter(|step| throttle.admit(limit, UnixMicros(start + step * 1_000))).count();
        assert!((700..=707).contains(&admitted), "{admitted} in 100 seconds");
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_silence_an_account() {
        let (throttle, limit) = (Throttle::default(), RateLimit { per_second: 10, burst: 3 });
        let (before, after) = (1_790_003_600_000_000, 1_790_000_000_000_000);
        let admitted = |at: u64| throttle.admit(limit, UnixMicros(at));
        assert!(admitted(before));
        assert!(!admitted(after), "setting the clock back is no way to a full bucket");
        assert!(!admitted(after + 99_999));
        assert!(admitted(after + 100_000));
    }

    #[test]
    fn sessions_whose_clocks_differ_a_little_share_one_bucket() {
        let (throttle, limit) = (Throttle::default(), RateLimit { per_second: 10, burst: 3 });
        let start = 1_790_000_000_000_000;
        let admitted = (0..1_000u64)
            .filter(|step| throttle.admit(limit, UnixMicros(start + step * 1_000 - step % 2 * 500_000)))
            .count();
        assert_eq!(admitted, 3 + 9, "a burst, and one for each further tenth of the second");
    }
}
