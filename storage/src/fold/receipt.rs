//! Receipts of operators, and those that do not come.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{Event, ReceiptState, Stage};

use super::gateway_receipts::ReceiptContent;
use super::likeness::Likeness;
use super::messages::Messages;
use super::price::{Price, settled, stage_of};
use super::upstream::{Meant, UpstreamMessage};
use crate::database::{Unavailable, damaged};
use crate::delivery::EventOutcome;
use crate::message::Ticket;
use crate::rows::{MessageState, StateRow, UnmatchedRow};
use crate::schema::Family;

impl Messages<'_> {
    /// A receipt from an operator: applied to the message that it means, or kept.
    pub fn receipt(
        &mut self,
        operator: OperatorNumber,
        receipt: UnmatchedRow,
    ) -> Result<EventOutcome, Unavailable> {
        match self.upstream.meant_by(operator, &receipt)? {
            Meant::Message(message) => self.apply(message, &receipt),
            Meant::None(reason) => {
                self.unmatched.keep(&mut self.out, operator, UnmatchedRow { reason, ..receipt })
            }
        }
    }

    /// Applies receipts that came before it was known which message has this id, the oldest first; returns
    /// their outcome if there were any.
    pub fn apply_early(
        &mut self,
        operator: OperatorNumber,
        upstream_id: &[u8],
        message_id: u64,
        ticket: &Ticket<'_>,
    ) -> Result<Option<EventOutcome>, Unavailable> {
        let mut outcome = None;
        for unmatched in self.unmatched.of(operator, upstream_id) {
            let Some(receipt) = self.unmatched.row(operator, unmatched)? else { continue };
            // A receipt older than the message is of another message that had the same id; so may be one that
            // has the id only if it is read in another way.
            let is_its = receipt.received_at >= ticket.submitted_at
                && (receipt.ids.first().is_some_and(|id| id == upstream_id)
                    || Likeness::of(ticket, &receipt) >= Likeness::Destination);
            let Meant::Message(message) = self.upstream.meant_by(operator, &receipt)? else { continue };
            if !is_its || message.row.message_id != message_id {
                continue;
            }
            let applied = self.apply_unmatched(message, unmatched)?;
            outcome = outcome.or(applied.filter(|applied| *applied != EventOutcome::Noted));
        }
        Ok(outcome)
    }

    /// Applies a receipt that was kept to a message, and keeps it no longer.
    pub fn apply_unmatched(
        &mut self,
        message: UpstreamMessage,
        unmatched: u64,
    ) -> Result<Option<EventOutcome>, Unavailable> {
        let operator = message.operator;
        let Some(receipt) = self.unmatched.row(operator, unmatched)? else { return Ok(None) };
        let outcome = self.apply(message, &receipt)?;
        self.unmatched.forget(&mut self.out.batch, operator, unmatched)?;
        Ok(Some(outcome))
    }

    /// Looks once more for the message of a receipt that was kept.
    pub fn replayed(
        &mut self,
        operator: OperatorNumber,
        unmatched: u64,
        ids: &[Vec<u8>],
        rewritten: bool,
    ) -> Result<EventOutcome, Unavailable> {
        let Some(mut receipt) = self.unmatched.row(operator, unmatched)? else {
            return Ok(EventOutcome::Noted);
        };
        receipt.ids = ids.to_vec();
        let message = match self.upstream.meant_by(operator, &receipt)? {
            Meant::Message(message) => message,
            Meant::None(reason) => {
                let only = if rewritten { self.upstream.only_one(operator, &receipt)? } else { None };
                let Some(only) = only else { return Ok(EventOutcome::Unmatched { id: unmatched, reason }) };
                only
            }
        };
        let outcome = self.apply(message, &receipt)?;
        self.unmatched.forget(&mut self.out.batch, operator, unmatched)?;
        Ok(outcome)
    }

    fn apply(
        &mut self,
        message: UpstreamMessage,
        receipt: &UnmatchedRow,
    ) -> Result<EventOutcome, Unavailable> {
        let content = ReceiptContent {
            state: receipt.state,
            intermediate: receipt.intermediate || !receipt.state.is_final(),
            error: &receipt.error,
            network_error: receipt.network_error,
            done_at: receipt.done_at,
            done_date: receipt.done_date.as_ref(),
        };
        // An intermediate receipt ends nothing, whatever state it names.
        let state = if content.intermediate { ReceiptState::Enroute } else { receipt.state };
        self.apply_event(message, Event::Receipt(state), &content)
    }

    /// No receipt came in time. If the message was accepted a second time, that receipt is waited for.
    pub fn receipt_timed_out(
        &mut self,
        operator: OperatorNumber,
        place: &[u8],
    ) -> Result<EventOutcome, Unavailable> {
        match self.upstream.get(operator, place)? {
            Some(message) if message.row.is_awaited() => self.give_up_receipt(message),
            _ => Ok(EventOutcome::Noted),
        }
    }

    /// No receipt will come for a message that an operator has.
    fn give_up_receipt(&mut self, message: UpstreamMessage) -> Result<EventOutcome, Unavailable> {
        let content = ReceiptContent::of_ours(ReceiptState::Unknown, b"", self.out.now);
        self.apply_event(message, Event::Unknown, &content)
    }

    /// Applies an event to a message that an operator has.
    fn apply_event(
        &mut self,
        message: UpstreamMessage,
        event: Event,
        content: &ReceiptContent<'_>,
    ) -> Result<EventOutcome, Unavailable> {
        let row = message.row.clone();
        let ticket = row.ticket().ok_or_else(|| damaged(Family::Upstream))?;
        let (account, message_id) = (ticket.account, row.message_id);
        let before = self.books.state(account, message_id)?.ok_or_else(|| damaged(Family::States))?;
        let error = std::str::from_utf8(content.error).ok().and_then(|error| error.trim().parse().ok());
        let mut after = StateRow {
            state: MessageState::of_receipt(content.state),
            at: self.out.now,
            operator: message.operator,
            upstream_id: message.id().to_vec(),
            done_date: content.done_date.cloned(),
            accepted_at: Some(row.accepted_at),
            error: error.unwrap_or(0),
            receipt_answer: None,
            ..before.clone()
        };
        let stage = stage_of(&before);
        let price = Price::of(message_id, &ticket);
        let transition = self.books.settle(&mut self.out, message_id, &price, (stage, event), &mut after)?;
        if transition.finished_now || (content.intermediate && stage == Stage::Accepted) {
            self.keep_receipt(&ticket, content);
        }
        let outcome = settled(message_id, &ticket, &after, &transition);
        if transition.finished_now {
            self.upstream.settle(&mut self.out.batch, self.out.now, &before, message)?;
            self.books.set_state(&mut self.out, &price, message_id, Some(&before), after)?;
        }
        Ok(outcome)
    }
}
