//! Records of requests to the management API: documents and keys that can be read, and an audit log in which
//! nothing was changed, taken out or cut off.

use super::Count;
use super::fault::{Fault, damaged, off, scan};
use crate::change::Changed;
use crate::rows::{AuditRow, AuditTail, DocumentRow, RequestRow, Row};
use crate::schema::Family;
use crate::store::Store;

impl Count {
    /// Every note carries the hash of the one before it, and the last one is the one that is kept beside the
    /// log.
    pub(super) fn read_audit(&mut self, store: &Store) -> Result<(), Fault> {
        let mut last = AuditTail::default();
        scan(store, Family::Audit, |key, value| {
            let sequence = key.try_into().map_err(|_| damaged(Family::Audit, key))?;
            let sequence = u64::from_be_bytes(sequence);
            let row = AuditRow::read(value).ok_or_else(|| damaged(Family::Audit, key))?;
            if sequence != last.sequence + 1 {
                return off(format!("audit note {} is missing", last.sequence + 1));
            }
            if row.previous != last.hash {
                return off(format!("audit note {sequence} does not follow the one before it"));
            }
            if row.hash != row.hash_at(sequence) {
                return off(format!("audit note {sequence} was changed after it was written"));
            }
            last = AuditTail { sequence, hash: row.hash };
            self.report.audit += 1;
            Ok(())
        })?;
        let kept = store.audit().tail()?;
        if kept.sequence != last.sequence {
            return off(format!(
                "the audit log ends with note {}, and ended with note {}",
                last.sequence, kept.sequence
            ));
        }
        if kept.hash != last.hash {
            return off(format!("audit note {} is not the one that was written last", last.sequence));
        }
        Ok(())
    }

    pub(super) fn read_documents(&mut self, store: &Store) -> Result<(), Fault> {
        scan(store, Family::Documents, |key, value| {
            let row = DocumentRow::read(value).filter(|row| row.revision > 0 && !key.is_empty());
            row.ok_or_else(|| damaged(Family::Documents, key))?;
            self.report.documents += 1;
            Ok(())
        })?;
        scan(store, Family::Requests, |key, value| {
            let result = RequestRow::read(value).and_then(|row| Changed::read(&row.result));
            result.ok_or_else(|| damaged(Family::Requests, key))?;
            Ok(())
        })
    }
}
