//! Filters of messages: of the commits of a range of ids, one row that says which numbers, senders and names their
//! messages do not have. A search steps over a range whose filter knows nothing of what is sought, without reading a CDR.
//!
//! A filter is a Bloom filter: it never denies what is there, and affirms about one in a hundred and twenty of what is not.
//! It takes ten bits for each different value. Equal values have equal hashes in every build, as they are on disk.

use std::hash::Hasher;

use tollgate_engine::network::NetworkCode;

use crate::cdr::Cdr;
use crate::codec::{Reader, put_bytes, put_varint};
use crate::fnv::Fnv;
use crate::rows::Row;

const VERSION: u8 = 1;
/// Bits for each different value, and how many of them are set: one false word in about 120.
const BITS_PER_KEY: usize = 10;
const BITS_SET: u64 = 7;

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
        let mut hasher = Fnv::default();
        hasher.write(&[kind]);
        hasher.write(octets);
        let hash = hasher.finish();
        // FNV leaves the high bits of short texts alike; these shifts and products mix them (the finalizer of SplitMix64).
        let hash = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Self(hash ^ (hash >> 31))
    }
}

/// The values of the messages of a range, gathered to make their filter.
#[derive(Clone, Debug, Default)]
pub struct FilterBuilder {
    keys: Vec<FilterKey>,
    messages: u64,
    /// The source and the network of the last message. The next one most often has the same, which are in already.
    last: Option<(Vec<u8>, NetworkCode)>,
}

impl FilterBuilder {
    /// Adds all that can be sought of a message.
    pub fn add(&mut self, cdr: &Cdr<'_>) {
        let fields = &cdr.fields;
        self.messages += 1;
        self.keys.push(FilterKey::destination(fields.destination.as_bytes()));
        let (source, network) = (fields.source.address, fields.network);
        if self.last.as_ref().is_none_or(|last| (&*last.0, last.1) != (source, network)) {
            self.keys.extend([
                FilterKey::source(source),
                FilterKey::network(network),
                FilterKey::mcc(network.mcc),
            ]);
            self.last = Some((source.to_vec(), network));
        }
        self.keys.extend(fields.dispatch_id.map(FilterKey::dispatch));
        self.keys.extend(fields.idempotency_key.map(FilterKey::idempotency_key));
        self.keys.extend(fields.user_message_reference.map(FilterKey::user_message_reference));
    }

    /// The number of messages so far.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// The filter of the commits whose ids go from this builder's first message to before `end`.
    pub fn finish(mut self, end: u64) -> MessageFilterRow {
        self.keys.sort_unstable();
        self.keys.dedup();
        let mut bits = vec![0; (self.keys.len() * BITS_PER_KEY).div_ceil(8).max(1)];
        for key in &self.keys {
            for (octet, mask) in places(*key, bits.len()) {
                if let Some(octet) = bits.get_mut(octet) {
                    *octet |= mask;
                }
            }
        }
        MessageFilterRow { end, messages: self.messages, bits: bits.into() }
    }
}

/// `message_filters`: the filter of the commits whose first ids go from that of the key to before `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFilterRow {
    /// The first id behind the commits.
    pub end: u64,
    /// The number of their messages.
    pub messages: u64,
    bits: Box<[u8]>,
}

impl MessageFilterRow {
    /// False if no message of the commits has the value.
    pub fn may_have(&self, key: FilterKey) -> bool {
        places(key, self.bits.len())
            .all(|(octet, mask)| self.bits.get(octet).is_some_and(|octet| octet & mask != 0))
    }
}

/// The octets of a value's bits, each with its bit.
fn places(key: FilterKey, octets: usize) -> impl Iterator<Item = (usize, u8)> {
    let bits = (octets as u64) * 8;
    // Two hashes make all others; the second is odd, so that no bit is met twice in a row.
    let (first, step) = (key.0, key.0.rotate_left(32) | 1);
    (0..BITS_SET).map(move |index| {
        let bit = first.wrapping_add(step.wrapping_mul(index)) % bits;
        (usize::try_from(bit / 8).unwrap_or(usize::MAX), 1 << (bit % 8))
    })
}

impl Row for MessageFilterRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.push(VERSION);
        put_varint(out, self.end);
        put_varint(out, self.messages);
        put_bytes(out, &self.bits);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        if reader.u8()? != VERSION {
            return None;
        }
        let row = Self { end: reader.varint()?, messages: reader.varint()?, bits: reader.bytes()?.into() };
        (!row.bits.is_empty()).then_some(row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destination(number: u64) -> FilterKey {
        FilterKey::destination((254_722_000_000 + number).to_string().as_bytes())
    }

    fn filter(count: u64) -> MessageFilterRow {
        let keys = (0..count).map(destination).collect();
        FilterBuilder { keys, messages: count, last: None }.finish(1)
    }

    #[test]
    fn what_is_there_is_never_denied_and_little_else_is_affirmed() {
        let filter = filter(4_096);
        assert!((0..4_096).all(|number| filter.may_have(destination(number))));
        let wrong = (4_096..104_096).filter(|number| filter.may_have(destination(*number))).count();
        assert!(wrong < 2_000, "{wrong} of 100,000 numbers that are not there are affirmed");
        assert!(filter.to_bytes().len() < 5_200, "ten bits for each number");
    }

    #[test]
    fn hashes_are_the_same_in_every_build() {
        assert_eq!(FilterKey::destination(b"254722000001"), FilterKey(0xF566_35FC_06ED_2DD3));
        assert_eq!(FilterKey::source(b"ACME"), FilterKey(0x0A97_5FAD_2203_4957));
    }

    #[test]
    fn a_filter_of_nothing_denies_everything() {
        let filter = FilterBuilder::default().finish(7);
        assert!(!filter.may_have(destination(1)));
        let octets = filter.to_bytes();
        assert_eq!(MessageFilterRow::read(&octets), Some(filter));
        assert_eq!(MessageFilterRow::read(&octets[..octets.len() - 1]), None);
    }
}
