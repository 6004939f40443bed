//! Time series as a commit will leave them. A commit adds what its messages come to to their open cells. A cell that has been open
//! for a while is closed: it is taken into the rows that it counts in, and its own row goes. Open cells are in memory as well, so
//! that nothing is read for them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustc_hash::{FxHashMap, FxHashSet};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::time::UnixMicros;

use super::counters::Changed;
use crate::account_currencies::{AccountCurrencies, BothCurrencies};
use crate::account_plans::AccountPlans;
use crate::batch::Batch;
use crate::database::{Unavailable, damaged};
use crate::rows::{Row, SeriesRow, StateRow};
use crate::schema::{Family, SERIES_KEPT_KEY};
use crate::series::cell::{Cell, Cells};
use crate::series::charges::{accounts_of, cells_of};
use crate::series::contributions::Counter;
use crate::series::{Dimension, KeptFrom, SeriesKey, Step, span_key};
use crate::store::Store;
use crate::tallies::Tallies;
use crate::usage::ChargeFacts;

/// The time that a cell stays open, as long as there are commits.
const OPEN_FOR: Duration = Duration::from_mins(1);
/// Open cells beyond which the oldest are closed before their time.
const OPEN_MAX: usize = 100_000;
/// Cells that one commit closes.
const CLOSED_AT_ONCE: usize = 50;
/// Rows that one commit removes because their time is over.
const EXPIRED_AT_ONCE: usize = 2_000;
/// The time between two looks for rows whose time is over.
const EXPIRED_EVERY: Duration = Duration::from_secs(10);
/// Rows in memory at most.
const KEPT_MAX: usize = 50_000;

/// Rows by key, as they were and as they are.
type RowChanges = FxHashMap<SeriesKey, Changed<SeriesRow>>;

/// Key and value of a row whose time is over.
type ExpiredRow = (Vec<u8>, Vec<u8>);

/// Open cells and what else time series need, as they are on disk.
#[derive(Debug)]
pub struct SeriesState {
    open: Cells,
    /// Open cells in the order in which they were opened. One that has come to nothing since is not open any more.
    order: VecDeque<(Instant, Cell)>,
    kept: KeptFrom,
    expired_at: Option<Instant>,
    plans: AccountPlans,
    currencies: AccountCurrencies,
    /// Rows that were written last, where an empty one has no row.
    cache: FxHashMap<SeriesKey, SeriesRow>,
}

/// Time series as the commit will leave them.
#[derive(Debug)]
pub struct SeriesDraft<'a> {
    store: &'a Store,
    state: &'a SeriesState,
    /// Everything that the messages of this commit add.
    added: Cells,
    plans: AccountPlans,
    currencies: AccountCurrencies,
    closed: Option<Closed>,
}

/// Cells that are closed, and the rows that this changes.
#[derive(Debug)]
struct Closed {
    cells: FxHashSet<Cell>,
    /// The number of entries at the front of the order that are done.
    passed: usize,
    rows: RowChanges,
    kept: KeptFrom,
    /// The instant of a look for rows whose time is over, if there was one.
    looked_at: Option<Instant>,
    expired: Vec<ExpiredRow>,
}

/// Changes of time series by a commit.
#[derive(Debug)]
pub struct SeriesChanges {
    closed: Option<Closed>,
    added: Cells,
    plans: AccountPlans,
    currencies: AccountCurrencies,
}

impl SeriesState {
    /// Reads the open cells of a directory. All are to be closed soon.
    pub fn load(store: &Store) -> Result<Self, Unavailable> {
        let database = store.database();
        let (mut open, mut order, mut is_sound) = (Cells::default(), VecDeque::new(), true);
        let opened = Instant::now().checked_sub(OPEN_FOR).unwrap_or_else(Instant::now);
        database.scan(Family::SeriesOpen, &[], |key, value| {
            match Cell::from_bytes(key).zip(SeriesRow::read(value)) {
                Some((cell, row)) => {
                    order.push_back((opened, cell.clone()));
                    open.insert(cell, row);
                }
                None => is_sound = false,
            }
            is_sound
        })?;
        if !is_sound {
            return Err(damaged(Family::SeriesOpen));
        }
        Ok(Self {
            open,
            order,
            kept: store.series().kept_from()?,
            expired_at: None,
            plans: AccountPlans::load(database)?,
            currencies: AccountCurrencies::new(),
            cache: FxHashMap::default(),
        })
    }

