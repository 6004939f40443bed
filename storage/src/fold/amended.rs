//! Messages that changed while they waited. The scheduler that is about to send them may hold them as they
//! were, and is told when it asks for a lease.
//!
//! The list is bounded, because a message that no scheduler holds is never asked for. When it is full it is
//! forgotten as a whole, and the disk is asked about every message that is old enough to have been in it.

use std::collections::HashMap;

/// Messages in the list at most.
const AMENDED_MAX: usize = 1 << 16;

/// The change of a waiting message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// It does not wait any more.
    Dropped,
    /// It has these bytes now.
    Replaced(Box<[u8]>),
}

/// The state of knowledge about a message that may have changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// It has not changed.
    Unchanged,
    /// It has changed in this way.
    Amended(&'a Amendment),
    /// Its change was forgotten; its row on disk tells.
    Forgotten,
}

/// Durable amendments by message id.
#[derive(Debug, Default)]
pub struct Amended {
    by_message: HashMap<u64, Amendment>,
    /// Amendments of messages below this id were forgotten.
    forgotten_below: u64,
}

/// Amendments by message id as the commit will leave them; `None` for one that was passed on.
pub type AmendedChanges = HashMap<u64, Option<Amendment>>;

impl Amended {
    /// The amendment of a message.
    pub fn get(&self, message_id: u64) -> Known<'_> {
        match self.by_message.get(&message_id) {
            Some(amendment) => Known::Amended(amendment),
            None if message_id < self.forgotten_below => Known::Forgotten,
            None => Known::Unchanged,
        }
    }

    /// Takes over what is durable. No message has an id of `next_id` or above.
    pub fn advance(&mut self, changes: AmendedChanges, next_id: u64) {
        for (message_id, change) in changes {
            match change {
                Some(amendment) => self.insert(message_id, amendment, next_id),
                None => drop(self.by_message.remove(&message_id)),
            }
        }
    }

    fn insert(&mut self, message_id: u64, amendment: Amendment, next_id: u64) {
        if self.by_message.len() >= AMENDED_MAX {
            self.by_message.clear();
            self.forgotten_below = next_id;
        }
        self.by_message.insert(message_id, amendment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_no_longer_known() {
        let mut amended = Amended::default();
        let replaced = Amendment::Replaced(Box::from(*b"row"));
        amended.advance(HashMap::from([(7, Some(Amendment::Dropped)), (8, Some(replaced.clone()))]), 10);
        assert_eq!(amended.get(7), Known::Amended(&Amendment::Dropped));
        assert_eq!(amended.get(8), Known::Amended(&replaced));
        amended.advance(HashMap::from([(7, None)]), 10);
        assert_eq!(amended.get(7), Known::Unchanged);
    }

    #[test]
    fn a_full_list_sends_to_the_disk_whoever_may_have_been_in_it() {
        let mut amended = Amended::default();
        let max = AMENDED_MAX as u64;
        for message_id in 1..=max + 1 {
            amended.insert(message_id, Amendment::Dropped, max + 100);
        }
        assert_eq!(amended.get(1), Known::Forgotten);
        assert_eq!(amended.get(max), Known::Forgotten);
        assert_eq!(amended.get(max + 1), Known::Amended(&Amendment::Dropped));
        assert_eq!(amended.get(max + 99), Known::Forgotten);
        assert_eq!(amended.get(max + 100), Known::Unchanged);
        assert!(amended.by_message.len() <= AMENDED_MAX);
    }
}
