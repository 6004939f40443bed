//! Effects: events that delivery hands to the committer, with leases and acknowledgements that wait until they are
//! durable.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::Outcome;
use tollgate_smpp::link::DeliverAck;
use tollgate_storage::delivery::DeliveryEvent;

use super::acks::Acks;
use super::attempt::Attempt;

/// Events, and what is done once they are durable.
#[derive(Debug, Default)]
pub struct Effects {
    /// The events, in the order in which they happened.
    pub events: Vec<DeliveryEvent>,
    /// Leases of messages that the events settle.
    pub leases: Vec<u64>,
    /// Acknowledgements of receipts that are among the events.
    pub acks: Option<PendingAcks>,
}

/// Acknowledgements of receipts that are on their way to disk.
#[derive(Debug)]
pub struct PendingAcks {
    /// The link that they go out on.
    pub to: Arc<Acks>,
    /// The acknowledgements, with the status for success.
    pub acks: Vec<DeliverAck>,
}

impl Effects {
    /// True if there is nothing to hand over.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Adds an event that settles a message with this lease.
    pub fn settle(&mut self, event: DeliveryEvent, lease: u64) {
        self.events.push(event);
        self.leases.push(lease);
    }

    /// Adds the end of a message that no operator has.
    pub fn fail(&mut self, attempt: Attempt, outcome: Outcome, error: u32, operator: Option<OperatorNumber>) {
        let Attempt { key, row, attempts, asked, lease, .. } = attempt;
        let row = Some(row);
        let event = DeliveryEvent::Failed { key, row, outcome, error, operator, attempts, tried: asked };
        self.settle(event, lease);
    }
}
