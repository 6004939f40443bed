//! Receipts on their way to a bound gateway, and its answers to them.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Sleep, sleep};
use tollgate_delivery::gateway_may_take_later;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::Smpp33ReceiptIds;
use tollgate_smpp::pdu::message_id;
use tollgate_smpp::pdu::time::format_time;
use tollgate_smpp::receipt::ReceiptText;
use tollgate_smpp::{Delivery, DeliveryOutcome, OwnedAddress};
use tollgate_storage::clock::{now, steady};
use tollgate_storage::committer::Committer;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult};
use tollgate_storage::rows::{GatewayReceipt, ReceiptAnswer};
use tollgate_storage::store::Store;

use super::context::ClientContext;
use crate::delivery::receipt_queue::ReceiptQueue;

/// esm_class of a delivery receipt and of an intermediate notification (SMPP 3.4 §5.2.12).
const RECEIPT: u8 = 0x04;
const INTERMEDIATE: u8 = 0x20;
/// receipted_message_id, message_state and network_error_code (SMPP 3.4 §5.3.2.12, §5.3.2.35, §5.3.2.31).
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const MESSAGE_STATE: u16 = 0x0427;
const NETWORK_ERROR_CODE: u16 = 0x0423;

/// The receipts of an account on their way over one bind.
#[derive(Debug)]
pub struct ReceiptSender {
    queue: Arc<ReceiptQueue>,
    /// Receipts that the gateway was sent and has not answered.
    in_hand: HashSet<u64>,
    /// The time until a receipt that was put aside is due.
    pause: Option<Pin<Box<Sleep>>>,
}

impl ReceiptSender {
    /// The sender of one bind.
    pub fn new(queue: Arc<ReceiptQueue>) -> Self {
        Self { queue, in_hand: HashSet::new(), pause: None }
    }

    /// Takes receipts that the bind has room for.
    pub fn take(
        &mut self,
        cx: &mut Context<'_>,
        store: &Store,
        ids: Smpp33ReceiptIds,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        if let Some(pause) = &mut self.pause
            && pause.as_mut().poll(cx).is_ready()
        {
            self.pause = None;
        }
        let at = steady();
        let receipts = match self.queue.take(store, at.0, room, cx.waker()) {
            Ok(receipts) => receipts,
            Err(error) => {
                tracing::error!(%error, "receipts cannot be read");
                return Poll::Pending;
            }
        };
        if receipts.is_empty() {
            self.wait_for_retry(cx, at);
            return Poll::Pending;
        }
        for (id, receipt) in receipts {
            self.in_hand.insert(id);
            deliveries.push(delivery(id, &receipt, ids));
        }
        Poll::Ready(())
    }

    /// Acts on the gateway's answer: the receipt is done, or is sent again.
    pub fn answered(&mut self, id: u64, outcome: DeliveryOutcome, context: &ClientContext) {
        self.in_hand.remove(&id);
        let (queue, metrics) = (&self.queue, &context.metrics);
        let answered = |status| ReceiptAnswer { at: now(), status };
        match outcome {
            DeliveryOutcome::Accepted => {
                metrics.receipts_delivered.increment(1);
                queue.finish(id, answered(0));
            }
            DeliveryOutcome::Refused(status) if gateway_may_take_later(status) => {
                queue.put_later(id, steady().0 + context.receipt_retry_micros);
            }
            DeliveryOutcome::Refused(status) => {
                metrics.receipts_refused.increment(1);
                queue.finish(id, answered(status));
            }
            DeliveryOutcome::Unanswered => {
                metrics.receipts_unanswered.increment(1);
                queue.give_back(id);
            }
        }
    }

    /// Has answered receipts deleted, and the answers noted.
    pub fn delete_done(&mut self, committer: &Committer) {
        let receipts = self.queue.take_done();
        if receipts.is_empty() {
            return;
        }
        let events = vec![DeliveryEvent::ReceiptsDone { account: self.queue.account(), receipts }];
        let refused = Arc::clone(&self.queue);
        let done = Box::new(move |result| {
            if let DeliveryResult::Refused(events) = result {
                give_back(&refused, events);
            }
        });
        if let Err(batch) = committer.deliver(DeliveryBatch { events, done }) {
            give_back(&self.queue, batch.events);
        }
    }

