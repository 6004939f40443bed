//! `[routing]` of `tollgate.toml`: the strategy and the margin guard by which operators are chosen for all
//! networks, and rules for some of them.

use std::collections::HashMap;
use std::sync::Arc;

use tollgate_engine::account::DeliveryMode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::routing::{MarginGuard, RouteRule, Strategy};
use toml::de::DeValue;

use crate::bounds::routing::HEALTH_FLOOR;
use crate::catalogue::Known;
use crate::choice::Choice;
use crate::names::Names;
use crate::read::TableReader;
use crate::read::texts;
use crate::read::texts::Parsed;
use crate::read::values::{one_of, one_of_words, text};

/// Every strategy; the score of the last one is read apart.
const STRATEGIES: [Strategy; 5] = [
    Strategy::Priority,
    Strategy::Weighted,
    Strategy::LeastCost,
    Strategy::BestQuality,
    Strategy::LeastCostAbove { score: HEALTH_FLOOR.default },
];

/// The deliveries that a house may have by default.
const DEFAULT_DELIVERIES: [DeliveryMode; 2] = [DeliveryMode::Operators, DeliveryMode::ChargeOnly];

/// Settings by which operators are chosen; by default by priority, and without a margin guard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoutingSettings {
    /// The strategy where no rule sets another.
    pub strategy: Strategy,
    /// The margin guard where no rule sets another.
    pub margin_guard: MarginGuard,
    /// The delivery of accounts that set none, [`DeliveryMode::Operators`] or [`DeliveryMode::ChargeOnly`]; `None` for the
    /// one that the data directory keeps.
    pub default_delivery: Option<DeliveryMode>,
    /// In the order of the file; the most exact one holds, and no two are for the same networks.
    pub rules: Vec<RouteRule>,
}

impl RoutingSettings {
    /// The setting that compares costs with one another or with prices, in words for a message; `None` if
    /// there is none.
    pub fn why_costs_count(&self) -> Option<String> {
        let of_rules = self.rules.iter().map(|rule| (rule.strategy, rule.margin_guard));
        let mut all = std::iter::once((Some(self.strategy), Some(self.margin_guard))).chain(of_rules);
        all.find_map(|(strategy, guard)| {
            let strategy = strategy.filter(|strategy| strategy.compares_costs());
            let guard = guard.filter(|guard| *guard != MarginGuard::Off);
            strategy
                .map(|strategy| format!("the strategy `{}`", strategy.name()))
                .or_else(|| guard.map(|guard| format!("the margin guard `{}`", guard.name())))
        })
    }
}

/// The things that rules refer to.
struct Around<'a> {
    strategy: Strategy,
    floor: u8,
    operators: &'a Names,
    known: &'a Known,
    /// The line of the rule for each network.
    lines: HashMap<Option<NetworkCode>, u32>,
}

/// The networks of a code; `None` for all.
struct Scope(Option<NetworkCode>);

/// Reads the table.
pub fn read_routing(table: &mut TableReader, operators: &Names, known: &Known) -> RoutingSettings {
    let strategy = table.or("strategy", Strategy::default(), strategy_in);
    let floor = table.number(&HEALTH_FLOOR);
    let strategy = with_floor(strategy, floor);
    let margin_guard = table.or("margin_guard", MarginGuard::default(), one_of);
    let default_delivery =
        table.optional("default_delivery", one_of_words(&DEFAULT_DELIVERIES, DeliveryMode::word));
    let mut around = Around { strategy, floor, operators, known, lines: HashMap::new() };
    let rules = table.tables("rule", |rule| read_rule(rule, &mut around));
    RoutingSettings { strategy, margin_guard, default_delivery, rules: rules.into_iter().flatten().collect() }
}

fn strategy_in(value: &DeValue) -> Parsed<Strategy> {
    one_of_words(&STRATEGIES, Strategy::name)(value)
}

fn with_floor(strategy: Strategy, floor: u8) -> Strategy {
    match strategy {
        Strategy::LeastCostAbove { .. } => Strategy::LeastCostAbove { score: floor },
        other => other,
    }
}

fn read_rule(rule: &mut TableReader, around: &mut Around) -> Option<RouteRule> {
    let scope = read_scope(rule, around);
    let strategy = read_strategy(rule, around);
    let margin_guard = rule.optional("margin_guard", one_of);
    let operators = read_operators(rule, around.operators);
    if !["strategy", "health_floor", "margin_guard", "operators"].iter().any(|key| rule.has(key)) {
        rule.lacks("operators", "is missing, and so are strategy and margin_guard: the rule changes nothing");
    }
    Some(RouteRule { network: scope?.0, strategy, margin_guard, operators })
}

/// The networks that a rule is for, unless its code could not be read.
fn read_scope(rule: &mut TableReader, around: &mut Around) -> Option<Scope> {
    let mcc = rule.optional("mcc", text(|digits| texts::mcc(digits).map(|_| digits.to_owned())));
    let mnc = rule.optional("mnc", text(|digits| Ok(digits.to_owned())));
    let network = match (rule.has("mcc"), rule.has("mnc")) {
        (false, false) => None,
        (false, true) => {
            rule.problem("mnc", "needs mcc, which names the country");
            return None;
        }
        (true, has_mnc) => {
            let mnc = if has_mnc { mnc? } else { String::new() };
            let found = around.known.network(&mcc?, &mnc);
            Some(found.map_err(|(key, message)| rule.problem(key, message)).ok()?)
        }
    };
    let line = rule.line();
    if let Some(first) = around.lines.insert(network, line) {
        let of_what = network.map_or_else(|| "all networks".to_owned(), |code| code.to_string());
        let message = format!("there is a rule for {of_what} already, in line {first}");
        rule.problem("mcc", message);
    }
    Some(Scope(network))
}

/// Reads the strategy of a rule. A floor without a strategy is for the strategy of `[routing]`.
fn read_strategy(rule: &mut TableReader, around: &Around) -> Option<Strategy> {
    let written = rule.optional("strategy", strategy_in);
    let floor = rule.optional_number(&HEALTH_FLOOR.bounds);
    if rule.has("strategy") && written.is_none() {
        return None;
    }
    let strategy = written.unwrap_or(around.strategy);
    if rule.has("health_floor") && !matches!(strategy, Strategy::LeastCostAbove { .. }) {
        let message = format!("has no effect on the strategy `{}`", strategy.name());
        rule.problem("health_floor", message);
    }
    match floor {
        Some(floor) => Some(with_floor(strategy, floor)),
        None => written.map(|strategy| with_floor(strategy, around.floor)),
    }
}

fn read_operators(rule: &mut TableReader, known: &Names) -> Option<Vec<Arc<str>>> {
    let operators = rule.allowing("operators", text(|code| known.resolve(code)))?;
    for (at, code) in operators.iter().enumerate() {
        if operators.iter().take(at).any(|other| other == code) {
            rule.problem("operators", format!("`{code}` is listed twice"));
        }
    }
    Some(operators)
}
