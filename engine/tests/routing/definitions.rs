//! Definitions that do not hold together, and random ones that do.

use std::sync::Arc;

use proptest::prelude::*;
use tollgate_engine::account::SenderPolicy;
use tollgate_engine::exchange::{ExchangeRates, ExchangeRow};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{Networks, NetworksBuilder};
use tollgate_engine::operator::{
    AccountFilter, DataCodings, Operator, OperatorNumber, OperatorStatus, ServedNetworks,
};
use tollgate_engine::routing::{
    Condition, MarginGuard, RouteRule, Routes, RoutingDefinition, RoutingError, Strategy as Ranking,
};
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;

use crate::setup::{network_code, operator_called};

/// Every code there is, MCCs alone included.
pub const CODES: [&str; 9] =
    ["310/260", "311/480", "311/490", "639/02", "639/03", "228/01", "310", "639", "228"];

/// The currencies that accounts and operators may pay in.
pub const CURRENCIES: [&str; 3] = ["USD", "EUR", "KES"];

/// Instants that rows begin and messages come at.
pub const TIMES: std::ops::Range<u64> = 0..6;

/// Accounts that filters name and messages have.
pub const ACCOUNTS: [&str; 3] = ["a", "b", "c"];

/// Source addresses that operators take and messages have.
pub const SENDERS: [&str; 3] = ["BANK", "SHOP", ""];

pub fn networks() -> Networks {
    let mut builder = NetworksBuilder::new();
    for code in CODES {
        builder.intern(network_code(code).unwrap()).unwrap();
    }
    let mccs = ["310", "311"].map(|code| network_code(code).unwrap());
    builder.add_country("US", "States", "1", &mccs).unwrap();
    builder.add_aliases(&["310/260", "311/490"].map(|code| network_code(code).unwrap())).unwrap();
    builder.build()
}

pub fn currency(code: &str) -> Currency {
    Currency::new(code).unwrap()
}

fn some_of<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = Vec<T>> {
    prop::sample::subsequence(all, 0..=all.len())
}

fn one_of<T: Clone + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

fn costs() -> impl Strategy<Value = Vec<RateRow>> {
    let row = (one_of(&CODES), 1_i64..6, TIMES, prop::option::of(TIMES));
    let row = row.prop_map(|(code, price, from, to)| RateRow {
        network: network_code(code).unwrap(),
        price: Amount::from_micros(price * 10_000),
        effective_from: UnixMicros(from),
        effective_to: to.map(UnixMicros),
        origin: RowOrigin::default(),
    });
    prop::collection::vec(row, 0..4)
}

fn accounts() -> impl Strategy<Value = AccountFilter> {
    let names = || some_of(&ACCOUNTS).prop_map(|names| names.into_iter().map(Arc::from).collect());
    prop_oneof![
        3 => Just(AccountFilter::Any),
        1 => names().prop_map(AccountFilter::Only),
        1 => names().prop_map(AccountFilter::Except),
    ]
}

fn senders() -> impl Strategy<Value = SenderPolicy> {
    let listed =
        some_of(&SENDERS).prop_map(|list| list.into_iter().map(|one| one.as_bytes().into()).collect());
    let others = prop_oneof![1 => Just(SenderPolicy::Approved), 9 => listed.prop_map(SenderPolicy::Listed)];
    prop_oneof![3 => Just(SenderPolicy::Any), 1 => others]
}

fn served() -> impl Strategy<Value = ServedNetworks> {
    let listed = some_of(&CODES).prop_map(|codes| codes.into_iter().filter_map(network_code).collect());
    prop_oneof![2 => Just(ServedNetworks::All), 1 => listed.prop_map(ServedNetworks::Listed)]
}

fn statuses() -> impl Strategy<Value = OperatorStatus> {
    prop_oneof![
        6 => Just(OperatorStatus::Active),
        1 => Just(OperatorStatus::Draining),
        1 => Just(OperatorStatus::Disabled),
    ]
}

