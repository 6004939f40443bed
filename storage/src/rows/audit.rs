//! The audit log: who changed what, each row chained to the one before it by its hash.

use sha2::{Digest, Sha256};
use tollgate_engine::time::UnixMicros;

use super::Row;
use crate::codec::{Reader, put_bytes, put_micros};

/// `audit`: one change that was made. Rows are numbered from 1 without gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRow {
    /// The time of the change.
    pub at: UnixMicros,
    /// The person or key that made it.
    pub actor: String,
    /// The action that was taken.
    pub action: String,
    /// The resource that was changed.
    pub resource: String,
    /// The content before; empty if there was none.
    pub before: String,
    /// The content after; empty if it was removed.
    pub after: String,
    /// The request that asked for it.
    pub request_id: String,
    /// Hash of the row before; all zero in the first.
    pub previous: [u8; 32],
    /// Hash of this row's number, of `previous` and of all that it says.
    pub hash: [u8; 32],
}

/// The last row of the audit log, kept beside it, so that a log that was cut off is noticed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditTail {
    /// Its number; zero where there is no row yet.
    pub sequence: u64,
    /// The hash of that row.
    pub hash: [u8; 32],
}

impl AuditRow {
    /// The hash that it must have as row `sequence`.
    pub fn hash_at(&self, sequence: u64) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(sequence.to_be_bytes());
        hash.update(self.previous);
        hash.update(self.at.0.to_be_bytes());
        for text in self.texts() {
            // With its length in front nothing can move from one text to the next.
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().into()
    }

    fn texts(&self) -> [&str; 6] {
        [&self.actor, &self.action, &self.resource, &self.before, &self.after, &self.request_id]
    }
}

impl Row for AuditRow {
    fn write_to(&self, out: &mut Vec<u8>) {
        put_micros(out, self.at);
        for text in self.texts() {
            put_bytes(out, text.as_bytes());
        }
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&self.hash);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let at = reader.micros()?;
        let mut text = || reader.text().map(str::to_owned);
        let (actor, action, resource) = (text()?, text()?, text()?);
        let (before, after, request_id) = (text()?, text()?, text()?);
        let mut hash = || reader.take(32)?.try_into().ok();
        let (previous, hash) = (hash()?, hash()?);
        Some(Self { at, actor, action, resource, before, after, request_id, previous, hash })
    }
}

impl Row for AuditTail {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&self.hash);
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { sequence: reader.be_u64()?, hash: reader.take(32)?.try_into().ok()? })
    }
}
