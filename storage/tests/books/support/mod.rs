//! What the tests share: books in a temporary directory, sessions that charge them, and journals that fail.

mod books;
mod journal;
mod raw;
mod session;

use std::future::Future;
use std::path::Path;
use std::time::{Duration, Instant};

pub use books::{Books, LIMITS, options};
pub use journal::{Fate, Script};
pub use raw::Raw;
pub use session::{MONTH, Message, Session};

/// Longer than anything here takes; a test that waits so long has failed.
const DEADLINE: Duration = Duration::from_secs(20);

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

/// What a crash would leave of an open data directory: its files as they are now, no shutdown.
pub fn crash_image(data_dir: &Path) -> tempfile::TempDir {
    let image = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(data_dir).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), image.path().join(file.file_name())).unwrap();
    }
    image
}
