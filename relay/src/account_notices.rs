//! Facts that alerts of an account are about and that its wallet does not show: caps that messages exceeded, and messages of
//! children that were refused because of the account.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tollgate_engine::calendar::Span;
use tollgate_engine::cap::CapNumber;
use tollgate_engine::time::UnixMicros;

/// The notices of one account. There is at most one for each of its caps.
#[derive(Debug, Default)]
pub struct AccountNotices {
    exceeded: Mutex<BTreeMap<CapNumber, Span>>,
    /// The time of the last message of a child that the account could not pay for, or was suspended for; zero for none.
    short_at: AtomicU64,
}

impl AccountNotices {
    /// Notes that a message exceeds a cap in a span.
    pub fn exceed(&self, cap: CapNumber, span: Span) {
        self.exceeded.lock().insert(cap, span);
    }

    /// The caps that were exceeded in a span which is not over, with the span of each.
    pub fn exceeded(&self, now: UnixMicros) -> BTreeMap<CapNumber, Span> {
        let mut exceeded = self.exceeded.lock();
        exceeded.retain(|_, span| now < span.end);
        exceeded.clone()
    }

    /// Notes that the account could not pay for a child's message, or was suspended.
    pub fn be_short(&self, now: UnixMicros) {
        self.short_at.store(now.0, Ordering::Relaxed);
    }

    /// The time of the last message of a child that the account did not take for that.
    pub fn short_at(&self) -> Option<UnixMicros> {
        Some(UnixMicros(self.short_at.load(Ordering::Relaxed))).filter(|at| at.0 > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exceeded_cap_is_told_until_its_span_is_over() {
        let notices = AccountNotices::default();
        let span = Span { start: UnixMicros(10), end: UnixMicros(20) };
        notices.exceed(CapNumber(1), span);
        assert_eq!(notices.exceeded(UnixMicros(19)), BTreeMap::from([(CapNumber(1), span)]));
        assert!(notices.exceeded(UnixMicros(20)).is_empty());
        assert_eq!(notices.short_at(), None);
        notices.be_short(UnixMicros(7));
        assert_eq!(notices.short_at(), Some(UnixMicros(7)));
    }
}
