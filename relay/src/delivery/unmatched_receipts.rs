//! Receipts that no id matches. Most are a little early, and their message's answer is on its way to disk; some are of a
//! message whose answer was lost, which their addresses may tell; the rest are nobody's, and are kept on disk.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::DeliveryEvent;

use super::effects::Report;
use super::scheduler::DeliveryScheduler;

/// How long the answer that a receipt came before is waited for.
const WAIT_MICROS: u64 = 2_000_000;
/// Receipts that wait; beyond it they are only kept on disk.
const ORPHANS_MAX: usize = 100_000;

/// Whose receipt it is, and for which addresses.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Who sent it.
    pub operator: OperatorNumber,
    /// Where the message went.
    pub source: Vec<u8>,
    /// Whom it came from.
    pub destination: Vec<u8>,
}

/// Those that wait, the oldest first.
#[derive(Debug, Default)]
pub struct UnmatchedReceipts(Mutex<VecDeque<UnmatchedReceipt>>);

#[derive(Debug)]
struct UnmatchedReceipt {
    due: u64,
    /// In `unmatched`.
    id: u64,
    addresses: Addresses,
}

impl UnmatchedReceipts {
    /// Adds one that has come at `now`.
    pub fn add(&self, id: u64, addresses: Addresses, now: u64) {
        let mut unmatched_receipts = self.0.lock();
        if unmatched_receipts.len() < ORPHANS_MAX {
            unmatched_receipts.push_back(UnmatchedReceipt { due: now + WAIT_MICROS, id, addresses });
        }
    }

    fn take_due(&self, now: u64) -> Option<UnmatchedReceipt> {
        self.0.lock().pop_front_if(|unmatched_receipt| unmatched_receipt.due <= now)
    }
}

impl DeliveryScheduler {
    /// Gives receipts to the one message of unknown outcome that has their addresses.
    pub(crate) fn match_by_address(self: &Arc<Self>, now: UnixMicros) {
        let operator_queues = self.operator_queues();
        while let Some(UnmatchedReceipt { id, addresses, .. }) = self.unmatched_receipts.take_due(now.0) {
            let Addresses { operator, source, destination } = addresses;
            let Some(operator_queue) = operator_queues.get(operator) else { continue };
            // Its message's answer has come since.
            if !matches!(self.store.unmatched_row(operator, id), Ok(Some(_))) {
                continue;
            }
            let Some(unknown_outcome) = self.unknown_outcomes.take_only(operator, &source, &destination)
            else {
                operator_queue.metrics.unmatched.increment(1);
                continue;
            };
            let Ok((acceptance, lease)) = self.acceptance(operator_queue, unknown_outcome.attempt, b"")
            else {
                continue;
            };
            let mut report = Report::default();
            report.settle(DeliveryEvent::Adopt { acceptance, unmatched: id }, lease);
            self.report(report);
        }
    }
}
