//! Rows as a commit will leave them, and the latest ones as they are on disk, so that a commit does not read what one
//! before it has written.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Debug;
use std::hash::Hash;

use crate::batch::Batch;
use crate::database::Unavailable;
use crate::rows::Row;
use crate::schema::Family;
use crate::store::Store;

/// Rows of one family in memory at most.
const KEPT_MAX: usize = 50_000;

/// The key of a row, which says its family.
pub trait RowKey: Copy + Debug + Eq + Hash {
    /// The family of the rows.
    const FAMILY: Family;

    /// The octets of the key.
    fn to_octets(self) -> Vec<u8>;
}

/// Rows as they are on disk; `None` where there is none. They are forgotten all at once.
#[derive(Debug)]
pub struct KeptRows<K, R>(HashMap<K, Option<R>>);

/// Rows as a commit will leave them.
#[derive(Debug)]
pub struct RowsDraft<'a, K, R> {
    store: &'a Store,
    kept: &'a KeptRows<K, R>,
    changes: HashMap<K, (Option<R>, Option<R>)>,
}

impl<K, R> Default for KeptRows<K, R> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: RowKey, R> KeptRows<K, R> {
    /// Takes over what is durable.
    pub fn advance(&mut self, changes: HashMap<K, Option<R>>) {
        if self.0.len() + changes.len() > KEPT_MAX {
            self.0.clear();
        }
        self.0.extend(changes);
    }
}

impl<'a, K: RowKey, R: Row + Clone + PartialEq> RowsDraft<'a, K, R> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, kept: &'a KeptRows<K, R>) -> Self {
        Self { store, kept, changes: HashMap::new() }
    }

    /// Reads a row that is about to be changed. Only this can fail, and it changes nothing.
    pub fn load(&mut self, key: K) -> Result<Option<&R>, Unavailable> {
        let row = match self.changes.entry(key) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let before = match self.kept.0.get(&key) {
                    Some(kept) => kept.clone(),
                    None => self.store.database().row(K::FAMILY, &key.to_octets())?,
                };
                entry.insert((before.clone(), before))
            }
        };
        Ok(row.1.as_ref())
    }

    /// A row that was loaded, to be changed; `None` where there is none.
    pub fn row_mut(&mut self, key: K) -> &mut Option<R> {
        match self.changes.get_mut(&key) {
            Some((_, after)) => after,
            None => unreachable!("{key:?} of {} is changed before it is read", K::FAMILY.name()),
        }
    }

    /// A row that was loaded, or of a key that is new with this commit.
    pub fn row_or_new(&mut self, key: K) -> &mut Option<R> {
        &mut self.changes.entry(key).or_insert((None, None)).1
    }

    /// Writes the rows that changed, and returns all that were read as they will be.
    pub fn finish(self, batch: &mut Batch) -> HashMap<K, Option<R>> {
        let mut rows = HashMap::with_capacity(self.changes.len());
        for (key, (before, after)) in self.changes {
            if before != after {
                let (value, before) = (after.as_ref().map(Row::to_bytes), before.as_ref().map(Row::to_bytes));
                batch.put(K::FAMILY, key.to_octets(), value, before);
            }
            rows.insert(key, after);
        }
        rows
    }
}
