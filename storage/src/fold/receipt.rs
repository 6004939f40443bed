//! Receipts of operators, and those that do not come.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{Event, ReceiptState, Stage};

use super::Draft;
use super::gateway::Tidings;
use super::settle::{Price, settled, stage_of};
use super::touched::Taken;
use crate::database::{Unavailable, damaged};
use crate::delivery::EventOutcome;
use crate::message::Ticket;
use crate::rows::{MessageState, StateRow, UnmatchedRow, UpstreamRow};
use crate::schema::{Family, awaiting_key};

/// Digits at the end of two numbers that have to agree for them to be one number, however they are written.
const SAME_DIGITS_MIN: usize = 7;

impl Draft<'_> {
    /// A receipt from an operator: applied to the message that it means, or kept.
    pub(super) fn receipt(
        &mut self,
        operator: OperatorNumber,
        receipt: UnmatchedRow,
    ) -> Result<EventOutcome, Unavailable> {
        match self.meant_by(operator, &receipt)? {
            Some(taken) => self.apply(taken, &receipt),
            None => self.keep_unmatched(operator, receipt),
        }
    }

    /// The message that a receipt means. Where its id could be read in several ways that each have a message, it is one to
    /// its destination, and one that waits for a receipt.
    fn meant_by(
        &self,
        operator: OperatorNumber,
        receipt: &UnmatchedRow,
    ) -> Result<Option<Taken>, Unavailable> {
        let mut best: Option<((bool, bool), Taken)> = None;
        for id in &receipt.ids {
            let Some(taken) = self.taken(operator, id)? else { continue };
            let destination = taken.row.ticket().ok_or_else(|| damaged(Family::Upstream))?.destination.digits;
            let rank = (is_same_number(destination, &receipt.source), taken.row.is_awaited());
            if rank == (true, true) {
                return Ok(Some(taken));
            }
            if best.as_ref().is_none_or(|(best, _)| rank > *best) {
                best = Some((rank, taken));
            }
        }
        Ok(best.map(|(_, taken)| taken))
    }

    /// Receipts that came before it was known which message has this id, the oldest first; the answer is what came of
    /// them, if there were any.
    pub(super) fn apply_early(
        &mut self,
        operator: OperatorNumber,
        upstream_id: &[u8],
        ticket: &Ticket<'_>,
    ) -> Result<Option<EventOutcome>, Unavailable> {
        let mut outcome = None;
        for unmatched in self.unmatched_of(operator, upstream_id) {
            let Some(receipt) = self.unmatched_row(operator, unmatched)? else { continue };
            // What came before the message was there is of another one that had the same id; so may be what has the id
            // only if it is read in another way.
            let is_of_it = receipt.received_at >= ticket.submitted_at
                && (receipt.ids.first().is_some_and(|id| id == upstream_id)
                    || is_same_number(ticket.destination.digits, &receipt.source));
            if !is_of_it {
                continue;
            }
            let applied = self.apply_unmatched(operator, upstream_id, unmatched)?;
            outcome = outcome.or(applied.filter(|applied| *applied != EventOutcome::Noted));
        }
        Ok(outcome)
    }

    /// Applies a receipt that was kept to the message with this id, and keeps it no longer.
    pub(super) fn apply_unmatched(
        &mut self,
        operator: OperatorNumber,
        upstream_id: &[u8],
        unmatched: u64,
    ) -> Result<Option<EventOutcome>, Unavailable> {
        let (Some(receipt), Some(taken)) =
            (self.unmatched_row(operator, unmatched)?, self.taken(operator, upstream_id)?)
        else {
            return Ok(None);
        };
        let outcome = self.apply(taken, &receipt)?;
        self.forget_unmatched(operator, unmatched)?;
        Ok(Some(outcome))
    }

    /// Looks once more for the message of a receipt that was kept.
    pub(super) fn replayed(
        &mut self,
        operator: OperatorNumber,
        unmatched: u64,
        ids: &[Vec<u8>],
    ) -> Result<EventOutcome, Unavailable> {
        let Some(mut receipt) = self.unmatched_row(operator, unmatched)? else {
            return Ok(EventOutcome::Noted);
        };
        receipt.ids = ids.to_vec();
        let Some(taken) = self.meant_by(operator, &receipt)? else {
            return Ok(EventOutcome::Unmatched { id: unmatched });
        };
        let outcome = self.apply(taken, &receipt)?;
        self.forget_unmatched(operator, unmatched)?;
        Ok(outcome)
    }

    fn apply(&mut self, taken: Taken, receipt: &UnmatchedRow) -> Result<EventOutcome, Unavailable> {
        let tidings = Tidings {
            state: receipt.state,
            intermediate: receipt.intermediate || !receipt.state.is_final(),
            error: &receipt.error,
            network_error: receipt.network_error,
            done_at: receipt.done_at,
        };
        // Before the last word nothing is at its end, whatever it says.
        let state = if tidings.intermediate { ReceiptState::Enroute } else { receipt.state };
        self.hear(taken, Event::Receipt(state), &tidings)
    }

    /// No receipt came in time. Where the message was taken a second time, that one is waited for.
    pub(super) fn receipt_timed_out(
        &mut self,
        operator: OperatorNumber,
        id: &[u8],
    ) -> Result<EventOutcome, Unavailable> {
        match self.taken(operator, id)? {
            Some(taken) if taken.row.is_awaited() => self.give_up_receipt(taken),
            _ => Ok(EventOutcome::Noted),
        }
    }

    /// No receipt will come for a message that an operator has.
    pub(super) fn give_up_receipt(&mut self, taken: Taken) -> Result<EventOutcome, Unavailable> {
        let tidings = Tidings::of_ours(ReceiptState::Unknown, b"", self.now);
        self.hear(taken, Event::Unknown, &tidings)
    }

    /// Something is heard of a message that an operator has.
    fn hear(
        &mut self,
        taken: Taken,
        event: Event,
        tidings: &Tidings<'_>,
    ) -> Result<EventOutcome, Unavailable> {
        let row = taken.row.clone();
        let ticket = row.ticket().ok_or_else(|| damaged(Family::Upstream))?;
        let (account, message_id) = (ticket.account, row.message_id);
        let before = self.state(account, message_id)?.ok_or_else(|| damaged(Family::States))?;
        let error = std::str::from_utf8(tidings.error).ok().and_then(|error| error.trim().parse().ok());
        let mut after = StateRow {
            state: MessageState::of_receipt(tidings.state),
            at: self.now,
            operator: taken.operator,
            upstream_id: taken.id.clone(),
            accepted_at: Some(row.accepted_at),
            error: error.unwrap_or(0),
            ..before.clone()
        };
        let stage = stage_of(&before);
        let price = Price::of(&ticket);
        let transition = self.settle(message_id, &price, (stage, event), &mut after)?;
        if transition.finished_now || (tidings.intermediate && stage == Stage::Accepted) {
            self.tell_gateway(&ticket, tidings);
        }
        let outcome = settled(message_id, &ticket, &after, &transition);
        if transition.finished_now {
            self.stop_awaiting(&before, taken)?;
            self.set_state(&price, message_id, Some(&before), after)?;
        }
        Ok(outcome)
    }

    /// A message has come to its end, which something said of it under the id in `taken` has brought: nothing more is
    /// awaited of it, under that id or under the one that it was taken with last.
    pub(super) fn stop_awaiting(&mut self, before: &StateRow, taken: Taken) -> Result<(), Unavailable> {
        let is_last = taken.operator == before.operator && taken.id == before.upstream_id;
        let last = if is_last { None } else { self.taken(before.operator, &before.upstream_id)? };
        // The operator may have given that id to another message since.
        let last = last.filter(|last| last.row.message_id == taken.row.message_id);
        for taken in [Some(taken), last].into_iter().flatten() {
            if taken.row.is_awaited() {
                self.remove_awaiting(&taken);
            }
            let row = taken.row.clone().settled(self.now);
            self.set_taken(Some(&taken.row), Taken { row, ..taken });
        }
        Ok(())
    }

    /// A message was taken a second time, and that one is waited for. A receipt of the first still settles it.
    pub(super) fn supersede(&mut self, first: Taken) {
        if !first.row.is_awaited() {
            return;
        }
        self.remove_awaiting(&first);
        let expires_at = first.row.clone().settled(self.now).expires_at;
        let row = UpstreamRow { expires_at, ..first.row.clone() };
        self.set_taken(Some(&first.row), Taken { row, ..first });
    }

    fn remove_awaiting(&mut self, taken: &Taken) {
        let key = awaiting_key(taken.row.accepted_at, taken.operator, &taken.id);
        self.batch.delete(Family::Awaiting, key, Vec::new());
    }
}

/// Whether two ways of writing a number end alike: operators add and drop what stands before the country code, and the
/// code itself.
fn is_same_number(left: &[u8], right: &[u8]) -> bool {
    let (shorter, longer) = if left.len() < right.len() { (left, right) } else { (right, left) };
    let digits = |number: &[u8]| {
        let start = number.iter().position(|byte| (b'1'..=b'9').contains(byte)).unwrap_or(number.len());
        number.get(start..).unwrap_or_default().to_vec()
    };
    let (shorter, longer) = (digits(shorter), digits(longer));
    (shorter.len() >= SAME_DIGITS_MIN && longer.ends_with(&shorter)) || shorter == longer
}
