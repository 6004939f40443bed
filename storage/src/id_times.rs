//! The relation of ids to time, for readers of what lies between two instants.
//!
//! Ids only count up, and time may not: a clock that was ahead is set right, and a restart finds an earlier
//! one. So ids go by the clock plus a **lead**, which is zero as long as time only goes forward. Where the
//! clock falls back behind the last id, a new run of ids begins whose lead makes up for it; where it has
//! caught up, one with a smaller lead. Each run is one small row, written in the commit that first gives out
//! an id of it, so that the ids of a range of time are a range of each run's.
//!
//! Such a range is a little wider than the range of time: a message is submitted a while before its commit
//! gives it an id. The **spread** is by how much the two ever differed, and is durable as well. Whoever reads
//! these ids leaves out what was submitted at other times.

use std::collections::BTreeSet;
use std::ops::Range;

use tollgate_engine::time::UnixMicros;

use crate::codec::Reader;
use crate::rows::Row;
use crate::schema::{first_id_at, issued_at};

/// Ids may run ahead of the clock by so much without a new run: a second.
const LAG_MAX_MICROS: u64 = 1_000_000;

/// A lead that has become smaller by so much begins a new run: an hour.
const LEAD_KEPT_MICROS: u64 = 3_600_000_000;

/// Ids that go by the clock with one lead, from the first on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdRun {
    /// Its first id.
    pub first: u64,
    /// By how much its ids are ahead of the clock.
    pub lead_micros: u64,
}

/// The most by which the time of an id differed from the time at which its message was submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The id was given out so much later.
    pub late_micros: u64,
    /// The clock was set back between the two: the id is of an earlier time by so much.
    pub early_micros: u64,
}

/// The runs of all ids and their spread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdTimes {
    /// By ascending first id. Ids before the first of them have no lead.
    pub runs: Vec<IdRun>,
    /// The spread of all of them.
    pub spread: Spread,
}

/// Ranges of ids, in ascending order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdRanges(Vec<Range<u64>>);

impl Default for Spread {
    /// Ten minutes, so that hardly any commit has to widen it, and that of directories of earlier versions.
    fn default() -> Self {
        Self { late_micros: 600_000_000, early_micros: 10_000_000 }
    }
}

impl Spread {
    /// The spread that also holds an id of `given_at` whose message was submitted then. It grows in large
    /// steps, so that it rarely does.
    #[must_use]
    pub fn with(self, submitted_at: UnixMicros, given_at: UnixMicros) -> Self {
        let late = given_at.0.saturating_sub(submitted_at.0);
        let early = submitted_at.0.saturating_sub(given_at.0);
        Self { late_micros: widened(self.late_micros, late), early_micros: widened(self.early_micros, early) }
    }
}

impl Row for Spread {
    fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.late_micros.to_be_bytes());
        out.extend_from_slice(&self.early_micros.to_be_bytes());
    }

    fn take(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { late_micros: reader.be_u64()?, early_micros: reader.be_u64()? })
    }
}

fn widened(kept: u64, found: u64) -> u64 {
    if found <= kept { kept } else { found.checked_next_power_of_two().unwrap_or(u64::MAX) }
}

impl IdRun {
    /// The run of the next id, and that id at the least, for a commit at `now` after all ids below `unused`.
    #[must_use]
    pub fn next(self, unused: u64, now: UnixMicros) -> Self {
        // The last id's time, and the first instant behind it.
        let used_to = UnixMicros(issued_at(unused).0.saturating_add(1));
        let needed = used_to.0.saturating_sub(now.0);
        let is_behind = needed > self.lead_micros.saturating_add(LAG_MAX_MICROS);
        let has_caught_up = needed.saturating_add(LEAD_KEPT_MICROS) < self.lead_micros;
        if !is_behind && !has_caught_up {
            return self;
        }
        let first = first_id_at(UnixMicros(now.0.saturating_add(needed)));
        Self { first, lead_micros: needed }
    }

    /// The first id that a commit at `now` gives out where all below `unused` are given out.
    pub fn first_id(self, unused: u64, now: UnixMicros) -> u64 {
        unused.max(first_id_at(UnixMicros(now.0.saturating_add(self.lead_micros))))
    }

    /// The time of the clock that an id goes by.
    pub fn time_of(self, id: u64) -> UnixMicros {
        UnixMicros(issued_at(id).0.saturating_sub(self.lead_micros))
    }
}

