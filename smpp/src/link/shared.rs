//! What a link shows of itself, and what its task is to do.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::session::{LinkCounts, LinkSession};

/// What the task is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// End well, by this time at the latest.
    Draining {
        until: Instant,
    },
    /// End now.
    Stopped,
}

/// What others may see of the link.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) bound: AtomicBool,
    pub(super) in_flight: AtomicU32,
    pub(super) counts: Mutex<LinkCounts>,
}

impl Shared {
    /// What `session` has come to.
    pub(super) fn report(&self, session: &mut LinkSession) {
        self.bound.store(session.is_bound(), Ordering::Relaxed);
        self.in_flight.store(session.in_flight(), Ordering::Relaxed);
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(session.take_counts());
    }
}
