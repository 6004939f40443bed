//! What delivery hands to the committer: events, and what waits until they are durable.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_smpp::link::DeliverAck;
use tollgate_storage::delivery::DeliveryEvent;

use super::acks::Acks;
use super::attempt::Attempt;

/// Events, and what waits for their being durable.
#[derive(Debug, Default)]
pub struct Effects {
    /// In the order in which they happened.
    pub events: Vec<DeliveryEvent>,
    /// Leases of messages that the events settle.
    pub leases: Vec<u64>,
    /// Receipts to acknowledge.
    pub acks: Option<PendingAcks>,
}

/// Acknowledgements of receipts that are on their way to disk.
#[derive(Debug)]
pub struct PendingAcks {
    /// The link's.
    pub to: Arc<Acks>,
    /// As they go out when all is well.
    pub acks: Vec<DeliverAck>,
}

impl Effects {
    /// True if there is nothing to hand over.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// A message is settled by this event.
    pub fn settle(&mut self, event: DeliveryEvent, lease: u64) {
        self.events.push(event);
        self.leases.push(lease);
    }

    /// A message is over without an operator having it.
    pub fn fail(&mut self, attempt: Attempt, outcome: Outcome, error: u32, operator: Option<OperatorNumber>) {
        let Attempt { key, row, attempts, asked, lease, .. } = attempt;
        let row = Some(row);
        let event = DeliveryEvent::Failed { key, row, outcome, error, operator, attempts, tried: asked };
        self.settle(event, lease);
    }
}
