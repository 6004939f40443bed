//! Words for states in an operator's receipts that nobody knows, for the management API.

use std::collections::HashMap;

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;

/// Words of one operator that are remembered; others are only counted in the metric.
const WORDS_MAX: usize = 64;

/// The unknown words of one operator.
#[derive(Debug, Default)]
pub struct UnknownStates(Mutex<HashMap<Vec<u8>, SeenWord>>);

/// A word, as it was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenWord {
    /// The number of receipts that had it.
    pub receipts: u64,
    /// The time at which it came first.
    pub first_at: UnixMicros,
    /// The time at which it came last.
    pub last_at: UnixMicros,
    /// The operator's id in the last of them.
    pub last_upstream_id: Vec<u8>,
}

impl UnknownStates {
    /// Notes a word, which is empty where a receipt names no state; returns true the first time.
    pub fn note(&self, word: &[u8], upstream_id: &[u8], at: UnixMicros) -> bool {
        let mut words = self.0.lock();
        if let Some(seen) = words.get_mut(word) {
            seen.receipts = seen.receipts.saturating_add(1);
            (seen.last_at, seen.last_upstream_id) = (at, upstream_id.to_vec());
            return false;
        }
        let has_room = words.len() < WORDS_MAX;
        if has_room {
            let last_upstream_id = upstream_id.to_vec();
            words
                .insert(word.to_vec(), SeenWord { receipts: 1, first_at: at, last_at: at, last_upstream_id });
        }
        has_room
    }

    /// The words, those that came last first.
    pub fn list(&self) -> Vec<(Vec<u8>, SeenWord)> {
        let words = self.0.lock();
        let mut list: Vec<_> = words.iter().map(|(word, seen)| (word.clone(), seen.clone())).collect();
        list.sort_by(|(word, seen), (other, seen_other)| {
            seen_other.last_at.cmp(&seen.last_at).then_with(|| word.cmp(other))
        });
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_and_bounded() {
        let words = UnknownStates::default();
        assert!(words.note(b"ODD", b"1", UnixMicros(5)));
        assert!(words.note(b"", b"2", UnixMicros(6)));
        assert!(!words.note(b"ODD", b"3", UnixMicros(7)));
        let seen = SeenWord {
            receipts: 2,
            first_at: UnixMicros(5),
            last_at: UnixMicros(7),
            last_upstream_id: b"3".to_vec(),
        };
        assert_eq!(words.list()[0], (b"ODD".to_vec(), seen));
        for number in 0..200_u8 {
            words.note(&[number], b"4", UnixMicros(8));
        }
        assert_eq!(words.list().len(), WORDS_MAX);
    }
}
