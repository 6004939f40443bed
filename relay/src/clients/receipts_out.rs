//! Receipts on their way to a bound gateway, and its answers to them.

use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::sleep;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::time::format_time;
use tollgate_smpp::receipt::ReceiptText;
use tollgate_smpp::{Delivery, DeliveryOutcome, OwnedAddress};
use tollgate_storage::clock::now;
use tollgate_storage::delivery::{DeliveryBatch, DeliveryEvent, DeliveryResult};
use tollgate_storage::rows::GatewayReceipt;

use super::session::EsmeSession;
use crate::delivery::gateway_may_take_later;

/// esm_class of a delivery receipt and of an intermediate notification (SMPP 3.4 §5.2.12).
const RECEIPT: u8 = 0x04;
const INTERMEDIATE: u8 = 0x20;
/// receipted_message_id, message_state and network_error_code (SMPP 3.4 §5.3.2.12, §5.3.2.35, §5.3.2.31).
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const MESSAGE_STATE: u16 = 0x0427;
const NETWORK_ERROR_CODE: u16 = 0x0423;

impl EsmeSession {
    pub(crate) fn take_receipts(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        if let Some(pause) = &mut self.receipt_pause
            && pause.as_mut().poll(cx).is_ready()
        {
            self.receipt_pause = None;
        }
        let at = now();
        let receipts =
            match self.runtime.receipt_queue.take(&self.context.books.store, at.0, room, cx.waker()) {
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
            self.receipts_in_hand.insert(id);
            deliveries.push(delivery(id, &receipt));
        }
        Poll::Ready(())
    }

    /// Acts on the gateway's answer: the receipt is done, or is sent again.
    pub(crate) fn receipt_answered(&mut self, id: u64, outcome: DeliveryOutcome) {
        self.receipts_in_hand.remove(&id);
        let receipt_queue = &self.runtime.receipt_queue;
        match outcome {
            DeliveryOutcome::Accepted => {
                self.context.metrics.receipts_delivered.increment(1);
                receipt_queue.finish(id);
            }
            DeliveryOutcome::Refused(status) if gateway_may_take_later(status) => {
                let wait = self.context.receipt_retry_micros;
                receipt_queue.put_later(id, now().0 + wait);
            }
            DeliveryOutcome::Refused(_) => {
                self.context.metrics.receipts_refused.increment(1);
                receipt_queue.finish(id);
            }
            DeliveryOutcome::Unanswered => {
                self.context.metrics.receipts_unanswered.increment(1);
                receipt_queue.give_back(id);
            }
        }
    }

    /// Has acknowledged receipts deleted.
    pub(crate) fn delete_receipts(&mut self) {
        let receipt_queue = std::sync::Arc::clone(&self.runtime.receipt_queue);
        let ids = receipt_queue.take_done();
        if ids.is_empty() {
            return;
        }
        let events = vec![DeliveryEvent::ReceiptsDone { account: receipt_queue.account(), ids }];
        let refused = std::sync::Arc::clone(&receipt_queue);
        let done = Box::new(move |result| {
            if let DeliveryResult::Refused(events) = result {
                give_back(&refused, events);
            }
        });
        if let Err(batch) = self.context.books.committer.deliver(DeliveryBatch { events, done }) {
            give_back(&receipt_queue, batch.events);
        }
    }

    fn wait_for_retry(&mut self, cx: &mut Context<'_>, at: UnixMicros) {
        let Some(due) = self.runtime.receipt_queue.next_retry() else { return };
        let wait = Duration::from_micros(due.saturating_sub(at.0)).max(Duration::from_millis(1));
        let pause = self.receipt_pause.insert(Box::pin(sleep(wait)));
        if pause.as_mut().poll(cx).is_ready() {
            cx.waker().wake_by_ref();
        }
    }
}

fn give_back(receipt_queue: &crate::delivery::ReceiptQueue, events: Vec<DeliveryEvent>) {
    for event in events {
        if let DeliveryEvent::ReceiptsDone { ids, .. } = event {
            receipt_queue.not_deleted(ids);
        }
    }
}

/// The deliver_sm of a receipt, with its facts in parameters and in text (SMPP 3.4 Appendix B).
fn delivery(id: u64, receipt: &GatewayReceipt) -> Delivery {
    let state = receipt.state.number();
    let message_id = receipt.message_id.to_string();
    let text = ReceiptText {
        id: &message_id,
        sub: u32::from(receipt.segments),
        dlvrd: if receipt.state == ReceiptState::Delivered { u32::from(receipt.segments) } else { 0 },
        submitted_at: &minutes(receipt.submitted_at),
        done_at: &minutes(receipt.done_at),
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

fn address(of: &tollgate_storage::rows::ReceiptAddress) -> OwnedAddress {
    OwnedAddress { ton: of.ton, npi: of.npi, digits: of.digits.clone() }
}

/// The operator's error as a number: its text where that is one, else the network's code.
fn error_code(receipt: &GatewayReceipt) -> u16 {
    let text = std::str::from_utf8(&receipt.error).ok().and_then(|text| text.parse().ok());
    text.or_else(|| receipt.network_error.map(|[_, high, low]| u16::from_be_bytes([high, low]))).unwrap_or(0)
}

/// A time as receipts write it: `YYMMDDhhmm`.
fn minutes(at: UnixMicros) -> String {
    let mut time = String::from_utf8(format_time(at.0)).unwrap_or_default();
    time.truncate(10);
    time
}
