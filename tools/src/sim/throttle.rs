//! The limit on messages of all binds in each second.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

const MICROS_PER_SECOND: u64 = 1_000_000;

/// Counts the messages of the current second.
#[derive(Debug)]
pub struct Throttle {
    per_second: Option<u32>,
    /// The second in the upper half, the messages taken in it in the lower.
    taken: AtomicU64,
}

impl Throttle {
    /// A throttle; `None` for no limit.
    pub fn new(per_second: Option<u32>) -> Self {
        Self { per_second, taken: AtomicU64::new(0) }
    }

    /// True if one more message may be taken at `now`, in microseconds; it is then counted.
    pub fn admits(&self, now: u64) -> bool {
        let Some(limit) = self.per_second else { return true };
        let second = (now / MICROS_PER_SECOND) << 32;
        let counted = self.taken.fetch_update(Relaxed, Relaxed, |taken| {
            let so_far = if taken >> 32 == second >> 32 { taken } else { second };
            ((so_far & 0xFFFF_FFFF) < u64::from(limit)).then_some(so_far + 1)
        });
        counted.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_takes_so_many_and_no_more() {
        let throttle = Throttle::new(Some(3));
        let taken = |now: u64| (0..5).filter(|_| throttle.admits(now)).count();
        let noon = 1_800_000_000_000_000;
        assert_eq!([taken(noon), taken(noon + 999_999), taken(noon + 1_000_000)], [3, 0, 3]);
        let unlimited = Throttle::new(None);
        assert!((0..1_000).all(|_| unlimited.admits(noon)));
    }
}
