//! The parts of the process that all sessions of gateways share.

use std::sync::Arc;
use std::time::Duration;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::DeliverySettings;
use tollgate_storage::rows::RefusedMessage;

use crate::books::Books;
use crate::delivery::long_messages::LongMessageRoutes;
use crate::metrics::Metrics;
use crate::refusal_log::{self, Counts, RefusalLog};
use crate::snapshot::CurrentSnapshot;

use super::open_binds::OpenBinds;

/// The longest time that a reader waits for the messages that were refused in the last second.
const REFUSALS_WAIT: Duration = Duration::from_secs(2);

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
    /// Messages that were refused, on their way to the disk.
    refusals: Arc<RefusalLog>,
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

    /// Notes a message that is refused. All that is told of refusals later comes from here: what is listed, counted and measured.
    pub(crate) fn note_refused(
        &self,
        account: AccountNumber,
        reason: Refusal,
        message: impl FnOnce() -> RefusedMessage,
    ) {
        self.metrics.refuse(reason, 1);
        self.refusals.note(account, reason, message);
    }

    /// Has refused messages written down and counted once a second, for as long as the process lives.
    pub async fn keep_refusals(self: Arc<Self>) {
        loop {
            tokio::time::sleep(refusal_log::EVERY).await;
            self.refusals.hand_over(&self.books.committer, Counts::WhenDue);
        }
    }

    /// Has the messages written down and counted that were refused before, and waits for nothing: at the stop, the committer writes
    /// what is queued before it ends.
    pub fn hand_refusals_over(&self) {
        self.refusals.hand_over(&self.books.committer, Counts::Always);
    }

    /// The same, and waits until whoever looks finds them, in the list
    /// and in the time series. While the disk cannot be written that is at once, or after a while. Not for use on a session's task.
    pub fn wait_for_refusals(&self) {
        self.refusals.hand_over_and_wait(&self.books.committer, REFUSALS_WAIT);
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
            refusals: Arc::default(),
        }
    }
}
