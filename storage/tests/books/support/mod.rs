//! Shared by the tests: books in a temporary directory, sessions that charge them, and journals that fail.

mod books;
pub mod chain;
mod change;
mod clock;
mod gated_journal;
mod journal;
mod raw;
mod recorder;
pub mod routed;
mod session;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tollgate_storage::batch::Batch;
use tollgate_storage::journal::{Journal, RocksJournal};
use tollgate_storage::store::{Durability, Store};

pub use books::{Books, FAR, LIMITS, PATIENT, options};
pub use clock::SetClock;
pub use gated_journal::JournalControl;
pub use journal::{Fate, Script};
pub use raw::{Raw, RawRow};
pub use recorder::Recorder;
pub use session::{MONTH, Message, Route, Session, body};

/// Longer than anything here takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(20);

/// The number of random cases of a property: `BOOKS_CASES`, or so many as every change can wait for.
pub fn cases(usual: u32) -> u32 {
    std::env::var("BOOKS_CASES").map_or(usual, |cases| cases.parse().expect("BOOKS_CASES is a number"))
}

/// Writes rows as no commit does: their sums are not told of them.
pub fn write_unsummed(store: &Arc<Store>, batch: &Batch) {
    let last = store.last_commit().unwrap().expect("there is a commit");
    RocksJournal::new(Arc::clone(store), Durability::Os).append(batch, &last).unwrap();
}

/// The future's outcome, which has to come before the deadline.
pub fn wait<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(DEADLINE, future).await.expect("it did not come about") })
}

/// Returns once `condition` holds, which it has to before the deadline.
pub fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "it did not come about");
        std::thread::yield_now();
    }
}

/// The remains of an open data directory after a crash: its files at one moment, no shutdown. RocksDB removes and renames
/// files in the background, so a copy counts only if the directory had the same files before and after it.
pub fn crash_image(data_dir: &Path) -> tempfile::TempDir {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let image = tempfile::tempdir().unwrap();
        let before = names_in(data_dir);
        // The anchor first: what it names is in the log by then.
        let (first, rest): (Vec<_>, Vec<_>) = before.iter().partition(|name| *name == "ANCHOR");
        let copied = first
            .iter()
            .chain(&rest)
            .all(|name| std::fs::copy(data_dir.join(name), image.path().join(name)).is_ok());
        if copied && names_in(data_dir) == before {
            return image;
        }
        assert!(Instant::now() < deadline, "the directory does not come to rest");
    }
}

fn names_in(directory: &Path) -> BTreeSet<OsString> {
    std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().file_name()).collect()
}
