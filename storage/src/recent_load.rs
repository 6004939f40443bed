//! The messages that accounts had in the last moments, by which an uneven load is known.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tollgate_engine::account::AccountNumber;

/// The time after which the load is looked at anew.
pub const SPAN: Duration = Duration::from_millis(100);
/// An account is light beside one with so many times its messages.
const UNEVEN_FACTOR: usize = 8;

/// The load of the last span, as it was looked at when the span ended.
#[derive(Debug, Default)]
pub struct RecentLoad {
    span: Mutex<Span>,
    is_shared: AtomicBool,
    is_uneven: AtomicBool,
}

#[derive(Debug, Default)]
struct Span {
    began: Option<Instant>,
    messages: HashMap<AccountNumber, usize>,
}

impl RecentLoad {
    /// Counts messages of an account.
    pub fn add(&self, now: Instant, account: AccountNumber, messages: usize) {
        let mut span = self.span.lock();
        if now.saturating_duration_since(*span.began.get_or_insert(now)) >= SPAN {
            self.is_shared.store(span.messages.len() > 1, Ordering::Relaxed);
            self.is_uneven.store(span.is_uneven(), Ordering::Relaxed);
            span.messages.clear();
            span.began = Some(now);
        }
        *span.messages.entry(account).or_default() += messages;
    }

    /// True if several accounts had messages.
    pub fn is_shared(&self) -> bool {
        self.is_shared.load(Ordering::Relaxed)
    }

    /// True if an account had many times the messages of another. Of accounts with like loads none waits longer for others
    /// than for itself.
    pub fn is_uneven(&self) -> bool {
        self.is_uneven.load(Ordering::Relaxed)
    }
}

impl Span {
    fn is_uneven(&self) -> bool {
        let (least, most) = (self.messages.values().min(), self.messages.values().max());
        least.zip(most).is_some_and(|(least, most)| least.saturating_mul(UNEVEN_FACTOR) < *most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAVY: AccountNumber = AccountNumber(1);
    const OTHER: AccountNumber = AccountNumber(2);

    fn after(loads: &[(AccountNumber, usize)]) -> (bool, bool) {
        let (recent, now) = (RecentLoad::default(), Instant::now());
        for (account, messages) in loads {
            recent.add(now, *account, *messages);
        }
        recent.add(now + SPAN, HEAVY, 1);
        (recent.is_shared(), recent.is_uneven())
    }

    #[test]
    fn a_light_account_beside_a_heavy_one_is_noticed() {
        assert_eq!(after(&[(HEAVY, 1_000)]), (false, false));
        assert_eq!(after(&[(HEAVY, 1_000), (OTHER, 900)]), (true, false));
        assert_eq!(after(&[(HEAVY, 400), (OTHER, 2), (HEAVY, 600)]), (true, true));
    }

    #[test]
    fn what_is_long_past_does_not_count() {
        let (recent, now) = (RecentLoad::default(), Instant::now());
        recent.add(now, HEAVY, 1_000);
        recent.add(now, OTHER, 1);
        recent.add(now + SPAN, HEAVY, 1_000);
        assert!(recent.is_uneven());
        recent.add(now + SPAN * 2, HEAVY, 1_000);
        assert!(!recent.is_uneven() && !recent.is_shared());
    }
}
