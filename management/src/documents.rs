//! Documents of one collection that are kept in memory beside their rows, because they are few and asked for often; and
//! single documents read from the books.
//!
//! A cache is filled from the books at the start. [`ChangeSet`](crate::change_set::ChangeSet) changes it once a change is
//! durable, never before.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tollgate_api::answer::Answer;
use tollgate_api::problem::Problem;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::schema::Collection;
use tollgate_storage::store::{Store, Unavailable};

use crate::context::Context;
use crate::problems::unavailable;
use crate::sealing::Sealer;

/// A document that is cached, with its version.
#[derive(Clone, Debug)]
pub struct Document<T> {
    /// The key in the collection.
    pub key: String,
    /// The version, counted up with each change.
    pub revision: u64,
    /// The instant at which it was made.
    pub created_at: UnixMicros,
    /// The instant at which it was changed last.
    pub updated_at: UnixMicros,
    /// Contents of the document.
    pub value: T,
}

/// The documents of one collection, in the order of their keys.
#[derive(Debug)]
pub struct DocumentCache<T> {
    collection: Collection,
    documents: RwLock<BTreeMap<String, Arc<Document<T>>>>,
}

impl<T: Serialize + DeserializeOwned> DocumentCache<T> {
    /// Reads the whole collection, which holds no secrets.
    pub fn load(store: &Store, collection: Collection) -> Result<Self, Unavailable> {
        Self::load_sealed(store, collection, &Sealer::default())
    }

    /// Reads the whole collection, whose documents may be sealed.
    pub fn load_sealed(store: &Store, collection: Collection, sealer: &Sealer) -> Result<Self, Unavailable> {
        let (mut documents, mut fault) = (BTreeMap::new(), None);
        store.documents().list(collection, &[], None, |key, row| {
            let opened = sealer.open(collection, key, &row.body);
            let key = String::from_utf8_lossy(key).into_owned();
            match opened.and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string())) {
                Ok(value) => {
                    let (revision, created_at, updated_at) = (row.revision, row.created_at, row.updated_at);
                    let document = Document { key: key.clone(), revision, created_at, updated_at, value };
                    documents.insert(key, Arc::new(document));
                }
                Err(error) => {
                    fault = Some(format!("document {key} of collection {}: {error}", collection.0));
                }
            }
            fault.is_none()
        })?;
        match fault {
            Some(fault) => Err(Unavailable(fault)),
            None => Ok(Self { collection, documents: RwLock::new(documents) }),
        }
    }

    /// The collection that is cached.
    pub fn collection(&self) -> Collection {
        self.collection
    }

    /// The document with this key.
    pub fn get(&self, key: &str) -> Option<Arc<Document<T>>> {
        self.documents.read().get(key).cloned()
    }

    /// All of them, in the order of their keys.
    pub fn all(&self) -> Vec<Arc<Document<T>>> {
        self.documents.read().values().cloned().collect()
    }

    /// The first for which `wanted` holds.
    pub fn find(&self, wanted: impl Fn(&Document<T>) -> bool) -> Option<Arc<Document<T>>> {
        self.documents.read().values().find(|document| wanted(document)).cloned()
    }

    /// All for which `wanted` holds, in the order of their keys.
    pub fn filter(&self, wanted: impl Fn(&Document<T>) -> bool) -> Vec<Arc<Document<T>>> {
        self.documents.read().values().filter(|document| wanted(document)).cloned().collect()
    }

    /// The number of documents.
    pub fn len(&self) -> usize {
        self.documents.read().len()
    }

    pub(crate) fn follow(&self, key: String, after: Option<(u64, UnixMicros, T)>) {
        let mut documents = self.documents.write();
        let Some((revision, updated_at, value)) = after else {
            documents.remove(&key);
            return;
        };
        let before = documents.get(&key);
        // Two changes may come back in another order than they were made.
        if before.is_some_and(|before| before.revision >= revision && revision > 1) {
            return;
        }
        let created_at = before.map_or(updated_at, |before| before.created_at);
        let document = Document { key: key.clone(), revision, created_at, updated_at, value };
        documents.insert(key, Arc::new(document));
    }
}

/// A document that is not cached and may be sealed.
pub fn sealed_document<T: DeserializeOwned>(
    context: &Context,
    collection: Collection,
    key: &str,
) -> Answer<Option<T>> {
    let row =
        context.store().documents().get(collection, key.as_bytes()).map_err(|error| unavailable(&error))?;
    let Some(row) = row else { return Ok(None) };
    let opened = context.sealer.open(collection, key.as_bytes(), &row.body);
    let value = opened.and_then(|body| serde_json::from_slice(&body).map_err(|error| error.to_string()));
    value.map(Some).map_err(|error| {
        tracing::error!(%error, key, collection = collection.0, "a document cannot be read");
        Problem::internal("a document of the books cannot be read")
    })
}

/// A document that is not cached, with its revision.
pub fn stored_document<T: DeserializeOwned>(
    store: &Store,
    collection: Collection,
    key: &str,
) -> Answer<Option<(u64, T)>> {
    let row = store.documents().get(collection, key.as_bytes()).map_err(|error| unavailable(&error))?;
    let Some(row) = row else { return Ok(None) };
    let value = serde_json::from_slice(&row.body);
    let value = value.map_err(|error| {
        tracing::error!(%error, key, collection = collection.0, "a document cannot be read");
        Problem::internal("a document of the books cannot be read")
    })?;
    Ok(Some((row.revision, value)))
}

/// A value of the books or of a request as JSON. These are plain values, which JSON can hold.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    let json = serde_json::to_vec(value);
    assert!(json.is_ok(), "a plain value cannot be written as JSON");
    json.unwrap_or_default()
}
