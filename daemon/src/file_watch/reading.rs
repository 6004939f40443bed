//! The beginning of a reading of files, by which it shows that none of them has changed since.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::stamps::Stamp;

/// By so much the times of files may lag behind the clock, which is read for them at each tick of the kernel only.
const LAG_MAX: Duration = Duration::from_millis(50);

/// The moment at which a reading began.
#[derive(Clone, Copy, Debug)]
pub struct ReadingBegan {
    wall: SystemTime,
    at: Instant,
}

impl ReadingBegan {
    /// It begins now.
    pub fn now() -> Self {
        Self { wall: SystemTime::now(), at: Instant::now() }
    }

    /// True if it is sure that nothing happened to these files and directories since. It is not where the clock was set
    /// meanwhile, or where times are kept in whole seconds.
    pub fn is_before_no_change<'p>(&self, paths: impl IntoIterator<Item = &'p Path>) -> bool {
        let clock_is_steady =
            self.wall.elapsed().is_ok_and(|passed| passed.abs_diff(self.at.elapsed()) < LAG_MAX);
        let since = self.wall.duration_since(UNIX_EPOCH).ok().and_then(|since| since.checked_sub(LAG_MAX));
        let (true, Some(since)) = (clock_is_steady, since) else { return false };
        paths.into_iter().all(|path| Stamp::of(path).is_some_and(|stamp| stamp.is_older_than(since)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_changed_before_a_reading_was_not_changed_since() {
        let folder = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
        fs::write(&one, "1").unwrap();
        fs::write(&two, "2").unwrap();
        let paths = [folder.path(), one.as_path(), two.as_path()];
        // Until the clock is so far that the files' times are certainly older.
        let began = loop {
            let began = ReadingBegan::now();
            if began.is_before_no_change(paths) {
                break began;
            }
            std::thread::yield_now();
        };
        let missing = folder.path().join("missing");
        assert!(!began.is_before_no_change([missing.as_path()]));
        fs::write(&two, "2 again").unwrap();
        assert!(began.is_before_no_change([one.as_path()]));
        assert!(!began.is_before_no_change(paths));
    }

    #[test]
    fn a_clock_that_was_set_says_nothing() {
        let now = ReadingBegan::now();
        let later = ReadingBegan { wall: now.wall + Duration::from_secs(100), ..now };
        let earlier = ReadingBegan { wall: now.wall - Duration::from_secs(100), ..now };
        assert!(!later.is_before_no_change([]) && !earlier.is_before_no_change([]));
        assert!(ReadingBegan::now().is_before_no_change([]));
    }
}
