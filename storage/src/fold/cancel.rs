//! Cancelled and replaced messages: those that were offered to no operator.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::settlement::{Event, SettlementTerms, Stage};

use super::amended::Amendment;
use super::charged::Charged;
use super::error::FoldError;
use super::messages::Messages;
use super::price::Price;
use super::waiting::Waiting;
use crate::cdr::CdrRoute;
use crate::command::Replacement;
use crate::database::{Unavailable, damaged};
use crate::message::{Message, put_short_id};
use crate::outcome::CancelError;
use crate::rows::{MessageState, StateRow};
use crate::schema::Family;

impl Messages<'_> {
    /// Cancels a message and refunds its charge.
    pub fn cancel(&mut self, account: AccountNumber, message_id: u64) -> Result<(), FoldError> {
        let charged = self.open_charge(account, message_id)?;
        let waiting = charged.route.map(|route| self.unsent(message_id, route)).transpose()?;
        self.cancel_open(message_id, &charged.price(account, SettlementTerms::default()), waiting.as_ref())?;
        Ok(())
    }

    /// Cancels a message that has no outcome yet; `waiting` is its place if it is to be sent. A read that
    /// fails leaves the draft as it is.
    pub fn cancel_open(
        &mut self,
        message_id: u64,
        price: &Price<'_>,
        waiting: Option<&Waiting>,
    ) -> Result<StateRow, Unavailable> {
        self.books.load(price, None)?;
        if let Some(waiting) = waiting {
            self.waiting.remove(&mut self.out, waiting)?;
            self.waiting.amend(waiting, Amendment::Dropped);
        }
        let mut state = StateRow { state: MessageState::Deleted, at: self.out.now, ..StateRow::default() };
        let event = (Stage::Waiting, Event::Cancelled);
        self.books.settle(&mut self.out, message_id, price, event, &mut state)?;
        self.books.set_state(&mut self.out, price, message_id, None, state.clone())?;
        Ok(state)
    }

    /// Changes the content of a message. Its charge stays as it is.
    pub fn replace(&mut self, replacement: &Replacement) -> Result<(), FoldError> {
        let Replacement { account, message_id, ref body, .. } = *replacement;
        let charged = self.open_charge(account, message_id)?;
        // A message that is not to be sent has nothing that could be replaced.
        let route = charged.route.ok_or(CancelError::Final)?;
        let waiting = self.unsent(message_id, route)?;
        let before = waiting.message()?;
        let mut bytes = Vec::with_capacity(body.len() + 1);
        put_short_id(&mut bytes, message_id, before.ticket.visible_id);
        bytes.extend_from_slice(body);
        let after = Message::read(message_id, &bytes).ok_or_else(|| damaged(Family::Queue))?;
        if !is_same_charge(&before, &after) {
            return Err(CancelError::Final.into());
        }
        let ends = (before.content.expires_at, after.content.expires_at);
        self.waiting.move_expiry(&mut self.out.batch, &waiting, route.scheduled_at, ends)?;
        let bytes = bytes.into_boxed_slice();
        self.waiting.amend(&waiting, Amendment::Replaced(bytes.clone()));
        self.waiting.rewrite(&mut self.out.batch, &waiting, bytes);
        Ok(())
    }

    /// The charge of a message that has no outcome yet.
    fn open_charge(&self, account: AccountNumber, message_id: u64) -> Result<Charged, FoldError> {
        if self.books.state(account, message_id)?.is_some() {
            return Err(CancelError::Final.into());
        }
        let charged = self.charged(account, message_id)?;
        Ok(charged.ok_or(CancelError::Unknown)?)
    }

    /// A message that waits and is in no lease. A leased one may have been sent.
    fn unsent(&self, message_id: u64, route: CdrRoute) -> Result<Waiting, FoldError> {
        if self.leases.holds(message_id) {
            return Err(CancelError::Final.into());
        }
        let waiting = self.waiting.get(&route.queue_key(message_id), route.scheduled_at)?;
        Ok(waiting.ok_or(CancelError::Final)?)
    }
}

/// True if two messages are settled alike.
fn is_same_charge(left: &Message<'_>, right: &Message<'_>) -> bool {
    let charge = |message: &Message<'_>| {
        let ticket = message.ticket;
        let price = (ticket.account, ticket.amount, ticket.segments, ticket.terms, ticket.currency);
        (price, ticket.month, ticket.network, ticket.submitted_at, ticket.has_postings)
    };
    charge(left) == charge(right) && left.ticket.dispatch_id == right.ticket.dispatch_id
}
