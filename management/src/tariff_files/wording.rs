//! Prices in words, the same in quotes and in explanations of CDRs.

use tollgate_engine::number::Number;
use tollgate_engine::prices::{FoundRate, RateScope};
use tollgate_engine::tables::{NetworkSource, PriceSource};
use tollgate_engine::tariff::Plan;

/// The way in which the network of a number was found.
pub fn found_by(source: NetworkSource, number: &Number) -> String {
    match source {
        NetworkSource::Tlv => "named in the TLV".to_owned(),
        NetworkSource::Ported => "ported number".to_owned(),
        NetworkSource::Prefix(digits) => {
            let number = number.to_string();
            format!("prefix {}", number.get(..usize::from(digits)).unwrap_or(&number))
        }
    }
}

/// The source of a segment's price.
pub fn price_source(source: Option<&PriceSource>) -> String {
    match source {
        Some(PriceSource::AccountRate(rate)) => format!("the account's own rate for {}", describe(rate)),
        Some(PriceSource::ListRate(rate)) => format!("the price list's rate for {}", describe(rate)),
        Some(PriceSource::MarkUp(_)) => "the price list's mark-up".to_owned(),
        Some(PriceSource::PlanRate(rate)) => format!("the plan's rate for {}", describe(rate)),
        Some(PriceSource::BasePrice) => "the plan's base price".to_owned(),
        None => "none".to_owned(),
    }
}

/// The rate and its place in the files.
fn describe(rate: &FoundRate<'_>) -> String {
    let scope = match rate.scope {
        RateScope::Network => "",
        RateScope::Alias => ", another code of the operator",
        RateScope::Country => ", the whole MCC",
        RateScope::CountryAlias => ", another MCC of the country",
    };
    format!("{}{scope} ({}:{})", rate.network, rate.origin.file, rate.origin.line)
}

/// The tier of a line, by its index into the plan's tiers; empty if the plan has none.
pub fn tier(plan: &Plan, tier: Option<usize>) -> String {
    let Some((index, tier)) = tier.and_then(|index| Some((index, plan.tiers.get(index)?))) else {
        return String::new();
    };
    let to = tier.to_segment.map_or("on".to_owned(), |to| format!("to {to}"));
    let discount = tier.discount.percent();
    format!("(tier {}: segments {} {to}, discount {discount} %)", index + 1, tier.from_segment)
}
