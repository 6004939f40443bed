//! Documents, audit notes and keys of requests, as the commit that grows will leave them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Draft;
use crate::batch::Put;
use crate::change::{AuditNote, ChangeError, Changed, DocumentChange, Expected, RequestUse};
use crate::database::{Unavailable, damaged};
use crate::rows::{AuditRow, AuditTail, DocumentRow, RequestRow, Row};
use crate::schema::{Family, LAST_AUDIT_KEY, document_key};

/// As they will be.
#[derive(Debug, Default)]
pub struct Records {
    /// By key; `None` where it is gone.
    documents: HashMap<Vec<u8>, Option<DocumentRow>>,
    requests: HashMap<Vec<u8>, RequestRow>,
    pub audit: AuditTail,
}

/// Whether a request's key was used before.
pub enum FirstUse {
    /// It was, for the same request, which came to this.
    Before(Changed),
    /// It was not, or so long ago that this row of it no longer counts.
    Now { replaced: Option<RequestRow> },
}

/// A document before and after a change; a row is absent where there is no document.
pub struct DocumentWrite {
    key: Vec<u8>,
    before: Option<DocumentRow>,
    after: Option<DocumentRow>,
}

impl Draft<'_> {
    pub(super) fn first_use(&self, request: &RequestUse) -> Result<FirstUse, ChangeError> {
        let row = match self.changes.records.requests.get(&request.key) {
            Some(row) => Some(row.clone()),
            None => self.store.requests().get(&request.key)?,
        };
        match row {
            Some(row) if row.expires_at > self.now => Ok(FirstUse::Before(row.replay(request)?)),
            replaced => Ok(FirstUse::Now { replaced }),
        }
    }

    /// Notes what a request came to. In a batch of its own commit, so that the key is used exactly when that happened.
    pub(super) fn remember(
        &mut self,
        request: &RequestUse,
        changed: &Changed,
        replaced: Option<&RequestRow>,
    ) {
        let RequestUse { key, fingerprint, expires_at } = request.clone();
        if expires_at <= self.now {
            // Compaction might take the row away at once, and with it the word on whether the batch is on disk.
            return;
        }
        let row = RequestRow { expires_at, fingerprint, at: self.now, result: changed.to_bytes() };
        let before = replaced.map(Row::to_bytes);
        self.batch.replace(Family::Requests, key.clone(), row.to_bytes(), before);
        self.changes.records.requests.insert(key, row);
    }

    /// What is to be written of documents, if each is as it is expected to be. Nothing is changed yet; a document that is
    /// changed twice is expected to be what the first time makes of it.
    pub(super) fn document_writes(
        &self,
        changes: &[DocumentChange],
    ) -> Result<Vec<DocumentWrite>, ChangeError> {
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
        match self.changes.records.documents.get(key) {
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

    /// The answer is the document's revision now; zero where it is gone.
    pub(super) fn write_document(&mut self, write: DocumentWrite) -> u64 {
        let DocumentWrite { key, before, after } = write;
        let revision = after.as_ref().map_or(0, |row| row.revision);
        let (value, before) = (after.as_ref().map(Row::to_bytes), before.as_ref().map(Row::to_bytes));
        if value.is_some() || before.is_some() {
            self.batch.puts.push(Put { family: Family::Documents, key: key.clone(), value, before });
        }
        self.changes.records.documents.insert(key, after);
        revision
    }

    /// Adds a line to the audit log.
    pub(super) fn note(&mut self, note: &AuditNote) {
        let last = self.changes.records.audit;
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
        self.batch.insert(Family::Audit, sequence.to_be_bytes(), row.to_bytes());
        let tail = AuditTail { sequence, hash: row.hash };
        let before = (last.sequence > 0).then(|| last.to_bytes());
        self.batch.replace(Family::Meta, LAST_AUDIT_KEY, tail.to_bytes(), before);
        self.changes.records.audit = tail;
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
    /// What the first use of a request's key came to, if it was for the same request.
    pub(crate) fn replay(&self, request: &RequestUse) -> Result<Changed, ChangeError> {
        if self.fingerprint != request.fingerprint {
            return Err(ChangeError::KeyReused);
        }
        let changed = Changed::read(&self.result).ok_or_else(|| damaged(Family::Requests))?;
        Ok(Changed { replayed: true, ..changed })
    }
}
