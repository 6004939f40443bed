//! Numbers under a hash: nearly always one.

use rustc_hash::FxHashMap;

/// The numbers under each hash.
#[derive(Debug, Default)]
pub struct Index(FxHashMap<u64, Few>);

#[derive(Debug)]
enum Few {
    One(u64),
    #[expect(clippy::box_collection, reason = "it is rare, and makes the entries of a large table smaller")]
    Many(Box<Vec<u64>>),
}

impl Index {
    /// Adds a number.
    pub fn insert(&mut self, hash: u64, number: u64) {
        match self.0.get_mut(&hash) {
            None => drop(self.0.insert(hash, Few::One(number))),
            Some(Few::Many(numbers)) => numbers.push(number),
            Some(few) => {
                if let Few::One(first) = *few {
                    *few = Few::Many(Box::new(vec![first, number]));
                }
            }
        }
    }

    /// Takes a number away.
    pub fn remove(&mut self, hash: u64, number: u64) {
        let is_empty = match self.0.get_mut(&hash) {
            Some(Few::One(one)) => *one == number,
            Some(Few::Many(numbers)) => {
                numbers.retain(|other| *other != number);
                numbers.is_empty()
            }
            None => false,
        };
        if is_empty {
            self.0.remove(&hash);
        }
    }

    /// The numbers under a hash, in the order in which they came.
    pub fn get(&self, hash: u64) -> &[u64] {
        match self.0.get(&hash) {
            Some(Few::One(one)) => std::slice::from_ref(one),
            Some(Few::Many(numbers)) => numbers,
            None => &[],
        }
    }
}
