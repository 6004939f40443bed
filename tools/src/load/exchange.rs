//! The messages of one bind: requests out, answers in, and the tally of both. It does no I/O but for the
//! record.

use std::sync::Arc;
use std::time::Instant;

use bytes::BytesMut;
use rusmpp::CommandId;
use tollgate_smpp::encode::put_header_only;
use tollgate_smpp::frame::Frame;

use super::receipt::Receipt;
use super::receipt_tracker::{Event, ReceiptTracker};
use super::record::Lines;
use super::report::Tally;
use super::template::{Key, Template};
use super::traffic::Message;
use super::window::{Sent, Window};
use super::wire;

/// The window of one bind, and everything counted through it.
pub struct Exchange {
    /// The messages that are not answered yet.
    pub window: Window,
    /// The counts of those that were answered.
    pub tally: Tally,
    /// The lines of the record, one for each message.
    pub lines: Lines,
    /// True once the server has sent an unbind.
    pub unbound: bool,
    /// The tracker that matches messages and receipts; `None` where receipts are not waited for.
    tracker: Option<Arc<ReceiptTracker>>,
    events: Vec<Event>,
    /// The digits that all idempotency keys of this bind begin with.
    key_prefix: u64,
}

impl Exchange {
    /// An exchange that has sent nothing yet. `key_run` and `bind` make the keys.
    pub fn new(
        window: Window,
        tally: Tally,
        lines: Lines,
        tracker: Option<Arc<ReceiptTracker>>,
        key_run: u64,
        bind: usize,
    ) -> Self {
        let key_prefix = (key_run << 16) | (bind as u64 & 0xFFFF);
        Self { window, tally, lines, unbound: false, tracker, events: Vec::new(), key_prefix }
    }

    /// Appends `message` to `out`. There must be room in the window.
    pub fn submit(&mut self, message: Message, template: &Template, now: Instant, out: &mut BytesMut) {
        let sequence = self.window.admit(message, now);
        template
            .write(out, sequence, message.destination.as_bytes(), || key(self.key_prefix, message.number));
    }

    /// Takes in a PDU that the server sent at `now`, and appends the answer, if it needs one, to `out`.
    pub fn take(&mut self, pdu: &Frame<'_>, now: Instant, out: &mut BytesMut) {
        let sequence = pdu.header.sequence;
        match pdu.header.command {
            CommandId::SubmitSmResp | CommandId::GenericNack => {
                if let Some(sent) = self.window.settle(sequence) {
                    self.settle(&sent, pdu, now);
                }
            }
            CommandId::EnquireLink => put_header_only(out, CommandId::EnquireLinkResp, 0, sequence),
            CommandId::Unbind => {
                put_header_only(out, CommandId::UnbindResp, 0, sequence);
                self.unbound = true;
            }
            // The only other requests that a server sends to a gateway; their responses carry an empty
            // message_id.
            CommandId::DeliverSm => {
                self.note_receipt(pdu, now);
                wire::write(out, CommandId::DeliverSmResp, sequence, b"\0");
            }
            CommandId::DataSm => {
                self.note_receipt(pdu, now);
                wire::write(out, CommandId::DataSmResp, sequence, b"\0");
            }
            _ => {}
        }
    }

    fn settle(&mut self, sent: &Sent, pdu: &Frame<'_>, now: Instant) {
        let waited = now.saturating_duration_since(sent.at).as_nanos();
        self.tally.count(pdu.header.status, u64::try_from(waited).unwrap_or(u64::MAX), now);
        match pdu.header.status {
            0 => {
                self.lines.acknowledged(sent.sequence, &sent.message, wire::message_id(pdu));
                if let Some(tracker) = &self.tracker {
                    self.events.push(Event::Acknowledged(tracker.hash(wire::message_id(pdu))));
                }
            }
            status => self.lines.refused(sent.sequence, &sent.message, status),
        }
    }

    fn note_receipt(&mut self, pdu: &Frame<'_>, now: Instant) {
        let Some((tracker, receipt)) = self.tracker.as_ref().zip(Receipt::read(pdu)) else { return };
        self.tally.count_receipt(receipt.state, now);
        self.lines.receipt(pdu.header.sequence, &receipt);
        self.events.push(Event::Receipt(tracker.hash(receipt.message_id)));
    }

    /// Reports the answers and receipts taken in to the tracker of all binds. The number of them.
    pub fn enter_events(&mut self) -> usize {
        let count = self.events.len();
        if let Some(tracker) = self.tracker.as_ref().filter(|_| count > 0) {
            self.tally.second_receipts += tracker.enter(self.events.drain(..));
        }
        count
    }

    /// Counts a message whose answer will not come any more.
    pub fn give_up(&mut self, sequence: u32, message: &Message) {
        self.tally.unknown += 1;
        self.lines.unknown(sequence, message);
    }
}

/// 24 hexadecimal digits, the last 12 of them the message's own.
fn key(prefix: u64, number: u64) -> Key {
    let octets = ((u128::from(prefix) << 48) | u128::from(number)).to_be_bytes();
    let mut key = Key::default();
    // The last twelve octets have exactly as many digits as a key.
    let _ = hex::encode_to_slice(octets.split_at(octets.len() - key.len() / 2).1, &mut key);
    key
}
