//! Bundles: prepaid units with a validity, taken before the wallet.
//!
//! A message takes from the bundles of an account in the order in which they end, those of equal ends by priority, until
//! all its segments are covered. What is not covered is paid from the wallet.

use std::sync::Arc;

use crate::time::UnixMicros;
use crate::traffic::{Destination, TrafficScope};

/// The number of one bundle of an account: the id of the ledger entry that it was given by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleNumber(pub u64);

/// The kind of a bundle's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum BundleUnit {
    /// One segment of a message.
    Segments = 0,
    /// One message of any number of segments.
    Messages = 1,
    /// One token for a service beside messages; messages take none.
    Tokens = 2,
}

impl BundleUnit {
    /// Every unit there is.
    pub const ALL: [Self; 3] = [Self::Segments, Self::Messages, Self::Tokens];

    /// The name in files, APIs and on screens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Segments => "segments",
            Self::Messages => "messages",
            Self::Tokens => "tokens",
        }
    }

    /// The one that a file names.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }

    /// The one that is stored as this number.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| *unit as u8 == byte)
    }
}

/// One bundle of an account, as far as charging needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The number of the bundle.
    pub number: BundleNumber,
    /// The kind of its units.
    pub unit: BundleUnit,
    /// The messages that may take from it.
    pub scope: Arc<TrafficScope>,
    /// Of bundles that end together the one with the smaller number is taken first.
    pub priority: u8,
    /// The first instant at which it gives nothing any more.
    pub expires_at: UnixMicros,
    /// The units that are left.
    pub left: u64,
}

/// Units taken from one bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleTake {
    /// The number of the bundle.
    pub bundle: BundleNumber,
    /// The number of its units.
    pub units: u64,
}

/// The bundles of one account, in the order in which they are taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundles(Vec<Bundle>);

impl Bundles {
    /// The segments of a message of so many that they cover; the units that this takes are put into `takes`. What ends at
    /// `due` or before has ended. Nothing is taken.
    pub fn cover(
        &self,
        destination: &Destination,
        segments: u32,
        due: UnixMicros,
        takes: &mut Vec<BundleTake>,
    ) -> u32 {
        let mut covered = 0;
        for bundle in &self.0 {
            if covered == segments {
                break;
            }
            if bundle.left == 0 || bundle.expires_at <= due || !bundle.scope.contains(destination) {
                continue;
            }
            let missing = segments - covered;
            let (units, more) = match bundle.unit {
                BundleUnit::Segments => {
                    let taken = u32::try_from(bundle.left).map_or(missing, |left| left.min(missing));
                    (u64::from(taken), taken)
                }
                // A message is not cut in two: one unit is for the whole of it.
                BundleUnit::Messages if covered == 0 => (1, missing),
                BundleUnit::Messages | BundleUnit::Tokens => continue,
            };
            covered += more;
            takes.push(BundleTake { bundle: bundle.number, units });
        }
        covered
    }

    /// The tokens that a service beside messages takes; `None` where fewer than these are left. Nothing is taken.
    pub fn cover_tokens(&self, tokens: u64, due: UnixMicros) -> Option<Vec<BundleTake>> {
        let mut missing = tokens;
        let mut takes = Vec::new();
        for bundle in &self.0 {
            if bundle.unit != BundleUnit::Tokens || bundle.left == 0 || bundle.expires_at <= due {
                continue;
            }
            let units = bundle.left.min(missing);
            if units > 0 {
                takes.push(BundleTake { bundle: bundle.number, units });
            }
            missing -= units;
        }
        (missing == 0).then_some(takes)
    }

    /// Puts a bundle in. One with the same number is replaced.
    pub fn insert(&mut self, bundle: Bundle) {
        self.0.retain(|known| known.number != bundle.number);
        let key = |bundle: &Bundle| (bundle.expires_at, bundle.priority, bundle.number);
        let at = self.0.partition_point(|known| key(known) < key(&bundle));
        self.0.insert(at, bundle);
    }

    /// A bundle by its number.
    pub fn get(&self, number: BundleNumber) -> Option<&Bundle> {
        self.0.iter().find(|bundle| bundle.number == number)
    }

