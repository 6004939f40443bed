//! The hash of a set of rows, to which rows can be added and from which they can be taken away.

use std::sync::LazyLock;

use crate::schema::Family;

/// Numbers in a set hash.
const WORDS: usize = 8;

/// Octets of a set hash.
pub const OCTETS: usize = WORDS * 8;

/// Tells these hashes from all others that are made with the same function.
const CONTEXT: &str = "Tollgate 2026-11 hash of a row of the books";

static ROW_HASHER: LazyLock<blake3::Hasher> = LazyLock::new(|| blake3::Hasher::new_derive_key(CONTEXT));

/// The sum of the BLAKE3 hashes of rows: 512 bits each, added in words of 64 bits. The sum of no rows is zero. The order
/// of additions and removals makes no difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetHash([u64; WORDS]);

impl SetHash {
    /// The sum of no rows.
    pub const EMPTY: Self = Self([0; WORDS]);

    /// The hash of one row.
    pub fn of_row(family: Family, key: &[u8], value: &[u8]) -> Self {
        let mut hasher = ROW_HASHER.clone();
        // With its length in front nothing can move from the key to the value.
        let mut head = [0; 5];
        head[0] = family as u8;
        head[1..].copy_from_slice(&u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes());
        hasher.update(&head);
        hasher.update(key);
        hasher.update(value);
        let mut octets = [0; OCTETS];
        hasher.finalize_xof().fill(&mut octets);
        Self::from_octets(&octets)
    }

    /// Adds rows to the set.
    pub fn add(&mut self, rows: &Self) {
        self.0.iter_mut().zip(rows.0).for_each(|(sum, word)| *sum = sum.wrapping_add(word));
    }

    /// Takes rows out of the set.
    pub fn remove(&mut self, rows: &Self) {
        self.0.iter_mut().zip(rows.0).for_each(|(sum, word)| *sum = sum.wrapping_sub(word));
    }

    /// True if it is the hash of no rows.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As it is kept.
    pub fn to_octets(self) -> [u8; OCTETS] {
        let mut octets = [0; OCTETS];
        for (octets, word) in octets.chunks_exact_mut(8).zip(self.0) {
            octets.copy_from_slice(&word.to_le_bytes());
        }
        octets
    }

    /// Reads what [`Self::to_octets`] wrote.
    pub fn read(octets: &[u8]) -> Option<Self> {
        octets.try_into().ok().map(Self::from_octets)
    }

    fn from_octets(octets: &[u8; OCTETS]) -> Self {
        let mut words = [0; WORDS];
        for (word, octets) in words.iter_mut().zip(octets.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*octets);
        }
        Self(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(value: &[u8]) -> SetHash {
        SetHash::of_row(Family::Ledger, b"key", value)
    }

    #[test]
    fn what_is_added_can_be_taken_away_in_any_order() {
        let mut sum = SetHash::default();
        for value in [b"a", b"b", b"c"] {
            sum.add(&row(value));
        }
        for value in [b"b", b"c", b"a"] {
            sum.remove(&row(value));
        }
        assert!(sum.is_empty());
        sum.remove(&row(b"a"));
        sum.add(&row(b"a"));
        assert!(sum.is_empty());
    }

    #[test]
    fn nothing_moves_between_family_key_and_value() {
        let rows = [
            SetHash::of_row(Family::Ledger, b"ab", b"c"),
            SetHash::of_row(Family::Ledger, b"a", b"bc"),
            SetHash::of_row(Family::Ledger, b"abc", b""),
            SetHash::of_row(Family::Wallets, b"ab", b"c"),
        ];
        for (at, row) in rows.iter().enumerate() {
            assert!(rows[at + 1..].iter().all(|other| other != row));
        }
    }

    #[test]
    fn it_is_read_as_it_was_written() {
        let sum = row(b"value");
        assert_eq!(SetHash::read(&sum.to_octets()), Some(sum));
        assert_eq!(SetHash::read(b"short"), None);
    }
}
