//! Documents: what the management API keeps, each with its revision.

use std::fmt;

use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros, put_varint};

/// `documents`: something of a collection. What its body says, storage does not know.
#[derive(Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// Counts the changes, from 1.
    pub revision: u64,
    /// The time of its creation.
    pub created_at: UnixMicros,
    /// The time of its last change.
    pub updated_at: UnixMicros,
    /// The content of the document.
    pub body: Vec<u8>,
}

impl fmt::Debug for DocumentRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, created_at, updated_at, .. } = self;
        f.debug_struct("DocumentRow")
            .field("revision", revision)
            .field("created_at", created_at)
            .field("updated_at", updated_at)
            .finish_non_exhaustive()
    }
}

impl Row for DocumentRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_varint(out, self.revision);
        put_micros(out, self.created_at);
        put_micros(out, self.updated_at);
        put_bytes(out, &self.body);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            revision: reader.varint()?,
            created_at: reader.micros()?,
            updated_at: reader.micros()?,
            body: reader.bytes()?.to_vec(),
        })
    }
}
