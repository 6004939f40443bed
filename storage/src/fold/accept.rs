//! Messages that operators accept, and messages that none accepts.

use tollgate_engine::money::{Amount, Total};
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::{ChargeOn, Event, Outcome, ReceiptState, Stage};

use super::amended::Amendment;
use super::gateway_receipts::ReceiptContent;
use super::messages::Messages;
use super::price::{Price, settled, stage_of};
use super::upstream::UpstreamMessage;
use super::waiting::Waiting;
use crate::database::{Unavailable, damaged};
use crate::delivery::{Acceptance, EventOutcome};
use crate::message::{Message, QueueKey, Ticket};
use crate::rows::{AskedOperator, MessageState, StateRow, UpstreamRow};
use crate::schema::Family;

/// A message that ended without an operator accepting it.
pub struct Failure<'a> {
    /// The queue that the message waits in.
    pub key: &'a QueueKey,
    /// The message's row as its sender holds it.
    pub row: Option<&'a [u8]>,
    /// The final outcome.
    pub outcome: Outcome,
    /// The SMPP command_status of the last refusal.
    pub error: u32,
    /// The operator that refused it last.
    pub operator: Option<OperatorNumber>,
    /// The number of attempts.
    pub attempts: u8,
    /// The operators that were tried, in order.
    pub tried: &'a [AskedOperator],
}

