//! The rows that one commit writes, in order, each with the value that it replaces, so that the whole can be
//! undone.

use std::collections::{HashMap, HashSet};

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

/// A row that shows if a batch is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The column family.
    pub family: Family,
    /// The key of the row.
    pub key: Vec<u8>,
    /// The value that it has if the batch is on disk.
    pub value: Option<Vec<u8>>,
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
        self.puts.push(Put { family, key: key.into(), value: Some(value), before: None });
    }

    /// Changes a row.
    pub fn replace(
        &mut self,
        family: Family,
        key: impl Into<Vec<u8>>,
        value: Vec<u8>,
        before: Option<Vec<u8>>,
    ) {
        self.puts.push(Put { family, key: key.into(), value: Some(value), before });
    }

    /// Removes a row.
    pub fn delete(&mut self, family: Family, key: impl Into<Vec<u8>>, before: Vec<u8>) {
        self.puts.push(Put { family, key: key.into(), value: None, before: Some(before) });
    }

    /// A row that shows if the batch is on disk: it holds the witness's value if it is, and something else if
    /// not. `None` for a batch that changes nothing.
    pub fn witness(&self) -> Option<Witness> {
        type Change<'a> = (Option<&'a [u8]>, Option<&'a [u8]>);
        let mut rows: HashMap<(Family, &[u8]), Change<'_>> = HashMap::new();
        for Put { family, key, value, before } in &self.puts {
            rows.entry((*family, key)).or_insert((before.as_deref(), None)).1 = value.as_deref();
        }
        let ((family, key), (_, value)) = rows.into_iter().find(|(_, (before, value))| before != value)?;
        Some(Witness { family, key: key.to_vec(), value: value.map(<[u8]>::to_vec) })
    }

    /// The messages that it puts into queues.
    pub(crate) fn queued(&self) -> impl Iterator<Item = QueueKey> {
        self.puts.iter().filter(|put| put.is_queued()).filter_map(|put| QueueKey::from_bytes(&put.key))
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

    /// The batch that undoes this one.
    #[must_use]
    pub fn inverse(self) -> Self {
        let undo = |put: Put| Put { family: put.family, key: put.key, value: put.before, before: put.value };
        Self { puts: self.puts.into_iter().rev().map(undo).collect() }
    }
}
