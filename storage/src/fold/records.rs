//! Documents, audit notes and keys of requests, as the commit will leave them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use tollgate_engine::time::UnixMicros;

use super::output::Output;
use crate::change::{AuditNote, ChangeError, Changed, DocumentChange, Expected, RequestUse};
use crate::database::{Unavailable, damaged};
use crate::rows::{AuditRow, AuditTail, DocumentRow, RequestRow, Row};
use crate::schema::{Family, LAST_AUDIT_KEY, document_key};
use crate::store::Store;

/// Documents, requests and the end of the audit log.
#[derive(Debug)]
pub struct RecordDraft<'a> {
    store: &'a Store,
    now: UnixMicros,
    /// Keys whose window ended before this are forgotten.
    due: UnixMicros,
    /// Documents that changed, by key; `None` for one that is gone.
    documents: HashMap<Vec<u8>, Option<DocumentRow>>,
    requests: HashMap<Vec<u8>, RequestRow>,
    audit: AuditTail,
}

/// The answer to the question of whether a request's key was used before.
pub enum FirstUse {
    /// It was used for the same request, with this result.
    Before(Changed),
    /// It was not used, or so long ago that its row no longer counts.
    Now {
        /// The old row.
        replaced: Option<RequestRow>,
    },
}

/// A document before and after a change; a row is absent where there is no document.
pub struct DocumentWrite {
    key: Vec<u8>,
    before: Option<DocumentRow>,
    after: Option<DocumentRow>,
}

impl<'a> RecordDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, (now, due): (UnixMicros, UnixMicros), audit: AuditTail) -> Self {
        Self { store, now, due, documents: HashMap::new(), requests: HashMap::new(), audit }
    }

    /// Looks up the key of a request.
    pub fn first_use(&self, request: &RequestUse) -> Result<FirstUse, ChangeError> {
        let row = match self.requests.get(&request.key) {
            Some(row) => Some(row.clone()),
            None => self.store.requests().get(&request.key)?,
        };
        match row {
            Some(row) if row.expires_at > self.due => Ok(FirstUse::Before(row.replay(request)?)),
            replaced => Ok(FirstUse::Now { replaced }),
        }
    }

    /// Remembers the result of a request, in the commit that writes the result.
    pub fn remember(
        &mut self,
        out: &mut Output,
        request: &RequestUse,
        changed: &Changed,
        replaced: Option<&RequestRow>,
    ) {
        let RequestUse { key, fingerprint, expires_at } = request.clone();
        if expires_at <= self.now {
            // Compaction might remove the row at once, and with it the proof that the batch is on disk.
            return;
        }
        let row = RequestRow { expires_at, fingerprint, at: self.now, result: changed.to_bytes() };
        let before = replaced.map(Row::to_bytes);
        out.batch.replace(Family::Requests, key.clone(), row.to_bytes(), before);
        self.requests.insert(key, row);
    }

    /// The writes of documents, if each is as expected. Nothing is changed yet. If a document is changed
    /// twice, the second change expects the result of the first.
    pub fn document_writes(&self, changes: &[DocumentChange]) -> Result<Vec<DocumentWrite>, ChangeError> {
        let mut documents: HashMap<Vec<u8>, Option<DocumentRow>> = HashMap::new();
        let mut writes = Vec::with_capacity(changes.len());
        for (document, change) in changes.iter().enumerate() {
            let key = document_key(change.collection, &change.key);
            let current = match documents.entry(key.clone()) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let before = self.document(entry.key())?;
                    entry.insert(before)
                }
            };
            if !change.expected.is_met_by(current.as_ref()) {
                return Err(ChangeError::Conflict { document });
            }
            let after = change.body.as_ref().map(|body| self.next_revision(current.as_ref(), body));
            let before = std::mem::replace(current, after.clone());
            writes.push(DocumentWrite { key, before, after });
        }
        Ok(writes)
    }

    fn document(&self, key: &[u8]) -> Result<Option<DocumentRow>, Unavailable> {
        match self.documents.get(key) {
            Some(touched) => Ok(touched.clone()),
            None => self.store.database().row(Family::Documents, key),
        }
    }

    fn next_revision(&self, before: Option<&DocumentRow>, body: &[u8]) -> DocumentRow {
        DocumentRow {
            revision: before.map_or(0, |row| row.revision).saturating_add(1),
            created_at: before.map_or(self.now, |row| row.created_at),
            updated_at: self.now,
            body: body.to_vec(),
        }
    }

    /// Writes a document; returns its new revision, zero if it is removed.
    pub fn write_document(&mut self, out: &mut Output, write: DocumentWrite) -> u64 {
        let DocumentWrite { key, before, after } = write;
        let revision = after.as_ref().map_or(0, |row| row.revision);
        let (value, before) = (after.as_ref().map(Row::to_bytes), before.as_ref().map(Row::to_bytes));
        if value.is_some() || before.is_some() {
            out.batch.put(Family::Documents, key.clone(), value, before);
        }
        self.documents.insert(key, after);
        revision
    }

    /// Adds a line to the audit log.
    pub fn note(&mut self, out: &mut Output, note: &AuditNote) {
        let last = self.audit;
        let AuditNote { actor, action, resource, before, after, request_id } = note.clone();
        let mut row = AuditRow {
            at: self.now,
            actor,
            action,
            resource,
            before,
            after,
            request_id,
            previous: last.hash,
            hash: [0; 32],
        };
        let sequence = last.sequence.saturating_add(1);
        row.hash = row.hash_at(sequence);
        out.batch.insert(Family::Audit, sequence.to_be_bytes(), row.to_bytes());
        let tail = AuditTail { sequence, hash: row.hash };
        let before = (last.sequence > 0).then(|| last.to_bytes());
        out.batch.replace(Family::Meta, LAST_AUDIT_KEY, tail.to_bytes(), before);
        self.audit = tail;
    }

    /// The last note of the audit log.
    pub fn finish(self) -> AuditTail {
        self.audit
    }
}

impl Expected {
    fn is_met_by(self, row: Option<&DocumentRow>) -> bool {
        match self {
            Self::Any => true,
            Self::Absent => row.is_none(),
            Self::Revision(revision) => row.is_some_and(|row| row.revision == revision),
        }
    }
}

impl RequestRow {
    /// The result of the first use of a request's key, if it was for the same request.
    pub(crate) fn replay(&self, request: &RequestUse) -> Result<Changed, ChangeError> {
        if self.fingerprint != request.fingerprint {
            return Err(ChangeError::KeyReused);
        }
        let changed = Changed::read(&self.result).ok_or_else(|| damaged(Family::Requests))?;
        Ok(Changed { replayed: true, ..changed })
    }
}
