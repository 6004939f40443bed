//! What operators take, and what nobody takes.

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{ChargeOn, Event, Outcome, ReceiptState, Stage};

use super::Draft;
use super::amended::Amendment;
use super::counters::sum;
use super::gateway::Tidings;
use super::settle::{Price, settled, stage_of};
use super::touched::Taken;
use super::waiting::Waiting;
use crate::database::{Unavailable, damaged};
use crate::delivery::{Acceptance, EventOutcome};
use crate::message::{Message, QueueKey};
use crate::rows::{MessageState, StateRow, UpstreamRow};
use crate::schema::{Family, awaiting_key};

/// A message that ended without an operator having it.
pub struct Failure<'a> {
    pub key: &'a QueueKey,
    pub row: Option<&'a [u8]>,
    pub outcome: Outcome,
    pub error: u32,
    pub operator: Option<OperatorNumber>,
    pub attempts: u8,
    pub tried: &'a [OperatorNumber],
}

impl Draft<'_> {
    /// An operator took a message. Receipts of it that came before are applied now.
    pub(super) fn accepted(&mut self, acceptance: &Acceptance) -> Result<EventOutcome, Unavailable> {
        let message = read(&acceptance.key, &acceptance.row)?;
        let (account, message_id) = (message.ticket.account, acceptance.key.message_id);
        if let Some(state) = self.state(account, message_id)? {
            return self.accepted_again(acceptance, &message, &state);
        }
        match self.waiting_as_told(&acceptance.key, &acceptance.row)? {
            Some(waiting) => self.take(acceptance, &waiting, &acceptance.upstream_id),
            None => Ok(EventOutcome::Noted),
        }
    }

    /// A receipt that was kept shows that an operator took a message whose response was lost.
    pub(super) fn adopt(
        &mut self,
        acceptance: &Acceptance,
        unmatched: u64,
    ) -> Result<EventOutcome, Unavailable> {
        let message = read(&acceptance.key, &acceptance.row)?;
        let state = self.state(message.ticket.account, acceptance.key.message_id)?;
        let receipt = self.unmatched_row(acceptance.operator, unmatched)?;
        let (None, Some(receipt)) = (state, receipt) else { return Ok(EventOutcome::Noted) };
        let (Some(upstream_id), Some(waiting)) =
            (receipt.ids.first(), self.waiting_as_told(&acceptance.key, &acceptance.row)?)
        else {
            return Ok(EventOutcome::Noted);
        };
        let acceptance = &Acceptance { final_now: false, ..acceptance.clone() };
        let taken = self.take(acceptance, &waiting, upstream_id)?;
        // Its own address may not show that it is this message's receipt; that was found by other means.
        match self.apply_unmatched(acceptance.operator, upstream_id, unmatched)? {
            Some(outcome) if taken == EventOutcome::Done => Ok(outcome),
            _ => Ok(taken),
        }
    }

    /// From the queue to the operator.
    fn take(
        &mut self,
        acceptance: &Acceptance,
        waiting: &Waiting,
        upstream_id: &[u8],
    ) -> Result<EventOutcome, Unavailable> {
        let Acceptance { operator, cost, cost_currency, cost_in_account_currency, attempts, .. } =
            *acceptance;
        let message_id = waiting.key.message_id;
        let message = waiting.message()?;
        let price = Price::of(&message.ticket);
        let mut state = StateRow {
            state: MessageState::Enroute,
            at: self.now,
            operator,
            attempts,
            tried: acceptance.tried.clone(),
            possible_duplicate: acceptance.possible_duplicate,
            cost,
            cost_currency: Some(cost_currency),
            cost_in_account_currency,
            upstream_id: upstream_id.to_vec(),
            accepted_at: Some(self.now),
            ..StateRow::default()
        };
        self.settle(message_id, &price, (Stage::Waiting, Event::Accepted), &mut state)?;
        self.count_cost(&price, cost_in_account_currency)?;
        self.stop_waiting(waiting)?;
        self.forget_amendment(message_id);
        self.set_state(&price, message_id, None, state)?;
        self.await_receipt(acceptance, &waiting.bytes, upstream_id)?;
        if let Some(outcome) = self.apply_early(operator, upstream_id, &message.ticket)? {
            return Ok(outcome);
        }
        // Whoever pays for delivery only pays when it is known: such a message waits for its receipt all the same.
        if acceptance.final_now && price.terms.charge_on != ChargeOn::Delivery {
            self.finish_unconfirmed(&price, message_id, operator, upstream_id)?;
        }
        Ok(EventOutcome::Done)
    }

    /// Notes under which id an operator has a message.
    fn await_receipt(
        &mut self,
        acceptance: &Acceptance,
        row: &[u8],
        upstream_id: &[u8],
    ) -> Result<(), Unavailable> {
        let Acceptance { key, operator, cost, cost_currency, cost_in_account_currency, .. } = *acceptance;
        let before = self.free_upstream_id(operator, upstream_id)?;
        let ticket = Message::ticket_bytes(row).ok_or_else(|| damaged(Family::Queue))?;
        let row = UpstreamRow {
            expires_at: UpstreamRow::NOT_BEFORE_SETTLED,
            settled: false,
            message_id: key.message_id,
            accepted_at: self.now,
            cost,
            cost_currency,
            cost_in_account_currency,
            attempts: acceptance.attempts,
            possible_duplicate: acceptance.possible_duplicate,
            ticket: ticket.into(),
        };
        let awaiting = awaiting_key(self.now, operator, upstream_id);
        self.batch.insert(Family::Awaiting, awaiting, Vec::new());
        self.set_taken(before.as_ref(), Taken { operator, id: upstream_id.to_vec(), row });
        Ok(())
    }

    /// An operator gives an id a second time. Of the message that had it before nothing can be heard any more: its outcome
    /// is unknown if it had none. The answer is the row that stands under the id.
    fn free_upstream_id(
        &mut self,
        operator: OperatorNumber,
        upstream_id: &[u8],
    ) -> Result<Option<UpstreamRow>, Unavailable> {
        let Some(taken) = self.taken(operator, upstream_id)? else { return Ok(None) };
        if taken.row.is_awaited() {
            self.give_up_receipt(taken)?;
        }
        Ok(self.taken(operator, upstream_id)?.map(|taken| taken.row))
    }

    /// The operator sends no receipts.
    fn finish_unconfirmed(
        &mut self,
        price: &Price<'_>,
        message_id: u64,
        operator: OperatorNumber,
        upstream_id: &[u8],
    ) -> Result<(), Unavailable> {
        let Some(before) = self.state(price.account, message_id)? else { return Ok(()) };
        let after = StateRow { state: MessageState::Accepted, ..before.clone() };
        if let Some(dispatch) = price.dispatch_id {
            self.dispatch_mut(price.account, dispatch).unconfirmed += 1;
        }
        self.set_state(price, message_id, Some(&before), after)?;
        match self.taken(operator, upstream_id)? {
            Some(taken) => self.stop_awaiting(&before, taken),
            None => Ok(()),
        }
    }

    /// A message that an operator has already is taken once more: it was sent again after an unknown outcome. The operator
    /// charges for it again, and both ids mean it from now on.
    fn accepted_again(
        &mut self,
        acceptance: &Acceptance,
        message: &Message<'_>,
        before: &StateRow,
    ) -> Result<EventOutcome, Unavailable> {
        let Acceptance { key, operator, ref upstream_id, .. } = *acceptance;
        let is_known = |taken: &Taken| taken.row.message_id == key.message_id;
        if before.accepted_at.is_none() || self.taken(operator, upstream_id)?.as_ref().is_some_and(is_known) {
            return Ok(EventOutcome::Noted);
        }
        let price = Price::of(&message.ticket);
        let mut after = with_cost_of(before, acceptance);
        let counted = |state: &StateRow| state.cost_in_account_currency.unwrap_or_default();
        self.count_cost(&price, counted(&after).checked_sub(counted(before)))?;
        self.await_receipt(acceptance, &acceptance.row, upstream_id)?;
        self.changes.news.duplicates += 1;
        if stage_of(before) == Stage::Accepted {
            // The later one is waited for.
            after =
                StateRow { operator, upstream_id: upstream_id.clone(), accepted_at: Some(self.now), ..after };
            if let Some(first) = self.taken(before.operator, &before.upstream_id)? {
                self.supersede(first);
            }
        } else if let Some(again) = self.taken(operator, upstream_id)? {
            self.stop_awaiting(before, again)?;
        }
        self.set_state(&price, key.message_id, Some(before), after)?;
        let early = self.apply_early(operator, upstream_id, &message.ticket)?;
        Ok(early.unwrap_or(EventOutcome::Done))
    }

    /// No operator has the message, or nobody knows whether one has.
    pub(super) fn failed(&mut self, failure: &Failure<'_>) -> Result<EventOutcome, Unavailable> {
        let (state, event, receipt) = match failure.outcome {
            Outcome::Rejected => (MessageState::Rejected, Event::Rejected, ReceiptState::Rejected),
            Outcome::Expired => (MessageState::Expired, Event::Expired, ReceiptState::Expired),
            Outcome::Unknown => (MessageState::Unknown, Event::Unknown, ReceiptState::Unknown),
            // These are known from elsewhere.
            Outcome::Delivered | Outcome::Undelivered | Outcome::Cancelled => {
                return Ok(EventOutcome::Noted);
            }
        };
        let Some(waiting) = self.failing(failure)? else { return Ok(EventOutcome::Noted) };
        let (message, message_id) = (waiting.message()?, failure.key.message_id);
        let mut after = StateRow {
            state,
            at: self.now,
            operator: failure.operator.unwrap_or_default(),
            attempts: failure.attempts,
            tried: failure.tried.to_vec(),
            error: failure.error,
            ..StateRow::default()
        };
        let price = Price::of(&message.ticket);
        let transition = self.settle(message_id, &price, (Stage::Waiting, event), &mut after)?;
        self.stop_waiting(&waiting)?;
        if failure.row.is_some() {
            self.forget_amendment(message_id);
        } else {
            self.amend(&waiting, Amendment::Dropped);
        }
        let error = failure.error.to_string();
        self.tell_gateway(&message.ticket, &Tidings::of_ours(receipt, error.as_bytes(), self.now));
        let outcome = settled(message_id, &message.ticket, &after, &transition);
        self.set_state(&price, message_id, None, after)?;
        Ok(outcome)
    }

    /// The message that fails, if it waits still and whoever says so can know.
    fn failing(&mut self, failure: &Failure<'_>) -> Result<Option<Waiting>, Unavailable> {
        let Some(row) = failure.row else {
            if self.is_leased(failure.key.message_id) {
                return Ok(None);
            }
            return self.waiting_or_expired(failure.key);
        };
        let account = read(failure.key, row)?.ticket.account;
        if self.state(account, failure.key.message_id)?.is_some() {
            return Ok(None);
        }
        self.waiting_as_told(failure.key, row)
    }
}

fn read<'a>(key: &QueueKey, row: &'a [u8]) -> Result<Message<'a>, Unavailable> {
    Message::read(key.message_id, row).ok_or_else(|| damaged(Family::Queue))
}

/// The state of a message that an operator charges for once more. Costs in different currencies have no sum but in the
/// account's.
fn with_cost_of(before: &StateRow, again: &Acceptance) -> StateRow {
    let cost = match before.cost_currency {
        Some(currency) if currency == again.cost_currency => sum(before.cost, again.cost),
        _ => before.cost,
    };
    let known = [before.cost_in_account_currency, again.cost_in_account_currency].into_iter().flatten();
    StateRow {
        cost,
        cost_in_account_currency: known.reduce(sum),
        attempts: before.attempts.max(again.attempts),
        tried: again.tried.clone(),
        possible_duplicate: true,
        ..before.clone()
    }
}
