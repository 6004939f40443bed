//! Refunds by hand, and gateways' reports about messages that were charged only.
//!
//! A change is planned from the disk and the draft, and then made. Only planning can refuse it.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::{Event, ReceiptState, SettlementTerms, Stage};

use super::charged::Charged;
use super::messages::Messages;
use super::price::{Price, stage_of};
use super::waiting::Waiting;
use crate::database::{Unavailable, damaged};
use crate::message_change::{MessageChange, MessageChangeError, MessageChanged, ReportedOutcome};
use crate::rows::{MessageState, StateRow};
use crate::schema::Family;

/// The effect of a change.
#[derive(Debug)]
enum Plan {
    /// The message has no outcome yet: it is cancelled, and taken out of its queue if it is to be sent.
    Cancel(Option<Waiting>),
    /// The message has ended and keeps its outcome; its charge is refunded.
    Refund(StateRow),
    /// The message gets a new state.
    Settle { before: Option<StateRow>, event: Event, after: StateRow },
    /// The report says nothing new.
    Nothing(StateRow),
}

impl Messages<'_> {
    /// Checks that a change can be made on top of the draft. Nothing is changed.
    pub fn check_message_change(&self, change: &MessageChange) -> Result<(), MessageChangeError> {
        self.plan(change).map(drop)
    }

    /// Makes a change. On an error the draft is as it was before.
    pub fn change_message(&mut self, change: &MessageChange) -> Result<MessageChanged, MessageChangeError> {
        let (charged, plan) = self.plan(change)?;
        let terms = match change {
            MessageChange::Refund { .. } => SettlementTerms::default(),
            MessageChange::Report { terms, .. } => *terms,
        };
        let (price, message_id) = (charged.price(change.account(), terms), change.message_id());
        let changed_now = !matches!(plan, Plan::Nothing(_));
        let state = match plan {
            Plan::Cancel(waiting) => self.cancel_open(message_id, &price, waiting.as_ref())?,
            Plan::Refund(before) => self.refund_by_hand(message_id, &price, &before)?,
            Plan::Settle { before, event, after } => {
                self.reported(message_id, &price, before.as_ref(), event, after)?
            }
            Plan::Nothing(state) => state,
        };
        Ok(MessageChanged { message_id, state: state.state, refunded: state.refunded, changed_now })
    }

    fn plan(&self, change: &MessageChange) -> Result<(Charged, Plan), MessageChangeError> {
        let (account, message_id) = (change.account(), change.message_id());
        let charged = self.charged(account, message_id)?.ok_or(MessageChangeError::Unknown)?;
        let plan = match change {
            MessageChange::Refund { .. } => self.plan_refund(account, message_id, &charged)?,
            MessageChange::Report { .. } if charged.route.is_some() => {
                return Err(MessageChangeError::NotChargeOnly);
            }
            MessageChange::Report { outcome, error, .. } => {
                self.plan_report(self.books.state(account, message_id)?, *outcome, *error)?
            }
        };
        Ok((charged, plan))
    }

    fn plan_refund(
        &self,
        account: AccountNumber,
        message_id: u64,
        charged: &Charged,
    ) -> Result<Plan, MessageChangeError> {
        match (self.books.state(account, message_id)?, charged.route) {
            (Some(state), _) if state.is_refunded => Err(MessageChangeError::AlreadyRefunded),
            (Some(state), _) if state.state.is_final() => Ok(Plan::Refund(state)),
            (Some(_), _) => Err(MessageChangeError::NotFinal),
            (None, None) => Ok(Plan::Cancel(None)),
            // A leased message may have been sent.
            (None, Some(_)) if self.leases.holds(message_id) => Err(MessageChangeError::NotFinal),
            (None, Some(route)) => {
                let waiting = self.waiting.get(&route.queue_key(message_id), route.scheduled_at)?;
                Ok(Plan::Cancel(Some(waiting.ok_or_else(|| damaged(Family::Queue))?)))
            }
        }
    }

    fn plan_report(
        &self,
        before: Option<StateRow>,
        outcome: ReportedOutcome,
        error: u32,
    ) -> Result<Plan, MessageChangeError> {
        if let Some(known) = before.as_ref().filter(|known| known.state.is_final()) {
            // A late report that a message was on its way is ignored once it has ended; for a cancelled one
            // it is wrong.
            let was_on_its_way = outcome == ReportedOutcome::Accepted && known.state != MessageState::Deleted;
            if known.state != outcome.state() && !was_on_its_way {
                return Err(MessageChangeError::Final);
            }
            return Ok(Plan::Nothing(known.clone()));
        }
        let stage = before.as_ref().map_or(Stage::Waiting, stage_of);
        let (event, known) = (event_of(stage, outcome), before.clone().unwrap_or_default());
        match event {
            Some(event) => {
                let after = StateRow { state: outcome.state(), at: self.out.now, error, ..known };
                Ok(Plan::Settle { before, event, after })
            }
            None => Ok(Plan::Nothing(known)),
        }
    }

    /// Refunds the charge of a message that has ended.
    fn refund_by_hand(
        &mut self,
        message_id: u64,
        price: &Price<'_>,
        before: &StateRow,
    ) -> Result<StateRow, Unavailable> {
        let mut after = StateRow { refunded_by_hand: true, ..before.clone() };
        self.books.load_usage(price, Some(before))?;
        self.books.refund(&mut self.out, message_id, price, &mut after)?;
        self.books.set_state(&mut self.out, price, message_id, Some(before), after.clone())?;
        Ok(after)
    }

    /// Settles a message by its gateway's report. The gateway knows the outcome, so it is sent no receipt.
    fn reported(
        &mut self,
        message_id: u64,
        price: &Price<'_>,
        before: Option<&StateRow>,
        event: Event,
        mut after: StateRow,
    ) -> Result<StateRow, Unavailable> {
        self.books.load(price, before)?;
        let stage = before.map_or(Stage::Waiting, stage_of);
        let transition = self.books.settle(&mut self.out, message_id, price, (stage, event), &mut after)?;
        if transition.accepted_now {
            after.accepted_at = Some(self.out.now);
        }
        self.books.set_state(&mut self.out, price, message_id, before, after.clone())?;
        Ok(after)
    }
}

/// The event that a gateway's report means for a message in this stage; `None` if it says nothing new. The
/// gateway's own route takes the place of an operator: a message that was delivered or not delivered there
/// was accepted there, so a dispatch counts it as submitted. One that expired or was rejected was accepted
/// only if that was reported before.
fn event_of(stage: Stage, outcome: ReportedOutcome) -> Option<Event> {
    let is_taken = stage == Stage::Accepted;
    Some(match outcome {
        ReportedOutcome::Accepted if is_taken => return None,
        ReportedOutcome::Accepted => Event::Accepted,
        ReportedOutcome::Delivered => Event::Receipt(ReceiptState::Delivered),
        ReportedOutcome::Undelivered => Event::Receipt(ReceiptState::Undeliverable),
        ReportedOutcome::Expired if is_taken => Event::Receipt(ReceiptState::Expired),
        ReportedOutcome::Expired => Event::Expired,
        ReportedOutcome::Rejected if is_taken => Event::Receipt(ReceiptState::Rejected),
        ReportedOutcome::Rejected => Event::Rejected,
        ReportedOutcome::Unknown => Event::Unknown,
    })
}
