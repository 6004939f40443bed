//! The wall clock, which the engine never reads, as it wants it.

use std::time::{SystemTime, UNIX_EPOCH};

use tollgate_engine::time::UnixMicros;

/// The clock that commits go by.
pub trait Clock: Send + Sync + 'static {
    /// The present, as it is written down.
    fn now(&self) -> UnixMicros;
}

/// The clock of this machine.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> UnixMicros {
        now()
    }
}

/// The present; 1970 for a clock that is set before it.
pub fn now() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMicros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
