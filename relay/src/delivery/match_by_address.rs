//! Receipts that no id matches, given to the one message of unknown outcome that has their addresses.

use std::sync::Arc;

use tollgate_engine::time::UnixMicros;
use tollgate_storage::delivery::DeliveryEvent;

use super::effects::Effects;
use super::scheduler::DeliveryScheduler;
use super::unmatched_receipts::{Addresses, UnmatchedReceipt};

impl DeliveryScheduler {
    /// Gives receipts to the one message of unknown outcome that has their addresses.
    pub(crate) fn match_by_address(self: &Arc<Self>, now: UnixMicros) {
        let operator_queues = self.operator_queues();
        while let Some(receipt) = self.unmatched_receipts.take_due(now.0) {
            let UnmatchedReceipt { id, addresses, is_of_other_number, .. } = receipt;
            let Addresses { operator, source, destination } = addresses;
            let Some(operator_queue) = operator_queues.get(operator) else { continue };
            // Its message's answer has come since.
            let Ok(Some(row)) = self.store.receipts().unmatched_row(operator, id) else { continue };
            let Some(unknown_outcome) = self.unknown_outcomes.take_only(operator, &source, &destination)
            else {
                if is_of_other_number {
                    // No other message has turned up: the operator may have rewritten the number.
                    let event =
                        DeliveryEvent::Replayed { operator, unmatched: id, ids: row.ids, rewritten: true };
                    self.commit(Effects { events: vec![event], ..Effects::default() });
                } else {
                    operator_queue.metrics.unmatched.increment(1);
                }
                continue;
            };
            let Ok((acceptance, lease)) = self.acceptance(operator_queue, unknown_outcome.attempt, b"")
            else {
                unreachable!("the row was read when the message was filed by its addresses")
            };
            let mut effects = Effects::default();
            effects.settle(DeliveryEvent::MatchedByAddress { acceptance, unmatched: id }, lease);
            self.commit(effects);
        }
    }
}
