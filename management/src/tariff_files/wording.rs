//! Prices in words, the same in quotes and in explanations of CDRs.

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::number::Number;
use tollgate_engine::price_list::MarkUp;
use tollgate_engine::prices::{FoundRate, RateScope};
use tollgate_engine::tables::{NetworkSource, PriceSource};
use tollgate_engine::tariff::Plan;
use tollgate_engine::traffic::TrafficScope;

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

/// A mark-up with the price that it was put on, for whom it is the own sale.
pub fn applied_mark_up(mark_up: &MarkUp, (on, on_currency): (Amount, Currency)) -> String {
    let (percent, per_segment) = (mark_up.share.percent(), mark_up.per_segment);
    let scope = scope(&mark_up.scope);
    format!(
        "the price list's mark-up of {percent} % and {per_segment} per segment for {scope}, on {on} {on_currency}"
    )
}

/// A part of the traffic.
pub fn scope(scope: &TrafficScope) -> String {
    fn listed<T: ToString>(list: &[T]) -> String {
        list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
    match scope {
        TrafficScope::All => "all traffic".to_owned(),
        TrafficScope::Countries(countries) => format!("the countries {}", listed(countries)),
        TrafficScope::Networks(networks) => format!("the networks {}", listed(networks)),
        TrafficScope::Prefixes(prefixes) => format!("the prefixes {}", listed(prefixes)),
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
