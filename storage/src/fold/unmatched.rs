//! Receipts that match no message yet, by the ids that their operator may mean. Their number is bounded: when
//! there are too many, the oldest goes, from here and from the disk.

use std::collections::{BTreeMap, HashMap, HashSet};

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;

use super::output::Output;
use crate::batch::Batch;
use crate::database::Unavailable;
use crate::delivery::EventOutcome;
use crate::rows::{Row, UnmatchedRow};
use crate::schema::{Family, unmatched_key};
use crate::store::Store;

/// Receipts kept at most.
pub const UNMATCHED_MAX: usize = 100_000;

/// The part of a receipt that is held in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    operator: OperatorNumber,
    ids: Vec<Box<[u8]>>,
    state: ReceiptState,
    intermediate: bool,
    /// Its source and destination.
    addresses: (Box<[u8]>, Box<[u8]>),
}

/// Unmatched receipts by our ids, which grow, and by the ids of their operators.
#[derive(Debug, Default)]
pub struct UnmatchedReceipts {
    entries: BTreeMap<u64, Entry>,
    by_upstream_id: HashMap<(OperatorNumber, Box<[u8]>), Vec<u64>>,
}

/// Receipts that a commit keeps, and those of earlier commits that it does not keep any longer.
#[derive(Debug, Default)]
pub struct UnmatchedChanges {
    added: UnmatchedReceipts,
    rows: HashMap<u64, UnmatchedRow>,
    removed: HashSet<u64>,
}

impl UnmatchedReceipts {
    /// Reads every unmatched receipt.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        let mut unmatched = Self::default();
        for (operator, id, row) in store.receipts().unmatched(None)? {
            unmatched.insert(id, Entry::of(operator, &row));
        }
        Ok(unmatched)
    }

    /// Takes over what is durable.
    pub fn advance(&mut self, changes: UnmatchedChanges) {
        for id in changes.removed {
            self.remove(id);
        }
        for (id, entry) in changes.added.entries {
            self.insert(id, entry);
        }
    }

    fn insert(&mut self, id: u64, entry: Entry) {
        for upstream_id in &entry.ids {
            self.by_upstream_id.entry((entry.operator, upstream_id.clone())).or_default().push(id);
        }
        self.entries.insert(id, entry);
    }

    fn remove(&mut self, id: u64) {
        let Some(entry) = self.entries.remove(&id) else { return };
        for upstream_id in entry.ids {
            let key = (entry.operator, upstream_id);
            let Some(ids) = self.by_upstream_id.get_mut(&key) else { continue };
            ids.retain(|other| *other != id);
            if ids.is_empty() {
                self.by_upstream_id.remove(&key);
            }
        }
    }

    fn of(&self, key: &(OperatorNumber, Box<[u8]>)) -> impl Iterator<Item = u64> {
        self.by_upstream_id.get(key).into_iter().flatten().copied()
    }
}

/// Unmatched receipts as the commit will leave them.
#[derive(Debug)]
pub struct UnmatchedDraft<'a> {
    store: &'a Store,
    durable: &'a UnmatchedReceipts,
    changes: UnmatchedChanges,
}

impl<'a> UnmatchedDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, durable: &'a UnmatchedReceipts) -> Self {
        Self { store, durable, changes: UnmatchedChanges::default() }
    }

    /// The receipts that may mean this id of an operator's, the oldest first.
    pub fn of(&self, operator: OperatorNumber, upstream_id: &[u8]) -> Vec<u64> {
        if self.durable.entries.is_empty() && self.changes.added.entries.is_empty() {
            return Vec::new();
        }
        let key = (operator, Box::from(upstream_id));
        let kept = self.durable.of(&key).filter(|id| !self.changes.removed.contains(id));
        kept.chain(self.changes.added.of(&key)).collect()
    }

    /// A receipt's row, if it is still kept.
    pub fn row(&self, operator: OperatorNumber, id: u64) -> Result<Option<UnmatchedRow>, Unavailable> {
        if self.changes.removed.contains(&id) {
            return Ok(None);
        }
        match self.changes.rows.get(&id) {
            Some(row) => Ok(Some(row.clone())),
            None => self.store.receipts().unmatched_row(operator, id),
        }
    }

    /// Keeps a receipt. One that is reported again is kept once.
    pub fn keep(
        &mut self,
        out: &mut Output,
        operator: OperatorNumber,
        row: UnmatchedRow,
    ) -> Result<EventOutcome, Unavailable> {
        let (entry, reason) = (Entry::of(operator, &row), row.reason);
        if let Some(id) = row.ids.first().and_then(|first| self.kept_before(operator, first, &entry)) {
            return Ok(EventOutcome::Unmatched { id, reason });
        }
        self.make_room(&mut out.batch)?;
        let id = out.ids.take_entry();
        out.batch.insert(Family::Unmatched, unmatched_key(operator, id), row.to_bytes());
        self.changes.added.insert(id, entry);
        self.changes.rows.insert(id, row);
        Ok(EventOutcome::Unmatched { id, reason })
    }

    /// Keeps a receipt no longer.
    pub fn forget(
        &mut self,
        batch: &mut Batch,
        operator: OperatorNumber,
        id: u64,
    ) -> Result<(), Unavailable> {
        if let Some(row) = self.row(operator, id)? {
            batch.delete(Family::Unmatched, unmatched_key(operator, id), row.to_bytes());
            self.changes.added.remove(id);
            self.changes.rows.remove(&id);
            self.changes.removed.insert(id);
        }
        Ok(())
    }

    /// The receipts that were kept, or are not any longer.
    pub fn finish(self) -> UnmatchedChanges {
        self.changes
    }

    fn kept_before(&self, operator: OperatorNumber, first: &[u8], entry: &Entry) -> Option<u64> {
        let (kept, added) = (&self.durable.entries, &self.changes.added.entries);
        let same = |id: &u64| kept.get(id).or_else(|| added.get(id)) == Some(entry);
        self.of(operator, first).into_iter().find(same)
    }

    fn make_room(&mut self, batch: &mut Batch) -> Result<(), Unavailable> {
        let (kept, changes) = (&self.durable.entries, &self.changes);
        let removed = changes.removed.iter().filter(|id| kept.contains_key(id)).count();
        if kept.len() + changes.added.entries.len() < UNMATCHED_MAX + removed {
            return Ok(());
        }
        let oldest = kept.iter().find(|(id, _)| !changes.removed.contains(id));
        let oldest = oldest.or_else(|| changes.added.entries.first_key_value());
        match oldest.map(|(id, Entry { operator, .. })| (*operator, *id)) {
            Some((operator, id)) => self.forget(batch, operator, id),
            None => Ok(()),
        }
    }
}

impl Entry {
    fn of(operator: OperatorNumber, row: &UnmatchedRow) -> Self {
        let ids = row.ids.iter().map(|id| Box::from(id.as_slice())).collect();
        let addresses = (row.source.as_slice().into(), row.destination.as_slice().into());
        Self { operator, ids, state: row.state, intermediate: row.intermediate, addresses }
    }
}
