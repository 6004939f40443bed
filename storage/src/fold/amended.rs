//! Messages that changed while they waited. Whoever is about to send them may hold them as they were, and is told when
//! it asks for a lease.
//!
//! The list is bounded: a message that nobody holds is never asked for. When it is full it is forgotten as a whole, and
//! the disk is asked about every message that is old enough to have been in it.

use std::collections::HashMap;

/// Messages in the list at most.
const AMENDED_MAX: usize = 1 << 16;

/// What became of a waiting message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    /// It does not wait any more.
    Dropped,
    /// It has these bytes now.
    Replaced(Box<[u8]>),
}

/// What is known of a message that may have changed.
#[derive(Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// It has not.
    Unchanged,
    /// It has.
    Amended(&'a Amendment),
    /// That was forgotten; its row tells.
    Forgotten,
}

/// By message id.
#[derive(Debug, Default)]
pub struct Amended {
    by_message: HashMap<u64, Amendment>,
    /// Below this id the list was forgotten.
    forgotten_below: u64,
}

impl Amended {
    /// What is known of this message.
    pub fn get(&self, message_id: u64) -> Known<'_> {
        match self.by_message.get(&message_id) {
            Some(amendment) => Known::Amended(amendment),
            None if message_id < self.forgotten_below => Known::Forgotten,
            None => Known::Unchanged,
        }
    }

    /// Takes over what is durable; `None` where it has been told. No message has an id of `next_id` or above.
    pub fn advance(&mut self, changes: HashMap<u64, Option<Amendment>>, next_id: u64) {
        for (message_id, change) in changes {
            match change {
                Some(amendment) => self.insert(message_id, amendment, next_id),
                None => drop(self.by_message.remove(&message_id)),
            }
        }
    }

    /// A message that is not to be sent.
    pub fn drop_message(&mut self, message_id: u64, next_id: u64) {
        self.insert(message_id, Amendment::Dropped, next_id);
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
            amended.drop_message(message_id, max + 100);
        }
        assert_eq!(amended.get(1), Known::Forgotten);
        assert_eq!(amended.get(max), Known::Forgotten);
        assert_eq!(amended.get(max + 1), Known::Amended(&Amendment::Dropped));
        assert_eq!(amended.get(max + 99), Known::Forgotten);
        assert_eq!(amended.get(max + 100), Known::Unchanged);
        assert!(amended.by_message.len() <= AMENDED_MAX);
    }
}
