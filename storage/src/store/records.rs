//! Reads of documents, of the audit log, and of the keys of requests.

use rocksdb::{IteratorMode, ReadOptions};
use tollgate_engine::time::UnixMicros;

use super::{Store, Unavailable, damaged, handle};
use crate::change::{ChangeError, Changed, RequestUse};
use crate::rows::{AuditRow, AuditTail, DocumentRow, RequestRow, Row};
use crate::schema::{Collection, Family, LAST_AUDIT_KEY, document_key};

/// The order in which rows are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By ascending key.
    Ascending,
    /// By descending key: what came last, first.
    Descending,
}

impl Store {
    /// A document.
    pub fn document(&self, collection: Collection, key: &[u8]) -> Result<Option<DocumentRow>, Unavailable> {
        self.row(Family::Documents, &document_key(collection, key))
    }

    /// Calls `visit` with the key and row of each document whose key begins with `prefix`, by ascending key, until it
    /// answers `false`: those whose keys come after `after`, where there is one.
    pub fn documents(
        &self,
        collection: Collection,
        prefix: &[u8],
        after: Option<&[u8]>,
        visit: impl FnMut(&[u8], DocumentRow) -> bool,
    ) -> Result<(), Unavailable> {
        let start = document_key(collection, prefix);
        let end = end_of_prefix(&start);
        // The first key behind a key is that key and a zero.
        let behind = after.map(|after| [&document_key(collection, after)[..], &[0]].concat());
        let start = behind.map_or(start.clone(), |behind| behind.max(start));
        self.visit_documents((start, end), Order::Ascending, visit)
    }

    /// The same by descending key: those whose keys come before `before`, where there is one.
    pub fn documents_before(
        &self,
        collection: Collection,
        prefix: &[u8],
        before: Option<&[u8]>,
        visit: impl FnMut(&[u8], DocumentRow) -> bool,
    ) -> Result<(), Unavailable> {
        let start = document_key(collection, prefix);
        let ends = [before.map(|before| document_key(collection, before)), end_of_prefix(&start)];
        let end = ends.into_iter().flatten().min();
        self.visit_documents((start, end), Order::Descending, visit)
    }

    fn visit_documents(
        &self,
        keys: (Vec<u8>, Option<Vec<u8>>),
        order: Order,
        mut visit: impl FnMut(&[u8], DocumentRow) -> bool,
    ) -> Result<(), Unavailable> {
        self.rows_between(Family::Documents, keys, order, |key, value| {
            let read = key.split_first().zip(DocumentRow::read(value));
            let ((_, key), row) = read.ok_or_else(|| damaged(Family::Documents))?;
            Ok(visit(key, row))
        })
    }

    /// Calls `visit` with the number and row of each audit note of these numbers, until it answers `false`. They are
    /// numbered from 1.
    pub fn audit(
        &self,
        sequences: std::ops::RangeInclusive<u64>,
        order: Order,
        mut visit: impl FnMut(u64, AuditRow) -> bool,
    ) -> Result<(), Unavailable> {
        let end = sequences.end().checked_add(1).map(|end| end.to_be_bytes().to_vec());
        let keys = (sequences.start().to_be_bytes().to_vec(), end);
        self.rows_between(Family::Audit, keys, order, |key, value| {
            let sequence = key.try_into().ok().map(u64::from_be_bytes);
            let (sequence, row) =
                sequence.zip(AuditRow::read(value)).ok_or_else(|| damaged(Family::Audit))?;
            Ok(visit(sequence, row))
        })
    }

    /// The number and hash of the last audit note, as they are kept beside the log.
    pub fn audit_tail(&self) -> Result<AuditTail, Unavailable> {
        Ok(self.row(Family::Meta, LAST_AUDIT_KEY)?.unwrap_or_default())
    }

    /// The row of a request's key, expired or not.
    pub fn request(&self, key: &[u8]) -> Result<Option<RequestRow>, Unavailable> {
        self.row(Family::Requests, key)
    }

    /// What the first use of a request's key came to; `None` where there was none that counts at `now`. It saves a request
    /// that came a second time from being refused for what its first time has used up. The committer looks again.
    pub fn replayed(&self, request: &RequestUse, now: UnixMicros) -> Result<Option<Changed>, ChangeError> {
        match self.request(&request.key)? {
            Some(row) if row.expires_at > now => row.replay(request).map(Some),
            _ => Ok(None),
        }
    }

    /// Calls `visit` with the rows of keys from the first on and before the second, until it answers `false`.
    pub(super) fn rows_between(
        &self,
        family: Family,
        (start, end): (Vec<u8>, Option<Vec<u8>>),
        order: Order,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<bool, Unavailable>,
    ) -> Result<(), Unavailable> {
        if end.as_ref().is_some_and(|end| *end <= start) {
            return Ok(());
        }
        self.with(|db| {
            let mut options = ReadOptions::default();
            options.set_iterate_lower_bound(start);
            if let Some(end) = end {
                options.set_iterate_upper_bound(end);
            }
            let mode = match order {
                Order::Ascending => IteratorMode::Start,
                Order::Descending => IteratorMode::End,
            };
            for row in db.iterator_cf_opt(handle(db, family)?, options, mode) {
                let (key, value) = row?;
                if !visit(&key, &value)? {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// The first key behind all that begin so; `None` where there is none.
fn end_of_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let at = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix.get(..=at)?.to_vec();
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Some(end)
}