    /// Takes over what is durable.
    pub fn advance(&mut self, changes: SeriesChanges) {
        let SeriesChanges { closed, added, plans, currencies } = changes;
        if let Some(Closed { cells, passed, rows, kept, looked_at, .. }) = closed {
            self.order.drain(..passed);
            for cell in &cells {
                self.open.remove(cell);
            }
            self.kept = kept;
            self.expired_at = looked_at.or(self.expired_at);
            if self.cache.len() + rows.len() > KEPT_MAX {
                self.cache.clear();
            }
            self.cache.extend(rows.into_iter().map(|(key, (_, after))| (key, after)));
        }
        let now = Instant::now();
        for (cell, added) in added {
            if let Some(row) = self.open.get_mut(&cell) {
                row.add(&added);
                if row.is_empty() {
                    self.open.remove(&cell);
                }
            } else {
                self.order.push_back((now, cell.clone()));
                self.open.insert(cell, added);
            }
        }
        self.plans.extend(plans);
        self.currencies.extend(currencies);
    }

    /// The cells that the next commit closes, and how many of the first in order they are.
    fn due(&self, now: Instant) -> (Vec<&Cell>, usize) {
        let many = self.open.len().saturating_sub(OPEN_MAX);
        let is_due = |at: usize, opened: Instant| at < many || now.duration_since(opened) >= OPEN_FOR;
        let due = self.order.iter().take(CLOSED_AT_ONCE).enumerate();
        let due: Vec<_> =
            due.take_while(|(at, (opened, _))| is_due(*at, *opened)).map(|(_, (_, cell))| cell).collect();
        let passed = due.len();
        (due.into_iter().filter(|cell| self.open.contains_key(cell)).collect(), passed)
    }
}

impl<'a> SeriesDraft<'a> {
    /// Nothing is changed yet.
    pub fn new(store: &'a Store, state: &'a SeriesState) -> Self {
        let (plans, currencies) = (AccountPlans::default(), AccountCurrencies::new());
        Self { store, state, added: Cells::default(), plans, currencies, closed: None }
    }

    /// Notes the plan of a block of charges that is about to be written.
    pub fn charged(&mut self, batch: &mut Batch, block: (AccountNumber, u64), plan: &Arc<str>) {
        self.plans.note(Some(&self.state.plans), batch, block, plan);
    }

    /// Reads what [`Self::count_state`] needs to know. Only this can fail, and it changes nothing.
    pub fn load(&mut self, charge: &ChargeFacts) -> Result<(), Unavailable> {
        let above = charge.above.iter().map(|level| level.account);
        self.learn(above.chain([charge.account]))
    }

    /// Reads what [`Self::count_charges`] needs to know. Only this can fail, and it changes nothing.
    pub fn load_charges(&mut self, tallies: &Tallies) -> Result<(), Unavailable> {
        self.learn(accounts_of(tallies))
    }

    /// Counts a message that goes from one state to another.
    pub fn count_state(
        &mut self,
        charge: &ChargeFacts,
        message_id: u64,
        before: Option<&StateRow>,
        after: &StateRow,
    ) {
        let (account, plans) = (charge.account, &self.state.plans);
        let plan = self.plans.of(account, message_id).or_else(|| plans.of(account, message_id));
        let plan = plan.cloned().unwrap_or_default();
        let currencies = both(self.state, &self.currencies);
        let mut counter = Counter { currencies: &currencies, cells: &mut self.added };
        counter.add(charge, &plan, Some(after));
        counter.remove(charge, &plan, before);
    }

    /// Adds charges that were counted.
    pub fn count_charges(&mut self, tallies: &Tallies) {
        for (cell, added) in cells_of(tallies, &both(self.state, &self.currencies)) {
            self.add(cell, &added);
        }
    }

    /// Adds what was counted elsewhere to a cell.
    pub fn add(&mut self, cell: Cell, added: &SeriesRow) {
        self.added.entry(cell).or_default().add(added);
    }

    /// Closes cells that have been open for long, as many as one commit should, and removes rows whose time is over. Only
    /// reading can fail, and it changes nothing. `past` is an instant that has certainly passed.
    pub fn close_cells(&mut self, now: Instant, past: UnixMicros) -> Result<(), Unavailable> {
        let looks = self.state.expired_at.is_none_or(|at| now.duration_since(at) >= EXPIRED_EVERY);
        let (due, passed) = self.state.due(now);
        if passed == 0 && !looks {
            return Ok(());
        }
        let kept = self.state.kept.moved_to(past);
        let expired = if looks { self.expired(kept)? } else { Vec::new() };
        let mut rows = RowChanges::default();
        let mut read = Ok(());
        for cell in &due {
            let Some(added) = self.state.open.get(*cell) else { continue };
            cell.rows(added, kept, |key, added| {
                if !rows.contains_key(&key) {
                    match self.row(&key) {
                        Ok(before) => {
                            let after = before.clone().unwrap_or_default();
                            rows.insert(key.clone(), (before, after));
                        }
                        Err(error) => read = Err(error),
                    }
                }
                if let Some((_, after)) = rows.get_mut(&key) {
                    after.add(added);
                }
            });
        }
        read?;
        let cells = due.into_iter().cloned().collect();
        self.closed = Some(Closed { cells, passed, rows, kept, looked_at: looks.then_some(now), expired });
        Ok(())
    }

