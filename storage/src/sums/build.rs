//! The sums of the rows at rest: counted once when a directory gets them, and again by `verify`.

use std::collections::BTreeMap;

use super::commit::CommitRow;
use super::place::Place;
use super::running::{forgotten_hour, put_sum};
use super::set_hash::SetHash;
use super::{COMMIT_KEY, NO_ROWS, Totals, is_summed, total_key};
use crate::batch::{Batch, Put};
use crate::clock::now;
use crate::database::{Database, Unavailable, damaged};
use crate::rows::Row;
use crate::schema::{Family, SCHEMA_VERSION, SCHEMA_VERSION_KEY};
use crate::store_options::Durability;

/// Rows of sums written at once.
const ROWS_AT_ONCE: usize = 10_000;

/// The sums of the rows that stand in a directory, and those that its commits have kept.
#[derive(Debug)]
pub struct Recount {
    /// The sums of all families.
    pub totals: Totals,
    /// The sums of places, counted from the rows.
    places: BTreeMap<Place, SetHash>,
}

impl Recount {
    /// The first places whose sum is not the one that the commits have kept, at most as many as asked for.
    pub fn differences(&self, database: &Database, at_most: usize) -> Result<Vec<Place>, Unavailable> {
        let mut kept: BTreeMap<Place, SetHash> = BTreeMap::new();
        let mut is_sound = true;
        database.scan(Family::Sums, &[], |key, value| {
            if key.len() == 1 {
                return true;
            }
            let read = Place::read(key).zip(SetHash::read(value));
            is_sound = read.is_some();
            kept.extend(read);
            is_sound
        })?;
        if !is_sound {
            return Err(damaged(Family::Sums));
        }
        let none = SetHash::default();
        let mut places: Vec<Place> = kept.keys().chain(self.places.keys()).copied().collect();
        places.sort_unstable();
        places.dedup();
        places.retain(|place| kept.get(place).unwrap_or(&none) != self.places.get(place).unwrap_or(&none));
        places.truncate(at_most);
        Ok(places)
    }
}

/// Sums the rows that stand.
pub fn recount(database: &Database) -> Result<Recount, Unavailable> {
    let forgotten_hour = forgotten_hour(database)?;
    let mut recount = Recount { totals: NO_ROWS, places: BTreeMap::new() };
    for family in Family::ALL.iter().copied().filter(|family| is_summed(*family)) {
        let mut total = SetHash::default();
        database.scan(family, &[], |key, value| {
            let place = Place::of(family, key, value);
            if !place.is_forgotten(forgotten_hour) {
                let row = SetHash::of_row(family, key, value);
                total.add(&row);
                recount.places.entry(place).or_default().add(&row);
            }
            true
        })?;
        recount.totals[family as usize] = total;
    }
    Ok(recount)
}

/// Sums the rows of a directory that has no sums yet, or whose rows an upgrade has rewritten, begins its chain of commits or
/// goes on with it, and with that gives it the schema version of this build. Where it is broken off, it is done once more from
/// the beginning.
pub fn build(database: &Database) -> Result<CommitRow, Unavailable> {
    let last: CommitRow = database.row(Family::Sums, COMMIT_KEY)?.unwrap_or_default();
    clear(database)?;
    let Recount { mut totals, mut places } = recount(database)?;
    let schema = schema_change(database)?;
    for (value, change) in
        [(&schema.before, SetHash::remove as fn(&mut _, &_)), (&schema.value, SetHash::add)]
    {
        let Some(value) = value else { continue };
        let row = SetHash::of_row(schema.family, &schema.key, value);
        change(&mut totals[schema.family as usize], &row);
        change(places.entry(Place::of(schema.family, &schema.key, value)).or_default(), &row);
    }
    let mut batch = Batch::default();
    for (place, sum) in places.iter().filter(|(_, sum)| !sum.is_empty()) {
        put_sum(&mut batch, &place.key(), sum);
        if batch.puts.len() >= ROWS_AT_ONCE {
            database.write(&std::mem::take(&mut batch), Durability::Sync)?;
        }
    }
    for (family, total) in Family::ALL.iter().zip(&totals) {
        put_sum(&mut batch, &total_key(*family), total);
    }
    let commit = last.next(now(), &totals);
    batch.put(Family::Sums, COMMIT_KEY, Some(commit.to_bytes()), None);
    batch.puts.push(schema);
    database.write(&batch, Durability::Sync)?;
    Ok(commit)
}

/// The row that gives the directory the schema version of this build.
fn schema_change(database: &Database) -> Result<Put, Unavailable> {
    let before = database.get(Family::Meta, SCHEMA_VERSION_KEY)?;
    let value = Some(SCHEMA_VERSION.to_be_bytes().to_vec());
    Ok(Put { family: Family::Meta, key: SCHEMA_VERSION_KEY.to_vec(), value, before })
}

/// Removes all sums. The row of the last commit stays, for the next one to go on from.
fn clear(database: &Database) -> Result<(), Unavailable> {
    let mut keys = Vec::new();
    database.scan(Family::Sums, &[], |key, _| {
        if key != COMMIT_KEY {
            keys.push(key.to_vec());
        }
        true
    })?;
    for keys in keys.chunks(ROWS_AT_ONCE) {
        let mut batch = Batch::default();
        for key in keys {
            batch.put(Family::Sums, key.as_slice(), None, None);
        }
        database.write(&batch, Durability::Sync)?;
    }
    Ok(())
}
