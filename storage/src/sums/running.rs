//! The sums as the last commit has left them, and what the next commit makes of them.

use std::collections::HashMap;

use tollgate_engine::time::UnixMicros;

use super::before::assert_befores;
use super::commit::CommitRow;
use super::place::Place;
use super::set_hash::SetHash;
use super::{COMMIT_KEY, FORGOTTEN_KEY, NO_ROWS, Totals, is_summed, total_key};
use crate::batch::Batch;
use crate::database::{Database, Unavailable, damaged};
use crate::rows::Row;
use crate::schema::Family;

/// Sums of places held in memory; beyond them all are forgotten and read again as they are needed.
const PLACES_MAX: usize = 100_000;

/// The sums of all rows that stand.
#[derive(Debug)]
pub struct RunningSums {
    totals: Totals,
    places: HashMap<Place, SetHash>,
    forgotten_hour: u32,
    last: CommitRow,
}

/// The sums as a commit will leave them.
#[derive(Debug)]
pub struct SumChanges {
    totals: Totals,
    places: HashMap<Place, SetHash>,
    forgotten_hour: u32,
    /// The row of the commit.
    pub commit: CommitRow,
}

impl RunningSums {
    /// Reads the sums of a data directory.
    pub fn load(database: &Database) -> Result<Self, Unavailable> {
        let mut totals = NO_ROWS;
        for (family, total) in Family::ALL.iter().zip(&mut totals) {
            *total = sum_at(database, &total_key(*family))?;
        }
        let last = database.row(Family::Sums, COMMIT_KEY)?.ok_or_else(|| damaged(Family::Sums))?;
        Ok(Self { totals, places: HashMap::new(), forgotten_hour: forgotten_hour(database)?, last })
    }

    /// The last commit.
    pub fn last(&self) -> &CommitRow {
        &self.last
    }

    /// The last hour whose rows are forgotten; zero where none are.
    pub fn forgotten_hour(&self) -> u32 {
        self.forgotten_hour
    }

    /// Adds to a batch the sums that its rows change and the row of its commit. `forget` is the last hour whose expired
    /// rows are to leave the sums.
    pub fn extend(
        &self,
        database: &Database,
        batch: &mut Batch,
        at: UnixMicros,
        forget: Option<u32>,
    ) -> Result<SumChanges, Unavailable> {
        let forget = forget.filter(|hour| *hour > self.forgotten_hour);
        if let Some(hour) = forget {
            let before = (self.forgotten_hour > 0).then(|| self.forgotten_hour.to_be_bytes().to_vec());
            batch.replace(Family::Meta, FORGOTTEN_KEY, hour.to_be_bytes().to_vec(), before);
        }
        assert_befores(database, batch, self.forgotten_hour)?;
        let mut changed: HashMap<Place, SetHash> = HashMap::new();
        for put in batch.puts.iter().filter(|put| is_summed(put.family)) {
            if let Some(before) = &put.before {
                self.change(&mut changed, put.family, &put.key, before, SetHash::remove);
            }
            if let Some(value) = &put.value {
                self.change(&mut changed, put.family, &put.key, value, SetHash::add);
            }
        }
        let mut totals = self.totals;
        let mut places = HashMap::with_capacity(changed.len());
        for (place, delta) in changed {
            total_of(&mut totals, place.family).add(&delta);
            let mut sum = self.place(database, &place)?;
            sum.add(&delta);
            put_sum(batch, &place.key(), &sum);
            places.insert(place, sum);
        }
        if let Some(hour) = forget {
            forget_until(database, batch, (&mut totals, &mut places), hour)?;
        }
        for (family, (before, after)) in Family::ALL.iter().zip(self.totals.iter().zip(&totals)) {
            if before != after {
                put_sum(batch, &total_key(*family), after);
            }
        }
        let commit = self.last.next(at, &totals);
        batch.put(Family::Sums, COMMIT_KEY, Some(commit.to_bytes()), Some(self.last.to_bytes()));
        Ok(SumChanges { totals, places, forgotten_hour: forget.unwrap_or(self.forgotten_hour), commit })
    }

    /// Takes over a commit that is on disk now.
    pub fn advance(&mut self, changes: SumChanges) {
        if self.places.len() + changes.places.len() > PLACES_MAX {
            self.places.clear();
        }
        self.places.extend(changes.places);
        (self.totals, self.last, self.forgotten_hour) =
            (changes.totals, changes.commit, changes.forgotten_hour);
    }

    fn change(
        &self,
        changed: &mut HashMap<Place, SetHash>,
        family: Family,
        key: &[u8],
        value: &[u8],
        change: fn(&mut SetHash, &SetHash),
    ) {
        let place = Place::of(family, key, value);
        if !place.is_forgotten(self.forgotten_hour) {
            change(changed.entry(place).or_default(), &SetHash::of_row(family, key, value));
        }
    }

    fn place(&self, database: &Database, place: &Place) -> Result<SetHash, Unavailable> {
        match self.places.get(place) {
            Some(sum) => Ok(*sum),
            None => sum_at(database, &place.key()),
        }
    }
}

/// Takes the places of hours that have passed out of the sums. A place that this commit changes has its new sum in
/// `places`; the one on disk is older.
fn forget_until(
    database: &Database,
    batch: &mut Batch,
    (totals, places): (&mut Totals, &mut HashMap<Place, SetHash>),
    hour: u32,
) -> Result<(), Unavailable> {
    for family in Family::ALL.iter().filter(|family| Place::expires(**family)) {
        let key = |first| Place { family: *family, first, second: 0 }.key();
        let mut gone = HashMap::new();
        database.range(Family::Sums, &key(0)[..]..&key(hour.saturating_add(1))[..], |key, value| {
            let read = Place::read(key).zip(SetHash::read(value));
            let (place, sum) = read.ok_or_else(|| damaged(Family::Sums))?;
            gone.insert(place, sum);
            Ok(true)
        })?;
        gone.extend(places.iter().filter(|(place, _)| place.family == *family && place.first <= hour));
        for (place, sum) in gone {
            total_of(totals, *family).remove(&sum);
            places.insert(place, SetHash::default());
            put_sum(batch, &place.key(), &SetHash::default());
        }
    }
    Ok(())
}

/// Writes a sum, or removes it where it is that of no rows. Sums are not summed, so that nobody asks for what was there.
pub fn put_sum(batch: &mut Batch, key: &[u8], sum: &SetHash) {
    let value = (!sum.is_empty()).then(|| sum.to_octets().to_vec());
    batch.put(Family::Sums, key, value, None);
}

/// The last hour whose rows are forgotten; zero where none are.
pub fn forgotten_hour(database: &Database) -> Result<u32, Unavailable> {
    let Some(hour) = database.get(Family::Meta, FORGOTTEN_KEY)? else { return Ok(0) };
    Ok(u32::from_be_bytes(hour.try_into().map_err(|_| damaged(Family::Meta))?))
}

fn sum_at(database: &Database, key: &[u8]) -> Result<SetHash, Unavailable> {
    match database.get(Family::Sums, key)? {
        Some(value) => SetHash::read(&value).ok_or_else(|| damaged(Family::Sums)),
        None => Ok(SetHash::default()),
    }
}

fn total_of(totals: &mut Totals, family: Family) -> &mut SetHash {
    &mut totals[family as usize]
}
