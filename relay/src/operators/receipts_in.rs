//! Receipts from an operator: they are read, handed to the committer, and acknowledged once they are durable.

use metrics::counter;
use std::sync::Arc;
use tollgate_engine::receipt_id::{ReceiptIdFormat, id_candidates};
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::{ClockZone, UnixMicros};
use tollgate_provisioning::ReceiptStates;
use tollgate_smpp::link::DeliverAck;
use tollgate_smpp::pdu::Deliver;
use tollgate_smpp::receipt::{Receipt, ReceiptDate};
use tollgate_storage::clock::now;
use tollgate_storage::delivery::DeliveryEvent;
use tollgate_storage::rows::DoneDate;

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
        let setup = self.operator_queue.setup.load();
        let smpp = setup.as_ref().map(|setup| &setup.smpp);
        let format = smpp.map_or(ReceiptIdFormat::Any, |smpp| smpp.receipt_ids);
        let done_at = now();
        let state = state_of(&receipt, smpp.map(|smpp| &smpp.receipt_states));
        if state.is_none() {
            self.note_unknown(&receipt, done_at);
        }
        let zone = smpp.and_then(|smpp| smpp.receipt_time_zone.as_ref());
        let done_date = receipt.done.as_deref().and_then(|date| done_date(date, zone));
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
            // What nobody understands says that the operator has the message, and nothing of its end.
            state: state.unwrap_or(ReceiptState::Enroute),
            intermediate: receipt.intermediate || state.is_none(),
            error,
            network_error: receipt.network_error,
            done_at,
            done_date,
            source: deliver.source.digits.to_vec(),
            destination: deliver.destination.digits.to_vec(),
        }
    }

    fn note_unknown(&self, receipt: &Receipt, at: UnixMicros) {
        let operator_queue = &self.operator_queue;
        operator_queue.metrics.unknown_states.increment(1);
        let word = receipt.word.as_deref().unwrap_or_default();
        if operator_queue.unknown_states.note(word, &receipt.id, at) {
            let word = word.escape_ascii().to_string();
            tracing::warn!(
                operator = &*operator_queue.code,
                word,
                "a receipt names a state that is not known"
            );
        }
    }
}

/// The state that a receipt names: by its parameter, or by what the operator means by a word, or by the known words.
fn state_of(receipt: &Receipt, words: Option<&ReceiptStates>) -> Option<ReceiptState> {
    let by_operator = receipt.word.as_deref().and_then(|word| words?.of_word(word));
    by_operator.or_else(|| receipt.state.and_then(ReceiptState::from_number))
}

/// The operator's date, and the instant that it is where the zone of its clock is known.
fn done_date(text: &[u8], zone: Option<&ClockZone>) -> Option<DoneDate> {
    let date = ReceiptDate::read(text)?;
    let (year, rest) = date.parts();
    let at = match date.offset_minutes() {
        Some(minutes) => ClockZone::ahead_by(minutes).and_then(|zone| zone.instant(year, rest)),
        None => zone.and_then(|zone| zone.instant(year, rest)),
    };
    Some(DoneDate { digits: date.digits().into_bytes(), at })
}
