//! Values that a search asks for, as hashes.

use tollgate_engine::network::NetworkCode;

use super::BITS_SET;

/// 2^64 over the golden ratio: products with it have high bits that depend on all bits of the other factor.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A value that messages may have, hashed with what it is a value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterKey(u64);

impl FilterKey {
    /// The destination, in international form without a sign.
    pub fn destination(digits: &[u8]) -> Self {
        Self::of(1, digits)
    }

    /// The address of the sender as submitted.
    pub fn source(address: &[u8]) -> Self {
        Self::of(2, address)
    }

    /// The id of the dispatch.
    pub fn dispatch(id: &[u8]) -> Self {
        Self::of(3, id)
    }

    /// The client's key against charging twice.
    pub fn idempotency_key(key: &[u8]) -> Self {
        Self::of(4, key)
    }

    /// The client's own number.
    pub fn user_message_reference(number: u16) -> Self {
        Self::of(5, &number.to_be_bytes())
    }

    /// The network of the destination.
    pub fn network(network: NetworkCode) -> Self {
        Self::of(6, &network.to_bits().to_be_bytes())
    }

    /// The mobile country code of the destination's network.
    pub fn mcc(mcc: u16) -> Self {
        Self::of(7, &mcc.to_be_bytes())
    }

    fn of(kind: u8, octets: &[u8]) -> Self {
        let mut hash = GOLDEN.wrapping_mul(octets.len() as u64 + 1) ^ u64::from(kind);
        let (words, rest) = octets.as_chunks::<8>();
        for word in words {
            hash = mixed(hash ^ u64::from_le_bytes(*word));
        }
        let rest = rest.iter().rev().fold(0, |word, octet| word << 8 | u64::from(*octet));
        Self(mixed(hash ^ rest))
    }

    /// The block of its bits, where there are so many. With half as many blocks, it is half the number.
    pub(super) fn block(self, blocks: usize) -> usize {
        let Some(bits) = blocks.checked_ilog2().filter(|bits| *bits > 0) else { return 0 };
        usize::try_from(self.0.wrapping_mul(GOLDEN) >> (u64::BITS - bits)).unwrap_or_default()
    }

    /// Its bits in the block.
    pub(super) fn bits(self) -> impl Iterator<Item = usize> {
        (0..BITS_SET).map(move |index| usize::try_from((self.0 >> (9 * index)) % 512).unwrap_or_default())
    }
}

/// Every bit depends on all bits of `hash`, as the finalizer of SplitMix64 makes them.
const fn mixed(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_same_in_every_build() {
        assert_eq!(FilterKey::destination(b"254722000001"), FilterKey(0x31A1_15D5_58E4_930D));
        assert_eq!(FilterKey::source(b"ACME"), FilterKey(0x864B_1820_3659_8267));
        assert_eq!(FilterKey::mcc(639), FilterKey(0xCAD5_BD8B_29FB_05B0));
    }

    #[test]
    fn values_of_other_kinds_and_lengths_are_others() {
        let texts: [&[u8]; 4] = [b"", b"\0", b"\0\0\0\0\0\0\0\0", b"\0\0\0\0\0\0\0\0\0"];
        let of = [FilterKey::destination, FilterKey::source, FilterKey::dispatch, FilterKey::idempotency_key];
        let mut keys: Vec<_> = of.iter().flat_map(|of| texts.map(of)).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 16);
    }

    #[test]
    fn half_as_many_blocks_halve_the_number_of_the_block() {
        for number in 0..1_000_u64 {
            let key = FilterKey::dispatch(&number.to_be_bytes());
            assert!(key.block(256) < 256);
            assert_eq!((key.block(256) / 2, key.block(2) / 2, key.block(1)), (key.block(128), 0, 0));
        }
    }
}
