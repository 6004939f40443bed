//! Documents of one collection, kept in memory beside their rows: few, and asked for often.
//!
//! A shelf follows the books. It is filled from them at the start, and changed by [`Work`](crate::change_set::Work) once a change is
//! durable, never before.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::{Store, Unavailable};

/// A document as it stands on its shelf.
#[derive(Clone, Debug)]
pub struct Kept<T> {
    /// Its key in the collection.
    pub key: String,
    /// Counted on with each change.
    pub revision: u64,
    /// When it was made.
    pub created_at: UnixMicros,
    /// When it was changed last.
    pub updated_at: UnixMicros,
    /// What it says.
    pub value: T,
}

/// The documents of one collection, in the order of their keys.
#[derive(Debug)]
pub struct Shelf<T> {
    collection: Collection,
    kept: RwLock<BTreeMap<String, Arc<Kept<T>>>>,
}

impl<T: Serialize + DeserializeOwned> Shelf<T> {
    /// All that the books have of the collection.
    pub fn load(store: &Store, collection: Collection) -> Result<Self, Unavailable> {
        let (mut kept, mut fault) = (BTreeMap::new(), None);
        store.documents(collection, &[], None, |key, row| {
            let key = String::from_utf8_lossy(key).into_owned();
            match serde_json::from_slice(&row.body) {
                Ok(value) => {
                    let (revision, created_at, updated_at) = (row.revision, row.created_at, row.updated_at);
                    let document = Kept { key: key.clone(), revision, created_at, updated_at, value };
                    kept.insert(key, Arc::new(document));
                }
                Err(error) => {
                    fault = Some(format!("document {key} of collection {}: {error}", collection.0));
                }
            }
            fault.is_none()
        })?;
        match fault {
            Some(fault) => Err(Unavailable(fault)),
            None => Ok(Self { collection, kept: RwLock::new(kept) }),
        }
    }

    /// Which collection.
    pub fn collection(&self) -> Collection {
        self.collection
    }

    /// One of them.
    pub fn get(&self, key: &str) -> Option<Arc<Kept<T>>> {
        self.kept.read().get(key).cloned()
    }

    /// All of them, in the order of their keys.
    pub fn all(&self) -> Vec<Arc<Kept<T>>> {
        self.kept.read().values().cloned().collect()
    }

    /// The first for which `wanted` holds.
    pub fn find(&self, wanted: impl Fn(&Kept<T>) -> bool) -> Option<Arc<Kept<T>>> {
        self.kept.read().values().find(|kept| wanted(kept)).cloned()
    }

    /// All for which `wanted` holds, in the order of their keys.
    pub fn filter(&self, wanted: impl Fn(&Kept<T>) -> bool) -> Vec<Arc<Kept<T>>> {
        self.kept.read().values().filter(|kept| wanted(kept)).cloned().collect()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.read().len()
    }

    pub(crate) fn follow(&self, key: String, after: Option<(u64, UnixMicros, T)>) {
        let mut kept = self.kept.write();
        let Some((revision, updated_at, value)) = after else {
            kept.remove(&key);
            return;
        };
        let before = kept.get(&key);
        // Two changes may come back in another order than they were made.
        if before.is_some_and(|before| before.revision >= revision && revision > 1) {
            return;
        }
        let created_at = before.map_or(updated_at, |before| before.created_at);
        let document = Kept { key: key.clone(), revision, created_at, updated_at, value };
        kept.insert(key, Arc::new(document));
    }
}
