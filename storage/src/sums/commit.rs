//! A commit: its number, and the hash that chains it to all before.

use tollgate_engine::time::UnixMicros;

use super::is_chained;
use super::set_hash::SetHash;
use crate::codec::{Reader, put_micros};
use crate::rows::Row;
use crate::schema::Family;

/// Tells these hashes from all others that are made with the same function.
const CONTEXT: &str = "Tollgate 2026-11 chain of commits";

/// A row of `sums`: the last commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CommitRow {
    /// Its number. A directory begins with 1.
    pub number: u64,
    /// Its chain hash.
    pub hash: [u8; 32],
    /// The chain hash of the commit before; all zero in the first.
    pub previous: [u8; 32],
    /// The time at which it was made.
    pub at: UnixMicros,
}

impl CommitRow {
    /// The commit after this one, which leaves these sums of families.
    #[must_use]
    pub fn next(&self, at: UnixMicros, totals: &[SetHash]) -> Self {
        let next = Self { number: self.number + 1, hash: [0; 32], previous: self.hash, at };
        Self { hash: next.hash_over(totals), ..next }
    }

    /// The chain hash that the commit has if it left these sums.
    pub fn hash_over(&self, totals: &[SetHash]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(&self.number.to_be_bytes());
        hasher.update(&self.previous);
        hasher.update(&self.at.0.to_be_bytes());
        for (_, total) in Family::ALL.iter().zip(totals).filter(|(family, _)| is_chained(**family)) {
            hasher.update(&total.to_octets());
        }
        hasher.finalize().into()
    }
}

impl Row for CommitRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_be_bytes());
        out.extend_from_slice(&self.hash);
        out.extend_from_slice(&self.previous);
        put_micros(out, self.at);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            number: reader.be_u64()?,
            hash: reader.take(32)?.try_into().ok()?,
            previous: reader.take(32)?.try_into().ok()?,
            at: reader.micros()?,
        })
    }
}
