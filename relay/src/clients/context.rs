//! The parts of the process that all sessions of gateways share.

use std::sync::Arc;

use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::DeliverySettings;

use crate::books::Books;
use crate::delivery::long_messages::LongMessageRoutes;
use crate::metrics::Metrics;
use crate::snapshot::CurrentSnapshot;

use super::open_binds::OpenBinds;

/// The parts of the process that a session needs.
#[derive(Debug)]
pub struct ClientContext {
    pub(crate) snapshot: CurrentSnapshot,
    pub(crate) books: Books,
    pub(crate) metrics: Arc<Metrics>,
    /// The operators that the parts of long messages go to.
    pub(crate) long_message_routes: Arc<LongMessageRoutes>,
    /// The longest time that a message may wait, the time until it is due included.
    pub(crate) max_validity_micros: u64,
    /// Receipts that a bind may have unanswered.
    pub(crate) receipt_window: u32,
    /// Time until a receipt that a gateway could not take is sent again.
    pub(crate) receipt_retry_micros: u64,
    pub(crate) open_binds: Arc<OpenBinds>,
}

impl ClientContext {
    /// True if a message that is due then would have expired before.
    pub(crate) fn is_too_late(&self, scheduled_at: UnixMicros, now: UnixMicros) -> bool {
        scheduled_at.0.saturating_sub(now.0) >= self.max_validity_micros
    }

    /// The binds that are open.
    pub fn open_binds(&self) -> &Arc<OpenBinds> {
        &self.open_binds
    }

    /// The context of a process with this snapshot and these books.
    pub fn new(
        snapshot: CurrentSnapshot,
        books: Books,
        metrics: Arc<Metrics>,
        delivery: &DeliverySettings,
    ) -> Self {
        Self {
            snapshot,
            books,
            metrics,
            long_message_routes: Arc::default(),
            max_validity_micros: u64::try_from(delivery.max_validity().as_micros()).unwrap_or(u64::MAX),
            receipt_window: delivery.receipt_window,
            receipt_retry_micros: u64::from(delivery.receipt_retry_ms) * 1_000,
            open_binds: Arc::default(),
        }
    }
}
