//! The audit log.

use std::ops::RangeInclusive;

use crate::database::{Database, Order, Unavailable, damaged};
use crate::rows::{AuditRow, AuditTail, Row};
use crate::schema::{Family, LAST_AUDIT_KEY};

/// Reads the audit log.
#[derive(Clone, Copy, Debug)]
pub struct AuditRows<'a> {
    pub(super) database: &'a Database,
}

impl AuditRows<'_> {
    /// Calls `visit` with the number and row of each audit note of these numbers, until it returns `false`.
    /// They are numbered from 1.
    pub fn notes(
        &self,
        sequences: RangeInclusive<u64>,
        order: Order,
        mut visit: impl FnMut(u64, AuditRow) -> bool,
    ) -> Result<(), Unavailable> {
        let end = sequences.end().checked_add(1).map(|end| end.to_be_bytes().to_vec());
        let keys = (sequences.start().to_be_bytes().to_vec(), end);
        self.database.ordered_range(Family::Audit, keys, order, |key, value| {
            let sequence = key.try_into().ok().map(u64::from_be_bytes);
            let (sequence, row) =
                sequence.zip(AuditRow::read(value)).ok_or_else(|| damaged(Family::Audit))?;
            Ok(visit(sequence, row))
        })
    }

    /// The number and hash of the last audit note, as they are kept beside the log.
    pub fn tail(&self) -> Result<AuditTail, Unavailable> {
        Ok(self.database.row(Family::Meta, LAST_AUDIT_KEY)?.unwrap_or_default())
    }
}
