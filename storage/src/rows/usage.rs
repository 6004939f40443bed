//! Usage: what an account sent in a quarter of an hour, to one network or by one operator.

use std::collections::BTreeMap;

use tollgate_engine::money::{Currency, Total};

use super::Row;
use crate::codec::{Reader, put_currency, put_total, put_varint};

/// `usage`: counters of the messages of one key, equal to the counts over their CDRs and their states.
/// Amounts are in the account's currency. In the rows of an operator over all accounts, which have several,
/// only `costs` has money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// The number of messages charged.
    pub messages: u64,
    /// Their segments, less those of messages whose charge was given back.
    pub segments: u64,
    /// The charges, refunded ones included.
    pub charged: Total,
    /// The sum of the refunds.
    pub refunded: Total,
    /// Messages that an operator took.
    pub submitted: u64,
    /// The number of messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise, those cancelled aside.
    pub failed: u64,
    /// The number of messages cancelled.
    pub cancelled: u64,
    /// Messages that ended as accepted, by operators that send no receipts.
    pub unconfirmed: u64,
    /// The operators' costs, as far as they are known in the account's currency.
    pub cost_operators: Total,
    /// The operator's costs, by currency; only in its rows over all accounts. There is no zero in it.
    pub costs: BTreeMap<Currency, Total>,
}

impl UsageRow {
    /// True if it counts nothing. Such a row is not kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Messages of which something may still become.
    pub fn pending(&self) -> u64 {
        let ended = [self.delivered, self.failed, self.cancelled, self.unconfirmed];
        self.messages.saturating_sub(ended.into_iter().fold(0, u64::saturating_add))
    }

    /// Adds the counts of `other`. Rows in different currencies have no sum: rows that are added are of one
    /// account, or of one operator over all accounts.
    pub fn add(&mut self, other: &Self) {
        self.change(other, u64::wrapping_add, |sum, other| *sum += other);
    }

    /// Takes the counts of `other` away.
    pub fn remove(&mut self, other: &Self) {
        self.change(other, u64::wrapping_sub, |sum, other| *sum -= other);
    }

    /// Counters wrap around: the outcome of a message may be counted before its charge is, and is then taken
    /// from a counter that does not have it yet.
    fn change(&mut self, other: &Self, count: impl Fn(u64, u64) -> u64, money: impl Fn(&mut Total, Total)) {
        for (counter, other) in self.counters_mut().into_iter().zip(other.counters()) {
            *counter = count(*counter, other);
        }
        for (sum, other) in [
            (&mut self.charged, other.charged),
            (&mut self.refunded, other.refunded),
            (&mut self.cost_operators, other.cost_operators),
        ] {
            money(sum, other);
        }
        for (currency, cost) in &other.costs {
            money(self.costs.entry(*currency).or_default(), *cost);
        }
        self.costs.retain(|_, sum| *sum != Total::ZERO);
    }

    fn counters(&self) -> [u64; 7] {
        let Self { messages, segments, submitted, delivered, failed, cancelled, unconfirmed, .. } = *self;
        [messages, segments, submitted, delivered, failed, cancelled, unconfirmed]
    }

    fn counters_mut(&mut self) -> [&mut u64; 7] {
        let Self { messages, segments, submitted, delivered, failed, cancelled, unconfirmed, .. } = self;
        [messages, segments, submitted, delivered, failed, cancelled, unconfirmed]
    }
}

impl Row for UsageRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        for counter in self.counters() {
            put_varint(out, counter);
        }
        for amount in [self.charged, self.refunded, self.cost_operators] {
            put_total(out, amount);
        }
        put_varint(out, self.costs.len() as u64);
        for (currency, cost) in &self.costs {
            put_currency(out, *currency);
            put_total(out, *cost);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let mut row = Self::default();
        for counter in row.counters_mut() {
            *counter = reader.varint()?;
        }
        row.charged = reader.total()?;
        row.refunded = reader.total()?;
        row.cost_operators = reader.total()?;
        for _ in 0..reader.varint()? {
            row.costs.insert(reader.currency()?, reader.total()?);
        }
        Some(row)
    }
}
