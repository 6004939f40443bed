//! Histograms whose bins grow with the values: each doubling is split into equal bins, so that every value is
//! known to the same relative accuracy.

/// A histogram of doublings from 2^`LOWEST` µs up, each in 2^`SPLIT` bins. Values outside count in
/// the first or the last bin.
#[derive(Clone, Debug)]
pub(super) struct Histogram<const BINS: usize, const LOWEST: u32, const SPLIT: u32>([u32; BINS]);

impl<const BINS: usize, const LOWEST: u32, const SPLIT: u32> Histogram<BINS, LOWEST, SPLIT> {
    pub(super) const EMPTY: Self = Self([0; BINS]);

    pub(super) fn add(&mut self, micros: u64) {
        let bin = &mut self.0[Self::bin(micros)];
        *bin = bin.saturating_add(1);
    }

    /// Adds what another one counted.
    pub(super) fn merge(&mut self, other: &Self) {
        for (bin, more) in self.0.iter_mut().zip(&other.0) {
            *bin = bin.saturating_add(*more);
        }
    }

    /// The value that so many of a hundred do not exceed, as the upper end of its bin; 0 where nothing was
    /// counted.
    pub(super) fn percentile(&self, percent: u64) -> u64 {
        let total: u64 = self.0.iter().map(|count| u64::from(*count)).sum();
        let rank = (total * percent).div_ceil(100).max(1);
        let mut counted = 0;
        for (bin, count) in self.0.iter().enumerate() {
            counted += u64::from(*count);
            if counted >= rank {
                return Self::end(bin);
            }
        }
        0
    }

    fn bin(micros: u64) -> usize {
        let Some(doubling) = micros.checked_ilog2().and_then(|log| log.checked_sub(LOWEST)) else {
            return 0;
        };
        // The digits behind the leading one tell where in its doubling the value lies.
        let part = (micros >> (LOWEST + doubling - SPLIT)) & ((1 << SPLIT) - 1);
        let bin = usize::try_from((u64::from(doubling) << SPLIT) + part).unwrap_or(BINS);
        bin.min(BINS - 1)
    }

    /// The largest value in a bin.
    fn end(bin: usize) -> u64 {
        let (doubling, part) = (bin >> SPLIT, bin & ((1 << SPLIT) - 1));
        let step = 1_u64 << (LOWEST as usize + doubling - SPLIT as usize);
        ((1 << SPLIT) + part as u64 + 1) * step - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Small = Histogram<168, 6, 3>;

    #[test]
    fn every_value_lies_in_its_bin() {
        let mut value = 64;
        while value < 100_000_000 {
            let bin = Small::bin(value);
            assert!(value <= Small::end(bin), "{value}");
            assert!(bin == 0 || value > Small::end(bin - 1), "{value}");
            value += 1 + value / 97;
        }
        assert_eq!((Small::bin(0), Small::bin(63), Small::bin(u64::MAX)), (0, 0, 167));
        assert!((0..167).all(|bin| Small::end(bin) < Small::end(bin + 1)));
    }

    #[test]
    fn percentiles_are_off_by_an_eighth_at_most() {
        let mut histogram = Small::EMPTY;
        assert_eq!(histogram.percentile(50), 0);
        for value in 1..=10_000 {
            histogram.add(value * 1_000);
        }
        for percent in [1, 50, 95, 99, 100] {
            let (exact, found) = (percent * 100_000, histogram.percentile(percent));
            assert!(found >= exact && found - exact <= exact / 8, "p{percent}: {found} for {exact}");
        }
    }

    #[test]
    fn merging_is_counting_together() {
        let (mut one, mut other, mut both) = (Small::EMPTY, Small::EMPTY, Small::EMPTY);
        for value in 1..1_000 {
            if value % 3 == 0 { &mut one } else { &mut other }.add(value * value);
            both.add(value * value);
        }
        one.merge(&other);
        assert_eq!(one.0, both.0);
    }
}
