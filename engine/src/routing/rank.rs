//! The order in which operators come for one message.

use super::{Condition, Strategy};
use crate::money::Amount;
use crate::operator::{Operator, OperatorNumber};

/// An operator's place for one message; the smallest is the first. No two operators have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    is_unavailable: bool,
    keys: [u64; 4],
    place: u16,
}

/// The best score there is.
const SCORE_MAX: u8 = 100;

impl Rank {
    /// `place` is that in the order of codes, and `cost` is in the account's currency; only strategies that
    /// compare costs look at it.
    pub(super) fn new(
        strategy: Strategy,
        (operator, place): (&Operator, u16),
        condition: Condition,
        cost: Option<Amount>,
        spread: u64,
    ) -> Self {
        let priority = u64::from(operator.priority);
        let draw = || draw(spread, operator.number, operator.weight);
        let lack = u64::from(SCORE_MAX.saturating_sub(condition.score));
        let by_cost = |first: u64| [first, cost_key(cost), priority, draw()];
        let by_quality = |first: u64| [first, lack, priority, 0];
        let keys = match strategy {
            Strategy::Priority => [priority, draw(), 0, 0],
            Strategy::Weighted => [draw(), priority, 0, 0],
            Strategy::LeastCost => by_cost(0),
            Strategy::BestQuality => by_quality(0),
            Strategy::LeastCostAbove { score } if condition.score >= score => by_cost(0),
            Strategy::LeastCostAbove { .. } => by_quality(1),
        };
        Self { is_unavailable: !condition.available, keys, place }
    }
}

/// Sorts as the amounts do, with the unknown one last.
fn cost_key(cost: Option<Amount>) -> u64 {
    cost.map_or(u64::MAX, |cost| cost.micros().cast_unsigned() ^ 1 << 63)
}

/// Sorts operators so that each comes first for its share of all messages, by weight.
///
/// Each operator waits for a time that is drawn from an exponential distribution with its weight as the rate;
/// the shortest is first with probability weight over the sum of weights. One operator's draw does not depend
/// on who else is there, so one that goes leaves the order of the others as it was.
fn draw(spread: u64, operator: OperatorNumber, weight: u32) -> u64 {
    if weight == 0 {
        return u64::MAX;
    }
    let mixed = mix(spread ^ u64::from(operator.0).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    // Strictly between 0 and 1, so that the logarithm is finite and below zero.
    let uniform = (f64::from(u32::try_from(mixed >> 32).unwrap_or(0)) + 0.5) / (f64::from(u32::MAX) + 1.0);
    let wait = -uniform.ln() / f64::from(weight);
    // Floats above zero sort as their bits do.
    wait.to_bits()
}

/// Spreads the bits of a number over all of it: the last step of the SplitMix64 generator.
fn mix(value: u64) -> u64 {
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_sort_as_amounts_with_the_unknown_last() {
        let costs = [i64::MIN, -1, 0, 1, i64::MAX - 1].map(|micros| Some(Amount::from_micros(micros)));
        let keys: Vec<u64> = costs.into_iter().chain([None]).map(cost_key).collect();
        assert!(keys.is_sorted_by(|one, other| one < other), "{keys:?}");
    }

    /// Counters are hashes too: the draw itself has to spread them.
    #[test]
    fn draws_follow_the_weights_even_over_a_counter() {
        const MESSAGES: u32 = 200_000;
        let weights = [1_u32, 2, 7, 0, 90];
        let sum: u32 = weights.iter().sum();
        let mut wins = [0_u32; 5];
        for spread in 0..u64::from(MESSAGES) {
            let draws = || {
                weights.iter().zip(1..).map(|(weight, number)| draw(spread, OperatorNumber(number), *weight))
            };
            let first = draws().enumerate().min_by_key(|(_, draw)| *draw).unwrap().0;
            wins[first] += 1;
        }
        for (wins, weight) in wins.into_iter().zip(weights) {
            let due = MESSAGES / sum * weight;
            // Five times the standard deviation of a binomial count is below this.
            let leeway = 5 * due.isqrt() + u32::from(weight > 0);
            assert!(wins.abs_diff(due) <= leeway, "{wins} wins of {due} for weight {weight}");
        }
    }

    #[test]
    fn one_that_goes_leaves_the_order_of_the_others() {
        let order = |spread: u64, gone: u16| {
            let mut numbers: Vec<u16> = (1..=5).filter(|number| *number != gone).collect();
            numbers.sort_by_key(|number| draw(spread, OperatorNumber(*number), u32::from(*number)));
            numbers
        };
        for spread in 0..1_000 {
            let mut all = order(spread, 0);
            let first = all.remove(0);
            assert_eq!(order(spread, first), all);
        }
    }
}
