//! Makes a filter of the values of the messages of some commits.

use rustc_hash::FxHashSet;
use tollgate_engine::network::NetworkCode;

use super::{BLOCK_OCTETS, FilterKey, FilterKeys, MessageFilterRow};

/// Values of a block, so many that a filter that is full affirms one wrong value in a hundred.
const KEYS_PER_BLOCK: usize = 46;
/// Blocks of a filter at the least while it is made: of 8 KiB.
const BLOCKS_MIN: usize = 128;
/// The share of bits, in a hundred, up to which a filter does as well with half of its blocks.
const HALVED_PERCENT: usize = 28;

/// Values of a network: its own code and that of its country.
const KEYS_PER_NETWORK: usize = 2;

const WORDS: usize = BLOCK_OCTETS / 8;

/// A filter in the making.
#[derive(Clone, Debug)]
pub struct FilterBuilder {
    first: u64,
    messages: u64,
    /// Values that were added, equal ones as often as they were.
    keys: usize,
    networks: FxHashSet<NetworkCode>,
    blocks: Vec<[u64; WORDS]>,
}

impl FilterBuilder {
    /// A filter of commits from this id on, the first of which has so many values and networks.
    pub fn new(first: u64, keys: usize, networks: usize) -> Self {
        let keys = keys + networks * KEYS_PER_NETWORK;
        let blocks = keys.div_ceil(KEYS_PER_BLOCK).max(BLOCKS_MIN).next_power_of_two();
        Self { first, messages: 0, keys: 0, networks: FxHashSet::default(), blocks: vec![[0; WORDS]; blocks] }
    }

    /// True if so many values and networks more leave it as exact as it is to be.
    pub fn has_room(&self, keys: usize, networks: usize) -> bool {
        self.keys + keys + networks * KEYS_PER_NETWORK <= self.blocks.len() * KEYS_PER_BLOCK
    }

    /// Adds the values of messages.
    pub fn add(&mut self, added: &FilterKeys, networks: impl Iterator<Item = NetworkCode>) {
        self.messages += added.messages();
        added.keys().iter().for_each(|key| self.set(*key));
        for network in networks {
            if self.networks.insert(network) {
                self.set(FilterKey::network(network));
                self.set(FilterKey::mcc(network.mcc));
            }
        }
    }

    fn set(&mut self, key: FilterKey) {
        self.keys += 1;
        let block = key.block(self.blocks.len());
        let Some(block) = self.blocks.get_mut(block) else { return };
        for bit in key.bits() {
            block[bit / 64 % WORDS] |= 1 << (bit % 64);
        }
    }

    /// The id of the key, and the filter of the commits from there to before `end`. Values that came often take no room.
    pub fn finish(mut self, end: u64) -> (u64, MessageFilterRow) {
        while self.blocks.len() > 1
            && self.filled() * 100 <= self.blocks.len() * BLOCK_OCTETS * 8 * HALVED_PERCENT
        {
            let (pairs, _) = self.blocks.as_chunks::<2>();
            self.blocks =
                pairs.iter().map(|[even, odd]| std::array::from_fn(|at| even[at] | odd[at])).collect();
        }
        let bits = self.blocks.iter().flatten().flat_map(|word| word.to_le_bytes()).collect();
        (self.first, MessageFilterRow { end, messages: self.messages, bits })
    }

    /// The number of bits that are set.
    fn filled(&self) -> usize {
        self.blocks.iter().flatten().map(|word| word.count_ones() as usize).sum()
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::number::Number;

    use super::*;
    use crate::rows::Row;

    fn destination(number: u64) -> FilterKey {
        FilterKey::destination(&Number::from_u64(254_722_000_000 + number).unwrap())
    }

    fn filter(keys: &FilterKeys) -> MessageFilterRow {
        let mut filter = FilterBuilder::new(0, keys.keys().len(), 0);
        assert!(filter.has_room(keys.keys().len(), 0));
        filter.add(keys, std::iter::empty());
        filter.finish(1).1
    }

    fn wrong(filter: &MessageFilterRow, of: std::ops::Range<u64>) -> usize {
        of.filter(|number| filter.may_have(destination(*number))).count()
    }

    #[test]
    fn what_is_there_is_never_denied_and_little_else_is_affirmed() {
        for (count, octets) in [(1, 64), (40, 64), (1_000, 2_048), (5_888, 8_192), (40_000, 65_536)] {
            let keys = FilterKeys::of_test((0..count).map(destination));
            let filter = filter(&keys);
            assert!((0..count).all(|number| filter.may_have(destination(number))));
            let wrong = wrong(&filter, 1_000_000..1_100_000);
            assert!(
                wrong < 1_500,
                "{wrong} of 100,000 numbers that are not there are affirmed among {count}"
            );
            assert_eq!(filter.bits.len(), octets, "{count}");
        }
    }

    #[test]
    fn values_that_come_often_take_no_room() {
        let keys = FilterKeys::of_test((0..20_000).map(|number| destination(number % 300)));
        let filter = filter(&keys);
        assert_eq!(filter.bits.len(), 512);
        assert!((0..300).all(|number| filter.may_have(destination(number))));
        assert!(wrong(&filter, 1_000_000..1_100_000) < 1_500);
    }

    #[test]
    fn a_filter_has_room_for_so_many() {
        let keys = FilterKeys::of_test((0..5_000).map(destination));
        let mut filter = FilterBuilder::new(7, 1, 0);
        let network = NetworkCode { mcc: 639, mnc: None };
        filter.add(&keys, [network, network].into_iter());
        assert!(filter.has_room(880, 3));
        assert!(!filter.has_room(881, 3));
        let (_, filter) = filter.finish(9);
        assert!(filter.may_have(FilterKey::network(network)) && filter.may_have(FilterKey::mcc(639)));
    }

    #[test]
    fn a_filter_of_nothing_denies_everything() {
        let (first, filter) = FilterBuilder::new(3, 0, 0).finish(7);
        assert_eq!((first, filter.end), (3, 7));
        assert!(!filter.may_have(destination(1)));
        let octets = filter.to_bytes();
        assert_eq!(MessageFilterRow::read(&octets), Some(filter));
        for cut in 0..octets.len() {
            assert_eq!(MessageFilterRow::read(&octets[..cut]), None);
        }
    }
}
