//! Receipts that came before anything was known of their message, by the ids that their operator may mean. Bounded:
//! when there are too many, the oldest goes, from here and from the disk.

use std::collections::{BTreeMap, HashMap, HashSet};

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::settlement::ReceiptState;

use super::Draft;
use crate::database::Unavailable;
use crate::delivery::EventOutcome;
use crate::rows::{Row, UnmatchedRow};
use crate::schema::{Family, unmatched_key};
use crate::store::Store;

/// Receipts kept at most.
pub const UNMATCHED_MAX: usize = 100_000;

/// What is held in memory of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    operator: OperatorNumber,
    ids: Vec<Box<[u8]>>,
    state: ReceiptState,
    intermediate: bool,
}

/// Receipts by their ids of ours, which grow, and by their operators' ids.
#[derive(Debug, Default)]
pub struct Unmatched {
    entries: BTreeMap<u64, Entry>,
    by_upstream_id: HashMap<(OperatorNumber, Box<[u8]>), Vec<u64>>,
}

/// Receipts that a commit keeps, and those of earlier commits that it does not keep any longer.
#[derive(Debug, Default)]
pub struct UnmatchedChanges {
    added: Unmatched,
    rows: HashMap<u64, UnmatchedRow>,
    removed: HashSet<u64>,
}

impl Unmatched {
    /// Reads every one.
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

impl Draft<'_> {
    /// The receipts that may mean this id of an operator's, the oldest first.
    pub(super) fn unmatched_of(&self, operator: OperatorNumber, upstream_id: &[u8]) -> Vec<u64> {
        let changes = &self.changes.unmatched;
        if self.fold.unmatched.entries.is_empty() && changes.added.entries.is_empty() {
            return Vec::new();
        }
        let key = (operator, Box::from(upstream_id));
        let kept = self.fold.unmatched.of(&key).filter(|id| !changes.removed.contains(id));
        kept.chain(changes.added.of(&key)).collect()
    }

    /// A receipt's row, if it is still kept.
    pub(super) fn unmatched_row(
        &self,
        operator: OperatorNumber,
        id: u64,
    ) -> Result<Option<UnmatchedRow>, Unavailable> {
        let changes = &self.changes.unmatched;
        if changes.removed.contains(&id) {
            return Ok(None);
        }
        match changes.rows.get(&id) {
            Some(row) => Ok(Some(row.clone())),
            None => self.store.receipts().unmatched_row(operator, id),
        }
    }

    /// Keeps a receipt. One that was told before is kept once.
    pub(super) fn keep_unmatched(
        &mut self,
        operator: OperatorNumber,
        row: UnmatchedRow,
    ) -> Result<EventOutcome, Unavailable> {
        let entry = Entry::of(operator, &row);
        if let Some(id) = row.ids.first().and_then(|first| self.told_before(operator, first, &entry)) {
            return Ok(EventOutcome::Unmatched { id });
        }
        self.make_room_for_unmatched()?;
        let id = self.take_entry_id();
        self.batch.insert(Family::Unmatched, unmatched_key(operator, id), row.to_bytes());
        let changes = &mut self.changes.unmatched;
        changes.added.insert(id, entry);
        changes.rows.insert(id, row);
        Ok(EventOutcome::Unmatched { id })
    }

    /// Keeps a receipt no longer.
    pub(super) fn forget_unmatched(&mut self, operator: OperatorNumber, id: u64) -> Result<(), Unavailable> {
        if let Some(row) = self.unmatched_row(operator, id)? {
            self.batch.delete(Family::Unmatched, unmatched_key(operator, id), row.to_bytes());
            let changes = &mut self.changes.unmatched;
            changes.added.remove(id);
            changes.rows.remove(&id);
            changes.removed.insert(id);
        }
        Ok(())
    }

    fn told_before(&self, operator: OperatorNumber, first: &[u8], entry: &Entry) -> Option<u64> {
        let (kept, added) = (&self.fold.unmatched.entries, &self.changes.unmatched.added.entries);
        let same = |id: &u64| kept.get(id).or_else(|| added.get(id)) == Some(entry);
        self.unmatched_of(operator, first).into_iter().find(same)
    }

    fn make_room_for_unmatched(&mut self) -> Result<(), Unavailable> {
        let (kept, changes) = (&self.fold.unmatched.entries, &self.changes.unmatched);
        let removed = changes.removed.iter().filter(|id| kept.contains_key(id)).count();
        if kept.len() + changes.added.entries.len() < UNMATCHED_MAX + removed {
            return Ok(());
        }
        let oldest = kept.iter().find(|(id, _)| !changes.removed.contains(id));
        match oldest.or_else(|| changes.added.entries.first_key_value()) {
            Some((id, Entry { operator, .. })) => self.forget_unmatched(*operator, *id),
            None => Ok(()),
        }
    }
}

impl Entry {
    fn of(operator: OperatorNumber, row: &UnmatchedRow) -> Self {
        let ids = row.ids.iter().map(|id| Box::from(id.as_slice())).collect();
        Self { operator, ids, state: row.state, intermediate: row.intermediate }
    }
}
