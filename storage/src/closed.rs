//! The end of a database, which a process waits for before it exits: RocksDB's own threads use what an exit takes down.

use std::time::Duration;

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

/// Kept beside the database, and dropped behind it.
#[derive(Debug)]
pub struct Open {
    _closes: Sender<()>,
    closed: Receiver<()>,
}

/// Waits for the end of the database.
#[derive(Debug)]
pub struct Closed(Receiver<()>);

impl Default for Open {
    fn default() -> Self {
        let (closes, closed) = bounded(0);
        Self { _closes: closes, closed }
    }
}

impl Open {
    /// A way to wait for the end.
    pub fn closed(&self) -> Closed {
        Closed(self.closed.clone())
    }
}

impl Closed {
    /// Waits until nobody holds the database any more, and says whether that came to pass in time.
    pub fn wait(self, limit: Duration) -> bool {
        // Nothing is ever sent: the channel ends with the database.
        matches!(self.0.recv_timeout(limit), Err(RecvTimeoutError::Disconnected))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_waited_for() {
        let open = Open::default();
        assert!(!open.closed().wait(Duration::ZERO));
        let closed = open.closed();
        let waits = std::thread::spawn(move || closed.wait(Duration::from_mins(1)));
        drop(open);
        assert!(waits.join().unwrap());
    }
}