impl Messages<'_> {
    /// An operator accepted a message. Receipts of it that came before are applied now.
    pub fn accepted(&mut self, acceptance: &Acceptance) -> Result<EventOutcome, Unavailable> {
        let message = read(&acceptance.key, &acceptance.row)?;
        let (account, message_id) = (message.ticket.account, acceptance.key.message_id);
        if let Some(state) = self.books.state(account, message_id)? {
            return self.accepted_again(acceptance, &message, &state);
        }
        match self.waiting.up_to_date(&acceptance.key, &acceptance.row)? {
            Some(waiting) => self.hand_over(acceptance, &waiting, &acceptance.upstream_id),
            None => Ok(EventOutcome::Noted),
        }
    }

    /// A receipt that was kept as unmatched shows, by its addresses, that an operator accepted a message
    /// whose response was lost.
    pub fn matched_by_address(
        &mut self,
        acceptance: &Acceptance,
        unmatched: u64,
    ) -> Result<EventOutcome, Unavailable> {
        let message = read(&acceptance.key, &acceptance.row)?;
        let state = self.books.state(message.ticket.account, acceptance.key.message_id)?;
        let receipt = self.unmatched.row(acceptance.operator, unmatched)?;
        let (None, Some(receipt)) = (state, receipt) else { return Ok(EventOutcome::Noted) };
        let (Some(upstream_id), Some(waiting)) =
            (receipt.ids.first(), self.waiting.up_to_date(&acceptance.key, &acceptance.row)?)
        else {
            return Ok(EventOutcome::Noted);
        };
        let acceptance = &Acceptance { final_now: false, ..acceptance.clone() };
        let accepted = self.hand_over(acceptance, &waiting, upstream_id)?;
        // The caller has found that it is this message's receipt; the addresses need not show it once more.
        let destination = message.ticket.destination.digits;
        let known =
            self.upstream.find(acceptance.operator, upstream_id, destination, acceptance.key.message_id)?;
        let Some(known) = known else { return Ok(accepted) };
        match self.apply_unmatched(known, unmatched)? {
            Some(outcome) if accepted == EventOutcome::Done => Ok(outcome),
            _ => Ok(accepted),
        }
    }

    /// Moves a message from its queue to the operator.
    fn hand_over(
        &mut self,
        acceptance: &Acceptance,
        waiting: &Waiting,
        upstream_id: &[u8],
    ) -> Result<EventOutcome, Unavailable> {
        let Acceptance { operator, cost, cost_currency, cost_in_account_currency, attempts, .. } =
            *acceptance;
        let message_id = waiting.key.message_id;
        let message = waiting.message()?;
        let price = Price::of(message_id, &message.ticket);
        let mut state = StateRow {
            state: MessageState::Enroute,
            at: self.out.now,
            operator,
            attempts,
            tried: acceptance.tried.clone(),
            possible_duplicate: acceptance.possible_duplicate,
            cost,
            cost_currency: Some(cost_currency),
            cost_in_account_currency,
            upstream_id: upstream_id.to_vec(),
            accepted_at: Some(self.out.now),
            ..StateRow::default()
        };
        self.books.settle(
            &mut self.out,
            message_id,
            &price,
            (Stage::Waiting, Event::Accepted),
            &mut state,
        )?;
        self.books.count_cost(&price, cost_in_account_currency.map(Total::from))?;
        self.waiting.remove(&mut self.out, waiting)?;
        self.waiting.forget_amendment(message_id);
        self.books.set_state(&mut self.out, &price, message_id, None, state)?;
        self.await_receipt(acceptance, &waiting.bytes, upstream_id)?;
        if let Some(outcome) = self.apply_early(operator, upstream_id, message_id, &message.ticket)? {
            return Ok(outcome);
        }
        // A charge on delivery is kept only once delivery is known, so such a message waits for its receipt
        // all the same.
        if acceptance.final_now && price.terms.charge_on != ChargeOn::Delivery {
            self.finish_unconfirmed(&price, &message.ticket, (message_id, operator, upstream_id))?;
        }
        Ok(EventOutcome::Done)
    }

    /// Notes the id under which an operator has a message.
    fn await_receipt(
        &mut self,
        acceptance: &Acceptance,
        row: &[u8],
        upstream_id: &[u8],
    ) -> Result<(), Unavailable> {
        let Acceptance { key, operator, cost, cost_currency, cost_in_account_currency, .. } = *acceptance;
        let ticket = Message::ticket_bytes(row).ok_or_else(|| damaged(Family::Queue))?;
        let row = UpstreamRow {
            expires_at: UpstreamRow::NOT_BEFORE_SETTLED,
            settled: false,
            message_id: key.message_id,
            accepted_at: self.out.now,
            cost,
            cost_currency,
            cost_in_account_currency,
            attempts: acceptance.attempts,
            possible_duplicate: acceptance.possible_duplicate,
            ticket: ticket.into(),
            leads: false,
        };
        let message = UpstreamMessage { operator, place: upstream_id.to_vec(), row };
        self.upstream.await_receipt(&mut self.out.batch, self.out.now, message)
    }

    /// Ends a message as accepted, because its operator sends no receipts.
    fn finish_unconfirmed(
        &mut self,
        price: &Price<'_>,
        ticket: &Ticket<'_>,
        (message_id, operator, upstream_id): (u64, OperatorNumber, &[u8]),
    ) -> Result<(), Unavailable> {
        let Some(before) = self.books.state(price.account, message_id)? else { return Ok(()) };
        let after = StateRow { state: MessageState::Accepted, ..before.clone() };
        if let Some(dispatch) = price.dispatch_id {
            self.books.counters.dispatch_mut(price.account, dispatch).unconfirmed += 1;
        }
        self.books.set_state(&mut self.out, price, message_id, Some(&before), after)?;
        match self.upstream.find(operator, upstream_id, ticket.destination.digits, message_id)? {
            Some(message) => self.upstream.settle(&mut self.out.batch, self.out.now, &before, message),
            None => Ok(()),
        }
    }

    /// An operator accepts a message that one has already: it was sent again after an unknown outcome. The
    /// operator charges for it again, and both ids mean it from now on.
    fn accepted_again(
        &mut self,
        acceptance: &Acceptance,
        message: &Message<'_>,
        before: &StateRow,
    ) -> Result<EventOutcome, Unavailable> {
        let Acceptance { key, operator, ref upstream_id, .. } = *acceptance;
        let destination = message.ticket.destination.digits;
        if before.accepted_at.is_none()
            || self.upstream.find(operator, upstream_id, destination, key.message_id)?.is_some()
        {
            return Ok(EventOutcome::Noted);
        }
        let price = Price::of(key.message_id, &message.ticket);
        let mut after = with_cost_of(before, acceptance);
        let counted = |state: &StateRow| Total::from(state.cost_in_account_currency.unwrap_or_default());
        let mut more = counted(&after);
        more -= counted(before);
        self.books.count_cost(&price, Some(more))?;
        self.await_receipt(acceptance, &acceptance.row, upstream_id)?;
        self.out.news.duplicates += 1;
        if stage_of(before) == Stage::Accepted {
            // The receipt of the later one is awaited.
            after = StateRow {
                operator,
                upstream_id: upstream_id.clone(),
                accepted_at: Some(self.out.now),
                ..after
            };
            let first =
                self.upstream.find(before.operator, &before.upstream_id, destination, key.message_id)?;
            if let Some(first) = first {
                self.upstream.supersede(&mut self.out.batch, self.out.now, first);
            }
        } else if let Some(again) = self.upstream.find(operator, upstream_id, destination, key.message_id)? {
            self.upstream.settle(&mut self.out.batch, self.out.now, before, again)?;
        }
        self.books.set_state(&mut self.out, &price, key.message_id, Some(before), after)?;
        let early = self.apply_early(operator, upstream_id, key.message_id, &message.ticket)?;
        Ok(early.unwrap_or(EventOutcome::Done))
    }

    /// Ends a message that no operator has accepted, or whose outcome is unknown.
    pub fn failed(&mut self, failure: &Failure<'_>) -> Result<EventOutcome, Unavailable> {
        let (state, event, receipt) = match failure.outcome {
            Outcome::Rejected => (MessageState::Rejected, Event::Rejected, ReceiptState::Rejected),
            Outcome::Expired => (MessageState::Expired, Event::Expired, ReceiptState::Expired),
            Outcome::Unknown => (MessageState::Unknown, Event::Unknown, ReceiptState::Unknown),
            // These outcomes follow from receipts and cancellations.
            Outcome::Delivered | Outcome::Undelivered | Outcome::Cancelled => {
                return Ok(EventOutcome::Noted);
            }
        };
        let Some(waiting) = self.failing(failure)? else { return Ok(EventOutcome::Noted) };
        let (message, message_id) = (waiting.message()?, failure.key.message_id);
        let mut after = StateRow {
            state,
            at: self.out.now,
            operator: failure.operator.unwrap_or_default(),
            attempts: failure.attempts,
            tried: failure.tried.to_vec(),
            error: failure.error,
            ..StateRow::default()
        };
        let price = Price::of(message_id, &message.ticket);
        let transition =
            self.books.settle(&mut self.out, message_id, &price, (Stage::Waiting, event), &mut after)?;
        self.waiting.remove(&mut self.out, &waiting)?;
        if failure.row.is_some() {
            self.waiting.forget_amendment(message_id);
        } else {
            self.waiting.amend(&waiting, Amendment::Dropped);
        }
        let error = failure.error.to_string();
        self.keep_receipt(&message.ticket, &ReceiptContent::of_ours(receipt, error.as_bytes(), self.out.now));
        let outcome = settled(message_id, &message.ticket, &after, &transition);
        self.books.set_state(&mut self.out, &price, message_id, None, after)?;
        Ok(outcome)
    }

    /// The message that fails, if it still waits and the sender of the event can know that it failed.
    fn failing(&mut self, failure: &Failure<'_>) -> Result<Option<Waiting>, Unavailable> {
        let Some(row) = failure.row else {
            if self.leases.holds(failure.key.message_id) {
                return Ok(None);
            }
            return self.waiting.queued_or_expired(failure.key);
        };
        let account = read(failure.key, row)?.ticket.account;
        if self.books.state(account, failure.key.message_id)?.is_some() {
            return Ok(None);
        }
        self.waiting.up_to_date(failure.key, row)
    }
}

fn read<'a>(key: &QueueKey, row: &'a [u8]) -> Result<Message<'a>, Unavailable> {
    Message::read(key.message_id, row).ok_or_else(|| damaged(Family::Queue))
}

/// Two costs of one message, which stay at the limit that they reach.
fn both(cost: Amount, again: Amount) -> Amount {
    cost.checked_add(again).unwrap_or(Amount::MAX)
}

/// The state of a message that an operator charges for once more. Costs in different currencies are added in
/// the account's currency only.
fn with_cost_of(before: &StateRow, again: &Acceptance) -> StateRow {
    let cost = match before.cost_currency {
        Some(currency) if currency == again.cost_currency => both(before.cost, again.cost),
        _ => before.cost,
    };
    let known = [before.cost_in_account_currency, again.cost_in_account_currency].into_iter().flatten();
    StateRow {
        cost,
        cost_in_account_currency: known.reduce(both),
        attempts: before.attempts.max(again.attempts),
        tried: again.tried.clone(),
        possible_duplicate: true,
        ..before.clone()
    }
}
