//! The rows that one commit writes, in order, each with the value that it replaces, which the running sums take away.

use std::collections::HashSet;

use crate::message::{QueueKey, QueuedRow};
use crate::schema::Family;

/// One row of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// The column family.
    pub family: Family,
    /// The key of the row.
    pub key: Vec<u8>,
    /// The new value; `None` deletes.
    pub value: Option<Vec<u8>>,
    /// The value that it replaces; `None` for a new row.
    pub before: Option<Vec<u8>>,
}

impl Put {
    /// True if it is a message that comes into a queue.
    fn is_queued(&self) -> bool {
        self.family == Family::Queue && self.before.is_none() && self.value.is_some()
    }
}

/// The rows of one commit, written all or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// In the order in which they are applied.
    pub puts: Vec<Put>,
}

impl Batch {
    /// Adds a row that was not there before.
    pub fn insert(&mut self, family: Family, key: impl Into<Vec<u8>>, value: Vec<u8>) {
        self.put(family, key, Some(value), None);
    }

    /// Changes a row.
    pub fn replace(
        &mut self,
        family: Family,
        key: impl Into<Vec<u8>>,
        value: Vec<u8>,
        before: Option<Vec<u8>>,
    ) {
        self.put(family, key, Some(value), before);
    }

    /// Writes a row (`Some`) or removes it (`None`).
    pub fn put(
        &mut self,
        family: Family,
        key: impl Into<Vec<u8>>,
        value: Option<Vec<u8>>,
        before: Option<Vec<u8>>,
    ) {
        self.puts.push(Put { family, key: key.into(), value, before });
    }

    /// Removes a row.
    pub fn delete(&mut self, family: Family, key: impl Into<Vec<u8>>, before: Vec<u8>) {
        self.put(family, key, None, Some(before));
    }

    /// The last change of a row in this batch.
    pub(crate) fn last_of(&self, family: Family, key: &[u8]) -> Option<&Put> {
        self.puts.iter().rev().find(|put| put.family == family && put.key == key)
    }

    /// Takes the new rows of queues out, by ascending message id, except those of `unqueued`.
    pub(crate) fn take_queued(self, unqueued: &HashSet<u64>) -> Vec<QueuedRow> {
        let row = |put: Put| {
            let key = QueueKey::from_bytes(&put.key)?;
            Some(QueuedRow { key, bytes: put.value?.into_boxed_slice() })
        };
        let mut rows: Vec<QueuedRow> = self.puts.into_iter().filter(Put::is_queued).filter_map(row).collect();
        if !unqueued.is_empty() {
            rows.retain(|row| !unqueued.contains(&row.key.message_id));
        }
        rows.sort_by_key(|row| row.key.message_id);
        rows
    }

    /// True if there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty()
    }
}
