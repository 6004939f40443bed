//! The clock of the process, which the engine never reads, as it wants it.
//!
//! There are three times. [`now`] is what is written down: it goes by the wall clock for as long as that is
//! believed (`trust.rs`). [`due`] is what deadlines of rows are compared with, such as the ends of validity and of
//! idempotency keys: it stands still while the wall clock is in doubt. [`steady`] is for spans of time within the
//! process: it never jumps.

mod trust;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use tollgate_engine::time::{Moment, UnixMicros};

use trust::{Look, News, Reason, Trust};

/// The time for which a clock that jumped has to stand before it is believed, if nothing else is set.
pub const TRUST_SECONDS: u32 = 600;

/// Two readings that are further apart than this are not of one moment: something else ran in between.
const MOMENT_MAX: Duration = Duration::from_millis(50);

/// Readings that are tried for one look.
const READINGS_MAX: u32 = 100;

static PROCESS: LazyLock<ProcessClock> = LazyLock::new(ProcessClock::new);

/// The clock that commits go by.
pub trait Clock: Send + Sync + 'static {
    /// The present, as it is written down.
    fn now(&self) -> UnixMicros;

    /// The time by which deadlines have passed.
    fn due(&self) -> UnixMicros;

    /// The time before whose end rows are forgotten.
    fn forgotten_before(&self) -> UnixMicros {
        self.due()
    }
}

/// The clock of this process.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

/// The wall clock as the process judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStatus {
    /// The believed time.
    pub now: UnixMicros,
    /// The wall clock.
    pub wall: UnixMicros,
    /// The time that deadlines are compared with.
    pub due: UnixMicros,
    /// The reason of the doubt, while there is one.
    pub doubt: Option<&'static str>,
    /// The time after which the wall clock is believed if it goes on as it does.
    pub left: Option<Duration>,
}

struct ProcessClock {
    began: Instant,
    /// The wall clock less the monotonic one when the process began.
    began_at: UnixMicros,
    trust: Mutex<Trust>,
    /// True once the wall clock was compared with the last commit.
    has_begun: AtomicBool,
}

impl Clock for SystemClock {
    fn now(&self) -> UnixMicros {
        now()
    }

    fn due(&self) -> UnixMicros {
        due()
    }

    fn forgotten_before(&self) -> UnixMicros {
        forgotten_before()
    }
}

/// The present, as it is written down.
pub fn now() -> UnixMicros {
    PROCESS.look(|trust, look| trust.now(look.monotonic))
}

/// The time by which deadlines of what is on disk have passed. It stands still while the wall clock is in
/// doubt.
pub fn due() -> UnixMicros {
    PROCESS.look(|trust, look| trust.due(look.monotonic))
}

/// Both of them at one moment, for charges.
pub fn present() -> Moment {
    PROCESS.look(|trust, look| Moment { now: trust.now(look.monotonic), due: trust.due(look.monotonic) })
}

/// The time before whose end rows are forgotten by themselves: [`due`], once the clock is compared with the last
/// commit, and no time before.
pub fn forgotten_before() -> UnixMicros {
    if PROCESS.has_begun.load(Ordering::Acquire) { due() } else { UnixMicros(0) }
}

/// A time that never jumps, for spans within the process. Its date is that of the process's beginning.
pub fn steady() -> UnixMicros {
    UnixMicros(PROCESS.began_at.0.saturating_add(PROCESS.monotonic()))
}

/// Begins to judge the wall clock by the last commit on disk, if there is one, and from here on by the monotonic
/// clock.
pub fn begin(last_commit: Option<UnixMicros>, trust: Duration) {
    let look = PROCESS.reading();
    let trust = Trust::begin(look, last_commit, u64::try_from(trust.as_micros()).unwrap_or(u64::MAX));
    let doubt = trust.doubt();
    *PROCESS.trust.lock() = trust;
    PROCESS.has_begun.store(true, Ordering::Release);
    metrics::gauge!("tollgate_clock_trusted").set(if doubt.is_none() { 1.0 } else { 0.0 });
    metrics::counter!("tollgate_clock_jumps_total").absolute(0);
    if let (Some(doubt), Some(last)) = (doubt, last_commit) {
        let (clock, last_commit) = (look.wall.to_rfc3339(), last.to_rfc3339());
        tracing::warn!(%clock, %last_commit, "{}; nothing expires until it has stood", words(doubt.reason));
    }
}

