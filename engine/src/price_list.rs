//! Price lists: what a reseller asks of its children, as rates or as mark-ups on what it pays itself.

use std::sync::Arc;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::money::{Amount, divide_half_even};
use crate::network::Networks;
use crate::prices::PriceTable;
use crate::tariff::RateRow;
use crate::traffic::{Destination, TrafficScope};

/// A share of an amount of money, in millionths (12.5 % is 125,000).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share(i64);

/// A price list as it is provisioned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PriceList {
    /// Prices by network, in the currency of the account that buys by the list. They come before mark-ups.
    pub rates: Vec<RateRow>,
    /// Mark-ups, the first one that a destination belongs to holds.
    pub mark_ups: Vec<MarkUp>,
}

/// An addition to the price that the seller pays itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkUp {
    /// The traffic that it holds for.
    pub scope: TrafficScope,
    /// A share of the price.
    pub share: Share,
    /// An amount for each segment, in the currency of the account that buys.
    pub per_segment: Amount,
}

/// A price list made ready for look-up.
#[derive(Debug)]
pub struct PriceListTable {
    /// The rates of the list.
    pub prices: PriceTable,
    mark_ups: Arc<[MarkUp]>,
}

impl Share {
    const WHOLE: i64 = 1_000_000;
    /// The largest share: ten times the amount.
    pub const MAX_PERCENT: i64 = 1_000;

    /// From a percentage between 0 and 1,000 with at most four decimals.
    pub fn from_percent(percent: Decimal) -> Option<Self> {
        let millionths = percent.checked_mul(Decimal::from(10_000))?;
        let millionths = if millionths.fract().is_zero() { millionths.to_i64()? } else { return None };
        (0..=Self::MAX_PERCENT * 10_000).contains(&millionths).then_some(Self(millionths))
    }

    /// As a percentage, for people.
    pub fn percent(self) -> Decimal {
        Decimal::new(self.0, 4).normalize()
    }

    /// The share of an amount, rounded half to even to a millionth; `None` when it cannot be held.
    pub fn of(self, amount: Amount) -> Option<Amount> {
        let product = i128::from(amount.micros()) * i128::from(self.0);
        i64::try_from(divide_half_even(product, i128::from(Self::WHOLE))).ok().map(Amount::from_micros)
    }
}

impl MarkUp {
    /// The price with the mark-up on it, rounded half to even to a millionth; `None` when it cannot be held.
    pub fn on(&self, price: Amount) -> Option<Amount> {
        price.checked_add(self.share.of(price)?)?.checked_add(self.per_segment)
    }
}

impl PriceListTable {
    /// Makes a list ready for look-up.
    pub fn build(list: &PriceList, networks: &Networks) -> Self {
        let prices = PriceTable::build(&list.rates, networks);
        Self { prices, mark_ups: list.mark_ups.clone().into() }
    }

    /// The mark-up that holds for a destination.
    pub fn mark_up(&self, destination: &Destination) -> Option<&MarkUp> {
        self.mark_ups.iter().find(|mark_up| mark_up.scope.contains(destination))
    }

    /// True if it has any mark-up.
    pub fn has_mark_ups(&self) -> bool {
        !self.mark_ups.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(percent: &str) -> Option<Share> {
        Share::from_percent(percent.parse().unwrap())
    }

    #[test]
    fn a_share_is_a_percentage_with_at_most_four_decimals() {
        for right in ["0", "12.5", "0.0001", "1000"] {
            assert_eq!(share(right).unwrap().percent(), right.parse().unwrap());
        }
        for wrong in ["-1", "1000.0001", "0.00001"] {
            assert_eq!(share(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn shares_and_mark_ups_are_rounded_half_to_even() {
        let of = |percent, micros| share(percent).unwrap().of(Amount::from_micros(micros)).unwrap().micros();
        assert_eq!([of("50", 1), of("50", 3), of("50", 5), of("12.5", 20_000)], [0, 2, 2, 2_500]);
        let mark_up =
            MarkUp { share: share("10").unwrap(), per_segment: Amount::from_micros(7), ..MarkUp::default() };
        assert_eq!(mark_up.on(Amount::from_micros(20_005)), Some(Amount::from_micros(22_012)));
        assert_eq!(mark_up.on(Amount::MAX), None);
        assert_eq!(share("1000").unwrap().of(Amount::MAX), None);
    }
}
