//! Counts and ages, for people and metrics. All of them are exact.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::time::UnixMicros;

use crate::machine::Delivery;
use crate::now::Now;
use crate::operator::OperatorView;

/// The messages of all operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages in memory.
    pub in_memory: u64,
    /// Scheduled messages that are not due, or not read yet.
    pub scheduled: u64,
    /// Messages of unknown outcome.
    pub unknown: u64,
    /// Messages that wait for a receipt.
    pub awaited: u64,
    /// Receipts without a message.
    pub unmatched: u64,
}

impl Delivery {
    /// The messages that wait with this first choice, in memory and on disk; scheduled ones count once they are due and
    /// read.
    pub fn queue_length(&self, first_choice: OperatorNumber) -> u64 {
        self.sending.traffic.queue_length(first_choice)
    }

    /// The messages of this first choice that are with an operator, may be, or are about to end.
    pub fn under_way(&self, first_choice: OperatorNumber) -> u64 {
        self.sending.traffic.messages.counts(first_choice).2
    }

    /// The time at which the message that waits longest was submitted.
    pub fn oldest(&mut self, first_choice: OperatorNumber) -> Option<UnixMicros> {
        let in_memory = self.sending.traffic.messages.oldest(first_choice);
        let operator = self.sending.traffic.operators.get(first_choice);
        let queues = operator.into_iter().flat_map(|operator| &operator.backlog);
        queues.filter_map(|queue| queue.on_disk().1).chain(in_memory).min()
    }

    /// The view of one operator.
    pub fn operator(&self, number: OperatorNumber, now: Now) -> Option<OperatorView> {
        self.sending.traffic.operators.get(number).map(|operator| operator.view(now.steady))
    }

    /// The form of ids that an operator is believed to use.
    pub fn receipt_ids(&self, number: OperatorNumber) -> ReceiptIdFormat {
        self.receipts.ids_of(number).believed()
    }

    /// Receipts of an account that its gateways have not answered for good.
    pub fn gateway_receipts(&self, account: AccountNumber) -> u64 {
        self.gateways.waiting(account)
    }

    /// The messages of all operators.
    pub fn totals(&self) -> Totals {
        Totals {
            in_memory: self.sending.traffic.messages.len(),
            scheduled: self.queues.scheduled(),
            unknown: self.sending.traffic.messages.unknown(),
            awaited: self.receipts.awaited(),
            unmatched: self.receipts.unmatched(),
        }
    }
}