    /// Writes the rows that changed.
    pub fn finish(self, batch: &mut Batch) -> SeriesChanges {
        let Self { state, mut added, plans, currencies, mut closed, .. } = self;
        added.retain(|_, added| {
            added.tidy();
            !added.is_empty()
        });
        // What is over is noted with a commit that has more to say.
        let is_idle = |closed: &Closed| closed.rows.is_empty() && closed.expired.is_empty();
        if let Some(closed) = closed.as_mut().filter(|closed| is_idle(closed)) {
            closed.kept = state.kept;
        }
        let none = FxHashSet::default();
        let closed_cells = closed.as_ref().map_or(&none, |closed| &closed.cells);
        for (cell, added) in &added {
            let before = state.open.get(cell);
            let mut after = added.clone();
            if let Some(before) = before.filter(|_| !closed_cells.contains(cell)) {
                after.add(before);
            }
            put_row(batch, Family::SeriesOpen, cell.to_bytes(), (before, &after));
        }
        for cell in closed_cells.iter().filter(|cell| !added.contains_key(cell)) {
            if let Some(before) = state.open.get(cell) {
                batch.delete(Family::SeriesOpen, cell.to_bytes(), before.to_bytes());
            }
        }
        if let Some(closed) = &closed {
            closed.write(batch, state.kept);
        }
        SeriesChanges { closed, added, plans, currencies }
    }

    fn learn(&mut self, accounts: impl Iterator<Item = AccountNumber>) -> Result<(), Unavailable> {
        for account in accounts {
            if !self.state.currencies.knows(account) {
                self.currencies.learn(account, |account| self.store.provisioned().account(account))?;
            }
        }
        Ok(())
    }

    fn row(&self, key: &SeriesKey) -> Result<Option<SeriesRow>, Unavailable> {
        match self.state.cache.get(key) {
            Some(row) => Ok(Some(row.clone()).filter(|row| !row.is_empty())),
            None => self.store.database().row(Family::Series, &key.to_bytes()),
        }
    }

    /// Rows of minutes and hours that are not kept any more.
    fn expired(&self, kept: KeptFrom) -> Result<Vec<ExpiredRow>, Unavailable> {
        let mut expired = Vec::new();
        for step in [Step::Minute, Step::Hour] {
            for dimension in Dimension::ALL {
                let start = span_key(step, dimension, 0);
                let end = span_key(step, dimension, step.of(kept.of(step)));
                self.store.database().range(Family::Series, &start[..]..&end[..], |key, value| {
                    expired.push((key.to_vec(), value.to_vec()));
                    Ok(expired.len() < EXPIRED_AT_ONCE)
                })?;
                if expired.len() >= EXPIRED_AT_ONCE {
                    return Ok(expired);
                }
            }
        }
        Ok(expired)
    }
}

impl Closed {
    fn write(&self, batch: &mut Batch, kept_before: KeptFrom) {
        for (key, (before, after)) in &self.rows {
            put_row(batch, Family::Series, key.to_bytes(), (before.as_ref(), after));
        }
        for (key, before) in &self.expired {
            batch.delete(Family::Series, key.clone(), before.clone());
        }
        if self.kept != kept_before {
            let before = (kept_before != KeptFrom::default()).then(|| kept_before.to_bytes());
            batch.replace(Family::Meta, SERIES_KEPT_KEY, self.kept.to_bytes(), before);
        }
    }
}

/// The currencies that are known, with those that this commit has learnt.
fn both<'a>(state: &'a SeriesState, added: &'a AccountCurrencies) -> BothCurrencies<'a> {
    BothCurrencies { known: &state.currencies, added }
}

