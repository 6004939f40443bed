//! Numbers that were ported: exact number → network.

use thiserror::Error;

use crate::network::NetworkId;
use crate::number::Number;

/// The number was added before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the number is listed twice")]
pub struct AlreadyPorted;

/// Ported numbers, as a hash table of open addressing: the numbers as integers in one array, their networks
/// in another, so that a number that was not ported, as most are not, costs a cache line or two and never the
/// second array. A number takes 14.3 bytes once the table has been shrunk.
#[derive(Clone, Debug, Default)]
pub struct PortedNumbers {
    /// [`Number::to_u64`], or zero where the slot is free.
    keys: Vec<u64>,
    networks: Vec<NetworkId>,
    len: usize,
}

const FREE: u64 = 0;

/// Slots in use, of ten: more would save memory and lengthen the runs that a lookup walks.
const LOAD_TENTHS: usize = 7;

impl PortedNumbers {
    /// The network that `number` was ported to.
    pub fn get(&self, number: &Number) -> Option<NetworkId> {
        if self.len == 0 {
            return None;
        }
        self.find(number.to_u64()).ok().map(|slot| self.networks[slot])
    }

    /// Adds a ported number.
    pub fn add(&mut self, number: Number, network: NetworkId) -> Result<(), AlreadyPorted> {
        if (self.len + 1) * 10 > self.keys.len() * LOAD_TENTHS {
            self.resize((self.len + 1) * 2);
        }
        let key = number.to_u64();
        let free = self.find(key).err().ok_or(AlreadyPorted)?;
        self.put(free, key, network);
        Ok(())
    }

    /// Gives back the memory that was taken for growing, once every number is in.
    pub fn shrink_to_fit(&mut self) {
        self.resize(self.len);
    }

    /// The number of ported numbers.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap.
    pub fn heap_bytes(&self) -> usize {
        self.keys.capacity() * size_of::<u64>() + self.networks.capacity() * size_of::<NetworkId>()
    }

    /// Moves everything into a table with room for `numbers`.
    fn resize(&mut self, numbers: usize) {
        let slots = (numbers * 10).div_ceil(LOAD_TENTHS);
        let mut table = Self { keys: vec![FREE; slots], networks: vec![NetworkId::default(); slots], len: 0 };
        for (key, network) in self.keys.iter().zip(&self.networks).filter(|(key, _)| **key != FREE) {
            if let Err(free) = table.find(*key) {
                table.put(free, *key, *network);
            }
        }
        *self = table;
    }

    fn put(&mut self, slot: usize, key: u64, network: NetworkId) {
        self.keys[slot] = key;
        self.networks[slot] = network;
        self.len += 1;
    }

    /// The slot that holds `key`, or else the free one where it belongs. The table is never full, so there is
    /// one.
    fn find(&self, key: u64) -> Result<usize, usize> {
        let mut slot = slot_of(key, self.keys.len());
        loop {
            match self.keys[slot] {
                held if held == key => return Ok(slot),
                FREE => return Err(slot),
                _ => slot = if slot + 1 == self.keys.len() { 0 } else { slot + 1 },
            }
        }
    }
}

/// The slot that a key belongs to in a table of `slots`: its product with 2⁶⁴ divided by the golden ratio
/// spreads neighbouring numbers, and the product's high half with `slots` brings it into range without a
/// division.
fn slot_of(key: u64, slots: usize) -> usize {
    let spread = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let scaled = (u128::from(spread) * slots as u128) >> u64::BITS;
    usize::try_from(scaled).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    fn number(value: u64) -> Number {
        Number::from_u64(value).unwrap()
    }

    #[test]
    fn ported_numbers_are_found_and_others_are_not() {
        let mut ported = PortedNumbers::default();
        assert_eq!(ported.get(&number(254_722_000_001)), None);
        ported.add(number(254_722_000_001), NetworkId(7)).unwrap();
        assert_eq!(ported.add(number(254_722_000_001), NetworkId(8)), Err(AlreadyPorted));
        ported.shrink_to_fit();
        assert_eq!(ported.get(&number(254_722_000_001)), Some(NetworkId(7)));
        assert_eq!(ported.get(&number(254_722_000_002)), None);
        assert_eq!(ported.len(), 1);
    }

    #[test]
    fn a_number_costs_fifteen_bytes() {
        let mut ported = PortedNumbers::default();
        for value in 0..100_000 {
            ported.add(number(12_125_550_000 + value * 3), NetworkId(1)).unwrap();
        }
        ported.shrink_to_fit();
        assert!(ported.heap_bytes() < 15 * ported.len(), "{} bytes", ported.heap_bytes());
        assert!((0..100_000).all(|value| ported.get(&number(12_125_550_000 + value * 3)).is_some()));
        assert!((0..100_000).all(|value| ported.get(&number(12_125_550_001 + value * 3)).is_none()));
    }

    proptest! {
        #[test]
        fn it_is_a_map(entries in prop::collection::vec((10_000u64..10_400, any::<u16>()), 0..600)) {
            let (mut ported, mut model) = (PortedNumbers::default(), HashMap::new());
            for (value, network) in entries {
                let added = ported.add(number(value), NetworkId(network));
                prop_assert_eq!(added.is_err(), model.contains_key(&value));
                model.entry(value).or_insert(network);
            }
            for shrunk in [false, true] {
                for value in 10_000..10_400 {
                    let found = ported.get(&number(value)).map(|network| network.0);
                    prop_assert_eq!(found, model.get(&value).copied());
                }
                prop_assert_eq!(ported.len(), model.len());
                if !shrunk {
                    ported.shrink_to_fit();
                }
            }
        }
    }
}
