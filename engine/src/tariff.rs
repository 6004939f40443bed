//! Plans, rates and volume tiers, and the price of a message's segments.
//!
//! The price of one segment: the account's own rate for the network, else the plan's rate for (MCC, MNC),
//! else for the MCC, else the plan's base price, else the message is refused. A tier's discount lowers that
//! price; a tier's `price_per_sms` stands in place of the base price. Where a tier boundary falls inside a
//! message, each segment gets its own tier's price.

use std::sync::Arc;

use crate::delivery_mode::DeliveryMode;
use crate::money::{Amount, Currency, Discount};
use crate::network::NetworkCode;
use crate::pumping::PumpingOverrides;
use crate::settlement::SettlementTerms;
use crate::time::UnixMicros;

/// Price per segment for a network, or for a whole MCC, during a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateRow {
    /// The network; its MNC is absent where the row holds for the MCC.
    pub network: NetworkCode,
    /// The price of a segment.
    pub price: Amount,
    /// First instant at which the row holds.
    pub effective_from: UnixMicros,
    /// First instant at which it no longer holds; `None` for an open end.
    pub effective_to: Option<UnixMicros>,
    /// The file and line that the row was read from, for explanations.
    pub origin: RowOrigin,
}

/// The place of a row in its file.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowOrigin {
    /// The file's name as configured.
    pub file: Arc<str>,
    /// The line, from one.
    pub line: u32,
}

/// A range of an account's segments in the calendar month, with its discount or price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeTier {
    /// The first segment of the month in the tier, counted from one.
    pub from_segment: u64,
    /// The last segment in it; `None` in the last tier.
    pub to_segment: Option<u64>,
    /// Taken off the price, whether it is a rate or the base price.
    pub discount: Discount,
    /// Stands in place of the base price; a rate is not changed by it.
    pub price_per_sms: Option<Amount>,
}

/// A plan as it is provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The name that accounts refer to, such as `starter`.
    pub name: Arc<str>,
    /// Of every price in the plan.
    pub currency: Currency,
    /// IANA name of the zone whose calendar months the tiers count in.
    pub time_zone: String,
    /// Price per segment where no rate holds; `None` refuses such messages with `no_rate`.
    pub base_price: Option<Amount>,
    /// Ascending, without gaps, from segment one; empty for none.
    pub tiers: Vec<VolumeTier>,
    /// Prices by network.
    pub rates: Vec<RateRow>,
    /// Prices by network that every plan has, where none of its own is in force.
    pub common_rates: Vec<RateRow>,
    /// The terms for the price of a message that is not delivered.
    pub settlement: SettlementTerms,
    /// True if segments that a bundle covers count for the tiers.
    pub bundle_segments_count: bool,
    /// The delivery of accounts on it that set none.
    pub delivery: DeliveryMode,
    /// The search for traffic pumping in the traffic of accounts on it, as far as it differs from that of all accounts.
    pub pumping: PumpingOverrides,
}

/// The price of one segment before its tier, and whether it is the plan's base price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitPrice {
    /// The price of a segment.
    pub price: Amount,
    /// Only a base price gives way to a tier's `price_per_sms`.
    pub is_base: bool,
}

/// Segments of one message that fall in one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLine {
    /// Index into the plan's tiers; `None` where the plan has none.
    pub tier: Option<usize>,
    /// The number of segments.
    pub segments: u32,
    /// Of each of them.
    pub price_per_segment: Amount,
}

impl PriceLine {
    /// `None` when it cannot be held.
    pub fn total(&self) -> Option<Amount> {
        self.price_per_segment.checked_mul(self.segments)
    }
}

impl VolumeTier {
    /// The price of one segment in this tier.
    pub fn price(&self, unit: UnitPrice) -> Amount {
        let price = match self.price_per_sms {
            Some(own) if unit.is_base => own,
            _ => unit.price,
        };
        price.discounted(self.discount)
    }
}

impl Plan {
    /// Splits a message's segments at the tier boundaries. `counted` is how many segments the account has had
    /// in the month before this message.
    pub fn price_lines(&self, unit: UnitPrice, counted: u64, segments: u32) -> PriceLines<'_> {
        PriceLines { tiers: &self.tiers, unit, next_segment: counted + 1, left: segments }
    }

    /// The price of a message; `None` when it cannot be held.
    pub fn price(&self, unit: UnitPrice, counted: u64, segments: u32) -> Option<Amount> {
        self.price_lines(unit, counted, segments)
            .try_fold(Amount::ZERO, |sum, line| sum.checked_add(line.total()?))
    }
}

