//! What one commit writes: rows in order, each with the value that it replaces, so that the whole can be taken back.

use crate::schema::Family;

/// One row of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Put {
    /// Where.
    pub family: Family,
    /// The key.
    pub key: Vec<u8>,
    /// The new value; `None` deletes.
    pub value: Option<Vec<u8>>,
    /// What stood there before; `None` for a new row.
    pub before: Option<Vec<u8>>,
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

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.puts.is_empty()
    }

    /// The batch that makes this one undone.
    #[must_use]
    pub fn inverse(self) -> Self {
        let undo = |put: Put| Put { family: put.family, key: put.key, value: put.before, before: put.value };
        Self { puts: self.puts.into_iter().rev().map(undo).collect() }
    }
}
