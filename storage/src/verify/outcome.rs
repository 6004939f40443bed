//! The outcome of a message, and its consequences: refunds, counters, and the operator's id that a receipt
//! will name.

use tollgate_engine::beside::Beside;
use tollgate_engine::money::Amount;
use tollgate_engine::posting::Posting;

use super::Count;
use super::fault::{Fault, off};
use super::messages::agree;
use super::pocket_count::AskedRefund;
use crate::cdr::Cdr;
use crate::rows::{DispatchCounters, MessageState, StateRow, UpstreamRow};
use crate::store::Store;

impl Count {
    pub(super) fn count_outcome(
        &mut self,
        store: &Store,
        (cdr, beside): (&Cdr<'_>, Option<&Beside>),
        row: &StateRow,
    ) -> Result<(), Fault> {
        let id = cdr.message_id;
        if let Some(wrong) = contradiction(cdr, row) {
            return off(format!("message {id} {wrong}"));
        }
        if row.operator.0 != 0 {
            self.check_operator(row.operator, || format!("message {id}"))?;
        }
        if row.is_refunded {
            self.count_refund(cdr, beside)?;
        }
        if let Some(dispatch) = cdr.fields.dispatch_id
            && let Some(counters) = self.dispatches.get_mut(&(cdr.account, dispatch.to_vec()))
        {
            count(counters, cdr, row);
        }
        if row.state.is_final() {
            self.report.ended += 1;
            return Ok(());
        }
        // Its gateway has it, and reports its state.
        if cdr.fields.route.is_none() {
            return Ok(());
        }
        self.report.awaited += 1;
        find_upstream(store, cdr, row)
    }

    fn count_refund(&mut self, cdr: &Cdr<'_>, beside: Option<&Beside>) -> Result<(), Fault> {
        match beside {
            None => self.ask_refund(cdr.message_id, &cdr.posting(), AskedRefund::of(cdr.fields.amount))?,
            Some(beside) => self.ask_refunds(cdr.message_id, beside)?,
        }
        self.report.segments -= u64::from(cdr.fields.segments);
        self.report.refunds += 1;
        Ok(())
    }

    /// Counts that a posting was given back, and notes the refund that the account's ledger is to have.
    pub(super) fn ask_refund(
        &mut self,
        message_id: u64,
        posting: &Posting,
        asked: AskedRefund,
    ) -> Result<(), Fault> {
        let Posting { account, month, segments, .. } = *posting;
        let of_account = self.account(account, message_id)?;
        *of_account.volumes.entry(month).or_default() -= i128::from(segments);
        self.refunds.insert((account, message_id), asked);
        Ok(())
    }
}

/// The contradiction between a state and its message's CDR.
fn contradiction(cdr: &Cdr<'_>, row: &StateRow) -> Option<String> {
    let asked = if row.is_refunded { cdr.fields.amount } else { Amount::ZERO };
    let (state, accepted) = (row.state, row.accepted_at.is_some());
    if row.refunded != asked {
        let charged = if row.is_refunded { "was charged" } else { "is to keep its charge of" };
        return Some(format!("{charged} {}, refunded {}", cdr.fields.amount, row.refunded));
    }
    let wrong = match state {
        MessageState::Enroute | MessageState::Accepted if !accepted => "was accepted by nobody",
        MessageState::Delivered if !accepted => "was delivered and accepted by nobody",
        MessageState::Enroute if row.is_refunded => "was given back",
        MessageState::Delivered | MessageState::Accepted if row.is_refunded && !row.refunded_by_hand => {
            "was given back"
        }
        MessageState::Deleted if !accepted && !row.is_refunded => "was cancelled and not given back",
        MessageState::Deleted if !accepted && row.refunded_by_hand => "was cancelled and given back by hand",
        _ if cdr.fields.route.is_none() && !is_cancelled(row) && !is_reported(row) => "was handed to nobody",
        _ if cdr.fields.route.is_some() && accepted && row.operator.0 == 0 => "was accepted by no operator",
        _ => return None,
    };
    Some(format!("is {}, but {wrong}", state.name()))
}

/// Deleted here, and not by the operator that had it.
fn is_cancelled(row: &StateRow) -> bool {
    row.state == MessageState::Deleted && row.accepted_at.is_none()
}

/// Said by a gateway of a message that was charged only. No operator has left anything there.
fn is_reported(row: &StateRow) -> bool {
    let is_sayable = match row.state {
        MessageState::Enroute | MessageState::Delivered | MessageState::Undeliverable => {
            row.accepted_at.is_some()
        }
        MessageState::Expired | MessageState::Rejected | MessageState::Unknown => true,
        MessageState::Accepted | MessageState::Deleted => false,
    };
    let is_of_operator = row.operator.0 != 0 || row.attempts > 0 || row.possible_duplicate;
    let has_cost =
        row.cost != Amount::ZERO || row.cost_currency.is_some() || row.cost_in_account_currency.is_some();
    is_sayable && !is_of_operator && !has_cost && row.upstream_id.is_empty() && row.tried.is_empty()
}

fn count(counters: &mut DispatchCounters, cdr: &Cdr<'_>, row: &StateRow) {
    if row.is_refunded {
        counters.segments -= u64::from(cdr.fields.segments);
        counters.cost -= row.refunded;
    }
    counters.submitted += u64::from(row.accepted_at.is_some());
    match row.state {
        MessageState::Enroute => {}
        MessageState::Delivered => counters.delivered += 1,
        MessageState::Accepted => counters.unconfirmed += 1,
        MessageState::Deleted if is_cancelled(row) => counters.cancelled += 1,
        _ => counters.failed += 1,
    }
    counters.cost_operators += row.cost_in_account_currency.unwrap_or_default();
}

/// A message whose receipt is awaited is known by the id that the receipt will name.
fn find_upstream(store: &Store, cdr: &Cdr<'_>, row: &StateRow) -> Result<(), Fault> {
    let (id, operator) = (cdr.message_id, row.operator.0);
    let destination = cdr.fields.destination.to_string();
    let upstream = store.upstream().of_message(row.operator, &row.upstream_id, destination.as_bytes(), id)?;
    let Some(upstream) = upstream.filter(UpstreamRow::is_awaited) else {
        return off(format!("message {id} is with operator {operator}, but no receipt can find it"));
    };
    if Some(upstream.accepted_at) != row.accepted_at {
        return off(format!("message {id}: operator {operator} accepted it at two times"));
    }
    match upstream.ticket() {
        Some(ticket) => agree(cdr, &ticket, "its row in upstream"),
        None => off(format!("message {id}: its row in upstream cannot be read")),
    }
}
