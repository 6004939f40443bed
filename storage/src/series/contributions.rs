//! The contribution of a message to the time series. The committer, `tollgate verify` and the building of series that an earlier version
//! did not keep all ask here, so that they count alike.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::operator::OperatorNumber;

use super::Minute;
use super::cell::{Cell, Cells, MessageCell, SalesCell};
use crate::rows::{MessageState, SeriesMoney, SeriesRow, StateRow};
use crate::usage::{ChargeFacts, LevelFacts};

/// The currency of every account.
pub trait Currencies {
    /// The currency of an account that has books.
    fn currency(&self, account: AccountNumber) -> Currency;
}

/// Counts messages that come into a state, or leave it, in the cells that they belong to.
#[derive(Debug)]
pub(crate) struct Counter<'a, C> {
    pub currencies: &'a C,
    pub cells: &'a mut Cells,
}

/// A row of counts, and whether a message is counted in it or taken out of it.
struct CountedRow<'a> {
    row: &'a mut SeriesRow,
    is_added: bool,
}

impl<C: Currencies> Counter<'_, C> {
    /// Counts a message of an account on this plan in this state.
    pub fn add(&mut self, charge: &ChargeFacts, plan: &Arc<str>, state: Option<&StateRow>) {
        self.count(charge, plan, state, true);
    }

    /// Takes it away again.
    pub fn remove(&mut self, charge: &ChargeFacts, plan: &Arc<str>, state: Option<&StateRow>) {
        self.count(charge, plan, state, false);
    }

    fn count(&mut self, charge: &ChargeFacts, plan: &Arc<str>, state: Option<&StateRow>, is_added: bool) {
        let minute = Minute::of(charge.submitted_at);
        let cell = Cell::Messages(MessageCell {
            minute,
            account: charge.account,
            plan: Arc::clone(plan),
            network: charge.network,
            country: charge.country,
            operator: state.map_or(OperatorNumber::default(), |state| state.operator),
        });
        let row = self.cells.entry(cell).or_default();
        CountedRow { row, is_added }.message(charge, self.currencies, state);
        let mut child = charge.account;
        for level in &charge.above {
            let account = level.account;
            let cell = SalesCell { minute, account, network: level.network, country: charge.country };
            let between = (self.currencies.currency(account), self.currencies.currency(child));
            let row = self.cells.entry(Cell::Sales(cell)).or_default();
            CountedRow { row, is_added }.sale(level, between, state);
            child = account;
        }
    }
}

