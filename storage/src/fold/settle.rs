//! Money by outcome: what a transition of a message changes of wallets, ledger and counters. What a transition is, the
//! engine decides.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::settlement::{Event, Outcome, SettlementTerms, Stage, Transition, step};
use tollgate_engine::time::{Month, UnixMicros};
use tollgate_engine::wallet::Posting;

use super::Draft;
use super::counters::{negative, sum};
use crate::change::EntryText;
use crate::database::Unavailable;
use crate::delivery::EventOutcome;
use crate::message::Ticket;
use crate::rows::{EntryKind, MessageState, StateRow};
use crate::usage::ChargeFacts;

/// What a message was charged, as far as its settlement needs it.
#[derive(Clone, Copy, Debug)]
pub struct Price<'a> {
    pub account: AccountNumber,
    pub amount: Amount,
    pub segments: u32,
    pub month: Month,
    pub network: NetworkCode,
    pub submitted_at: UnixMicros,
    pub dispatch_id: Option<&'a [u8]>,
    pub terms: SettlementTerms,
}

impl<'a> Price<'a> {
    pub fn of(ticket: &Ticket<'a>) -> Self {
        let Ticket { account, amount, month, network, submitted_at, dispatch_id, terms, .. } = *ticket;
        let segments = u32::from(ticket.segments);
        Self { account, amount, segments, month, network, submitted_at, dispatch_id, terms }
    }

    /// What the usage of the message depends on.
    pub fn facts(&self) -> ChargeFacts {
        let Self { account, submitted_at, network, segments, amount, .. } = *self;
        ChargeFacts { account, submitted_at, network, segments, amount }
    }
}

impl Draft<'_> {
    /// Moves the money and the counters of a message on which `event` comes in `stage`, and notes in its state what was
    /// given back.
    pub(super) fn settle(
        &mut self,
        message_id: u64,
        price: &Price<'_>,
        (stage, event): (Stage, Event),
        state: &mut StateRow,
    ) -> Result<Transition, Unavailable> {
        let asked = step(stage, event, price.terms);
        // What was given back by hand is not given back once more, whatever comes later.
        let transition = Transition { refund: asked.refund && !state.is_refunded, ..asked };
        self.load_dispatch(price.account, price.dispatch_id)?;
        if transition.refund {
            self.give_back(message_id, price, state)?;
        }
        if let Some(dispatch) = price.dispatch_id {
            let counted = transition.counted;
            let counters = self.dispatch_mut(price.account, dispatch);
            counters.submitted += counted.submitted;
            counters.delivered += counted.delivered;
            counters.failed += counted.failed;
            counters.cancelled += counted.cancelled;
        }
        Ok(transition)
    }

    /// Gives a charge back, once, and notes it in its message's state: the one entry in the ledger, the balance, the
    /// month's segments, and what its dispatch counts of them. Only reading what is to change can fail.
    pub(super) fn give_back(
        &mut self,
        message_id: u64,
        price: &Price<'_>,
        state: &mut StateRow,
    ) -> Result<(), Unavailable> {
        let Price { account, amount, segments, month, dispatch_id, .. } = *price;
        self.load(account, month, dispatch_id)?;
        (state.refunded, state.is_refunded) = (amount, true);
        if let Some(dispatch) = dispatch_id {
            let counters = self.dispatch_mut(account, dispatch);
            counters.segments = counters.segments.saturating_sub(u64::from(segments));
            counters.cost = sum(counters.cost, negative(amount));
        }
        let volume = self.volume_mut(account, month);
        *volume = volume.saturating_sub(u64::from(segments));
        self.wallet_mut(account).forget(month, u64::from(segments));
        self.post(account, EntryKind::Refund, amount, EntryText::reference(message_id.to_string()));
        self.changes.news.refunds.push(Posting { account, amount, month, counted_before: 0, segments });
        Ok(())
    }

    /// Adds what an operator charges to the counters of a message's dispatch.
    pub(super) fn count_cost(&mut self, price: &Price<'_>, cost: Option<Amount>) -> Result<(), Unavailable> {
        self.load_dispatch(price.account, price.dispatch_id)?;
        if let (Some(dispatch), Some(cost)) = (price.dispatch_id, cost) {
            let counters = self.dispatch_mut(price.account, dispatch);
            counters.cost_operators = sum(counters.cost_operators, cost);
        }
        Ok(())
    }
}

/// Where a message with this state is. Nothing more becomes of one that was accepted for good: it is as good as at its
/// end, and nobody can say how it ended.
pub fn stage_of(state: &StateRow) -> Stage {
    Stage::Final(match state.state {
        MessageState::Enroute => return Stage::Accepted,
        MessageState::Delivered => Outcome::Delivered,
        MessageState::Deleted if state.accepted_at.is_none() => Outcome::Cancelled,
        MessageState::Expired if state.accepted_at.is_none() => Outcome::Expired,
        MessageState::Rejected if state.accepted_at.is_none() => Outcome::Rejected,
        MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Rejected => Outcome::Undelivered,
        MessageState::Accepted | MessageState::Unknown => Outcome::Unknown,
    })
}

/// What is said of a message that has come to its end by this transition; nothing much of any other.
pub fn settled(
    message_id: u64,
    ticket: &Ticket<'_>,
    state: &StateRow,
    transition: &Transition,
) -> EventOutcome {
    match transition.stage {
        Stage::Final(outcome) if transition.finished_now => EventOutcome::Settled {
            account: ticket.account,
            message_id,
            operator: state.operator,
            outcome,
            submitted_at: ticket.submitted_at,
            accepted_at: state.accepted_at,
            network: ticket.network,
            refunded: transition.refund,
        },
        _ if transition.accepted_now => EventOutcome::Done,
        _ => EventOutcome::Noted,
    }
}
