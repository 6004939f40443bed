//! The time by which ends of bundles have passed, looked up once per read of a socket.

use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::due;

/// The time that a session has looked up last.
#[derive(Debug, Default)]
pub struct BundleEnds {
    read_at: UnixMicros,
    due: UnixMicros,
}

impl BundleEnds {
    /// For a message of a read at this time; that time where there are no bundles.
    pub fn due_at(&mut self, now: UnixMicros, may_have_bundles: bool) -> UnixMicros {
        if !may_have_bundles {
            return now;
        }
        if self.read_at != now {
            *self = Self { read_at: now, due: due() };
        }
        self.due
    }
}
