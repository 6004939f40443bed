//! A clock that stands where a test sets it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::Clock;

#[derive(Debug)]
pub struct SetClock {
    now: AtomicU64,
    /// The time at which deadlines stand still; zero while they do not.
    held: AtomicU64,
}

impl SetClock {
    /// Stands at 2026-11-20 12:00 UTC.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: AtomicU64::new(1_795_176_000_000_000), held: AtomicU64::new(0) })
    }

    /// Moves it by as many seconds, in either direction.
    pub fn step_seconds(&self, seconds: i64) {
        let at = self.now().0.checked_add_signed(seconds * 1_000_000);
        self.now.store(at.unwrap(), Ordering::Relaxed);
    }

    /// Puts it in doubt, or believes it again.
    pub fn hold(&self, is_held: bool) {
        self.held.store(if is_held { self.now().0 } else { 0 }, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn due(&self) -> UnixMicros {
        match self.held.load(Ordering::Relaxed) {
            0 => self.now(),
            held => UnixMicros(held),
        }
    }

    fn now(&self) -> UnixMicros {
        UnixMicros(self.now.load(Ordering::Relaxed))
    }
}
