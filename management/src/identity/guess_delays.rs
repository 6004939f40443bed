//! Delays between guesses of one user's password from networks that the user was not in from lately, over all of those
//! networks together.
//!
//! Some failures are free, and one more is with each span that goes by. Each further one makes the next try wait for twice as
//! long, up to a bound. One network alone is locked before it comes so far, so that it takes many to slow a user down who comes
//! from a new place, and none can keep out one who does not.

use std::collections::HashMap;

use tollgate_engine::time::UnixMicros;

/// Addresses that are remembered. Beyond this number the one that was quiet for longest is forgotten, those that no user has first.
pub const REMEMBERED_MAX: usize = 20_000;
const SECOND_MICROS: u64 = 1_000_000;
/// Failures that are free.
const FREE_FAILURES: u64 = 20;
/// Span after which one failure is forgiven.
const FORGIVEN_MICROS: u64 = 90 * SECOND_MICROS;
/// Failures beyond the free ones that still make the delay longer: the longest is a minute.
const DOUBLINGS_MAX: u64 = 7;
const DELAY_MICROS_MAX: u64 = 60 * SECOND_MICROS;

/// The delays of all e-mail addresses, by their hash.
#[derive(Debug, Default)]
pub struct GuessDelays {
    entries: HashMap<[u8; 16], Entry>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The instant at which every failure is forgiven.
    forgiven_at: UnixMicros,
    /// The instant from which the next try counts.
    open_at: UnixMicros,
    is_known: bool,
}

impl GuessDelays {
    /// The instant from which the next try counts, while none does.
    pub fn held_until(&self, email: &[u8; 16], now: UnixMicros) -> Option<UnixMicros> {
        self.entries.get(email).map(|entry| entry.open_at).filter(|open_at| *open_at > now)
    }

    /// Counts a failure. `is_known` is true if a user has the address.
    pub fn failed(&mut self, email: [u8; 16], is_known: bool, now: UnixMicros) {
        if !self.entries.contains_key(&email) {
            self.make_room(now);
        }
        let entry = self.entries.entry(email).or_default();
        let bound = now.0.saturating_add((FREE_FAILURES + DOUBLINGS_MAX) * FORGIVEN_MICROS);
        let forgiven_at = entry.forgiven_at.0.max(now.0).saturating_add(FORGIVEN_MICROS).min(bound);
        let failures = (forgiven_at - now.0).div_ceil(FORGIVEN_MICROS);
        if let Some(doublings) = failures.checked_sub(FREE_FAILURES + 1) {
            let delay = (SECOND_MICROS << doublings.min(DOUBLINGS_MAX)).min(DELAY_MICROS_MAX);
            entry.open_at = UnixMicros(now.0.saturating_add(delay));
        }
        entry.forgiven_at = UnixMicros(forgiven_at);
        entry.is_known = is_known;
    }

    /// Forgets the failures for an address.
    pub fn clear(&mut self, email: &[u8; 16]) {
        self.entries.remove(email);
    }

    fn make_room(&mut self, now: UnixMicros) {
        if self.entries.len() < REMEMBERED_MAX {
            return;
        }
        self.entries.retain(|_, entry| entry.forgiven_at > now);
        while self.entries.len() >= REMEMBERED_MAX {
            let least = self.entries.iter().min_by_key(|(_, entry)| (entry.is_known, entry.forgiven_at));
            let Some(email) = least.map(|(email, _)| *email) else { return };
            self.entries.remove(&email);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: [u8; 16] = [1; 16];

    fn after(seconds: u64) -> UnixMicros {
        UnixMicros(1_764_000_000_000_000 + seconds * SECOND_MICROS)
    }

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_delay_up_to_a_minute() {
        let mut delays = GuessDelays::default();
        for _ in 0..FREE_FAILURES {
            assert_eq!(delays.held_until(&ANN, after(0)), None);
            delays.failed(ANN, true, after(0));
        }
        let mut now = 0;
        for delay in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(delays.held_until(&ANN, after(now)), None);
            delays.failed(ANN, true, after(now));
            assert_eq!(delays.held_until(&ANN, after(now + delay - 1)), Some(after(now + delay)), "{delay}");
            now += delay;
        }
        assert_eq!(delays.held_until(&[2; 16], after(now)), None, "another address");
    }

    #[test]
    fn failures_are_forgiven_one_by_one() {
        let mut delays = GuessDelays::default();
        for _ in 0..FREE_FAILURES + 2 {
            delays.failed(ANN, true, after(0));
        }
        delays.failed(ANN, true, after(90 * 10));
        assert_eq!(delays.held_until(&ANN, after(90 * 10)), None);
        delays.clear(&ANN);
        assert!(delays.entries.is_empty());
    }

    #[test]
    fn a_flood_of_addresses_forgets_none_that_somebody_has() {
        let mut delays = GuessDelays::default();
        for _ in 0..=FREE_FAILURES {
            delays.failed(ANN, true, after(0));
        }
        for number in 0..REMEMBERED_MAX as u128 + 10 {
            delays.failed((number + (1 << 64)).to_be_bytes(), false, after(0));
        }
        assert_eq!(delays.entries.len(), REMEMBERED_MAX);
        assert!(delays.held_until(&ANN, after(0)).is_some());
    }
}
