//! The anchor behind the commits: a thread writes the last one that the log has, at most once in an interval.
//!
//! A commit leaves a note and goes on. The first note after a pause is written at once; those that come while the interval
//! lasts are one write at its end. A write that fails is tried again, and keeps nobody from charging. A stop in good order
//! says which commit is the last one, and that the log ends there.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::AnchorFiles;
use super::slot::State;
use crate::store_options::Durability;
use crate::sums::CommitRow;

/// The files of the anchor, and the thread that writes them.
#[derive(Debug)]
pub struct PeriodicAnchor {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    files: AnchorFiles,
    interval: Duration,
    note: Mutex<Note>,
    /// Told of a commit that an idle thread waits for, and of the end.
    changed: Condvar,
}

/// The last commit that the log has, and how far the thread is with it.
#[derive(Clone, Copy, Debug)]
struct Note {
    last: CommitRow,
    durability: Durability,
    is_written: bool,
    is_idle: bool,
    is_ending: bool,
}

impl PeriodicAnchor {
    /// Says that the log has reached this commit, durably, and follows it from there.
    pub fn start(files: AnchorFiles, interval: Duration, last: &CommitRow) -> io::Result<Self> {
        let durability = Durability::Sync;
        files.begin(State::Passed, last, durability)?;
        let note = Note { last: *last, durability, is_written: true, is_idle: false, is_ending: false };
        let shared = Arc::new(Shared { files, interval, note: Mutex::new(note), changed: Condvar::new() });
        let followed = Arc::clone(&shared);
        let thread =
            std::thread::Builder::new().name("anchor".to_owned()).spawn(move || followed.follow())?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Notes that the log has this commit. A commit before the last one that is known says nothing: the log has lost
    /// something, which the next start is to notice.
    pub fn reached(&self, commit: &CommitRow, durability: Durability) {
        let mut note = self.shared.note.lock();
        if commit.number <= note.last.number {
            return;
        }
        note.last = *commit;
        note.durability = durability;
        note.is_written = false;
        if note.is_idle {
            self.shared.changed.notify_one();
        }
    }
}

impl Drop for PeriodicAnchor {
    fn drop(&mut self) {
        self.shared.note.lock().is_ending = true;
        self.shared.changed.notify_one();
        let ended = self.thread.take().map(JoinHandle::join);
        let Note { last, durability, .. } = *self.shared.note.lock();
        if let Err(error) = self.shared.files.begin(State::Confirmed, &last, durability) {
            tracing::error!(%error, commit = last.number, "the anchor does not name the last commit");
        }
        assert!(ended.is_none_or(|ended| ended.is_ok()), "the thread of the anchor does not panic");
    }
}

impl Shared {
    fn follow(&self) {
        let mut has_failed = false;
        while let Some(Note { last, durability, .. }) = self.next() {
            let written = self.files.follow(&last, durability);
            match &written {
                Ok(()) if has_failed => tracing::info!("the anchor can be written again"),
                Err(error) if !has_failed => {
                    tracing::error!(%error, "the anchor cannot be written; a loss would not be noticed");
                }
                _ => {}
            }
            has_failed = written.is_err();
            if has_failed {
                metrics::counter!("tollgate_storage_failures_total").increment(1);
            }
            self.pause(&last, written.is_ok());
        }
    }

    /// The next commit to name; `None` at the end.
    fn next(&self) -> Option<Note> {
        let mut note = self.note.lock();
        while note.is_written && !note.is_ending {
            note.is_idle = true;
            self.changed.wait(&mut note);
            note.is_idle = false;
        }
        (!note.is_ending).then_some(*note)
    }

    /// Waits until the interval is over, or until the end.
    fn pause(&self, named: &CommitRow, is_written: bool) {
        let deadline = Instant::now() + self.interval;
        let mut note = self.note.lock();
        note.is_written = is_written && note.last.number == named.number;
        while !note.is_ending && !self.changed.wait_until(&mut note, deadline).timed_out() {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::anchor::{Found, Reached, read};
    use crate::store_options::ANCHOR_FILE;

    /// Longer than any of these tests takes.
    const LONG: Duration = Duration::from_mins(10);

    fn commit(number: u64) -> CommitRow {
        CommitRow { number, hash: [7; 32], previous: [6; 32], at: UnixMicros(1) }
    }

    fn start(folder: &Path, interval: Duration) -> (PathBuf, PeriodicAnchor) {
        let path = folder.join(ANCHOR_FILE);
        std::fs::write(folder.join("CURRENT"), "MANIFEST-000007\n").unwrap();
        std::fs::write(crate::anchor::manifest_path(folder, 7), "abc").unwrap();
        let files = AnchorFiles::open(folder, [path.as_path()]).unwrap();
        let anchor = PeriodicAnchor::start(files, interval, &commit(3)).unwrap();
        (path, anchor)
    }

    fn found(path: &Path) -> (Reached, bool) {
        let Found { reached, is_passed, .. } = read(path).unwrap().unwrap();
        (reached.unwrap(), is_passed)
    }

    fn reached(number: u64) -> Reached {
        Reached { number, hash: [7; 32] }
    }

    fn wait_for(path: &Path, number: u64) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while found(path) != (reached(number), true) {
            assert!(Instant::now() < deadline, "the anchor stays at {:?}", found(path));
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_first_commit_after_a_pause_is_named_at_once_and_the_rest_once_in_an_interval() {
        let folder = tempfile::tempdir().unwrap();
        let (path, anchor) = start(folder.path(), LONG);
        assert_eq!(found(&path), (reached(3), true));
        anchor.reached(&commit(4), Durability::Sync);
        wait_for(&path, 4);
        for number in 5..50 {
            anchor.reached(&commit(number), Durability::Sync);
        }
        assert_eq!(found(&path), (reached(4), true), "the interval lasts");
        // A stop in good order says where the log ends.
        drop(anchor);
        assert_eq!(found(&path), (reached(49), false));
    }

    #[test]
    fn it_follows_the_log_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (path, anchor) = start(folder.path(), Duration::from_millis(1));
        for number in 4..20 {
            anchor.reached(&commit(number), Durability::Sync);
            anchor.reached(&commit(number), Durability::Sync);
        }
        wait_for(&path, 19);
        anchor.reached(&commit(20), Durability::Os);
        wait_for(&path, 20);
        assert!(read(&path).unwrap().unwrap().unsynced_since.is_some());
    }

    #[test]
    fn a_log_that_was_read_again_and_ends_earlier_takes_nothing_back() {
        let folder = tempfile::tempdir().unwrap();
        let (path, anchor) = start(folder.path(), Duration::from_millis(1));
        anchor.reached(&commit(9), Durability::Sync);
        wait_for(&path, 9);
        anchor.reached(&commit(8), Durability::Sync);
        drop(anchor);
        assert_eq!(found(&path), (reached(9), false));
    }

    #[test]
    fn a_file_that_cannot_be_written_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let (path, anchor) = start(folder.path(), Duration::from_millis(1));
        // The list of tables is gone, which a write asks for.
        std::fs::remove_file(folder.path().join("CURRENT")).unwrap();
        std::fs::remove_file(crate::anchor::manifest_path(folder.path(), 7)).unwrap();
        anchor.reached(&commit(4), Durability::Sync);
        anchor.reached(&commit(5), Durability::Sync);
        std::fs::write(crate::anchor::manifest_path(folder.path(), 7), "abcd").unwrap();
        std::fs::write(folder.path().join("CURRENT"), "MANIFEST-000007\n").unwrap();
        wait_for(&path, 5);
    }
}
