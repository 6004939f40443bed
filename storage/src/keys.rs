//! Idempotency keys: the first use of a key charges, every later one gets the first message's id.
//!
//! A key is in one of three places: nowhere (a first use), here in memory (its first use is on its way to disk) or on
//! disk. The look-up on disk happens under the same shard lock that a first use reserves the key with, and a key
//! leaves memory only after it is on disk; so there is no moment at which a resend finds it in neither place.

use std::sync::Arc;

use dashmap::{DashMap, Entry};
use tokio::sync::mpsc::UnboundedSender;
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::chunk::Notice;
use crate::database::Unavailable;
use crate::rows::KeyRow;
use crate::schema::account_name_key;
use crate::store::Store;

/// Longest idempotency key, in octets.
pub const KEY_OCTETS_MAX: usize = 64;

/// The first use of a key, as it travels in its chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKey {
    /// The client's octets.
    pub key: Box<[u8]>,
    /// Of the message's destination and content.
    pub fingerprint: u64,
    /// Until when it is remembered.
    pub expires_at: UnixMicros,
    /// Position of its CDR in the chunk.
    pub index: u32,
}

/// What is known of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyCheck {
    /// Never seen, or forgotten since; it is reserved for the asker, who must push it with its charge or release it.
    New,
    /// Its first message has this id.
    Known(u64),
    /// Its first message is on its way to disk; the asker gets a [`Notice::Key`].
    Pending,
    /// It was used for another message.
    Reused,
}

#[derive(Debug)]
struct InFlight {
    fingerprint: u64,
    waiting: Vec<(UnboundedSender<Notice>, u64)>,
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
        waiter: (&UnboundedSender<Notice>, u64),
    ) -> Result<KeyCheck, Unavailable> {
        match self.in_flight.entry(account_name_key(account, key)) {
            Entry::Occupied(mut entry) => {
                let first = entry.get_mut();
                if first.fingerprint != fingerprint {
                    return Ok(KeyCheck::Reused);
                }
                first.waiting.push((waiter.0.clone(), waiter.1));
                Ok(KeyCheck::Pending)
            }
            Entry::Vacant(entry) => {
                match self.store.messages().key(account, key)?.filter(|row| now < row.expires_at) {
                    Some(KeyRow { fingerprint: first, .. }) if first != fingerprint => Ok(KeyCheck::Reused),
                    Some(row) => Ok(KeyCheck::Known(row.message_id)),
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

    /// The first use has ended: tells everyone who waits for it.
    pub(crate) fn resolve(&self, account: AccountNumber, key: &[u8], message_id: Option<u64>) {
        let Some((_, first)) = self.in_flight.remove(&account_name_key(account, key)) else { return };
        for (waiter, token) in first.waiting {
            let _ = waiter.send(Notice::Key { token, message_id });
        }
    }
}
