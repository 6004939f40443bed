//! The routing in force, and the place of each operator in it.

use serde::Serialize;
use tollgate_engine::account::DeliveryMode;
use tollgate_engine::operator::OperatorStatus as Status;
use tollgate_engine::routing as engine;
use tollgate_provisioning::{Choice, RoutingSettings};
use utoipa::ToSchema;

use crate::choice::Word;
use crate::operators::OperatorStatus;

/// The settings by which operators are chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Routing {
    /// The strategy where no rule has another: `priority`, `weighted`, `least_cost`, `best_quality` or `least_cost_above`.
    #[schema(example = "priority")]
    pub strategy: String,
    /// The lowest score that `least_cost_above` takes for good; null for other strategies.
    pub health_floor: Option<u8>,
    /// The rule for a message that costs more than its price: `off`, `alert`, `reroute` or `refuse`.
    #[schema(example = "off")]
    pub margin_guard: String,
    /// The delivery of accounts that set none: `operators` or `charge_only`.
    #[schema(example = "operators")]
    pub default_delivery: String,
    /// The rules for networks; the most exact one holds.
    pub rules: Vec<RouteRule>,
    /// The operators in force, the first in priority first.
    pub operators: Vec<OperatorShare>,
}

/// A rule for some networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RouteRule {
    /// The code, such as `641/10` or `641`; null for all networks.
    pub network: Option<String>,
    /// Null for the strategy of all.
    pub strategy: Option<String>,
    /// The lowest score that `least_cost_above` takes for good; null for other strategies.
    pub health_floor: Option<u8>,
    /// Null for the guard of all.
    pub margin_guard: Option<String>,
    /// The only operators that may take messages; null for all.
    pub operators: Option<Vec<String>>,
}

/// The place of an operator among the others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OperatorShare {
    /// The code of the operator.
    #[schema(example = "alpha")]
    pub code: String,
    /// New messages go to active ones alone.
    pub status: OperatorStatus,
    /// The lowest comes first.
    pub priority: u32,
    /// Its share of the sum of weights.
    pub weight: u32,
    /// That share among active operators of the same priority, in percent and rounded down; zero for one that is not active.
    pub share_percent: u32,
}

/// The place of an operator in force, as it is provisioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorPlace {
    /// The code of the operator.
    pub code: String,
    /// New messages go to active ones alone.
    pub status: Status,
    /// The lowest comes first.
    pub priority: u32,
    /// Its share of the sum of weights.
    pub weight: u32,
}

/// The routing in force.
pub(super) fn routing(
    settings: &RoutingSettings,
    mut operators: Vec<OperatorPlace>,
    delivers_by_default: bool,
) -> Routing {
    operators.sort_by(|one, other| (one.priority, &one.code).cmp(&(other.priority, &other.code)));
    let delivery = if delivers_by_default { DeliveryMode::Operators } else { DeliveryMode::ChargeOnly };
    Routing {
        strategy: settings.strategy.name().to_owned(),
        health_floor: floor_of(settings.strategy),
        margin_guard: settings.margin_guard.name().to_owned(),
        default_delivery: delivery.word().to_owned(),
        rules: settings.rules.iter().map(rule_view).collect(),
        operators: operators.iter().map(|operator| share(operator, &operators)).collect(),
    }
}

fn share(own: &OperatorPlace, all: &[OperatorPlace]) -> OperatorShare {
    let is_active = |operator: &OperatorPlace| operator.status == Status::Active;
    let beside = all.iter().filter(|other| is_active(other) && other.priority == own.priority);
    let sum: u64 = beside.map(|other| u64::from(other.weight)).sum();
    let percent = (u64::from(own.weight) * 100).checked_div(sum).filter(|_| is_active(own));
    OperatorShare {
        code: own.code.clone(),
        status: Word(own.status),
        priority: own.priority,
        weight: own.weight,
        share_percent: percent.and_then(|percent| u32::try_from(percent).ok()).unwrap_or_default(),
    }
}

fn rule_view(rule: &engine::RouteRule) -> RouteRule {
    RouteRule {
        network: rule.network.map(|network| network.to_string()),
        strategy: rule.strategy.map(|strategy| strategy.name().to_owned()),
        health_floor: rule.strategy.and_then(floor_of),
        margin_guard: rule.margin_guard.map(|guard| guard.name().to_owned()),
        operators: rule.operators.as_ref().map(|codes| codes.iter().map(ToString::to_string).collect()),
    }
}

fn floor_of(strategy: engine::Strategy) -> Option<u8> {
    match strategy {
        engine::Strategy::LeastCostAbove { score } => Some(score),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(code: &str, status: Status, priority: u32, weight: u32) -> OperatorPlace {
        OperatorPlace { code: code.to_owned(), status, priority, weight }
    }

    #[test]
    fn shares_are_those_among_active_operators_of_a_priority() {
        let operators = vec![
            place("last", Status::Active, 20, 0),
            place("two", Status::Active, 10, 2),
            place("drained", Status::Draining, 10, 5),
            place("one", Status::Active, 10, 1),
        ];
        let strategy = engine::Strategy::LeastCostAbove { score: 70 };
        let shown = routing(&RoutingSettings { strategy, ..RoutingSettings::default() }, operators, false);
        let shares: Vec<(&str, u32)> =
            shown.operators.iter().map(|share| (&*share.code, share.share_percent)).collect();
        assert_eq!(shares, [("drained", 0), ("one", 33), ("two", 66), ("last", 0)]);
        assert_eq!((shown.health_floor, &*shown.default_delivery), (Some(70), "charge_only"));
    }
}
