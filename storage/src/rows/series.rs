//! Time series: what one part of the traffic came to in a minute, an hour or a day.

use std::collections::BTreeMap;

use tollgate_engine::money::{Currency, Total};

use super::Row;
use crate::codec::{Reader, put_currency, put_signed, put_total, put_varint};
use crate::latencies::Latencies;

/// Money of a row in one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeriesMoney {
    /// The charges, refunded ones included.
    pub charged: Total,
    /// The sum of the refunds.
    pub refunded: Total,
    /// The operators' costs, in the currency in which operators ask for them.
    pub cost: Total,
    /// The operators' costs, as far as they are known in the currency of the accounts.
    pub converted_cost: Total,
    /// Charges less refunds less costs, of the messages of which all are known in this currency.
    pub margin: Total,
}

/// `series`: counters of the messages of one key. They may be below zero for a while, as the outcome of a message may be counted
/// before its charge is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeriesRow {
    /// The number of messages charged; of refusals, of messages refused.
    pub messages: i64,
    /// Their segments, less those of messages whose charge was given back.
    pub segments: i64,
    /// Messages that an operator took.
    pub accepted: i64,
    /// The number of messages delivered.
    pub delivered: i64,
    /// Messages that ended otherwise, those cancelled aside.
    pub failed: i64,
    /// The number of messages cancelled.
    pub cancelled: i64,
    /// Messages that ended as accepted, by operators that send no receipts.
    pub unconfirmed: i64,
    /// Messages whose margin is not known in one currency.
    pub margin_unknown: i64,
    /// Paid to the house; of the sales of a level of a chain, what the level pays for what it sells.
    pub money: BTreeMap<Currency, SeriesMoney>,
    /// By how much an account itself pays other amounts than the house gets for its messages; of the sales of a level of a chain,
    /// what it sells them for.
    pub beside: BTreeMap<Currency, SeriesMoney>,
    /// The time from the submit of a message to its acceptance by an operator.
    pub acceptance: Latencies,
    /// The time from there to the receipt that says that it was delivered.
    pub delivery: Latencies,
}

impl SeriesMoney {
    /// Adds other money in the same currency.
    pub fn add(&mut self, other: &Self) {
        self.sums_mut().into_iter().zip(other.sums()).for_each(|(sum, other)| *sum += other);
    }

    /// Takes other money in the same currency away.
    pub fn remove(&mut self, other: &Self) {
        self.sums_mut().into_iter().zip(other.sums()).for_each(|(sum, other)| *sum -= other);
    }

    fn sums(&self) -> [Total; 5] {
        [self.charged, self.refunded, self.cost, self.converted_cost, self.margin]
    }

    fn sums_mut(&mut self) -> [&mut Total; 5] {
        [&mut self.charged, &mut self.refunded, &mut self.cost, &mut self.converted_cost, &mut self.margin]
    }
}

impl SeriesRow {
    /// True if it counts nothing. Such a row is not kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The counts alone.
    #[must_use]
    pub fn without_money(&self) -> Self {
        Self { money: BTreeMap::new(), beside: BTreeMap::new(), ..self.clone() }
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.change(other, i64::wrapping_add, SeriesMoney::add);
        self.acceptance.add(&other.acceptance);
        self.delivery.add(&other.delivery);
    }

    /// Takes the counts of `other` away.
    pub fn remove(&mut self, other: &Self) {
        self.change(other, i64::wrapping_sub, SeriesMoney::remove);
        self.acceptance.remove(&other.acceptance);
        self.delivery.remove(&other.delivery);
    }

    /// Forgets currencies in which there is no money: no row on disk has any.
    pub(crate) fn tidy(&mut self) {
        for sums in [&mut self.money, &mut self.beside] {
            sums.retain(|_, sum| *sum != SeriesMoney::default());
        }
    }

    fn change(
        &mut self,
        other: &Self,
        count: impl Fn(i64, i64) -> i64,
        money: impl Fn(&mut SeriesMoney, &SeriesMoney),
    ) {
        for (counter, other) in self.counters_mut().into_iter().zip(other.counters()) {
            *counter = count(*counter, other);
        }
        for (sums, others) in [(&mut self.money, &other.money), (&mut self.beside, &other.beside)] {
            for (currency, other) in others {
                money(sums.entry(*currency).or_default(), other);
            }
        }
        self.tidy();
    }

    fn counters(&self) -> [i64; 8] {
        let Self { messages, segments, accepted, delivered, failed, cancelled, unconfirmed, .. } = *self;
        [messages, segments, accepted, delivered, failed, cancelled, unconfirmed, self.margin_unknown]
    }

    fn counters_mut(&mut self) -> [&mut i64; 8] {
        [
            &mut self.messages,
            &mut self.segments,
            &mut self.accepted,
            &mut self.delivered,
            &mut self.failed,
            &mut self.cancelled,
            &mut self.unconfirmed,
            &mut self.margin_unknown,
        ]
    }
}

impl Row for SeriesRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        for counter in self.counters() {
            put_signed(out, counter);
        }
        for sums in [&self.money, &self.beside] {
            put_varint(out, sums.len() as u64);
            for (currency, money) in sums {
                put_currency(out, *currency);
                money.sums().into_iter().for_each(|sum| put_total(out, sum));
            }
        }
        self.acceptance.write_to(out);
        self.delivery.write_to(out);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let mut row = Self::default();
        for counter in row.counters_mut() {
            *counter = reader.signed()?;
        }
        for sums in [&mut row.money, &mut row.beside] {
            for _ in 0..reader.varint()? {
                let currency = reader.currency()?;
                let money = sums.entry(currency).or_default();
                for sum in money.sums_mut() {
                    *sum = reader.total()?;
                }
            }
        }
        row.acceptance = Latencies::take(reader)?;
        row.delivery = Latencies::take(reader)?;
        Some(row)
    }
}
