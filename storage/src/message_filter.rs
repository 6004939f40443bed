//! Filters of messages: of the commits of a range of ids, one row that says which numbers, senders and names their
//! messages do not have. A search steps over a range whose filter knows nothing of what is sought, without reading a CDR.
//!
//! A filter is a blocked Bloom filter: all bits of a value are in one block of 512. It never denies what is there, and
//! affirms about one in a hundred of what is not, at eleven bits for each value. Equal values have equal hashes in every
//! build, as they are on disk.

mod builder;
mod key;
mod keys;

pub use builder::FilterBuilder;
pub use key::FilterKey;
pub use keys::FilterKeys;

use crate::codec::{Reader, put_bytes, put_varint};
use crate::rows::Row;

const VERSION: u8 = 2;
/// Octets of a block.
const BLOCK_OCTETS: usize = 64;
/// Bits that are set for each value.
const BITS_SET: u32 = 7;

/// `message_filters`: the filter of the commits whose first ids go from that of the key to before `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFilterRow {
    /// The first id behind the commits.
    pub end: u64,
    /// The number of their messages.
    pub messages: u64,
    /// Blocks, as many as a power of two. The bits of a block count from the lowest of its first octet on.
    bits: Box<[u8]>,
}

impl MessageFilterRow {
    /// False if no message of the commits has the value.
    pub fn may_have(&self, key: FilterKey) -> bool {
        let at = key.block(self.bits.len() / BLOCK_OCTETS) * BLOCK_OCTETS;
        let block = self.bits.get(at..at + BLOCK_OCTETS).unwrap_or_default();
        key.bits().all(|bit| block.get(bit / 8).is_some_and(|octet| octet & (1 << (bit % 8)) != 0))
    }
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
        let blocks = row.bits.len() / BLOCK_OCTETS;
        (blocks.is_power_of_two() && row.bits.len().is_multiple_of(BLOCK_OCTETS)).then_some(row)
    }
}