impl CountedRow<'_> {
    /// A message of an account. The highest account that pays pays the house.
    fn message(&mut self, charge: &ChargeFacts, currencies: &impl Currencies, state: Option<&StateRow>) {
        self.counts(charge.segments, state);
        let top = charge.above.iter().rfind(|level| level.pays());
        let payer = top.map_or(charge.account, |level| level.account);
        let charged = top.map_or(charge.amount, |level| level.amount);
        let is_refunded = state.is_some_and(|state| state.is_refunded);
        let refunded = |amount: Amount| if is_refunded { amount.into() } else { Total::ZERO };
        let (own, theirs) = (currencies.currency(charge.account), currencies.currency(payer));
        let mut house = SeriesMoney {
            charged: charged.into(),
            refunded: if top.is_some() {
                refunded(charged)
            } else {
                state.map_or(Total::ZERO, |state| state.refunded.into())
            },
            ..SeriesMoney::default()
        };
        if top.is_some() {
            let own_money = SeriesMoney {
                charged: charge.amount.into(),
                refunded: refunded(charge.amount),
                ..SeriesMoney::default()
            };
            self.beside(own, &own_money);
            let mut theirs_less = SeriesMoney::default();
            theirs_less.remove(&house);
            self.beside(theirs, &theirs_less);
        }
        match self.costs((own, theirs), state) {
            Some(cost) => house.margin = house.charged.minus(house.refunded).minus(cost),
            None => self.one(|row| &mut row.margin_unknown),
        }
        self.money(theirs, &house);
        if let Some(state) = state {
            self.latencies(charge, state);
        }
    }

    /// Everything that the operator asks for the message; returns what of it lowers the margin in the currency of who pays the
    /// house, and nothing where that is not known.
    fn costs(&mut self, (own, theirs): (Currency, Currency), state: Option<&StateRow>) -> Option<Total> {
        let Some(state) = state else { return Some(Total::ZERO) };
        let converted = state.cost_in_account_currency.map(Total::from);
        if let Some(converted_cost) = converted {
            self.money(own, &SeriesMoney { converted_cost, ..SeriesMoney::default() });
        }
        let Some(asked) = state.cost_currency else { return Some(Total::ZERO) };
        let cost = Total::from(state.cost);
        self.money(asked, &SeriesMoney { cost, ..SeriesMoney::default() });
        if asked == theirs { Some(cost) } else { converted.filter(|_| own == theirs) }
    }

    /// A sale by an account above the one that submitted the message. A refund gives back all.
    fn sale(&mut self, level: &LevelFacts, (own, child): (Currency, Currency), state: Option<&StateRow>) {
        self.counts(level.segments, state);
        let is_refunded = state.is_some_and(|state| state.is_refunded);
        let money = |amount: Amount| {
            let charged = Total::from(amount);
            let refunded = if is_refunded { charged } else { Total::ZERO };
            SeriesMoney { charged, refunded, ..SeriesMoney::default() }
        };
        let margin = |margin: Total| SeriesMoney { margin, ..SeriesMoney::default() };
        if level.pays() {
            self.money(own, &money(level.amount));
            self.beside(child, &money(level.sold));
            if own != child {
                self.one(|row| &mut row.margin_unknown);
            } else if !is_refunded {
                self.beside(own, &margin(Total::from(level.sold).minus(level.amount)));
            }
        } else if !is_refunded {
            self.beside(own, &margin(level.commission.into()));
        }
    }

    fn counts(&mut self, segments: u32, state: Option<&StateRow>) {
        self.one(|row| &mut row.messages);
        if !state.is_some_and(|state| state.is_refunded) {
            self.many(|row| &mut row.segments, segments.into());
        }
        let Some(state) = state else { return };
        if state.accepted_at.is_some() {
            self.one(|row| &mut row.accepted);
        }
        match state.state {
            MessageState::Enroute => {}
            MessageState::Delivered => self.one(|row| &mut row.delivered),
            MessageState::Accepted => self.one(|row| &mut row.unconfirmed),
            MessageState::Deleted if state.accepted_at.is_none() => self.one(|row| &mut row.cancelled),
            MessageState::Expired
            | MessageState::Deleted
            | MessageState::Undeliverable
            | MessageState::Unknown
            | MessageState::Rejected => self.one(|row| &mut row.failed),
        }
    }

    /// The time that it took an operator to accept a message, and to report its delivery.
    fn latencies(&mut self, charge: &ChargeFacts, state: &StateRow) {
        let Some(accepted_at) = state.accepted_at else { return };
        let by = self.signed(1);
        self.row.acceptance.count(charge.submitted_at, accepted_at, by);
        if state.state == MessageState::Delivered {
            self.row.delivery.count(accepted_at, state.at, by);
        }
    }

    fn one(&mut self, counter: impl FnOnce(&mut SeriesRow) -> &mut i64) {
        self.many(counter, 1);
    }

    fn many(&mut self, counter: impl FnOnce(&mut SeriesRow) -> &mut i64, count: i64) {
        let by = self.signed(count);
        let counter = counter(self.row);
        *counter = counter.wrapping_add(by);
    }

    fn money(&mut self, currency: Currency, money: &SeriesMoney) {
        change(self.row.money.entry(currency).or_default(), money, self.is_added);
    }

    fn beside(&mut self, currency: Currency, money: &SeriesMoney) {
        change(self.row.beside.entry(currency).or_default(), money, self.is_added);
    }

    const fn signed(&self, count: i64) -> i64 {
        if self.is_added { count } else { -count }
    }
}

fn change(sums: &mut SeriesMoney, money: &SeriesMoney, is_added: bool) {
    if is_added { sums.add(money) } else { sums.remove(money) }
}