fn operator() -> impl Strategy<Value = Operator> {
    let codings = prop_oneof![3 => Just(DataCodings::all()), 1 => Just(DataCodings::of(&[0, 3]))];
    let policies = (served(), senders(), accounts(), codings, statuses());
    let base_cost = prop::option::of((1_i64..6).prop_map(|cost| Amount::from_micros(cost * 10_000)));
    (policies, one_of(&CURRENCIES), base_cost, costs(), 0_u32..3, 0_u32..4).prop_map(
        |(
            (networks, senders, accounts, data_codings, status),
            pays_in,
            base_cost,
            costs,
            priority,
            weight,
        )| {
            let plain = operator_called("", OperatorNumber(0), currency(pays_in));
            Operator {
                status,
                networks,
                base_cost,
                costs,
                priority,
                weight,
                senders,
                accounts,
                data_codings,
                ..plain
            }
        },
    )
}

pub fn rankings() -> impl Strategy<Value = Ranking> {
    prop_oneof![
        Just(Ranking::Priority),
        Just(Ranking::Weighted),
        Just(Ranking::LeastCost),
        Just(Ranking::BestQuality),
        (0_u8..=100).prop_map(|score| Ranking::LeastCostAbove { score }),
    ]
}

fn guards() -> impl Strategy<Value = MarginGuard> {
    one_of(&MarginGuard::ALL)
}

/// Operators are called `op0`, `op1` and so on.
fn rule() -> impl Strategy<Value = RouteRule> {
    const NAMES: [&str; 5] = ["op0", "op1", "op2", "op3", "op4"];
    let operators = prop::option::of(some_of(&NAMES));
    (prop::option::of(one_of(&CODES)), prop::option::of(rankings()), prop::option::of(guards()), operators)
        .prop_map(|(network, strategy, margin_guard, operators)| RouteRule {
            network: network.map(|code| network_code(code).unwrap()),
            strategy,
            margin_guard,
            operators: operators.map(|names| names.into_iter().map(Arc::from).collect()),
        })
}

/// A rate for every pair, some of them only from a later time on.
fn exchange() -> impl Strategy<Value = Vec<ExchangeRow>> {
    let rates = prop::collection::vec((500_000_i64..2_000_000, TIMES), 3..8);
    rates.prop_map(|rates| {
        let pairs = [("USD", "EUR"), ("EUR", "KES"), ("KES", "USD")].into_iter().cycle();
        let row = |((base, quote), (rate, from)): ((&str, &str), (i64, u64))| ExchangeRow {
            base: currency(base),
            quote: currency(quote),
            rate: Amount::from_micros(rate),
            effective_from: UnixMicros(from),
        };
        pairs.zip(rates).map(row).collect()
    })
}

pub fn definitions() -> impl Strategy<Value = RoutingDefinition> {
    let operators = prop::collection::vec(operator(), 5..9).prop_map(|mut operators| {
        for (operator, place) in operators.iter_mut().zip(0_u16..) {
            operator.code = format!("op{place}").into();
            // Against the order of codes.
            operator.number = OperatorNumber(100 - place);
        }
        operators
    });
    (rankings(), guards(), prop::collection::vec(rule(), 0..4), operators, exchange()).prop_map(
        |(strategy, margin_guard, rules, operators, exchange)| RoutingDefinition {
            strategy,
            margin_guard,
            rules,
            operators,
            exchange: ExchangeRates::build(exchange),
            account_currencies: CURRENCIES.map(currency).to_vec(),
        },
    )
}

/// By place of the operator; scores from a few, so that some are equal.
pub fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let condition = (prop::bool::weighted(0.7), one_of(&[0, 50, 80, 100]));
    prop::collection::vec(condition.prop_map(|(available, score)| Condition { available, score }), 9)
}

