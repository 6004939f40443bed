//! The differences between two rate decks: rows that are added, removed and changed, and the move of each price.

use std::collections::BTreeMap;
use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;

use tollgate_provisioning::{EVERY_PLAN, WrittenRate};

/// Decimals of a percentage that is shown.
const PERCENT_DECIMALS: u32 = 4;

/// The move from an old price to a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceMove {
    /// The old price per segment.
    pub old: Amount,
    /// The new price per segment.
    pub new: Amount,
    /// The move in percent of the old price, rounded half to even to four decimals, below zero if the price falls; `None`
    /// from a price of zero to any other.
    pub percent: Option<Decimal>,
    /// True if it moved by more than the limit, up or down.
    pub is_over_limit: bool,
}

/// A row that the deck has and the file does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedRate {
    /// The added row.
    pub rate: WrittenRate,
    /// The move from the rate that held before for the same plan and network; `None` if the base price or a wider rate held.
    pub price: Option<PriceMove>,
}

/// A row for the same plan, network and time whose content differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedRate {
    /// The present row.
    pub old: WrittenRate,
    /// The new row.
    pub new: WrittenRate,
    /// The move of its price.
    pub price: PriceMove,
}

/// The rows of two decks, compared.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Added rows, in the order of the new deck.
    pub added: Vec<AddedRate>,
    /// Removed rows, in the order of the old deck.
    pub removed: Vec<WrittenRate>,
    /// Changed rows, in the order of the new deck.
    pub changed: Vec<ChangedRate>,
    /// Number of rows that are the same.
    pub unchanged: usize,
}

/// The identity of a row: no two rows of one plan begin at the same time for the same network.
pub type Place = (Arc<str>, NetworkCode, UnixMicros);

/// The place of a row.
pub fn place_of(rate: &WrittenRate) -> Place {
    (Arc::clone(&rate.plan), rate.network, rate.effective_from)
}

impl PriceMove {
    /// The move from one price to another, compared with a limit in percent.
    pub fn between(old: Amount, new: Amount, limit_percent: Decimal) -> Self {
        let is_over_limit = is_over(old, new, limit_percent);
        Self { old, new, percent: percent(old, new), is_over_limit }
    }
}

/// Compares the rows `old` with the rows `new` that replace them. `held` are all rates that hold now, in whichever file.
pub fn compare(old: &[WrittenRate], new: &[WrittenRate], held: &[WrittenRate], limit: Decimal) -> Moves {
    let mut before: BTreeMap<Place, &WrittenRate> = old.iter().map(|rate| (place_of(rate), rate)).collect();
    let holding = by_network(held);
    let mut moves = Moves::default();
    for rate in new {
        match before.remove(&place_of(rate)) {
            None => {
                let price = held_before(&holding, rate);
                let price = price.map(|price| PriceMove::between(price, rate.price, limit));
                moves.added.push(AddedRate { rate: rate.clone(), price });
            }
            Some(was) if is_same(was, rate) => moves.unchanged += 1,
            Some(was) => moves.changed.push(ChangedRate {
                old: was.clone(),
                new: rate.clone(),
                price: PriceMove::between(was.price, rate.price, limit),
            }),
        }
    }
    moves.removed = before.into_values().cloned().collect();
    moves.removed.sort_by(|one, other| one.origin.cmp(&other.origin));
    moves
}

/// True if rows of the same identity have the same content.
fn is_same(one: &WrittenRate, other: &WrittenRate) -> bool {
    one.price == other.price && one.effective_to == other.effective_to && one.note == other.note
}

/// The price of the latest row that holds at a time, of rows in the order of their beginnings.
pub fn held_at(rates: &[&WrittenRate], at: UnixMicros) -> Option<Amount> {
    let begun = rates.get(..rates.partition_point(|rate| rate.effective_from <= at))?;
    begun.iter().rev().find(|rate| rate.effective_to.is_none_or(|to| at < to)).map(|rate| rate.price)
}

type Holding<'a> = BTreeMap<(&'a str, NetworkCode), Vec<&'a WrittenRate>>;

fn by_network(rates: &[WrittenRate]) -> Holding<'_> {
    let mut holding = Holding::new();
    for rate in rates {
        holding.entry((&rate.plan, rate.network)).or_default().push(rate);
    }
    for rates in holding.values_mut() {
        rates.sort_by_key(|rate| rate.effective_from);
    }
    holding
}

/// The price that holds when a new row begins: that of the latest of the plan's rows for exactly this network, else of the
/// rows of every plan.
fn held_before(holding: &Holding, new: &WrittenRate) -> Option<Amount> {
    let at = new.effective_from;
    let latest = |plan: &str| held_at(holding.get(&(plan, new.network))?, at);
    latest(&new.plan).or_else(|| latest(EVERY_PLAN))
}

/// True if |new − old| · 100 is more than limit · old, computed in millionths, so that nothing is rounded.
fn is_over(old: Amount, new: Amount, limit_percent: Decimal) -> bool {
    let moved = Decimal::from((i128::from(new.micros()) - i128::from(old.micros())).abs());
    let allowed = limit_percent.checked_mul(Decimal::from(old.micros()));
    match (moved.checked_mul(Decimal::ONE_HUNDRED), allowed) {
        (Some(moved), Some(allowed)) => moved > allowed,
        // A limit whose product has more than 28 digits allows every price there is.
        (_, None) => false,
        (None, Some(_)) => true,
    }
}

fn percent(old: Amount, new: Amount) -> Option<Decimal> {
    if old == new {
        return Some(Decimal::ZERO);
    }
    let moved = Decimal::from(new.micros()).checked_sub(Decimal::from(old.micros()))?;
    let percent = moved.checked_mul(Decimal::ONE_HUNDRED)?.checked_div(Decimal::from(old.micros()))?;
    Some(percent.round_dp_with_strategy(PERCENT_DECIMALS, RoundingStrategy::MidpointNearestEven).normalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_move_is_over_the_limit_only_beyond_it() {
        for (old, new, limit, percent, over) in [
            ("0.02", "0.022", "10", Some("10"), false),
            ("0.02", "0.022001", "10", Some("10.005"), true),
            ("0.02", "0.018", "10", Some("-10"), false),
            ("0.02", "0.017999", "10", Some("-10.005"), true),
            ("0.03", "0.04", "33.3333", Some("33.3333"), true),
            ("0.03", "0.02", "33.3334", Some("-33.3333"), false),
            ("0", "0", "0", Some("0"), false),
            ("0", "0.000001", "1000", None, true),
            ("0.01", "0", "99", Some("-100"), true),
            ("0.02", "0.02", "0", Some("0"), false),
        ] {
            let moved = PriceMove::between(amount(old), amount(new), decimal(limit));
            assert_eq!(moved.percent, percent.map(decimal), "{old} → {new}");
            assert_eq!(moved.is_over_limit, over, "{old} → {new} at {limit} %");
        }
    }

    #[test]
    fn the_largest_prices_are_compared_without_a_panic() {
        let (zero, most) = (Amount::ZERO, Amount::MAX);
        for (old, new) in [(zero, most), (most, zero), (most, most), (Amount::from_micros(1), most)] {
            for limit in [Decimal::ZERO, Decimal::ONE, Decimal::MAX] {
                PriceMove::between(old, new, limit);
            }
        }
        assert!(!PriceMove::between(Amount::from_micros(1), most, Decimal::MAX).is_over_limit);
        assert!(PriceMove::between(Amount::from_micros(1), most, Decimal::ONE_HUNDRED).is_over_limit);
    }
}