/// Believes the wall clock as it is, because somebody says that it is right; false if it was believed.
pub fn believe() -> bool {
    let look = PROCESS.reading();
    let Some(by) = PROCESS.trust.lock().believe(look) else { return false };
    metrics::gauge!("tollgate_clock_trusted").set(1.0);
    tracing::warn!(by_seconds = seconds(by), "the clock is believed, as somebody says that it is right");
    true
}

/// The wall clock as the process judges it now.
pub fn status() -> ClockStatus {
    PROCESS.look(|trust, look| ClockStatus {
        now: trust.now(look.monotonic),
        wall: look.wall,
        due: trust.due(look.monotonic),
        doubt: trust.doubt().map(|doubt| words(doubt.reason)),
        left: trust.left_micros(look.monotonic).map(Duration::from_micros),
    })
}

impl ProcessClock {
    fn new() -> Self {
        let (began, began_at) = (Instant::now(), wall());
        let look = Look { wall: began_at, monotonic: 0 };
        let trust = Trust::begin(look, None, u64::from(TRUST_SECONDS) * 1_000_000);
        Self { began, began_at, trust: Mutex::new(trust), has_begun: AtomicBool::new(false) }
    }

    fn monotonic(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Both clocks at one moment. A thread that had to wait between the two readings reads them again, so that
    /// the wait is not taken for a jump.
    fn reading(&self) -> Look {
        let mut reading = (self.monotonic(), wall());
        for _ in 0..READINGS_MAX {
            let after = self.monotonic();
            if u128::from(after - reading.0) <= MOMENT_MAX.as_micros() {
                break;
            }
            reading = (after, wall());
        }
        Look { wall: reading.1, monotonic: reading.0 }
    }

    fn look<T>(&self, read: impl FnOnce(&Trust, Look) -> T) -> T {
        // Within the lock, so that looks are in the order of their readings.
        let mut trust = self.trust.lock();
        let look = self.reading();
        let news = trust.look(look);
        let result = read(&trust, look);
        drop(trust);
        if let Some(news) = news {
            tell(news);
        }
        result
    }
}

fn tell(news: News) {
    let trusted = metrics::gauge!("tollgate_clock_trusted");
    match news {
        News::Jumped(by) => {
            trusted.set(0.0);
            metrics::counter!("tollgate_clock_jumps_total").increment(1);
            let by_seconds = seconds(by);
            tracing::error!(
                by_seconds,
                "the clock has jumped; nothing expires until it is back or has stood"
            );
        }
        News::Back => {
            trusted.set(1.0);
            tracing::warn!("the clock is back where it was before it jumped, and is believed");
        }
        News::Stood(by) => {
            trusted.set(1.0);
            tracing::warn!(by_seconds = seconds(by), "the clock has stood, and is believed");
        }
    }
}

fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Jump => "the clock has jumped",
        Reason::StartBehind => "the clock is behind the last commit",
        Reason::StartAhead => "the clock is more than an hour ahead of the last commit",
    }
}

fn seconds(micros: i64) -> String {
    let (sign, micros) = (if micros < 0 { "-" } else { "" }, micros.unsigned_abs());
    format!("{sign}{}.{:03}", micros / 1_000_000, micros / 1_000 % 1_000)
}

/// The wall clock; 1970 for one that is set before it.
fn wall() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMicros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_times_are_those_of_the_machine() {
        let (before, times, after) = (wall(), [now(), due(), steady()], wall());
        for time in times {
            assert!(before.0 <= time.0 + 1_000_000 && time.0 <= after.0 + 1_000_000, "{time:?}");
        }
        let present = present();
        assert!(present.due <= present.now, "deadlines are never ahead: {present:?}");
        assert_eq!(status().doubt, None);
        assert!(!believe(), "it is believed");
    }

    #[test]
    fn spans_have_a_sign_and_three_decimals() {
        assert_eq!(seconds(-1_234_567), "-1.234");
        assert_eq!(seconds(60_000_000), "60.000");
    }
}
