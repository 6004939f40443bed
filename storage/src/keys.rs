//! Idempotency keys: the first use of a key charges, every later one gets the first message's id.
//!
//! A key is in one of three places: nowhere (a first use), here in memory (its first use is on its way to
//! disk) or on disk. The look-up on disk happens under the same shard lock that a first use reserves the key
//! with, and a key leaves memory only after it is on disk; so there is no moment at which a resend finds it
//! in neither place.

use std::fmt;
use std::sync::Arc;

use dashmap::{DashMap, Entry};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::database::Unavailable;
use crate::rows::{KeyRow, RefusedDestination};
use crate::schema::account_name_key;
use crate::store::Store;

/// Longest idempotency key, in octets.
pub const KEY_OCTETS_MAX: usize = 64;

/// The first use of a key, as it travels in its chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The client's octets.
    pub key: Box<[u8]>,
    /// A hash of the message's destination and content.
    pub fingerprint: u64,
    /// The time until which it is remembered.
    pub expires_at: UnixMicros,
    /// Position of its CDR in the chunk.
    pub index: u32,
    /// The destinations of its submit_multi that were refused.
    pub refused: Vec<RefusedDestination>,
}

/// The first use of a key, as it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstUse {
    /// The id of the message, as the client got it.
    pub message_id: u64,
    /// The 32-bit id that the message was given for a resend over SMPP 3.3.
    pub short_id: Option<u32>,
    /// The destinations of a submit_multi that were refused.
    pub refused: Vec<RefusedDestination>,
}

impl FirstUse {
    /// The id of the message in 32 bits, where it has one.
    pub fn short_id(&self) -> Option<u32> {
        self.short_id.or_else(|| u32::try_from(self.message_id).ok())
    }
}

/// The result of looking a key up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyCheck {
    /// Never seen, or forgotten since; it is reserved for the asker, who must push it with its charge or
    /// release it.
    New,
    /// It was used for the same message before.
    Known(FirstUse),
    /// Its first message is on its way to disk; the waiter is called once that is known.
    Pending,
    /// It was used for another message.
    Reused,
}

/// Called with the first use of a key, `None` if it did not become durable.
pub type KeyWaiter = Box<dyn FnOnce(Option<FirstUse>) + Send + Sync>;

struct InFlight {
    fingerprint: u64,
    waiting: Vec<KeyWaiter>,
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

/// The keys whose first use is on its way to disk.
#[derive(Debug)]
pub struct KeyRegistry {
    store: Arc<Store>,
    in_flight: DashMap<Vec<u8>, InFlight>,
}

impl KeyRegistry {
    /// Over the keys on disk.
    pub fn new(store: Arc<Store>) -> Self {
        Self { store, in_flight: DashMap::new() }
    }

    /// Looks a key up and reserves it where it is new.
    pub fn check(
        &self,
        account: AccountNumber,
        key: &[u8],
        fingerprint: u64,
        now: UnixMicros,
        waiter: impl FnOnce() -> KeyWaiter,
    ) -> Result<KeyCheck, Unavailable> {
        match self.in_flight.entry(account_name_key(account, key)) {
            Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                if first.fingerprint != fingerprint {
                    return Ok(KeyCheck::Reused);
                }
                first.waiting.push(waiter());
                Ok(KeyCheck::Pending)
            }
            Entry::Vacant(entry) => {
                match self.store.messages().key(account, key)?.filter(|row| now < row.expires_at) {
                    Some(KeyRow { fingerprint: first, .. }) if first != fingerprint => Ok(KeyCheck::Reused),
                    Some(KeyRow { message_id, short_id, refused, .. }) => {
                        Ok(KeyCheck::Known(FirstUse { message_id, short_id, refused }))
                    }
                    None => {
                        entry.insert(InFlight { fingerprint, waiting: Vec::new() });
                        Ok(KeyCheck::New)
                    }
                }
            }
        }
    }

    /// Lets go of a reserved key whose message was not charged.
    pub fn release(&self, account: AccountNumber, key: &[u8]) {
        self.resolve(account, key, None);
    }

    /// The first use has ended: answers all that wait for it.
    pub(crate) fn resolve(&self, account: AccountNumber, key: &[u8], first_use: Option<&FirstUse>) {
        let Some((_, first)) = self.in_flight.remove(&account_name_key(account, key)) else { return };
        first.waiting.into_iter().for_each(|waiter| waiter(first_use.cloned()));
    }
}
