//! Sales of an account to a child, month by month.

use tollgate_engine::money::Total;

use super::Row;
use crate::codec::{Reader, put_total, put_varint};

/// `resales`: the messages of one month that a child sent or resold, by network and country, as the account above it has
/// them. Those whose charge was given back are not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResaleRow {
    /// The number of messages.
    pub messages: u64,
    /// Their segments, as the account above counts them.
    pub segments: u64,
    /// Paid to the account by the child or whoever is below it, in the child's currency.
    pub sold: Total,
    /// Paid by the account for what it sold, in its own currency.
    pub bought: Total,
    /// Paid past the account, which earns a commission on it, in the child's currency.
    pub billed: Total,
    /// Earned on it, in the account's own currency.
    pub commission: Total,
}

impl ResaleRow {
    /// True if it counts nothing: every charge was given back.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds the counts of `other`.
    pub fn add(&mut self, other: &Self) {
        self.messages = self.messages.wrapping_add(other.messages);
        self.segments = self.segments.wrapping_add(other.segments);
        for (sum, other) in self.sums_mut().into_iter().zip(other.sums()) {
            *sum += other;
        }
    }

    /// Takes away the counts of `other`. Counters wrap around: a message may be given back before its charge is counted.
    pub fn remove(&mut self, other: &Self) {
        self.messages = self.messages.wrapping_sub(other.messages);
        self.segments = self.segments.wrapping_sub(other.segments);
        for (sum, other) in self.sums_mut().into_iter().zip(other.sums()) {
            *sum -= other;
        }
    }

    fn sums(&self) -> [Total; 4] {
        [self.sold, self.bought, self.billed, self.commission]
    }

    fn sums_mut(&mut self) -> [&mut Total; 4] {
        [&mut self.sold, &mut self.bought, &mut self.billed, &mut self.commission]
    }
}

impl Row for ResaleRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.messages);
        put_varint(out, self.segments);
        self.sums().into_iter().for_each(|sum| put_total(out, sum));
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            messages: reader.varint()?,
            segments: reader.varint()?,
            sold: reader.total()?,
            bought: reader.total()?,
            billed: reader.total()?,
            commission: reader.total()?,
        })
    }
}
