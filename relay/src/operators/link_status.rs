//! The links of one operator as people look at them: which there are, whether they are bound and since when.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::BindMode;

/// The number of the link that was started last, of whichever operator.
static LAST_NUMBER: AtomicU64 = AtomicU64::new(0);

/// Every link that runs, by its number.
#[derive(Debug, Default)]
pub struct Board(Mutex<BTreeMap<u64, Arc<Card>>>);

/// What is known of one link.
#[derive(Debug)]
pub struct Card {
    /// Since the process started.
    pub number: u64,
    /// Which kind of bind.
    pub mode: BindMode,
    /// Host and port.
    pub peer: String,
    /// Messages that it may have unanswered.
    pub window: u32,
    in_flight: AtomicU32,
    bond: Mutex<Bond>,
}

/// Whether a link is bound.
#[derive(Clone, Debug)]
pub struct Bond {
    /// Whether it is.
    pub is_bound: bool,
    /// Since when it is, or not.
    pub since: UnixMicros,
    /// How often it was.
    pub binds: u64,
    /// Why it was not, the last time.
    pub last_failure: Option<String>,
}

impl Board {
    /// A card for a link that is about to run.
    pub fn add(&self, mode: BindMode, peer: String, window: u32, now: UnixMicros) -> Arc<Card> {
        let number = LAST_NUMBER.fetch_add(1, Ordering::Relaxed) + 1;
        let bond = Bond { is_bound: false, since: now, binds: 0, last_failure: None };
        let card = Card { number, mode, peer, window, in_flight: AtomicU32::new(0), bond: Mutex::new(bond) };
        let card = Arc::new(card);
        self.0.lock().insert(number, Arc::clone(&card));
        card
    }

    /// Its link runs no more.
    pub fn remove(&self, card: &Card) {
        self.0.lock().remove(&card.number);
    }

    /// All of them, in the order in which they were started.
    pub fn cards(&self) -> Vec<Arc<Card>> {
        self.0.lock().values().cloned().collect()
    }
}

impl Card {
    /// Messages that it has unanswered.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Whether it is bound, and since when.
    pub fn bond(&self) -> Bond {
        self.bond.lock().clone()
    }

    /// It has so many messages unanswered.
    pub fn note_in_flight(&self, messages: usize) {
        self.in_flight.store(u32::try_from(messages).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// It is bound.
    pub fn note_bound(&self, now: UnixMicros) {
        let mut bond = self.bond.lock();
        bond.is_bound = true;
        bond.since = now;
        bond.binds += 1;
    }

    /// It could not be bound, or is no longer.
    pub fn note_failed(&self, now: UnixMicros, reason: String) {
        let mut bond = self.bond.lock();
        if bond.is_bound {
            bond.is_bound = false;
            bond.since = now;
        }
        bond.last_failure = Some(reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_says_since_when_its_link_is_bound_or_not() {
        let board = Board::default();
        let card = board.add(BindMode::Transceiver, "smsc:2775".to_owned(), 10, UnixMicros(1));
        card.note_failed(UnixMicros(2), "refused".to_owned());
        let bond = card.bond();
        assert_eq!((bond.is_bound, bond.since, bond.binds), (false, UnixMicros(1), 0));
        assert_eq!(bond.last_failure.as_deref(), Some("refused"));
        card.note_bound(UnixMicros(3));
        card.note_failed(UnixMicros(4), "closed".to_owned());
        let bond = card.bond();
        assert_eq!((bond.is_bound, bond.since, bond.binds), (false, UnixMicros(4), 1));
        let other = board.add(BindMode::Receiver, "smsc:2775".to_owned(), 0, UnixMicros(5));
        board.remove(&card);
        assert_eq!(board.cards().iter().map(|card| card.number).collect::<Vec<_>>(), [other.number]);
    }
}
