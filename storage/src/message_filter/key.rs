//! Values that a search asks for, as hashes.

use tollgate_engine::network::NetworkCode;
use tollgate_engine::number::Number;

use super::BITS_SET;

/// 2^64 over the golden ratio: products with it have high bits that depend on all bits of the other factor.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
/// Another odd number with as many bits set as not (the second one of SplitMix64).
const OTHER: u64 = 0xBF58_476D_1CE4_E5B9;

/// A value that messages may have, hashed with what it is a value of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterKey(u64);

impl FilterKey {
    /// The number that the message goes to.
    pub fn destination(number: &Number) -> Self {
        Self::of(1, number.as_bytes())
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
        Self::of_number(5, number.into())
    }

    /// The client's own id: that of the number where the text is one, so that a search for the text finds either.
    pub fn user_sms_id(id: &[u8]) -> Self {
        let number = std::str::from_utf8(id).ok().and_then(|text| text.parse().ok());
        number.map_or_else(|| Self::of(8, id), Self::user_message_reference)
    }

    /// The network of the destination.
    pub fn network(network: NetworkCode) -> Self {
        Self::of_number(6, network.to_bits().into())
    }

    /// The mobile country code of the destination's network.
    pub fn mcc(mcc: u16) -> Self {
        Self::of_number(7, mcc.into())
    }

    /// Texts are hashed eight octets at a time; the last sixteen in one step, in which octets in the middle may count twice.
    fn of(kind: u64, text: &[u8]) -> Self {
        let (mut hash, mut rest) = (kind ^ GOLDEN.wrapping_mul(text.len() as u64), text);
        while let Some((word, behind)) = rest.split_first_chunk::<8>().filter(|_| rest.len() > 16) {
            hash = folded(hash ^ u64::from_le_bytes(*word), GOLDEN);
            rest = behind;
        }
        let (front, back) = if let Some(ends) = rest.first_chunk::<8>().zip(rest.last_chunk::<8>()) {
            (u64::from_le_bytes(*ends.0), u64::from_le_bytes(*ends.1))
        } else if let Some(ends) = rest.first_chunk::<4>().zip(rest.last_chunk::<4>()) {
            (u32::from_le_bytes(*ends.0).into(), u32::from_le_bytes(*ends.1).into())
        } else {
            (rest.iter().fold(0, |word, octet| word << 8 | u64::from(*octet)), 0)
        };
        Self(folded(folded(hash ^ front, back ^ OTHER), GOLDEN))
    }

    const fn of_number(kind: u64, number: u64) -> Self {
        Self(folded(folded(kind ^ OTHER, number ^ GOLDEN), OTHER))
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

/// The two halves of the product of 128 bits, one over the other: every bit depends on all bits of both factors.
#[expect(clippy::cast_possible_truncation, reason = "both halves are meant")]
const fn folded(one: u64, other: u64) -> u64 {
    let product = (one as u128).wrapping_mul(other as u128);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_the_same_in_every_build() {
        assert_eq!(
            FilterKey::destination(&Number::from_digits(b"254722000001").unwrap()),
            FilterKey(0x1C88_72CC_AF23_2BD4)
        );
        assert_eq!(FilterKey::source(b"ACME"), FilterKey(0xCC04_4F71_D92A_624F));
        assert_eq!(FilterKey::mcc(639), FilterKey(0xE625_AD37_2C2C_8844));
    }

    #[test]
    fn values_of_other_kinds_and_lengths_are_others() {
        let zeros = [0; 40];
        let of = [FilterKey::source, FilterKey::dispatch, FilterKey::idempotency_key, FilterKey::user_sms_id];
        let texts = (0..=40).flat_map(|len| of.map(|of| of(&zeros[..len])));
        let numbers = [FilterKey::user_message_reference(639), FilterKey::mcc(639)];
        let mut keys: Vec<_> = texts.chain(numbers).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 41 * 4 + 2);
        assert_eq!(FilterKey::user_sms_id(b"639"), numbers[0]);
    }

    #[test]
    fn every_octet_counts() {
        for len in 1..40 {
            let text: Vec<u8> = (0..len).collect();
            let same = FilterKey::dispatch(&text);
            for at in 0..text.len() {
                let mut other = text.clone();
                other[at] ^= 0x80;
                assert_ne!(FilterKey::dispatch(&other), same, "octet {at} of {len}");
            }
        }
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
