//! The contribution of a message to the time series. The committer, `tollgate verify` and the building of series that an earlier version
//! did not keep all ask here, so that they count alike.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Amount, Currency, Total};
use tollgate_engine::operator::OperatorNumber;

use super::Minute;
use super::cell::{Cell, MessageCell, SalesCell};
use crate::rows::{MessageState, SeriesMoney, SeriesRow, StateRow};
use crate::usage::{ChargeFacts, LevelFacts};

/// The currency of every account.
pub trait Currencies {
    /// The currency of an account that has books.
    fn currency(&self, account: AccountNumber) -> Currency;
}

/// The counts that a message of an account on this plan adds in this state, by cell.
pub(crate) fn contributions(
    charge: &ChargeFacts,
    plan: &Arc<str>,
    currencies: &impl Currencies,
    state: Option<&StateRow>,
) -> Vec<(Cell, SeriesRow)> {
    let minute = Minute::of(charge.submitted_at);
    let cell = Cell::Messages(MessageCell {
        minute,
        account: charge.account,
        plan: Arc::clone(plan),
        network: charge.network,
        country: charge.country,
        operator: state.map_or(OperatorNumber::default(), |state| state.operator),
    });
    let mut added = vec![(cell, of_message(charge, currencies, state))];
    let mut child = charge.account;
    for level in &charge.above {
        let account = level.account;
        let cell =
            Cell::Sales(SalesCell { minute, account, network: level.network, country: charge.country });
        let own = (currencies.currency(account), currencies.currency(child));
        added.push((cell, of_sale(level, own, state)));
        child = account;
    }
    added
}

/// The counts that a message of an account adds. The highest account that pays pays the house.
fn of_message(charge: &ChargeFacts, currencies: &impl Currencies, state: Option<&StateRow>) -> SeriesRow {
    let mut row = counts(charge.segments, state);
    let top = charge.above.iter().rfind(|level| level.pays());
    let payer = top.map_or(charge.account, |level| level.account);
    let charged = top.map_or(charge.amount, |level| level.amount);
    let is_refunded = state.is_some_and(|state| state.is_refunded);
    let refunded = |amount: Amount| if is_refunded { amount.into() } else { Total::ZERO };
    let (own, theirs) = (currencies.currency(charge.account), currencies.currency(payer));
    let house = SeriesMoney {
        charged: charged.into(),
        refunded: if top.is_some() {
            refunded(charged)
        } else {
            state.map_or(Total::ZERO, |state| state.refunded.into())
        },
        ..SeriesMoney::default()
    };
    row.money.insert(theirs, house);
    if top.is_some() {
        let own_money = SeriesMoney {
            charged: charge.amount.into(),
            refunded: refunded(charge.amount),
            ..SeriesMoney::default()
        };
        row.beside.entry(own).or_default().add(&own_money);
        row.beside.entry(theirs).or_default().remove(&house);
    }
    add_costs(&mut row, (own, theirs), &house, state);
    if let Some(state) = state {
        add_latencies(&mut row, charge, state);
    }
    tidy(&mut row);
    row
}

/// Adds what the operator asks for the message, and the margin where it is known.
fn add_costs(
    row: &mut SeriesRow,
    (own, theirs): (Currency, Currency),
    house: &SeriesMoney,
    state: Option<&StateRow>,
) {
    let revenue = house.charged.minus(house.refunded);
    let (asked, converted) = match state {
        Some(state) => (state.cost_currency, state.cost_in_account_currency),
        None => (None, None),
    };
    let cost = state.map_or(Amount::ZERO, |state| state.cost);
    if let Some(currency) = asked {
        row.money.entry(currency).or_default().cost += cost;
    }
    if let Some(converted) = converted {
        row.money.entry(own).or_default().converted_cost += converted;
    }
    let known = match (asked, converted) {
        (None, _) => Some(Total::ZERO),
        (Some(currency), _) if currency == theirs => Some(cost.into()),
        (Some(_), Some(converted)) if own == theirs => Some(converted.into()),
        (Some(_), _) => None,
    };
    match known {
        Some(cost) => row.money.entry(theirs).or_default().margin += revenue.minus(cost),
        None => row.margin_unknown = 1,
    }
}

/// The counts that the sale of a message adds to an account above the one that submitted it. A refund gives back all.
fn of_sale(level: &LevelFacts, (own, child): (Currency, Currency), state: Option<&StateRow>) -> SeriesRow {
    let mut row = counts(level.segments, state);
    let is_refunded = state.is_some_and(|state| state.is_refunded);
    let money = |amount: Amount| {
        let charged = Total::from(amount);
        SeriesMoney {
            charged,
            refunded: if is_refunded { charged } else { Total::ZERO },
            ..SeriesMoney::default()
        }
    };
    if level.pays() {
        row.money.insert(own, money(level.amount));
        row.beside.insert(child, money(level.sold));
        if own != child {
            row.margin_unknown = 1;
        } else if !is_refunded {
            row.beside.entry(own).or_default().margin += Total::from(level.sold).minus(level.amount);
        }
    } else if !is_refunded {
        row.beside.entry(own).or_default().margin += level.commission;
    }
    tidy(&mut row);
    row
}

fn counts(segments: u32, state: Option<&StateRow>) -> SeriesRow {
    let mut row = SeriesRow { messages: 1, segments: i64::from(segments), ..SeriesRow::default() };
    let Some(state) = state else { return row };
    if state.is_refunded {
        row.segments = 0;
    }
    row.accepted = i64::from(state.accepted_at.is_some());
    match state.state {
        MessageState::Enroute => {}
        MessageState::Delivered => row.delivered = 1,
        MessageState::Accepted => row.unconfirmed = 1,
        MessageState::Deleted if state.accepted_at.is_none() => row.cancelled = 1,
        MessageState::Expired
        | MessageState::Deleted
        | MessageState::Undeliverable
        | MessageState::Unknown
        | MessageState::Rejected => row.failed = 1,
    }
    row
}

/// Counts how long it took an operator to accept a message, and to report its delivery.
fn add_latencies(row: &mut SeriesRow, charge: &ChargeFacts, state: &StateRow) {
    let Some(accepted_at) = state.accepted_at else { return };
    row.acceptance.count(charge.submitted_at, accepted_at);
    if state.state == MessageState::Delivered {
        row.delivery.count(accepted_at, state.at);
    }
}

/// No row has a currency without money.
fn tidy(row: &mut SeriesRow) {
    row.money.retain(|_, money| *money != SeriesMoney::default());
    row.beside.retain(|_, money| *money != SeriesMoney::default());
}
