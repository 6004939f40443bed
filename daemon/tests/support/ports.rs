//! Ports that are a test's own for as long as its process lives, also while nobody listens on them.
//!
//! A port that the system gives for a listener may go to another test once that listener is closed. These come from below
//! the range that the system gives ports from, and each is held by a lock on a file of its name.

use std::env;
use std::fs::{self, File};
use std::mem;
use std::net::TcpListener;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::process;

/// Below what Linux gives to listeners and clients that name no port.
const PORTS: Range<u16> = 20_000..32_000;

/// A port that nobody listens on, and that no other test is given.
pub fn free_port() -> u16 {
    let user = fs::metadata("/proc/self").expect("Linux tells of this process").uid();
    let folder = env::temp_dir().join(format!("tollgate-test-ports-{user}"));
    fs::create_dir_all(&folder).expect("the folder of locks can be made");
    // Processes that run at the same time begin at different places.
    let begin = process::id().wrapping_mul(61) as usize % PORTS.len();
    for port in PORTS.cycle().skip(begin).take(PORTS.len()) {
        let lock = File::create(folder.join(port.to_string())).expect("a lock can be made");
        if lock.try_lock().is_ok() && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            // The lock ends with the process.
            mem::forget(lock);
            return port;
        }
    }
    panic!("no port of {PORTS:?} is free");
}
