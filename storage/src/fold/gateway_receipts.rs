//! Receipts for gateways: kept if the client asked for them, until a gateway has acknowledged them.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;

use super::messages::Messages;
use crate::database::{Unavailable, damaged};
use crate::delivery::{AnsweredReceipt, ERROR_OCTETS_MAX, EventOutcome};
use crate::message::Ticket;
use crate::rows::{DoneDate, GatewayReceipt, MessageState, ReceiptAnswer, Row, StateRow};
use crate::schema::{Family, account_id_key};
use crate::store::Store;

/// Bits of registered_delivery (SMPP 3.4 §5.2.17): the wish for a receipt of the final state, and for
/// intermediate ones.
const FINAL: u8 = 0b11;
const ALWAYS: u8 = 1;
const ON_FAILURE: u8 = 2;
const ON_SUCCESS: u8 = 3;
const INTERMEDIATE: u8 = 0b1_0000;

/// The content of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct ReceiptContent<'a> {
    /// The state of the message.
    pub state: ReceiptState,
    /// True if more receipts will follow.
    pub intermediate: bool,
    /// The operator's error text.
    pub error: &'a [u8],
    /// The TLV network_error_code.
    pub network_error: Option<[u8; 3]>,
    /// The time at which the receipt came.
    pub done_at: UnixMicros,
    /// The operator's date for the state, where the receipt has one.
    pub done_date: Option<&'a DoneDate>,
}

impl<'a> ReceiptContent<'a> {
    /// A final receipt that we issue ourselves.
    pub fn of_ours(state: ReceiptState, error: &'a [u8], done_at: UnixMicros) -> Self {
        Self { state, intermediate: false, error, network_error: None, done_at, done_date: None }
    }
}

impl Messages<'_> {
    /// Keeps a receipt for the gateways of a message's account, if its client asked for this one.
    pub fn keep_receipt(&mut self, ticket: &Ticket<'_>, content: &ReceiptContent<'_>) {
        if !wanted(ticket.registered_delivery, content) {
            return;
        }
        let receipt = receipt_of(ticket, content).to_bytes();
        let id = self.out.ids.take_entry();
        self.out.batch.insert(Family::Receipts, account_id_key(ticket.account, id), receipt);
        self.out.news.receipts.push((ticket.account, id));
    }

    /// Removes receipts that gateways have answered, and notes the answers in the states of their messages.
    pub fn receipts_done(
        &mut self,
        account: AccountNumber,
        receipts: &[AnsweredReceipt],
    ) -> Result<EventOutcome, Unavailable> {
        let mut done = EventOutcome::Noted;
        for AnsweredReceipt { id, answer } in receipts {
            let key = account_id_key(account, *id);
            let Some(before) = self.store.get(Family::Receipts, &key)? else { continue };
            if !self.receipts_done.insert((account, *id)) {
                continue;
            }
            let receipt = GatewayReceipt::read(&before).ok_or_else(|| damaged(Family::Receipts))?;
            note_answer(self, account, &receipt, *answer)?;
            self.out.batch.delete(Family::Receipts, key, before);
            done = EventOutcome::Done;
        }
        Ok(done)
    }
}

/// Notes the answer to the receipt of a message's end in the row of its state, which moves and counts nothing.
fn note_answer(
    messages: &mut Messages<'_>,
    account: AccountNumber,
    receipt: &GatewayReceipt,
    answer: ReceiptAnswer,
) -> Result<(), Unavailable> {
    if receipt.intermediate {
        return Ok(());
    }
    let message_id = message_of(messages.store, account, receipt.message_id)?;
    let before = messages.books.state(account, message_id)?;
    // An id of 32 bits may be another message's by now: so many messages later they begin again.
    let is_its = |state: &StateRow| state.state == MessageState::of_receipt(receipt.state);
    if let Some(before) = before.filter(is_its) {
        let after = StateRow { receipt_answer: Some(answer), ..before.clone() };
        messages.books.amend_state(&mut messages.out, (account, message_id), &before, after);
    }
    Ok(())
}

/// The id of a message that its client knows by this one.
fn message_of(store: &Store, account: AccountNumber, visible_id: u64) -> Result<u64, Unavailable> {
    let Ok(short_id) = u32::try_from(visible_id) else { return Ok(visible_id) };
    Ok(store.messages().of_short_id(account, short_id)?.unwrap_or(visible_id))
}

fn receipt_of(ticket: &Ticket<'_>, content: &ReceiptContent<'_>) -> GatewayReceipt {
    GatewayReceipt {
        message_id: ticket.visible_id,
        source: ticket.destination.into(),
        destination: ticket.source.into(),
        state: content.state,
        intermediate: content.intermediate,
        submitted_at: ticket.submitted_at,
        done_at: content.done_date.and_then(|date| date.at).unwrap_or(content.done_at),
        // Where nobody knows the zone of the operator's clock, its date is passed on as it came.
        done_date: content
            .done_date
            .filter(|date| date.at.is_none())
            .map_or_else(Vec::new, |date| date.digits.clone()),
        error: content.error.get(..ERROR_OCTETS_MAX).unwrap_or(content.error).to_vec(),
        network_error: content.network_error,
        segments: ticket.segments,
    }
}

fn wanted(registered_delivery: u8, content: &ReceiptContent<'_>) -> bool {
    if content.intermediate {
        return registered_delivery & INTERMEDIATE != 0;
    }
    match registered_delivery & FINAL {
        ALWAYS => true,
        ON_FAILURE => content.state != ReceiptState::Delivered,
        ON_SUCCESS => content.state == ReceiptState::Delivered,
        _ => false,
    }
}
