//! Usage: what an account sent in a quarter of an hour, to one network or by one operator.

use std::collections::BTreeMap;

use tollgate_engine::money::{Amount, Currency};

use super::Row;
use crate::codec::{Reader, put_amount, put_currency, put_varint};

/// `usage`: counters of the messages of one key, equal to the counts over their CDRs and what became of them. Amounts are
/// in the account's currency. In the rows of an operator over all accounts, which have several, only `costs` has money.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageRow {
    /// Messages charged.
    pub messages: u64,
    /// Their segments, less those of messages whose charge was given back.
    pub segments: u64,
    /// What was charged, what was given back of it included.
    pub charged: Amount,
    /// What was given back.
    pub refunded: Amount,
    /// Messages that an operator took.
    pub submitted: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Messages that ended otherwise, those cancelled aside.
    pub failed: u64,
    /// Messages cancelled.
    pub cancelled: u64,
    /// Messages taken for good by operators that send no receipts. Nothing more will be heard of them.
    pub unconfirmed: u64,
    /// What the operators charge, as far as it is known in the account's currency.
    pub cost_operators: Amount,
    /// What the operator charges, by its currency; only in its rows over all accounts. There is no zero in it.
    pub costs: BTreeMap<Currency, Amount>,
}

impl UsageRow {
    /// Whether it counts nothing. Such a row is not kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Messages of which something may still become.
    pub fn pending(&self) -> u64 {
        let ended = [self.delivered, self.failed, self.cancelled, self.unconfirmed];
        self.messages.saturating_sub(ended.into_iter().fold(0, u64::saturating_add))
    }

    /// Counts what `other` counts too. Rows in different currencies have no sum: what is added up is of one account, or
    /// of one operator over all accounts.
    pub fn add(&mut self, other: &Self) {
        self.change(other, u64::wrapping_add, Amount::checked_add);
    }

    /// Counts what `other` counts no longer.
    pub fn remove(&mut self, other: &Self) {
        self.change(other, u64::wrapping_sub, Amount::checked_sub);
    }

    /// Counters go round: what becomes of a message may be counted before its charge is, and takes away what is not there
    /// yet. Amounts that cannot be held stay as they are: long before, the wallets of these charges could not hold them either.
    fn change(
        &mut self,
        other: &Self,
        count: impl Fn(u64, u64) -> u64,
        money: impl Fn(Amount, Amount) -> Option<Amount>,
    ) {
        for (counter, other) in self.counters_mut().into_iter().zip(other.counters()) {
            *counter = count(*counter, other);
        }
        for (amount, other) in [
            (&mut self.charged, other.charged),
            (&mut self.refunded, other.refunded),
            (&mut self.cost_operators, other.cost_operators),
        ] {
            *amount = money(*amount, other).unwrap_or(*amount);
        }
        for (currency, cost) in &other.costs {
            let sum = self.costs.entry(*currency).or_default();
            *sum = money(*sum, *cost).unwrap_or(*sum);
        }
        self.costs.retain(|_, sum| *sum != Amount::ZERO);
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
            put_amount(out, amount);
        }
        put_varint(out, self.costs.len() as u64);
        for (currency, cost) in &self.costs {
            put_currency(out, *currency);
            put_amount(out, *cost);
        }
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let mut row = Self::default();
        for counter in row.counters_mut() {
            *counter = reader.varint()?;
        }
        row.charged = reader.amount()?;
        row.refunded = reader.amount()?;
        row.cost_operators = reader.amount()?;
        for _ in 0..reader.varint()? {
            row.costs.insert(reader.currency()?, reader.amount()?);
        }
        Some(row)
    }
}