impl IdTimes {
    /// The run of the last ids.
    pub fn last(&self) -> IdRun {
        self.runs.last().copied().unwrap_or_default()
    }

    /// The time of the clock at which an id was given out.
    pub fn time_of(&self, id: u64) -> UnixMicros {
        let run = self.runs.iter().rev().find(|run| run.first <= id).copied();
        run.unwrap_or_default().time_of(id)
    }

    /// The ids that messages submitted in this range of time may have, or entries made in it.
    pub fn ids_of(&self, times: &Range<UnixMicros>) -> IdRanges {
        let Spread { late_micros, early_micros } = self.spread;
        let from = times.start.0.saturating_sub(early_micros);
        // The last instant is before the end of the range, and an id's time is cut down to its microsecond.
        self.given_in(from..times.end.0.saturating_add(late_micros), times.start >= times.end)
    }

    /// The ids of messages that were certainly submitted in this range of time.
    pub fn ids_within(&self, times: &Range<UnixMicros>) -> IdRanges {
        let Spread { late_micros, early_micros } = self.spread;
        let (from, to) =
            (times.start.0.saturating_add(late_micros), times.end.0.saturating_sub(early_micros));
        self.given_in(from..to, from >= to)
    }

    /// The ids that were given out in this range of the clock's time.
    fn given_in(&self, times: Range<u64>, is_empty: bool) -> IdRanges {
        let first = std::iter::once(IdRun::default());
        let runs: Vec<IdRun> = first.chain(self.runs.iter().copied()).collect();
        let ends = runs.iter().skip(1).map(|next| next.first).chain(std::iter::once(u64::MAX));
        let of_run = |(run, end): (&IdRun, u64)| {
            let from = times.start.saturating_add(run.lead_micros);
            let to = times.end.saturating_add(run.lead_micros);
            run.first.max(first_id_at(UnixMicros(from)))..end.min(first_id_at(UnixMicros(to)))
        };
        let ranges = runs.iter().zip(ends).map(of_run).filter(|ids| ids.start < ids.end && !is_empty);
        IdRanges(ranges.collect())
    }
}

impl IdRanges {
    /// Every id there is.
    pub fn all() -> Self {
        Self::from(0..u64::MAX)
    }

    /// Those of them that are below `end`.
    #[must_use]
    pub fn below(mut self, end: u64) -> Self {
        self.0.iter_mut().for_each(|ids| ids.end = ids.end.min(end));
        self.0.retain(|ids| ids.start < ids.end);
        self
    }

    /// Those of them that are not below `start`.
    #[must_use]
    pub fn not_below(mut self, start: u64) -> Self {
        self.0.iter_mut().for_each(|ids| ids.start = ids.start.max(start));
        self.0.retain(|ids| ids.start < ids.end);
        self
    }

    /// These ids alone, of which there may be none and which need not be in order.
    pub fn of_ids(ids: impl IntoIterator<Item = u64>) -> Self {
        let ids: BTreeSet<u64> = ids.into_iter().collect();
        Self(ids.into_iter().map(|id| id..id.saturating_add(1)).collect())
    }

    /// True if all ids of the range are among them.
    pub fn hold(&self, ids: &Range<u64>) -> bool {
        self.0.iter().any(|held| held.start <= ids.start && ids.end <= held.end)
    }

    /// True if the id is among them.
    pub fn has(&self, id: u64) -> bool {
        self.0.iter().any(|held| held.contains(&id))
    }

    /// The ranges by ascending ids.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Range<u64>> {
        self.0.iter().cloned()
    }

    /// The first of all ids in them; the last that there can be where there is none.
    pub fn first(&self) -> u64 {
        self.0.first().map_or(u64::MAX, |ids| ids.start)
    }

    /// The first id behind all of them; zero where there is none.
    pub fn end(&self) -> u64 {
        self.0.last().map_or(0, |ids| ids.end)
    }
}

