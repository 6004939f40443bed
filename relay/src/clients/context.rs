//! The parts of the process that all sessions of gateways share.

use std::sync::Arc;

use tollgate_provisioning::DeliverySettings;

use crate::books::Books;
use crate::delivery::long_messages::LongMessageRoutes;
use crate::metrics::Metrics;
use crate::snapshot::CurrentSnapshot;

/// The parts of the process that a session needs.
#[derive(Debug)]
pub struct ClientContext {
    pub(crate) snapshot: CurrentSnapshot,
    pub(crate) books: Books,
    pub(crate) metrics: Arc<Metrics>,
    /// The operators that the parts of long messages go to.
    pub(crate) long_message_routes: Arc<LongMessageRoutes>,
    /// Receipts that a bind may have unanswered.
    pub(crate) receipt_window: u32,
    /// Time until a receipt that a gateway could not take is sent again.
    pub(crate) receipt_retry_micros: u64,
}

impl ClientContext {
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
            receipt_window: delivery.receipt_window,
            receipt_retry_micros: u64::from(delivery.receipt_retry_ms) * 1_000,
        }
    }
}
