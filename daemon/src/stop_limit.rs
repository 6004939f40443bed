//! The longest time of a stop.
//!
//! Everything that was acknowledged is on disk before a stop begins. A disk that is full or fails can hold up what comes after
//! that: RocksDB waits in steps of seconds for room before it closes. The process then ends without closing its database, as
//! if it were killed, and the next start finds the same books.

use std::io;
use std::thread;
use std::time::Duration;

use tollgate_storage::committer::Availability;

/// The time that a stop takes at most while the books cannot be written. By then nothing more will come of waiting.
const WITHOUT_STORAGE_MAX: Duration = Duration::from_secs(5);
/// The time that a stop takes at most. Service managers kill a process after ten seconds.
const STOP_MAX: Duration = Duration::from_secs(9);

/// Ends the process if a stop that begins now takes too long. The exit status is that of a success, as nothing is lost.
pub fn begin(storage: Availability) -> io::Result<()> {
    let limited = move || {
        thread::sleep(WITHOUT_STORAGE_MAX);
        if storage.is_available() {
            thread::sleep(STOP_MAX.saturating_sub(WITHOUT_STORAGE_MAX));
        }
        tracing::warn!(
            "the stop takes too long: the process ends without closing its database; nothing is lost"
        );
        signal_hook::low_level::exit(0);
    };
    thread::Builder::new().name("stop limit".to_owned()).spawn(limited).map(drop)
}
