//! Receipts from an operator: they are read, handed to the committer, and acknowledged once they are durable.

use metrics::counter;
use std::sync::Arc;
use tollgate_engine::receipt_id::{ReceiptIdFormat, id_candidates};
use tollgate_engine::settlement::ReceiptState;
use tollgate_smpp::link::DeliverAck;
use tollgate_smpp::pdu::Deliver;
use tollgate_smpp::receipt::Receipt;
use tollgate_storage::clock::now;
use tollgate_storage::delivery::DeliveryEvent;

use crate::delivery::acks::Acks;
use crate::delivery::effects::{Effects, PendingAcks};
use crate::delivery::operator_queue::OperatorQueue;
use crate::delivery::scheduler::DeliveryScheduler;

/// ESME_RX_P_APPN: messages from phones have nowhere to go, as the daemon passes on only what gateways submit.
const NOT_A_RECEIPT: u32 = 0x65;
/// Octets of an operator's error text that are kept.
const ERROR_OCTETS_MAX: usize = 16;

/// Receipts that came in on one link since the last flush.
#[derive(Debug)]
pub struct Inbound {
    operator_queue: Arc<OperatorQueue>,
    events: Vec<DeliveryEvent>,
    waiting: Vec<DeliverAck>,
    acks: Arc<Acks>,
}

impl Inbound {
    /// The receipts of a link of this operator.
    pub fn new(operator_queue: Arc<OperatorQueue>) -> Self {
        Self { operator_queue, events: Vec::new(), waiting: Vec::new(), acks: Arc::default() }
    }

    /// The acknowledgements that are due on the link.
    pub fn acks(&self) -> &Acks {
        &self.acks
    }

    /// Takes a deliver_sm or data_sm.
    pub fn take(&mut self, deliver: &Deliver<'_>) {
        let ack = |status| DeliverAck { sequence: deliver.sequence, command: deliver.command, status };
        let Some(receipt) = deliver.receipt() else {
            counter!("tollgate_operator_messages_refused_total", "operator" => self.operator_queue.code.to_string())
                .increment(1);
            return self.acks.push(vec![ack(NOT_A_RECEIPT)]);
        };
        self.events.push(self.event(deliver, receipt));
        self.waiting.push(ack(0));
    }

    /// Hands the receipts to the committer.
    pub fn flush(&mut self, scheduler: &Arc<DeliveryScheduler>) {
        if self.events.is_empty() {
            return;
        }
        let acks = PendingAcks { to: Arc::clone(&self.acks), acks: std::mem::take(&mut self.waiting) };
        let events = std::mem::take(&mut self.events);
        scheduler.commit(Effects { events, leases: Vec::new(), acks: Some(acks) });
    }

    fn event(&self, deliver: &Deliver<'_>, receipt: Receipt) -> DeliveryEvent {
        let format = self
            .operator_queue
            .setup
            .load()
            .as_ref()
            .map_or(ReceiptIdFormat::Any, |setup| setup.smpp.receipt_ids);
        let state = receipt.state.and_then(ReceiptState::from_number).unwrap_or(ReceiptState::Unknown);
        let mut error = receipt.error.unwrap_or_default();
        error.truncate(ERROR_OCTETS_MAX);
        let mut ids = id_candidates(&receipt.id, format);
        for id in receipt.other_id.iter().flat_map(|id| id_candidates(id, format)) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        DeliveryEvent::Receipt {
            operator: self.operator_queue.number,
            ids,
            state,
            intermediate: receipt.intermediate,
            error,
            network_error: receipt.network_error,
            done_at: now(),
            source: deliver.source.digits.to_vec(),
            destination: deliver.destination.digits.to_vec(),
        }
    }
}
