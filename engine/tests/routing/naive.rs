//! A router that takes its time: it looks at every operator, rule and row for every message, and shares no
//! code with the engine's but the currencies' conversion.

use std::cmp::Reverse;

use tollgate_engine::account::SenderPolicy;
use tollgate_engine::money::Amount;
use tollgate_engine::network::{NetworkCode, NetworkId, Networks};
use tollgate_engine::operator::{AccountFilter, Operator, OperatorStatus, ServedNetworks};
use tollgate_engine::routing::{
    Condition, MarginGuard, RouteAsk, RouteRefusal, RouteStage, RoutingDefinition, Strategy,
};

/// One definition, looked at naively.
pub struct Naive<'a> {
    pub definition: &'a RoutingDefinition,
    pub networks: &'a Networks,
}

/// The distance of a code from a network: 0 for the very code, 3 for another MCC of its country.
fn closeness(code: NetworkCode, network: NetworkId, networks: &Networks) -> Option<u8> {
    let own = networks.get(network).code;
    if code == own {
        return Some(0);
    }
    if networks.aliases(network).iter().any(|alias| networks.get(*alias).code == code) {
        return Some(1);
    }
    match code {
        NetworkCode { mcc, mnc: None } if mcc == own.mcc => Some(2),
        NetworkCode { mcc, mnc: None } if networks.mccs_of_same_country(own.mcc).contains(&mcc) => Some(3),
        _ => None,
    }
}

impl Naive<'_> {
    /// Strategy and guard of a network, and whether an operator is in its rule.
    pub fn rule(&self, network: NetworkId, operator: &Operator) -> (Strategy, MarginGuard, bool) {
        let close = |code: NetworkCode| closeness(code, network, self.networks);
        let rules = self.definition.rules.iter().enumerate();
        let rule = rules
            .filter_map(|(place, rule)| Some((rule.network.map_or(Some(4), close)?, place, rule)))
            .min_by_key(|(close, place, _)| (*close, *place))
            .map(|(_, _, rule)| rule);
        let strategy = rule.and_then(|rule| rule.strategy).unwrap_or(self.definition.strategy);
        let guard = rule.and_then(|rule| rule.margin_guard).unwrap_or(self.definition.margin_guard);
        let named = rule.and_then(|rule| rule.operators.as_ref());
        (strategy, guard, named.is_none_or(|named| named.contains(&operator.code)))
    }

    /// The cost that an operator asks for the whole message, in its own currency and in the account's.
    pub fn cost(&self, operator: &Operator, ask: &RouteAsk<'_>) -> Option<(Amount, Option<Amount>)> {
        let rows = operator.costs.iter().enumerate().filter(|(_, row)| {
            row.effective_from <= ask.now && row.effective_to.is_none_or(|to| ask.now < to)
        });
        let closest = rows
            .filter_map(|(place, row)| {
                let close = closeness(row.network, ask.network, self.networks)?;
                // A row for an MCC alone holds as one for a country even where the network is that MCC.
                let close = if row.network.is_mcc_alone() { close.max(2) } else { close };
                Some((close, Reverse(row.effective_from), place, row.price))
            })
            .min();
        let of_segment = closest.map(|(_, _, _, price)| price).or(operator.base_cost)?;
        let cost = of_segment.checked_mul(u32::from(ask.segments))?;
        let converted = self.definition.exchange.convert(cost, operator.currency, ask.currency, ask.now);
        Some((cost, converted))
    }

    /// The reason for which an operator cannot take a message; `None` where it can.
    pub fn refusal(&self, operator: &Operator, ask: &RouteAsk<'_>) -> Option<RouteRefusal> {
        let serves = match &operator.networks {
            ServedNetworks::All => true,
            ServedNetworks::Listed(codes) => {
                codes.iter().any(|code| closeness(*code, ask.network, self.networks).is_some())
            }
        };
        let takes_sender = match &operator.senders {
            SenderPolicy::Any => true,
            SenderPolicy::Listed(senders) => senders.iter().any(|sender| **sender == *ask.source),
            SenderPolicy::Approved => false,
        };
        let takes_account = match &operator.accounts {
            AccountFilter::Any => true,
            AccountFilter::Only(ids) => ids.iter().any(|id| **id == *ask.account),
            AccountFilter::Except(ids) => ids.iter().all(|id| **id != *ask.account),
        };
        let (_, guard, is_in_rule) = self.rule(ask.network, operator);
        let cost = self.cost(operator, ask);
        let is_above = cost.is_some_and(|(_, converted)| converted.is_none_or(|cost| cost > ask.price));
        let is_draining = operator.status == OperatorStatus::Draining && ask.stage == RouteStage::Submit;
        let reasons = [
            (operator.status == OperatorStatus::Disabled, RouteRefusal::Disabled),
            (!serves, RouteRefusal::NetworkNotServed),
            (!is_in_rule, RouteRefusal::NotInRule),
            (is_draining, RouteRefusal::Draining),
            (!takes_sender, RouteRefusal::SenderNotTaken),
            (!takes_account, RouteRefusal::AccountNotTaken),
            (!operator.data_codings.takes(ask.data_coding), RouteRefusal::DataCodingNotTaken),
            (ask.tried.contains(&operator.number), RouteRefusal::AlreadyTried),
            (cost.is_none(), RouteRefusal::NoCost),
            (guard == MarginGuard::Reroute && is_above, RouteRefusal::AbovePrice),
        ];
        reasons.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason)
    }

    /// The key that an operator is ranked by, the draw left out: the smaller of two comes first.
    pub fn key(&self, operator: &Operator, ask: &RouteAsk<'_>, condition: Condition) -> [i128; 4] {
        let (strategy, _, _) = self.rule(ask.network, operator);
        let down = i128::from(!condition.available);
        let priority = i128::from(operator.priority);
        let badness = 100 - i128::from(condition.score);
        let cost = self.cost(operator, ask).and_then(|(_, converted)| converted);
        let cost = cost.map_or(i128::MAX, |cost| i128::from(cost.micros()));
        match strategy {
            Strategy::Priority => [down, priority, i128::from(operator.weight == 0), 0],
            Strategy::Weighted => [down, i128::from(operator.weight == 0), 0, 0],
            Strategy::LeastCost => [down, 0, cost, priority],
            Strategy::BestQuality => [down, 0, badness, priority],
            Strategy::LeastCostAbove { score } if condition.score >= score => [down, 0, cost, priority],
            Strategy::LeastCostAbove { .. } => [down, 1, badness, priority],
        }
    }
}
