//! The state that the connections of a server share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, watch};

use super::stats::ServerStats;
use crate::penalty::PenaltyBox;
use crate::places::Places;
use crate::proxy::TrustedProxies;
use crate::session::SessionConfig;

/// The phase that all connections are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    /// End well: answer, unbind, close.
    Draining,
    /// End without waiting for anything.
    Stopped,
}

/// The state that all connections share.
pub(super) struct Shared<H> {
    pub(super) handler: Arc<H>,
    pub(super) session: Arc<SessionConfig>,
    pub(super) penalties: Mutex<PenaltyBox>,
    pub(super) stats: Arc<ServerStats>,
    /// One permit for each connection, and for those that wait for the last of them all.
    pub(super) tasks: Arc<Semaphore>,
    pub(super) places: Arc<Places>,
    pub(super) trusted_proxies: TrustedProxies,
    pub(super) phase: watch::Receiver<Phase>,
}

impl<H> Shared<H> {
    pub(super) fn penalties(&self) -> MutexGuard<'_, PenaltyBox> {
        self.penalties.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
