//! The ids that a commit gives out.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use crate::batch::Batch;
use crate::database::Unavailable;
use crate::id_times::{IdRun, Spread};
use crate::rows::{BatchRow, Row};
use crate::schema::{Family, ID_SPREAD_KEY, LAST_SHORT_ID_KEY, id_lead_key};
use crate::store::Store;

/// The ids that were given out, to their end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdCounter {
    /// The first id that is not given out.
    pub unused: u64,
    /// The last 32-bit id that was given out.
    pub last_short: u32,
    run: IdRun,
    spread: Spread,
}

/// The ids that a commit gives out.
#[derive(Debug)]
pub struct Ids {
    row: BatchRow,
    before: IdCounter,
    first: u64,
    next: u64,
    last_short: u32,
    run: IdRun,
    spread: Spread,
}

impl IdCounter {
    /// Reads how far the commits on disk have come.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        let commits = store.commits();
        let times = commits.id_times()?;
        // Ids that were given up may have been counted over, and no commit on disk tells of them.
        let unused = commits.next_id()?.max(store.usage().counted_to()?);
        let last_short = commits.last_short_id()?;
        Ok(Self { unused, last_short, run: times.last(), spread: times.spread })
    }
}

impl Ids {
    /// Those of a commit at `now`; none is given out yet.
    pub fn new(before: IdCounter, now: UnixMicros) -> Self {
        let IdCounter { unused, last_short, run, spread } = before;
        let run = run.next(unused, now);
        let first = run.first_id(unused, now);
        Self { row: BatchRow::default(), before, first, next: first, last_short, run, spread }
    }

    /// The first id that is not given out yet. A commit that gives out none leaves it as it is: an id is used
    /// once a row on disk says so, and not because time has passed.
    pub fn next(&self) -> u64 {
        if self.row.ids() == 0 { self.before.unused } else { self.next }
    }

    /// Gives out the ids of a block of an account's messages, which were submitted then; returns the first.
    pub fn take_block(&mut self, account: AccountNumber, count: u32, submitted_at: UnixMicros) -> u64 {
        self.row.blocks.push((account, count));
        let first = self.take(u64::from(count));
        for id in [first, self.next - 1] {
            self.spread = self.spread.with(submitted_at, self.run.time_of(id));
        }
        first
    }

    /// Gives out the id of one ledger entry or receipt.
    pub fn take_entry(&mut self) -> u64 {
        self.row.entries += 1;
        self.take(1)
    }

    /// Gives out the ids of messages that were refused between these two instants; returns the first.
    pub fn take_refusals(&mut self, count: u32, times: [UnixMicros; 2]) -> u64 {
        self.row.entries = self.row.entries.saturating_add(count);
        let first = self.take(u64::from(count));
        for given_at in [first, self.next - 1].map(|id| self.run.time_of(id)) {
            self.spread = times.into_iter().fold(self.spread, |spread, at| spread.with(at, given_at));
        }
        first
    }

    /// The first of as many 32-bit ids that would be given out next.
    pub fn next_short(&self, count: u32) -> u32 {
        if self.last_short.checked_add(count).is_some() { self.last_short + 1 } else { 1 }
    }

    /// Gives out 32-bit ids to as many messages; returns the first. They begin again at one rather than wrap
    /// around among these messages.
    pub fn take_short(&mut self, batch: &mut Batch, count: u32) -> u32 {
        let before = self.last_short;
        let first = self.next_short(count);
        let last = first + count - 1;
        self.last_short = last;
        let (value, old) = (last.to_be_bytes().to_vec(), (before > 0).then(|| before.to_be_bytes().to_vec()));
        batch.replace(Family::Meta, LAST_SHORT_ID_KEY, value, old);
        first
    }

    /// Writes which ids the commit gave out, and how they relate to time where that is new. Returns how far
    /// ids are given out once this is durable.
    pub fn finish(self, batch: &mut Batch) -> IdCounter {
        let counter = IdCounter { unused: self.next(), last_short: self.last_short, ..self.before };
        if self.row.ids() == 0 {
            return counter;
        }
        let Self { row, before, first, run, spread, .. } = self;
        batch.insert(Family::Batches, first.to_be_bytes(), row.to_bytes());
        if run != before.run {
            let lead = run.lead_micros.to_be_bytes().to_vec();
            batch.insert(Family::Meta, id_lead_key(run.first), lead);
        }
        if spread != before.spread {
            batch.replace(Family::Meta, ID_SPREAD_KEY, spread.to_bytes(), Some(before.spread.to_bytes()));
        }
        IdCounter { run, spread, ..counter }
    }

    fn take(&mut self, count: u64) -> u64 {
        let first = self.next;
        self.next += count;
        first
    }
}
