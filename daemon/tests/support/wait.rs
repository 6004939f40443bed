//! Waiting for the thing itself, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

/// Long enough for anything that should happen at once, also on a machine that compiles beside it.
pub const SOON: Duration = Duration::from_secs(20);

/// Interval between two looks. A look may be a request, and a caller may make 200 a second.
const PAUSE: Duration = Duration::from_millis(8);

/// Returns what `probe` finds, as soon as it finds it. Panics naming `what` when that is not within [`SOON`].
pub fn eventually<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {SOON:?} in vain for {what}");
        thread::sleep(PAUSE);
    }
}