/// Writes a row that changed. An empty one has no row.
fn put_row(
    batch: &mut Batch,
    family: Family,
    key: Vec<u8>,
    (before, after): (Option<&SeriesRow>, &SeriesRow),
) {
    match before {
        Some(before) if before == after => {}
        Some(before) if after.is_empty() => batch.delete(family, key, before.to_bytes()),
        None if after.is_empty() => {}
        before => batch.replace(family, key, after.to_bytes(), before.map(Row::to_bytes)),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_engine::refusal::Refusal;

    use super::*;
    use crate::series::Minute;
    use crate::series::cell::RefusalCell;
    use crate::store::StoreOptions;
    use crate::store_options::Durability;

    const DAY_MINUTES: u32 = 24 * 60;

    fn cell(minute: u32, account: u32) -> Cell {
        let account = AccountNumber(account);
        Cell::Refusals(RefusalCell { minute: Minute(minute), account, refusal: Refusal::NoRate })
    }

    /// A commit that counts refusals and closes what is due.
    fn commit(store: &Store, state: &mut SeriesState, counts: &[(Cell, u64)], now: Instant, day: u32) {
        let mut draft = SeriesDraft::new(store, state);
        draft.close_cells(now, Minute(day * DAY_MINUTES).starts_at()).unwrap();
        for (cell, messages) in counts {
            let added = SeriesRow { messages: messages.cast_signed(), ..SeriesRow::default() };
            draft.add(cell.clone(), &added);
        }
        let mut batch = Batch::default();
        let changes = draft.finish(&mut batch);
        store.database().write(&batch, Durability::Os).unwrap();
        state.advance(changes);
    }

    /// Rows by step, with the sum of what they count, and the open cells.
    fn rows(store: &Store) -> ([(usize, i64); 3], usize) {
        let (mut rows, mut open) = ([(0, 0); 3], 0);
        store
            .scan(Family::Series, &[], |key, value| {
                let (key, row) = (SeriesKey::from_bytes(key).unwrap(), SeriesRow::read(value).unwrap());
                let (count, sum) = &mut rows[key.step as usize];
                (*count, *sum) = (*count + 1, *sum + row.messages);
                true
            })
            .unwrap();
        store.scan(Family::SeriesOpen, &[], |_, _| (open += 1, true).1).unwrap();
        (rows, open)
    }

    #[test]
    fn cells_are_closed_in_order_and_rows_go_when_their_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::at(dir.path().to_owned())).unwrap();
        let (mut state, begin) = (SeriesState::load(&store).unwrap(), Instant::now());
        let day = 100 * DAY_MINUTES;
        commit(&store, &mut state, &[(cell(day, 1), 2), (cell(day, 2), 3)], begin, 100);
        commit(&store, &mut state, &[(cell(day, 1), 1)], begin, 100);
        assert_eq!(rows(&store), ([(0, 0); 3], 2), "both are open");
        // One more message comes with the commit that closes the cells: its cell is opened anew.
        let later = begin + OPEN_FOR + Duration::from_secs(1);
        commit(&store, &mut state, &[(cell(day, 2), 4)], later, 100);
        assert_eq!(rows(&store), ([(3, 12); 3], 1));
        let restarted = &mut SeriesState::load(&store).unwrap();
        commit(&store, restarted, &[], Instant::now(), 100);
        assert_eq!(rows(&store), ([(3, 20); 3], 0), "the rows are added to, and the cell is gone");
        // Two more accounts on a later day.
        let counts = [(cell(103 * DAY_MINUTES, 3), 1), (cell(103 * DAY_MINUTES, 4), 1)];
        commit(&store, restarted, &counts, Instant::now(), 103);
        let state = &mut SeriesState::load(&store).unwrap();
        commit(&store, state, &[], Instant::now(), 103);
        assert_eq!(rows(&store), ([(3, 4), (6, 24), (6, 24)], 0), "minutes of the first day are over");
        // A message of a day whose minutes and hours are over counts in its day alone.
        commit(&store, state, &[(cell(day, 1), 1)], Instant::now(), 191);
        let state = &mut SeriesState::load(&store).unwrap();
        commit(&store, state, &[], Instant::now(), 191);
        assert_eq!(rows(&store), ([(0, 0), (3, 4), (6, 26)], 0));
        assert_eq!(store.series().kept_from().unwrap(), state.kept);
        // A clock that is set back changes nothing.
        let state = &mut SeriesState::load(&store).unwrap();
        commit(&store, state, &[(cell(day, 1), 1)], Instant::now(), 100);
        let state = &mut SeriesState::load(&store).unwrap();
        commit(&store, state, &[], Instant::now(), 100);
        assert_eq!(rows(&store), ([(0, 0), (3, 4), (6, 28)], 0));
    }

    #[test]
    fn a_commit_closes_no_more_cells_than_it_should() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreOptions::at(dir.path().to_owned())).unwrap();
        let (mut state, begin) = (SeriesState::load(&store).unwrap(), Instant::now());
        let accounts = u32::try_from(CLOSED_AT_ONCE).unwrap() + 7;
        let counts: Vec<_> = (1..=accounts).map(|account| (cell(5, account), 1)).collect();
        commit(&store, &mut state, &counts, begin, 0);
        let later = begin + OPEN_FOR + Duration::from_secs(1);
        commit(&store, &mut state, &[], later, 0);
        assert_eq!(rows(&store).1, 7);
        commit(&store, &mut state, &[], later, 0);
        assert_eq!(rows(&store).1, 0);
        assert_eq!(rows(&store).0[2].1, 2 * i64::from(accounts));
    }
}
