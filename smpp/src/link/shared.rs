//! The state that a link shares with its task.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::session::{LinkCounts, LinkSession};

/// The phase that the task is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running,
    /// End well, by this time at the latest.
    Draining {
        until: Instant,
    },
    /// End without waiting for anything.
    Stopped,
}

/// The state of the link that others may see.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) bound: AtomicBool,
    pub(super) in_flight: AtomicU32,
    pub(super) counts: Mutex<LinkCounts>,
}

impl Shared {
    /// Publishes the state of `session`.
    pub(super) fn report(&self, session: &mut LinkSession) {
        self.bound.store(session.is_bound(), Ordering::Relaxed);
        self.in_flight.store(session.in_flight(), Ordering::Relaxed);
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).add(session.take_counts());
    }
}
