//! The sums of the groups of an answer.

use std::collections::HashMap;

use tollgate_api::series::Measure;
use tollgate_storage::rows::SeriesRow;
use tollgate_storage::series::SeriesOf;
use tollgate_storage::store::{SeriesInstant, Unavailable};

use super::figures::{Sums, rank};
use super::reading::{Part, Reading};

/// The group that a row belongs to: the country, network, operator, plan, account or reason in it.
type GroupKey = SeriesOf;

/// The sums of each group and step.
pub struct Groups {
    /// The groups that come by name, the highest first.
    pub named: Vec<GroupKey>,
    /// By group, those with a name first and then the rest, and by step.
    pub sums: Vec<Vec<Sums>>,
    /// True if something is in the rest.
    pub has_rest: bool,
}

impl Groups {
    /// Reads them, of which so many with the most of a measure come by name.
    pub fn read(
        instant: &SeriesInstant<'_>,
        reading: &Reading,
        (measure, groups_max): (Measure, usize),
        steps: usize,
    ) -> Result<Self, Unavailable> {
        let named =
            if reading.is_grouped() { highest(instant, reading, measure, groups_max)? } else { Vec::new() };
        let places: HashMap<&GroupKey, usize> = named.iter().enumerate().map(|(at, key)| (key, at)).collect();
        let rest = named.len();
        let mut sums = vec![vec![Sums::default(); steps]; named.len() + 1];
        let mut has_rest = !reading.is_grouped();
        read(instant, reading, |step, part, of, row| {
            let group = if reading.is_grouped() { places.get(&reading.group_of(of)) } else { None };
            let group = group.copied().unwrap_or(rest);
            has_rest |= group == rest;
            if let Some(sums) = sums.get_mut(group).and_then(|steps| steps.get_mut(step)) {
                sums.add(part, row);
            }
        })?;
        Ok(Self { named, sums, has_rest })
    }
}

/// The groups with the most of the first measure, the highest first.
fn highest(
    instant: &SeriesInstant<'_>,
    reading: &Reading,
    measure: Measure,
    groups_max: usize,
) -> Result<Vec<GroupKey>, Unavailable> {
    let mut ranks: HashMap<GroupKey, i128> = HashMap::new();
    read(instant, reading, |_, part, of, row| {
        if let Some(rank) = rank(measure, part, row, reading.side) {
            *ranks.entry(reading.group_of(of)).or_default() += rank;
        }
    })?;
    let mut ranked: Vec<_> = ranks.into_iter().collect();
    ranked.sort_unstable_by(|(one, high), (other, low)| low.cmp(high).then_with(|| one.cmp(other)));
    ranked.truncate(groups_max);
    Ok(ranked.into_iter().map(|(key, _)| key).collect())
}

/// Reads all that is asked for, by the step that it belongs to.
fn read(
    instant: &SeriesInstant<'_>,
    reading: &Reading,
    mut visit: impl FnMut(usize, Part, &SeriesOf, &SeriesRow),
) -> Result<(), Unavailable> {
    for (part, asked) in &reading.reads {
        instant.read(asked, |at, of, row| {
            let Some(step) = reading.step_of(at).filter(|_| reading.takes(of)) else { return };
            if reading.tells_money(*part, at, of) {
                visit(step, *part, of, row);
            } else {
                visit(step, *part, of, &row.without_money());
            }
        })?;
    }
    Ok(())
}
