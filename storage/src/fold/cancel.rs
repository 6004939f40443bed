//! Cancelled and replaced messages: those that no operator has been offered.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::settlement::{Event, SettlementTerms, Stage};
use tollgate_engine::time::{Month, UnixMicros};

use super::amended::Amendment;
use super::settle::Price;
use super::waiting::Waiting;
use super::{Draft, FoldError};
use crate::cdr::{Cdr, CdrRoute};
use crate::chunk::CancelError;
use crate::command::Replacement;
use crate::database::{Unavailable, damaged};
use crate::message::{Message, put_short_id};
use crate::rows::{MessageState, StateRow};
use crate::schema::Family;

/// What a message's CDR says, as far as it is needed here.
#[derive(Debug)]
pub struct Charged {
    amount: Amount,
    segments: u32,
    month: Month,
    network: NetworkCode,
    submitted_at: UnixMicros,
    dispatch_id: Option<Vec<u8>>,
    pub route: Option<CdrRoute>,
}

impl Draft<'_> {
    /// Cancels a message and gives its price back.
    pub(super) fn cancel(&mut self, account: AccountNumber, message_id: u64) -> Result<(), FoldError> {
        let charged = self.open_charge(account, message_id)?;
        let waiting = charged.route.map(|route| self.unsent(message_id, route)).transpose()?;
        self.cancel_open(message_id, &charged.price(account, SettlementTerms::default()), waiting.as_ref())?;
        Ok(())
    }

    /// The same for a message that is known to be open, and where it waits if it is to be sent. A read that fails leaves
    /// the draft as it is.
    pub(super) fn cancel_open(
        &mut self,
        message_id: u64,
        price: &Price<'_>,
        waiting: Option<&Waiting>,
    ) -> Result<StateRow, Unavailable> {
        self.load(price.account, price.month, price.dispatch_id)?;
        self.load_usage(&price.facts(), None)?;
        if let Some(waiting) = waiting {
            self.stop_waiting(waiting)?;
            self.amend(waiting, Amendment::Dropped);
        }
        let mut state = StateRow { state: MessageState::Deleted, at: self.now, ..StateRow::default() };
        self.settle(message_id, price, (Stage::Waiting, Event::Cancelled), &mut state)?;
        self.set_state(price, message_id, None, state.clone())?;
        Ok(state)
    }

    /// Changes what a message says. What it was charged stays as it is.
    pub(super) fn replace(&mut self, replacement: &Replacement) -> Result<(), FoldError> {
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
        let (old, new) = (before.content.expires_at, after.content.expires_at);
        self.move_expiry(&waiting.key, route.scheduled_at, old, new)?;
        let bytes = bytes.into_boxed_slice();
        self.amend(&waiting, Amendment::Replaced(bytes.clone()));
        self.rewrite(&waiting, bytes);
        Ok(())
    }

    /// The charge of a message that nothing has become of.
    fn open_charge(&self, account: AccountNumber, message_id: u64) -> Result<Charged, FoldError> {
        if self.state(account, message_id)?.is_some() {
            return Err(CancelError::Final.into());
        }
        let charged = self.charged(account, message_id)?;
        Ok(charged.ok_or(CancelError::Unknown)?)
    }

    /// What a message was charged; `None` where the account has no such message.
    pub(super) fn charged(
        &self,
        account: AccountNumber,
        message_id: u64,
    ) -> Result<Option<Charged>, Unavailable> {
        self.store.messages().cdr(account, message_id, Charged::of)
    }

    /// A message that waits and is in no lease: whether one that is was sent, nobody here can say.
    fn unsent(&self, message_id: u64, route: CdrRoute) -> Result<Waiting, FoldError> {
        if self.is_leased(message_id) {
            return Err(CancelError::Final.into());
        }
        let waiting = self.waiting(&route.queue_key(message_id), route.scheduled_at)?;
        Ok(waiting.ok_or(CancelError::Final)?)
    }
}

/// Whether two messages settle alike.
fn is_same_charge(left: &Message<'_>, right: &Message<'_>) -> bool {
    let charge = |message: &Message<'_>| {
        let ticket = message.ticket;
        let price = (ticket.account, ticket.amount, ticket.segments, ticket.terms, ticket.currency);
        (price, ticket.month, ticket.network, ticket.submitted_at)
    };
    charge(left) == charge(right) && left.ticket.dispatch_id == right.ticket.dispatch_id
}

impl Charged {
    /// What it settles by.
    pub fn price(&self, account: AccountNumber, terms: SettlementTerms) -> Price<'_> {
        let Self { amount, segments, month, network, submitted_at, ref dispatch_id, .. } = *self;
        let dispatch_id = dispatch_id.as_deref();
        Price { account, amount, segments, month, network, submitted_at, dispatch_id, terms }
    }

    fn of(cdr: &Cdr<'_>) -> Self {
        Self {
            amount: cdr.fields.amount,
            segments: u32::from(cdr.fields.segments),
            month: cdr.header.month,
            network: cdr.fields.network,
            submitted_at: cdr.header.submitted_at,
            dispatch_id: cdr.fields.dispatch_id.map(<[u8]>::to_vec),
            route: cdr.fields.route,
        }
    }
}