impl From<Range<u64>> for IdRanges {
    fn from(ids: Range<u64>) -> Self {
        Self(vec![ids])
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    const DAY: u64 = 86_400_000_000;
    const NOON: u64 = 1_795_176_000_000_000;

    fn at(micros: u64) -> UnixMicros {
        UnixMicros(micros)
    }

    /// Gives out ids as commits do.
    #[derive(Default)]
    struct Commits {
        times: IdTimes,
        unused: u64,
        /// Each message: its id, and when it was submitted.
        messages: Vec<(u64, u64)>,
    }

    impl Commits {
        fn commit(&mut self, submitted_at: u64, now: u64, count: u64) {
            let last = self.times.last();
            let run = last.next(self.unused, at(now));
            let first = run.first_id(self.unused, at(now));
            assert!(first >= self.unused && first >= run.first, "ids only count up");
            if run != last {
                self.times.runs.push(run);
            }
            self.unused = first + count;
            self.times.spread = self.times.spread.with(at(submitted_at), run.time_of(self.unused - 1));
            self.times.spread = self.times.spread.with(at(submitted_at), run.time_of(first));
            self.messages.extend((first..self.unused).map(|id| (id, submitted_at)));
        }

        fn found(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
            let ranges = self.times.ids_of(&(at(from)..at(to)));
            let is_in = |id: u64| ranges.iter().any(|ids| ids.contains(&id));
            self.messages.iter().copied().filter(|(id, _)| is_in(*id)).collect()
        }
    }

    #[test]
    fn a_clock_that_only_goes_forward_has_no_runs() {
        let mut commits = Commits::default();
        for step in 0..1_000 {
            commits.commit(NOON + step * 1_000, NOON + step * 1_000 + 900, 7);
        }
        assert!(commits.times.runs.is_empty());
        assert_eq!(commits.times.spread, Spread::default());
        assert_eq!(commits.messages[0].0, (NOON + 900) * 100);
    }

    #[test]
    fn ids_go_on_by_the_clock_after_it_was_ahead() {
        let mut commits = Commits::default();
        commits.commit(NOON, NOON, 3);
        commits.commit(NOON + 2 * DAY, NOON + 2 * DAY, 1);
        commits.commit(NOON + 1_000_000, NOON + 1_000_000, 5);
        commits.commit(NOON + 3_600_000_000, NOON + 3_600_000_000, 5);
        let [run] = commits.times.runs[..] else { panic!("one run") };
        assert!((2 * DAY - 1_000_000..2 * DAY + 10).contains(&run.lead_micros), "{run:?}");
        // Of an afternoon all, and nothing of the day after.
        assert_eq!(commits.found(NOON, NOON + DAY).len(), 13);
        assert_eq!(commits.found(NOON + 2 * DAY - 1, NOON + 2 * DAY + 1).len(), 1);
        assert_eq!(commits.found(NOON + 1_800_000_000, NOON + DAY).len(), 5);
        // When the clock has caught up, the lead goes.
        commits.commit(NOON + 5 * DAY, NOON + 5 * DAY, 1);
        assert_eq!(commits.times.last().lead_micros, 0);
        assert_eq!(commits.messages.last().unwrap().0, (NOON + 5 * DAY) * 100);
    }

    #[test]
    fn a_little_lag_is_counted_through() {
        let mut commits = Commits::default();
        commits.commit(NOON, NOON, 300);
        commits.commit(NOON - 900_000, NOON - 900_000, 2);
        assert!(commits.times.runs.is_empty());
        commits.commit(NOON - 3_000_000, NOON - 3_000_000, 2);
        assert_eq!(commits.times.runs.len(), 1);
    }

    proptest! {
        /// Whatever the clock does, a range of time has every message that was submitted in it.
        #[test]
        fn no_message_is_missed(
            commits in vec((0..4 * DAY, 0..2 * DAY, 1..500_u64), 1..40),
            from in 0..6 * DAY,
            length in 0..2 * DAY,
        ) {
            let mut all = Commits::default();
            for (submitted, delay, count) in commits {
                // Mostly soon after; sometimes the clock went back in between.
                let now = if delay % 7 == 0 { submitted.saturating_sub(delay) } else { submitted + delay % 1_000_000 };
                all.commit(NOON + submitted, NOON + now, count);
            }
            let (from, to) = (NOON + from, NOON + from + length);
            let found = all.found(from, to);
            for message in &all.messages {
                prop_assert!(!(from..to).contains(&message.1) || found.contains(message));
            }
            let within = all.times.ids_within(&(at(from)..at(to)));
            for (id, submitted) in &all.messages {
                prop_assert!(!within.has(*id) || (from..to).contains(submitted), "{id} is not within");
            }
            let ranges = all.times.ids_of(&(at(from)..at(to)));
            let ranges: Vec<_> = ranges.iter().collect();
            prop_assert!(ranges.is_sorted_by(|left, right| left.end <= right.start));
        }
    }
}
