//! A chunk's charges by network, counted while the session charges, so that the committer has only to add a few sums. Its
//! messages often go to one network, and may go to hundreds: a small hash table finds each in a step or two.

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;

/// Slots that a table begins with.
const SLOTS_MIN: usize = 16;

/// What a chunk charges for one network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    pub network: NetworkCode,
    pub messages: u64,
    pub segments: u64,
    pub charged: Amount,
}

/// By network, in the order in which they came first.
#[derive(Debug, Default)]
pub struct Tallies {
    entries: Vec<Tally>,
    /// One more than the position of an entry, where it or one before it hashes to; zero for none. Their number is a power
    /// of two, and at least half of them are free.
    slots: Vec<u32>,
    /// The position of the entry used last.
    last: usize,
}

impl Tallies {
    pub fn add(&mut self, network: NetworkCode, segments: u64, charged: Amount) {
        if self.entries.get(self.last).is_none_or(|tally| tally.network != network) {
            self.last = self.position(network);
        }
        let Some(tally) = self.entries.get_mut(self.last) else { return };
        tally.messages += 1;
        tally.segments += segments;
        // A wallet that could pay each amount held their sum.
        tally.charged = tally.charged.checked_add(charged).unwrap_or(tally.charged);
    }

    pub fn iter(&self) -> impl Iterator<Item = &Tally> {
        self.entries.iter()
    }

    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.slots.fill(0);
        self.last = 0;
    }

    /// Of the network's tally, which is made where it is not there.
    fn position(&mut self, network: NetworkCode) -> usize {
        if self.entries.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let slot = self.slot(network);
        match self.slots.get(slot) {
            Some(0) | None => self.insert(slot, network),
            Some(after) => *after as usize - 1,
        }
    }

    fn insert(&mut self, slot: usize, network: NetworkCode) -> usize {
        let position = self.entries.len();
        self.entries.push(Tally { network, messages: 0, segments: 0, charged: Amount::ZERO });
        self.occupy(slot, position);
        position
    }

    fn occupy(&mut self, slot: usize, position: usize) {
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = u32::try_from(position + 1).unwrap_or(u32::MAX);
        }
    }

    /// The slot that the network has, or the free one that it gets.
    fn slot(&self, network: NetworkCode) -> usize {
        let mask = self.slots.len() - 1;
        // The golden ratio's fraction spreads what lies close together over the upper bits.
        let hash = u64::from(network.to_bits()).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let mut slot = usize::try_from(hash).unwrap_or(0) & mask;
        while let Some(position) = self.slots.get(slot).and_then(|after| after.checked_sub(1)) {
            if self.entries.get(position as usize).is_none_or(|tally| tally.network == network) {
                break;
            }
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(SLOTS_MIN);
        self.slots.clear();
        self.slots.resize(slots, 0);
        for position in 0..self.entries.len() {
            let Some(network) = self.entries.get(position).map(|tally| tally.network) else { continue };
            let slot = self.slot(network);
            self.occupy(slot, position);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tallies_are_those_of_a_map(chunks in vec(vec((0..600_u32, 1..9_u64, 0..99_i64), 0..900), 1..3)) {
            let mut tallies = Tallies::default();
            for charges in chunks {
                tallies.clear();
                let mut expected: HashMap<u32, (u64, u64, i64)> = HashMap::new();
                for (code, segments, micros) in charges {
                    // MCCs alone, which differ in their upper bits.
                    let network = NetworkCode { mcc: u16::try_from(code).unwrap_or(0), mnc: None };
                    tallies.add(network, segments, Amount::from_micros(micros));
                    let sums = expected.entry(code).or_default();
                    *sums = (sums.0 + 1, sums.1 + segments, sums.2 + micros);
                }
                prop_assert_eq!(tallies.iter().count(), expected.len());
                for Tally { network, messages, segments, charged } in tallies.iter() {
                    let found = (*messages, *segments, charged.micros());
                    prop_assert_eq!(expected.get(&u32::from(network.mcc)), Some(&found));
                }
            }
        }
    }
}
