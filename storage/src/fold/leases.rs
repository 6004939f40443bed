//! Leases: messages that may have been written to a link. A leased message can be neither cancelled, replaced
//! nor expired by anyone but the holder of the lease, because nobody else knows whether it was sent.

use std::collections::HashMap;

use crate::batch::Batch;
use crate::database::Unavailable;
use crate::rows::{LeaseRow, Row};
use crate::schema::{Family, lease_key};
use crate::store::Store;

/// Every durable lease.
#[derive(Debug, Default)]
pub struct Leases {
    by_id: HashMap<u64, LeaseRow>,
    /// Number of leases that a message is in.
    held: HashMap<u64, u64>,
}

/// Leases that a commit makes (`Some`) or ends (`None`).
#[derive(Debug, Default)]
pub struct LeaseChanges {
    by_id: HashMap<u64, Option<LeaseRow>>,
    /// Leases that a message comes into, less those that it comes out of.
    held: HashMap<u64, i64>,
}

/// Leases as the commit will leave them.
#[derive(Debug)]
pub struct LeaseDraft<'a> {
    durable: &'a Leases,
    changes: LeaseChanges,
}

impl Leases {
    /// Reads every lease.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        let mut leases = Self::default();
        let mut changes = LeaseChanges::default();
        for row in store.queue().leases()? {
            changes.set(row.id, None, Some(row));
        }
        leases.advance(changes);
        Ok(leases)
    }

    /// Takes over what is durable.
    pub fn advance(&mut self, changes: LeaseChanges) {
        for (lease, row) in changes.by_id {
            match row {
                Some(row) => drop(self.by_id.insert(lease, row)),
                None => drop(self.by_id.remove(&lease)),
            }
        }
        for (message_id, change) in changes.held {
            let held = self.held.get(&message_id).copied().unwrap_or(0).cast_signed() + change;
            assert!(held >= 0, "message {message_id} leaves more leases than it is in");
            match held.cast_unsigned() {
                0 => drop(self.held.remove(&message_id)),
                held => drop(self.held.insert(message_id, held)),
            }
        }
    }
}

impl LeaseChanges {
    fn set(&mut self, lease: u64, before: Option<&LeaseRow>, row: Option<LeaseRow>) {
        let mut count = |row: &LeaseRow, change: i64| {
            for key in &row.keys {
                *self.held.entry(key.message_id).or_default() += change;
            }
        };
        if let Some(before) = before {
            count(before, -1);
        }
        if let Some(row) = &row {
            count(row, 1);
        }
        self.by_id.insert(lease, row);
    }
}

impl<'a> LeaseDraft<'a> {
    /// No lease is made or ended yet.
    pub fn new(durable: &'a Leases) -> Self {
        Self { durable, changes: LeaseChanges::default() }
    }

    /// True if a message may have been written to a link.
    pub fn holds(&self, message_id: u64) -> bool {
        let held = self.durable.held.get(&message_id).copied().unwrap_or(0).cast_signed();
        held + self.changes.held.get(&message_id).copied().unwrap_or(0) > 0
    }

    /// Makes a lease in place of one with the same id, or ends it.
    pub fn set(&mut self, batch: &mut Batch, lease: u64, row: Option<LeaseRow>) {
        let before = self.get(lease).cloned();
        match (&before, &row) {
            (None, None) => return,
            (Some(before), None) => batch.delete(Family::Leases, lease_key(lease), before.to_bytes()),
            (before, Some(row)) => {
                let before = before.as_ref().map(Row::to_bytes);
                batch.replace(Family::Leases, lease_key(lease), row.to_bytes(), before);
            }
        }
        self.changes.set(lease, before.as_ref(), row);
    }

    /// Ends a lease; `false` if there is none with this id.
    pub fn release(&mut self, batch: &mut Batch, lease: u64) -> bool {
        let is_held = self.get(lease).is_some();
        self.set(batch, lease, None);
        is_held
    }

    /// The leases that were made or ended.
    pub fn finish(self) -> LeaseChanges {
        self.changes
    }

    fn get(&self, lease: u64) -> Option<&LeaseRow> {
        match self.changes.by_id.get(&lease) {
            Some(change) => change.as_ref(),
            None => self.durable.by_id.get(&lease),
        }
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::operator::OperatorNumber;
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::message::QueueKey;

    #[test]
    #[should_panic(expected = "leaves more leases than it is in")]
    fn a_message_that_leaves_a_lease_that_it_was_not_in_stops() {
        let operator = OperatorNumber(1);
        let keys = vec![QueueKey { first_choice: operator, class: 0, message_id: 7 }];
        let row = LeaseRow { id: 1, operator, at: UnixMicros(1), keys };
        let mut changes = LeaseChanges::default();
        changes.set(1, Some(&row), None);
        Leases::default().advance(changes);
    }
}