    /// Every bundle, in the order in which they are taken.
    pub fn iter(&self) -> impl Iterator<Item = &Bundle> {
        self.0.iter()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes units that are known to be there.
    pub fn take(&mut self, takes: &[BundleTake]) {
        for take in takes {
            let bundle = self.get_mut(take.bundle);
            assert!(
                bundle.left >= take.units,
                "{} units are taken from bundle {}, which has {}",
                take.units,
                take.bundle.0,
                bundle.left
            );
            bundle.left -= take.units;
        }
    }

    /// Puts units back that were taken.
    pub fn give_back(&mut self, takes: &[BundleTake]) {
        for take in takes {
            let bundle = self.get_mut(take.bundle);
            bundle.left = bundle.left.saturating_add(take.units);
        }
    }

    /// Moves the end of a bundle and puts units into it. One that is not among them comes in as `bundle` says.
    pub fn extend(&mut self, bundle: &Bundle, expires_at: UnixMicros, units: u64) {
        let known = self.get(bundle.number).unwrap_or(bundle).clone();
        self.insert(Bundle { expires_at, left: known.left.saturating_add(units), ..known });
    }

    /// Puts units back that were taken out of a bundle, also if it has been let go of since.
    pub fn put_back(&mut self, bundle: &Bundle, units: u64) {
        let known = self.get(bundle.number).cloned();
        let known = known.unwrap_or_else(|| Bundle { left: 0, ..bundle.clone() });
        let left = known.left.saturating_add(units);
        self.insert(Bundle { left, ..known });
    }

    /// Takes all that is left of a bundle, because it has ended; zero where there is no such bundle.
    pub fn take_rest(&mut self, number: BundleNumber) -> u64 {
        let bundle = self.0.iter_mut().find(|bundle| bundle.number == number);
        bundle.map_or(0, |bundle| std::mem::take(&mut bundle.left))
    }

    /// Lets bundles go that ended before an instant and have nothing left.
    pub fn forget_ended(&mut self, before: UnixMicros) {
        self.0.retain(|bundle| bundle.left > 0 || bundle.expires_at >= before);
    }

    fn get_mut(&mut self, number: BundleNumber) -> &mut Bundle {
        match self.0.iter_mut().find(|bundle| bundle.number == number) {
            Some(bundle) => bundle,
            None => crate::money::impossible(format_args!("there is no bundle {} to change", number.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::country::CountryCode;
    use crate::network::NetworkCode;
    use crate::number::Number;

    const NOW: UnixMicros = UnixMicros(100);

    fn destination() -> Destination {
        Destination {
            number: Number::from_digits(b"254722000001").unwrap(),
            network: NetworkCode::new("639", "02").unwrap(),
            country: CountryCode::new("KE"),
        }
    }

    fn bundle(number: u64, unit: BundleUnit, expires_at: u64, priority: u8, left: u64) -> Bundle {
        let (number, expires_at) = (BundleNumber(number), UnixMicros(expires_at));
        Bundle { number, unit, scope: Arc::new(TrafficScope::All), priority, expires_at, left }
    }

    fn bundles(all: impl IntoIterator<Item = Bundle>) -> Bundles {
        let mut bundles = Bundles::default();
        all.into_iter().for_each(|bundle| bundles.insert(bundle));
        bundles
    }

    fn cover(bundles: &Bundles, segments: u32) -> (u32, Vec<(u64, u64)>) {
        let mut takes = Vec::new();
        let covered = bundles.cover(&destination(), segments, NOW, &mut takes);
        (covered, takes.iter().map(|take| (take.bundle.0, take.units)).collect())
    }

    #[test]
    fn the_one_that_ends_first_is_taken_first_then_the_smaller_priority() {
        use BundleUnit::Segments;
        let bundles = bundles([
            bundle(1, Segments, 300, 0, 5),
            bundle(2, Segments, 200, 9, 1),
            bundle(3, Segments, 200, 1, 1),
            bundle(4, Segments, 100, 0, 9),
        ]);
        assert_eq!(cover(&bundles, 1), (1, vec![(3, 1)]));
        assert_eq!(cover(&bundles, 4), (4, vec![(3, 1), (2, 1), (1, 2)]));
        assert_eq!(cover(&bundles, 9), (7, vec![(3, 1), (2, 1), (1, 5)]));
    }

    #[test]
    fn one_unit_of_messages_covers_a_whole_message_and_never_a_part_of_it() {
        use BundleUnit::{Messages, Segments, Tokens};
        assert_eq!(cover(&bundles([bundle(1, Messages, 300, 0, 2)]), 7), (7, vec![(1, 1)]));
        let mixed = bundles([bundle(1, Segments, 200, 0, 2), bundle(2, Messages, 300, 0, 2)]);
        assert_eq!(cover(&mixed, 3), (2, vec![(1, 2)]));
        assert_eq!(cover(&bundles([bundle(1, Tokens, 300, 0, 9)]), 1), (0, vec![]));
    }

    #[test]
    fn a_bundle_of_another_country_is_left_alone() {
        let abroad = TrafficScope::Countries([CountryCode::new("UG").unwrap()].into());
        let other = Bundle { scope: Arc::new(abroad), ..bundle(1, BundleUnit::Segments, 300, 0, 9) };
        assert_eq!(cover(&bundles([other]), 1), (0, vec![]));
    }

    #[test]
    fn tokens_are_taken_whole_or_not_at_all() {
        let bundles = bundles([
            bundle(1, BundleUnit::Tokens, 200, 0, 2),
            bundle(2, BundleUnit::Tokens, 300, 0, 3),
            bundle(3, BundleUnit::Segments, 300, 0, 3),
        ]);
        let takes = |tokens| {
            let takes = bundles.cover_tokens(tokens, NOW)?;
            Some(takes.iter().map(|take| (take.bundle.0, take.units)).collect::<Vec<_>>())
        };
        assert_eq!(takes(4), Some(vec![(1, 2), (2, 2)]));
        assert_eq!(takes(5), Some(vec![(1, 2), (2, 3)]));
        assert_eq!(takes(6), None);
    }

    #[test]
    fn what_is_taken_can_be_given_back_also_behind_the_end() {
        let mut bundles = bundles([bundle(1, BundleUnit::Segments, 200, 0, 5)]);
        let mut takes = Vec::new();
        bundles.cover(&destination(), 3, NOW, &mut takes);
        bundles.take(&takes);
        assert_eq!(bundles.take_rest(BundleNumber(1)), 2);
        bundles.give_back(&takes);
        bundles.forget_ended(UnixMicros(400));
        assert_eq!(bundles.take_rest(BundleNumber(1)), 3);
        bundles.forget_ended(UnixMicros(400));
        assert!(bundles.is_empty());
    }

    #[test]
    #[should_panic(expected = "3 units are taken from bundle 1, which has 2")]
    fn more_than_there_is_cannot_be_taken() {
        let take = BundleTake { bundle: BundleNumber(1), units: 3 };
        bundles([bundle(1, BundleUnit::Segments, 200, 0, 2)]).take(&[take]);
    }

    #[test]
    fn names_and_numbers_are_read_back() {
        for unit in BundleUnit::ALL {
            assert_eq!(BundleUnit::from_name(unit.name()), Some(unit));
            assert_eq!(BundleUnit::from_byte(unit as u8), Some(unit));
        }
    }
}