    fn wait_for_retry(&mut self, cx: &mut Context<'_>, at: UnixMicros) {
        let Some(due) = self.queue.next_retry() else { return };
        let wait = Duration::from_micros(due.saturating_sub(at.0)).max(Duration::from_millis(1));
        let pause = self.pause.insert(Box::pin(sleep(wait)));
        if pause.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}

impl Drop for ReceiptSender {
    fn drop(&mut self) {
        for id in self.in_hand.drain() {
            self.queue.give_back(id);
        }
    }
}

fn give_back(receipt_queue: &ReceiptQueue, events: Vec<DeliveryEvent>) {
    for event in events {
        if let DeliveryEvent::ReceiptsDone { receipts, .. } = event {
            receipt_queue.not_deleted(receipts);
        }
    }
}

/// The deliver_sm of a receipt, with its facts in parameters and in text (SMPP 3.4 Appendix B).
fn delivery(id: u64, receipt: &GatewayReceipt, ids: Smpp33ReceiptIds) -> Delivery {
    let state = receipt.state.number();
    let message_id = message_id::text(receipt.message_id);
    let text = ReceiptText {
        id: &id_in_text(receipt.message_id, ids),
        sub: u32::from(receipt.segments),
        dlvrd: if receipt.state == ReceiptState::Delivered { u32::from(receipt.segments) } else { 0 },
        submitted_at: &minutes(receipt.submitted_at),
        done_at: &done_date(receipt),
        state,
        error: error_code(receipt),
    };
    let mut tlvs =
        vec![(RECEIPTED_MESSAGE_ID, [message_id.as_bytes(), &[0]].concat()), (MESSAGE_STATE, vec![state])];
    if let Some(network_error) = receipt.network_error {
        tlvs.push((NETWORK_ERROR_CODE, network_error.to_vec()));
    }
    Delivery {
        token: id,
        source: address(&receipt.source),
        destination: address(&receipt.destination),
        esm_class: if receipt.intermediate { INTERMEDIATE } else { RECEIPT },
        data_coding: 0,
        short_message: text.write(),
        tlvs,
    }
}

/// The id as the gateway expects it in the text: as its response had it, or that number in decimal.
fn id_in_text(message_id: u64, ids: Smpp33ReceiptIds) -> String {
    match ids {
        Smpp33ReceiptIds::Hexadecimal => message_id::text(message_id),
        Smpp33ReceiptIds::Decimal => message_id.to_string(),
    }
}

fn address(of: &tollgate_storage::rows::ReceiptAddress) -> OwnedAddress {
    OwnedAddress { ton: of.ton, npi: of.npi, digits: of.digits.clone() }
}

/// The operator's error as a number: its text where that is one, else the network's code.
fn error_code(receipt: &GatewayReceipt) -> u16 {
    let text = std::str::from_utf8(&receipt.error).ok().and_then(|text| text.parse().ok());
    text.or_else(|| receipt.network_error.map(|[_, high, low]| u16::from_be_bytes([high, low]))).unwrap_or(0)
}

/// The operator's date as it came, or the time in UTC.
fn done_date(receipt: &GatewayReceipt) -> String {
    match std::str::from_utf8(&receipt.done_date) {
        Ok(digits) if !digits.is_empty() => digits.to_owned(),
        _ => minutes(receipt.done_at),
    }
}

/// A time as receipts write it: `YYMMDDhhmm`.
fn minutes(at: UnixMicros) -> String {
    let mut time = String::from_utf8(format_time(at.0)).unwrap_or_default();
    time.truncate(10);
    time
}

#[cfg(test)]
mod tests {
    use tollgate_smpp::receipt::TextFields;
    use tollgate_storage::rows::ReceiptAddress;

    use super::*;

    fn ids_in(message_id: u64, ids: Smpp33ReceiptIds) -> (String, Vec<u8>) {
        let receipt = GatewayReceipt {
            message_id,
            source: ReceiptAddress::default(),
            destination: ReceiptAddress::default(),
            state: ReceiptState::Delivered,
            intermediate: false,
            submitted_at: UnixMicros(1),
            done_at: UnixMicros(2),
            error: Vec::new(),
            network_error: None,
            segments: 1,
            done_date: Vec::new(),
        };
        let delivery = delivery(1, &receipt, ids);
        let fields = TextFields::read(&delivery.short_message);
        let in_text = String::from_utf8(fields.id.unwrap().to_vec()).unwrap();
        (in_text, delivery.tlvs[0].1.clone())
    }

    #[test]
    fn a_receipt_names_its_message_as_the_response_did() {
        let usual = Smpp33ReceiptIds::Hexadecimal;
        assert_eq!(ids_in(16, usual), ("10".to_owned(), b"10\0".to_vec()));
        let long = "180000000000000001";
        assert_eq!(ids_in(long.parse().unwrap(), usual), (long.to_owned(), format!("{long}\0").into_bytes()));
    }

    #[test]
    fn a_gateway_of_smpp_3_3_may_have_decimal_ids_in_the_text() {
        let chosen = Smpp33ReceiptIds::Decimal;
        assert_eq!(
            ids_in(16, chosen),
            ("16".to_owned(), b"10\0".to_vec()),
            "the parameter is as in the response"
        );
        assert_eq!(ids_in(180_000_000_000_000_001, chosen).0, "180000000000000001");
    }
}
