//! Leases: which messages may be on a wire. A message in a lease can be neither cancelled, replaced nor expired by
//! anyone but whoever holds the lease, because nobody else knows whether it was sent.

use std::collections::HashMap;

use tollgate_engine::operator::OperatorNumber;

use super::Draft;
use super::amended::{Amendment, Known};
use crate::database::Unavailable;
use crate::delivery::EventOutcome;
use crate::message::{QueueKey, QueuedRow};
use crate::rows::{LeaseRow, Row};
use crate::schema::{Family, lease_key};
use crate::store::Store;

/// Every lease on disk.
#[derive(Debug, Default)]
pub struct Leases {
    by_id: HashMap<u64, LeaseRow>,
    /// In how many leases a message is.
    held: HashMap<u64, u32>,
}

/// Leases that a commit makes (`Some`) or ends (`None`).
#[derive(Debug, Default)]
pub struct LeaseChanges {
    by_id: HashMap<u64, Option<LeaseRow>>,
    /// Leases that a message comes into, less those that it comes out of.
    held: HashMap<u64, i64>,
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
            let held = i64::from(self.held.get(&message_id).copied().unwrap_or(0)) + change;
            match u32::try_from(held) {
                Ok(0) | Err(_) => drop(self.held.remove(&message_id)),
                Ok(held) => drop(self.held.insert(message_id, held)),
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

impl Draft<'_> {
    /// Leases messages, those aside that must not be sent any more.
    pub(super) fn lease(
        &mut self,
        lease: u64,
        operator: OperatorNumber,
        keys: &[QueueKey],
    ) -> Result<EventOutcome, Unavailable> {
        let (mut dropped, mut replaced) = (Vec::new(), Vec::new());
        let mut leased = Vec::with_capacity(keys.len());
        for key in keys {
            match self.amendment(key)? {
                None => leased.push(*key),
                Some(amendment) => {
                    self.changes.amended.insert(key.message_id, None);
                    match amendment {
                        Amendment::Dropped => dropped.push(*key),
                        Amendment::Replaced(bytes) => {
                            leased.push(*key);
                            replaced.push(QueuedRow { key: *key, bytes });
                        }
                    }
                }
            }
        }
        leased.sort_unstable();
        let row = LeaseRow { id: lease, operator, at: self.now, keys: leased };
        self.set_lease(lease, Some(row).filter(|row| !row.keys.is_empty()));
        Ok(EventOutcome::Leased { dropped, replaced })
    }

    /// Ends a lease.
    pub(super) fn release(&mut self, lease: u64) -> EventOutcome {
        if self.leased_as(lease).is_none() {
            return EventOutcome::Noted;
        }
        self.set_lease(lease, None);
        EventOutcome::Done
    }

    /// Whether a message may be on a wire.
    pub(super) fn is_leased(&self, message_id: u64) -> bool {
        let held = i64::from(self.fold.leases.held.get(&message_id).copied().unwrap_or(0));
        held + self.changes.leases.held.get(&message_id).copied().unwrap_or(0) > 0
    }

    /// How a waiting message differs from what whoever is about to send it may hold.
    pub(super) fn amendment(&self, key: &QueueKey) -> Result<Option<Amendment>, Unavailable> {
        if let Some(change) = self.changes.amended.get(&key.message_id) {
            return Ok(change.clone());
        }
        match self.fold.amended.get(key.message_id) {
            Known::Unchanged => Ok(None),
            Known::Amended(amendment) => Ok(Some(amendment.clone())),
            Known::Forgotten => Ok(Some(match self.queued(key)? {
                Some(waiting) => Amendment::Replaced(waiting.bytes),
                None => Amendment::Dropped,
            })),
        }
    }

    fn leased_as(&self, lease: u64) -> Option<&LeaseRow> {
        match self.changes.leases.by_id.get(&lease) {
            Some(change) => change.as_ref(),
            None => self.fold.leases.by_id.get(&lease),
        }
    }

    fn set_lease(&mut self, lease: u64, row: Option<LeaseRow>) {
        let before = self.leased_as(lease).cloned();
        match (&before, &row) {
            (None, None) => return,
            (Some(before), None) => self.batch.delete(Family::Leases, lease_key(lease), before.to_bytes()),
            (before, Some(row)) => {
                let before = before.as_ref().map(Row::to_bytes);
                self.batch.replace(Family::Leases, lease_key(lease), row.to_bytes(), before);
            }
        }
        self.changes.leases.set(lease, before.as_ref(), row);
    }
}