/// The lines of one message's price, from the lowest tier up.
#[derive(Clone, Debug)]
pub struct PriceLines<'a> {
    tiers: &'a [VolumeTier],
    unit: UnitPrice,
    next_segment: u64,
    left: u32,
}

impl Iterator for PriceLines<'_> {
    type Item = PriceLine;

    fn next(&mut self) -> Option<PriceLine> {
        if self.left == 0 {
            return None;
        }
        let at = self.tiers.partition_point(|tier| tier.to_segment.is_some_and(|to| to < self.next_segment));
        let Some(tier) = self.tiers.get(at) else {
            let line = PriceLine { tier: None, segments: self.left, price_per_segment: self.unit.price };
            self.left = 0;
            return Some(line);
        };
        let room = tier.to_segment.map_or(u64::MAX, |to| to - self.next_segment + 1);
        let segments = u32::try_from(room).map_or(self.left, |room| room.min(self.left));
        self.next_segment += u64::from(segments);
        self.left -= segments;
        Some(PriceLine { tier: Some(at), segments, price_per_segment: tier.price(self.unit) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: UnitPrice = UnitPrice { price: Amount::from_micros(50_000), is_base: true };

    fn plan(tiers: Vec<VolumeTier>) -> Plan {
        let (name, time_zone) = (Arc::from("p"), "UTC".to_owned());
        let currency = Currency::new("USD").unwrap();
        Plan {
            name,
            currency,
            time_zone,
            base_price: Some(BASE.price),
            tiers,
            rates: Vec::new(),
            common_rates: Vec::new(),
            settlement: SettlementTerms::default(),
            bundle_segments_count: false,
            delivery: DeliveryMode::Routed,
            pumping: PumpingOverrides::default(),
        }
    }

    fn tier(from_segment: u64, to_segment: Option<u64>, percent: i64) -> VolumeTier {
        let discount = Discount::from_percent(percent.into()).unwrap();
        VolumeTier { from_segment, to_segment, discount, price_per_sms: None }
    }

    fn lines(plan: &Plan, counted: u64, segments: u32) -> Vec<(Option<usize>, u32, i64)> {
        plan.price_lines(BASE, counted, segments)
            .map(|line| (line.tier, line.segments, line.price_per_segment.micros()))
            .collect()
    }

    #[test]
    fn without_tiers_every_segment_costs_the_same() {
        let plan = plan(Vec::new());
        for counted in [0, 1_000_000, u64::from(u32::MAX), u64::MAX - 1] {
            assert_eq!(lines(&plan, counted, 255), [(None, 255, 50_000)]);
            assert_eq!(plan.price(BASE, counted, 255), Some(Amount::from_micros(12_750_000)));
        }
        assert_eq!(lines(&plan, 0, 0), []);
    }

    #[test]
    fn a_tier_ends_with_its_last_segment() {
        let plan = plan(vec![tier(1, Some(10), 0), tier(11, Some(11), 10), tier(12, None, 20)]);
        assert_eq!(lines(&plan, 0, 10), [(Some(0), 10, 50_000)]);
        assert_eq!(lines(&plan, 9, 2), [(Some(0), 1, 50_000), (Some(1), 1, 45_000)]);
        assert_eq!(lines(&plan, 10, 2), [(Some(1), 1, 45_000), (Some(2), 1, 40_000)]);
        assert_eq!(lines(&plan, 8, 5), [(Some(0), 2, 50_000), (Some(1), 1, 45_000), (Some(2), 2, 40_000)]);
    }

    #[test]
    fn behind_a_last_tier_with_an_end_the_price_is_the_plain_one() {
        let plan = plan(vec![tier(1, Some(2), 50)]);
        assert_eq!(lines(&plan, 1, 3), [(Some(0), 1, 25_000), (None, 2, 50_000)]);
    }

    #[test]
    fn a_price_that_cannot_be_held_is_none() {
        let unit = UnitPrice { price: Amount::MAX, is_base: true };
        assert_eq!(plan(Vec::new()).price(unit, 0, 1), Some(Amount::MAX));
        assert_eq!(plan(Vec::new()).price(unit, 0, 2), None);
        assert_eq!(plan(vec![tier(1, Some(1), 0), tier(2, None, 0)]).price(unit, 0, 2), None);
    }
}
