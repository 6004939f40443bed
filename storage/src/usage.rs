//! The contribution of each message to the usage counters. The committer, `tollgate verify` and the building
//! of counters that an earlier version did not keep all ask here, so that they count alike.
//!
//! A message counts in the quarter of an hour in which it was submitted, for ever: its later states change
//! the same rows. The offset of every time zone is a whole number of quarters, so any zone's hours, days and
//! months are ranges of them.

use std::collections::BTreeMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::country::CountryCode;
use tollgate_engine::money::{Amount, Total};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::{Month, UnixMicros};

use crate::cdr::Cdr;
use crate::countries::NumberCountries;
use crate::rows::{MessageState, StateRow, UsageRow};

/// The account of rows that are over all accounts. Accounts are numbered from one.
pub const ALL_ACCOUNTS: AccountNumber = AccountNumber(0);

/// A quarter of an hour in microseconds.
pub const QUARTER_MICROS: u64 = 900_000_000;

/// A quarter of an hour, counted from 1970 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quarter(pub u32);

impl Quarter {
    /// The one that this instant lies in; what no calendar holds lies in the last of all.
    pub fn of(at: UnixMicros) -> Self {
        Self(u32::try_from(at.0 / QUARTER_MICROS).unwrap_or(u32::MAX))
    }

    /// Its first instant.
    pub fn starts_at(self) -> UnixMicros {
        UnixMicros(u64::from(self.0) * QUARTER_MICROS)
    }
}

/// The network or operator whose messages a row counts, in the order of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UsageOf {
    /// Every message to numbers of this country in this network. Operators of one country have numbers of others; `None`
    /// where the numbering plan does not say the country.
    Network(NetworkCode, Option<CountryCode>),
    /// The messages that this operator has, or refused last.
    Operator(OperatorNumber),
    /// Messages of accounts below that the account paid for as a level of their chain: those to numbers of this country in this
    /// network, which is the one that the account pays for.
    Below(NetworkCode, Option<CountryCode>),
}

/// The messages that a row counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UsageKey {
    /// The account; [`ALL_ACCOUNTS`] for an operator's row over all accounts.
    pub account: AccountNumber,
    /// The quarter of an hour in which they were submitted.
    pub quarter: Quarter,
    /// The network or operator that they went to.
    pub of: UsageOf,
}

/// The facts of a message's charge that its usage depends on.
#[derive(Clone, Debug)]
pub(crate) struct ChargeFacts {
    pub account: AccountNumber,
    pub submitted_at: UnixMicros,
    pub network: NetworkCode,
    pub country: Option<CountryCode>,
    pub segments: u32,
    pub amount: Amount,
    /// The accounts above, from the parent up.
    pub above: Vec<LevelFacts>,
}

/// The charge of an account above the one that sent the message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LevelFacts {
    pub account: AccountNumber,
    pub network: NetworkCode,
    /// The month that the message counts in for it.
    pub month: Month,
    pub segments: u32,
    pub amount: Amount,
    /// The price that the level below pays, in the currency of the level below.
    pub sold: Amount,
    /// Earned on it as a commission.
    pub commission: Amount,
    /// True if the level earns a commission on it, and pays nothing.
    pub is_agent: bool,
}

impl LevelFacts {
    /// All levels above the account that sent a message, from the parent up.
    pub fn of(beside: &Beside) -> impl Iterator<Item = Self> + Clone {
        beside.above.iter().map(|level| Self {
            account: level.postings.posting.account,
            network: level.network,
            month: level.postings.posting.month,
            segments: u32::from(level.segments),
            amount: level.postings.posting.amount,
            sold: level.sold,
            commission: level.postings.commission,
            is_agent: level.is_agent,
        })
    }

    /// True if the level pays for the message.
    pub fn pays(&self) -> bool {
        !self.is_agent
    }
}

