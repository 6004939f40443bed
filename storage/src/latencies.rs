//! Counts of durations by fixed bounds. Counts of the same bounds add up, so that a percentile of any span and of any sum of
//! accounts can be told from them, to within the bucket that it lies in.

use tollgate_engine::time::UnixMicros;

use crate::codec::{Reader, put_signed, put_varint};

/// The upper bounds of the buckets, in milliseconds. One more bucket has what lies beyond.
pub const BOUNDS_MS: [u64; 16] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000, 600_000, 1_800_000,
    3_600_000, 14_400_000, 86_400_000,
];

/// The number of buckets.
pub const BUCKETS: usize = BOUNDS_MS.len() + 1;

/// Counts of durations by bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies([i64; BUCKETS]);

impl Latencies {
    /// Counts the time between two instants, which is zero where the clock was set back in between, so many times.
    pub fn count(&mut self, from: UnixMicros, to: UnixMicros, times: i64) {
        let took_ms = to.0.saturating_sub(from.0) / 1_000;
        let bucket = BOUNDS_MS.partition_point(|bound| *bound < took_ms);
        if let Some(count) = self.0.get_mut(bucket) {
            *count = count.wrapping_add(times);
        }
    }

    /// Adds the counts of others.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, other)| *count = count.wrapping_add(other));
    }

    /// Takes the counts of others away.
    pub fn remove(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(count, other)| *count = count.wrapping_sub(other));
    }

    /// The number of durations.
    pub fn total(&self) -> u64 {
        self.counts().sum()
    }

    /// The duration in milliseconds that so many of a thousand do not exceed, between the bounds of its bucket in proportion to
    /// the rank; `None` where there are no durations. Beyond the last bound it is that bound.
    pub fn per_mille_ms(&self, per_mille: u64) -> Option<u64> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        let rank = u128::from(total) * u128::from(per_mille.min(1_000));
        let (mut below, mut lower) = (0_u128, 0);
        for (count, bound) in self.counts().zip(BOUNDS_MS) {
            let within = u128::from(count) * 1_000;
            if count > 0 && below + within >= rank {
                let share = u128::from(bound - lower) * (rank - below) / within;
                return Some(lower + u64::try_from(share).unwrap_or(0));
            }
            (below, lower) = (below + within, bound);
        }
        BOUNDS_MS.last().copied()
    }

    /// Appends the buckets that are not empty.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        let filled = || self.0.iter().enumerate().filter(|(_, count)| **count != 0);
        put_varint(out, filled().count() as u64);
        for (bucket, count) in filled() {
            put_varint(out, bucket as u64);
            put_signed(out, *count);
        }
    }

    /// Reads what [`Self::write_to`] wrote.
    pub(crate) fn take(reader: &mut Reader<'_>) -> Option<Self> {
        let mut latencies = Self::default();
        for _ in 0..reader.varint()? {
            let bucket = usize::try_from(reader.varint()?).ok()?;
            *latencies.0.get_mut(bucket)? = reader.signed()?;
        }
        Some(latencies)
    }

    /// Outcomes may be counted before their charges, so that a row can be below zero for a while.
    fn counts(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|count| u64::try_from(*count).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(durations_ms: &[u64]) -> Latencies {
        let mut latencies = Latencies::default();
        for ms in durations_ms {
            latencies.count(UnixMicros(5), UnixMicros(5 + ms * 1_000), 1);
        }
        latencies
    }

    #[test]
    fn percentiles_lie_in_their_bucket() {
        assert_eq!(Latencies::default().per_mille_ms(500), None);
        let even = of(&[1_200; 10]);
        assert_eq!(even.per_mille_ms(500), Some(1_750), "half way between 1,000 and 2,500");
        assert_eq!(even.per_mille_ms(1_000), Some(2_500));
        let two = of(&[50, 50, 50, 90_000]);
        assert_eq!(two.per_mille_ms(500), Some(66));
        assert!(two.per_mille_ms(990).is_some_and(|ms| (60_000..=120_000).contains(&ms)));
        assert_eq!(of(&[u64::MAX / 2_000]).per_mille_ms(500), Some(86_400_000));
        assert_eq!(of(&[100]).per_mille_ms(1_000), Some(100), "a bound belongs to its bucket");
    }

    #[test]
    fn counts_add_up_and_come_back() {
        let (mut sum, part) = (of(&[1, 300, 5_000]), of(&[300, u64::MAX / 2_000]));
        sum.add(&part);
        assert_eq!(sum, of(&[1, 300, 5_000, 300, u64::MAX / 2_000]));
        let mut out = Vec::new();
        sum.write_to(&mut out);
        assert_eq!(Latencies::take(&mut Reader(&out)), Some(sum));
        sum.remove(&part);
        assert_eq!(sum, of(&[1, 300, 5_000]));
        assert_eq!(Latencies::default().total(), 0);
    }
}
