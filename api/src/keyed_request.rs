//! A request that came with an Idempotency-Key, shared by the layer around its handler and the changes that it makes.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;

/// A request with an Idempotency-Key. Its body may hold a password and is shown nowhere.
pub struct KeyedRequest {
    /// The key, as the caller sent it.
    pub key: String,
    /// Method, path and query.
    pub head: String,
    /// The body as it came.
    pub body: Bytes,
    /// True where the handler looks after the key by itself.
    is_native: bool,
    is_claimed: AtomicBool,
    is_replayed: AtomicBool,
}

impl KeyedRequest {
    /// A request whose key is part of the first change that it makes.
    pub fn new(key: String, head: String, body: Bytes) -> Self {
        let (is_claimed, is_replayed) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { key, head, body, is_native: false, is_claimed, is_replayed }
    }

    /// A request whose handler looks after the key by itself.
    pub fn native(key: String) -> Self {
        Self { is_native: true, ..Self::new(key, String::new(), Bytes::new()) }
    }

    /// True for the first change of the request, which the key becomes a part of.
    pub fn claim(&self) -> bool {
        !self.is_native && !self.is_claimed.swap(true, Ordering::AcqRel)
    }

    /// Notes that an earlier request with the key is answered again.
    pub fn note_replayed(&self) {
        self.is_replayed.store(true, Ordering::Release);
    }

    /// True if an earlier request with the key is answered again.
    pub fn is_replayed(&self) -> bool {
        self.is_replayed.load(Ordering::Acquire)
    }
}

impl PartialEq for KeyedRequest {
    fn eq(&self, other: &Self) -> bool {
        (&self.key, &self.head, &self.body) == (&other.key, &other.head, &other.body)
    }
}

impl Eq for KeyedRequest {}

impl fmt::Debug for KeyedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedRequest").field("head", &self.head).finish_non_exhaustive()
    }
}
