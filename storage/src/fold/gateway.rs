//! Receipts for gateways: who asked for which, and when they have them.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::ReceiptState;
use tollgate_engine::time::UnixMicros;

use super::Draft;
use crate::database::Unavailable;
use crate::delivery::{ERROR_OCTETS_MAX, EventOutcome};
use crate::message::Ticket;
use crate::rows::{GatewayReceipt, Row};
use crate::schema::{Family, account_id_key};

/// registered_delivery (SMPP 3.4 §5.2.17): when a receipt about the end is wanted, and whether one before it is.
const FINAL: u8 = 0b11;
const ALWAYS: u8 = 1;
const ON_FAILURE: u8 = 2;
const ON_SUCCESS: u8 = 3;
const INTERMEDIATE: u8 = 0b1_0000;

/// What is said of a message.
#[derive(Clone, Copy, Debug)]
pub struct Tidings<'a> {
    pub state: ReceiptState,
    /// Whether it is not the last word.
    pub intermediate: bool,
    pub error: &'a [u8],
    pub network_error: Option<[u8; 3]>,
    pub done_at: UnixMicros,
}

impl<'a> Tidings<'a> {
    /// What nobody but us says, for good.
    pub fn of_ours(state: ReceiptState, error: &'a [u8], done_at: UnixMicros) -> Self {
        Self { state, intermediate: false, error, network_error: None, done_at }
    }
}

impl Draft<'_> {
    /// Keeps a receipt for the gateways of a message's account, where its client asked for this one.
    pub(super) fn tell_gateway(&mut self, ticket: &Ticket<'_>, tidings: &Tidings<'_>) {
        if !wanted(ticket.registered_delivery, tidings) {
            return;
        }
        let receipt = GatewayReceipt {
            message_id: ticket.visible_id,
            source: ticket.destination.into(),
            destination: ticket.source.into(),
            state: tidings.state,
            intermediate: tidings.intermediate,
            submitted_at: ticket.submitted_at,
            done_at: tidings.done_at,
            error: tidings.error.get(..ERROR_OCTETS_MAX).unwrap_or(tidings.error).to_vec(),
            network_error: tidings.network_error,
            segments: ticket.segments,
        };
        let id = self.take_entry_id();
        self.batch.insert(Family::Receipts, account_id_key(ticket.account, id), receipt.to_bytes());
        self.changes.news.receipts.push((ticket.account, id));
    }

    /// Gateways have these receipts.
    pub(super) fn receipts_done(
        &mut self,
        account: AccountNumber,
        ids: &[u64],
    ) -> Result<EventOutcome, Unavailable> {
        let mut done = EventOutcome::Noted;
        for id in ids {
            let key = account_id_key(account, *id);
            let Some(before) = self.store.get(Family::Receipts, &key)? else { continue };
            if self.changes.touched.receipts_done.insert((account, *id)) {
                self.batch.delete(Family::Receipts, key, before);
                done = EventOutcome::Done;
            }
        }
        Ok(done)
    }
}

fn wanted(registered_delivery: u8, tidings: &Tidings<'_>) -> bool {
    if tidings.intermediate {
        return registered_delivery & INTERMEDIATE != 0;
    }
    match registered_delivery & FINAL {
        ALWAYS => true,
        ON_FAILURE => tidings.state != ReceiptState::Delivered,
        ON_SUCCESS => tidings.state == ReceiptState::Delivered,
        _ => false,
    }
}