impl ChargeFacts {
    pub fn of(cdr: &Cdr<'_>, countries: &NumberCountries) -> Self {
        let (header, fields) = (&cdr.header, &cdr.fields);
        Self {
            account: cdr.account,
            submitted_at: header.submitted_at,
            network: fields.network,
            country: countries.country(cdr.message_id, fields.destination.as_bytes()),
            segments: u32::from(fields.segments),
            amount: fields.amount,
            above: cdr.beside().iter().flat_map(LevelFacts::of).collect(),
        }
    }
}

/// The counts that a message in this state adds, by row.
pub(crate) fn contributions(
    charge: &ChargeFacts,
    state: Option<&StateRow>,
) -> impl Iterator<Item = (UsageKey, UsageRow)> {
    let (account, quarter) = (charge.account, Quarter::of(charge.submitted_at));
    let row = counted(charge, state);
    let above = charge.above.iter().filter(|level| level.pays()).map(move |level| {
        let of = UsageOf::Below(level.network, charge.country);
        (UsageKey { account: level.account, quarter, of }, counted_above(level, state))
    });
    let with_operator = state.filter(|state| state.operator != OperatorNumber::default());
    let of_operator = with_operator.map(|state| {
        let of = UsageOf::Operator(state.operator);
        (UsageKey { account, quarter, of }, row.clone())
    });
    let over_all = with_operator.map(|state| {
        let of = UsageOf::Operator(state.operator);
        (UsageKey { account: ALL_ACCOUNTS, quarter, of }, over_all_accounts(&row, state))
    });
    let of_network =
        (UsageKey { account, quarter, of: UsageOf::Network(charge.network, charge.country) }, row);
    [Some(of_network), of_operator, over_all].into_iter().flatten().chain(above)
}

/// As an account's row counts the message.
fn counted(charge: &ChargeFacts, state: Option<&StateRow>) -> UsageRow {
    let mut row = charged(charge.segments, charge.amount);
    let Some(state) = state else { return row };
    if state.is_refunded {
        row.segments = 0;
        row.refunded = state.refunded.into();
    }
    row.cost_operators = state.cost_in_account_currency.unwrap_or_default().into();
    count_outcome(&mut row, state);
    row
}

/// As the row of an account above counts the message. A refund gives every level all that it paid; what an operator charges is
/// known in the currency of the account that sent it.
fn counted_above(level: &LevelFacts, state: Option<&StateRow>) -> UsageRow {
    let mut row = charged(level.segments, level.amount);
    let Some(state) = state else { return row };
    if state.is_refunded {
        row.segments = 0;
        row.refunded = level.amount.into();
    }
    count_outcome(&mut row, state);
    row
}

fn charged(segments: u32, amount: Amount) -> UsageRow {
    UsageRow { messages: 1, segments: u64::from(segments), charged: amount.into(), ..UsageRow::default() }
}

fn count_outcome(row: &mut UsageRow, state: &StateRow) {
    row.submitted = u64::from(state.accepted_at.is_some());
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
}

/// As the row of its operator over all accounts counts it. Accounts have different currencies; what an
/// operator charges is added up in its own.
fn over_all_accounts(row: &UsageRow, state: &StateRow) -> UsageRow {
    let cost = state.cost_currency.map(|currency| (currency, state.cost));
    let costs = cost.into_iter().filter(|(_, cost)| *cost != Amount::ZERO);
    let costs: BTreeMap<_, _> = costs.map(|(currency, cost)| (currency, cost.into())).collect();
    UsageRow {
        charged: Total::ZERO,
        refunded: Total::ZERO,
        cost_operators: Total::ZERO,
        costs,
        ..row.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_lies_in_one_quarter() {
        for (micros, quarter) in [(0, 0), (QUARTER_MICROS - 1, 0), (QUARTER_MICROS, 1)] {
            assert_eq!(Quarter::of(UnixMicros(micros)), Quarter(quarter));
        }
        assert_eq!(Quarter::of(UnixMicros(u64::MAX)), Quarter(u32::MAX));
        assert_eq!(Quarter(5).starts_at(), UnixMicros(5 * QUARTER_MICROS));
        assert_eq!(Quarter::of(Quarter(u32::MAX).starts_at()), Quarter(u32::MAX));
    }
}