fn built(definition: RoutingDefinition) -> Result<Routes, Vec<String>> {
    let named = |errors: Vec<RoutingError>| errors.iter().map(ToString::to_string).collect();
    Routes::build(definition, &networks()).map_err(named)
}

fn two_operators() -> RoutingDefinition {
    RoutingDefinition {
        operators: vec![
            operator_called("alpha", OperatorNumber(1), currency("USD")),
            operator_called("beta", OperatorNumber(2), currency("EUR")),
        ],
        account_currencies: vec![currency("USD"), currency("KES"), currency("USD")],
        ..RoutingDefinition::default()
    }
}

#[test]
fn without_operators_there_is_nothing_to_route() {
    assert!(Routes::default().is_empty());
    assert!(built(RoutingDefinition::default()).unwrap().is_empty());
    let routes = built(two_operators()).unwrap();
    assert!(!routes.is_empty());
    let codes: Vec<&str> = routes.operators().map(|operator| &*operator.code).collect();
    assert_eq!(codes, ["alpha", "beta"]);
    assert_eq!(routes.operator(OperatorNumber(2)).unwrap().currency, currency("EUR"));
    assert!(routes.operator(OperatorNumber(0)).is_none());
}

#[test]
fn a_missing_exchange_rate_is_told_where_costs_are_compared() {
    let told = [
        "operator `alpha`: no exchange rate from USD to KES, which accounts pay in",
        "operator `beta`: no exchange rate from EUR to KES, which accounts pay in",
        "operator `beta`: no exchange rate from EUR to USD, which accounts pay in",
    ];
    let rule = RouteRule::default();
    let with = |definition: RoutingDefinition| built(definition).err().unwrap_or_default();
    assert_eq!(with(two_operators()), [""; 0]);
    for guard in [MarginGuard::Alert, MarginGuard::Reroute, MarginGuard::Refuse] {
        assert_eq!(with(RoutingDefinition { margin_guard: guard, ..two_operators() }), told);
        let rules = vec![RouteRule { margin_guard: Some(guard), ..rule.clone() }];
        assert_eq!(with(RoutingDefinition { rules, ..two_operators() }), told);
    }
    for strategy in [Ranking::LeastCost, Ranking::LeastCostAbove { score: 80 }] {
        assert_eq!(with(RoutingDefinition { strategy, ..two_operators() }), told);
        let rules = vec![RouteRule { strategy: Some(strategy), ..rule.clone() }];
        assert_eq!(with(RoutingDefinition { rules, ..two_operators() }), told);
    }
    let row = |base, quote| ExchangeRow {
        base: currency(base),
        quote: currency(quote),
        rate: Amount::from_micros(1),
        effective_from: UnixMicros(0),
    };
    let exchange = ExchangeRates::build(vec![row("USD", "KES"), row("USD", "EUR")]);
    let mut definition = RoutingDefinition { strategy: Ranking::LeastCost, exchange, ..two_operators() };
    assert_eq!(with(definition.clone()), [told[1]]);
    definition.operators[1].status = OperatorStatus::Disabled;
    assert_eq!(with(definition), [""; 0], "nobody asks what a disabled operator costs");
}

#[test]
fn everything_that_is_wrong_is_reported() {
    let mut definition = two_operators();
    definition.operators.push(operator_called("beta", OperatorNumber(1), currency("USD")));
    let rule = |network: Option<&str>, operator: &str| RouteRule {
        network: network.map(|code| network_code(code).unwrap()),
        operators: Some(vec![Arc::from("alpha"), Arc::from(operator)]),
        ..RouteRule::default()
    };
    definition.rules = vec![rule(Some("639/02"), "gamma"), rule(None, "delta")];
    assert_eq!(
        built(definition).unwrap_err(),
        [
            "the routing rule for 639/02: no operator `gamma`",
            "the routing rule for all networks: no operator `delta`",
            "two operators are called `beta`",
            "operators `alpha` and `beta` have the same number",
        ]
    );
}
