//! A clock that stands where a test sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::Clock;

#[derive(Debug)]
pub struct SetClock(AtomicU64);

impl SetClock {
    /// Stands at 2026-11-20 12:00 UTC.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_795_176_000_000_000)))
    }

    /// Moves it by as many seconds, in either direction.
    pub fn step_seconds(&self, seconds: i64) {
        let at = self.0.load(Ordering::Relaxed).checked_add_signed(seconds * 1_000_000);
        self.0.store(at.unwrap(), Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now(&self) -> UnixMicros {
        UnixMicros(self.0.load(Ordering::Relaxed))
    }
}
