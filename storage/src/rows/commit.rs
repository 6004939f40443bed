//! Commits: which ids each gave out.

use tollgate_engine::account::AccountNumber;

use super::Row;
use crate::codec::{Reader, put_varint};

/// `batches`: which ids one commit gave out. CDR blocks come first, in order; ledger entries, receipts for
/// gateways, unmatched receipts and refused messages share the ids after them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchRow {
    /// The account of each block, and the number of CDRs in it.
    pub blocks: Vec<(AccountNumber, u32)>,
    /// Ledger entries, receipts, unmatched receipts and refused messages in the commit. Receipts go when a gateway has them,
    /// so of these ids not all have a row for ever.
    pub entries: u32,
}

impl BatchRow {
    /// Messages charged. Their ids come first.
    pub fn messages(&self) -> u64 {
        self.blocks.iter().map(|(_, count)| u64::from(*count)).sum()
    }

    /// Ids given out.
    pub fn ids(&self) -> u64 {
        self.messages() + u64::from(self.entries)
    }
}

impl Row for BatchRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.blocks.len() as u64);
        for (account, count) in &self.blocks {
            put_varint(out, u64::from(account.0));
            put_varint(out, u64::from(*count));
        }
        put_varint(out, u64::from(self.entries));
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let blocks = (0..reader.varint()?)
            .map(|_| Some((AccountNumber(reader.varint_u32()?), reader.varint_u32()?)))
            .collect::<Option<Vec<_>>>()?;
        Some(Self { blocks, entries: reader.varint_u32()? })
    }
}
