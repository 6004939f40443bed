//! Properties of any definition, any message and any condition of the operators.

use proptest::prelude::*;
use tollgate_engine::money::Amount;
use tollgate_engine::network::Networks;
use tollgate_engine::operator::{Operator, OperatorNumber};
use tollgate_engine::routing::{
    AllUp, CandidateVerdict, Condition, Conditions, MarginGuard, NoRoute, RouteAsk, RouteRefusal, RouteStage,
    Routes, RoutingDefinition, Strategy as Ranking,
};
use tollgate_engine::time::UnixMicros;

use crate::definitions::{
    ACCOUNTS, CODES, CURRENCIES, SENDERS, TIMES, conditions, currency, definitions, networks,
};
use crate::naive::Naive;
use crate::setup::{network_code, operator_called};

/// By number, which is a hundred less the place.
struct Known(Vec<Condition>);

impl Conditions for Known {
    fn condition(&self, operator: OperatorNumber) -> Condition {
        self.0[100 - usize::from(operator.0)]
    }
}

/// A message that owns what it is asked by.
#[derive(Clone, Debug)]
struct Message {
    code: &'static str,
    account: &'static str,
    source: &'static str,
    pays_in: &'static str,
    data_coding: u8,
    segments: u8,
    price: i64,
    now: u64,
    spread: u64,
    tried: Vec<OperatorNumber>,
    stage: RouteStage,
}

impl Message {
    fn ask<'a>(&'a self, networks: &Networks) -> RouteAsk<'a> {
        RouteAsk {
            network: networks.id(network_code(self.code).unwrap()).unwrap(),
            account: self.account,
            source: self.source.as_bytes(),
            data_coding: self.data_coding,
            segments: self.segments,
            price: Amount::from_micros(self.price * 10_000),
            currency: currency(self.pays_in),
            now: UnixMicros(self.now),
            spread: self.spread,
            tried: &self.tried,
            stage: self.stage,
        }
    }
}

fn messages() -> impl Strategy<Value = Message> {
    let from = (
        prop::sample::select(&CODES),
        prop::sample::select(&ACCOUNTS),
        prop::sample::select(&SENDERS),
        prop::sample::select(&CURRENCIES),
    );
    let stage = prop_oneof![Just(RouteStage::Submit), Just(RouteStage::Resend)];
    let tried = prop::collection::vec((92_u16..=100).prop_map(OperatorNumber), 0..3);
    let data_coding = prop::sample::select(&[0, 3, 8]);
    (from, data_coding, 1_u8..4, 0_i64..12, TIMES, any::<u64>(), tried, stage).prop_map(
        |((code, account, source, pays_in), data_coding, segments, price, now, spread, tried, stage)| {
            Message {
                code,
                account,
                source,
                pays_in,
                data_coding,
                segments,
                price,
                now,
                spread,
                tried,
                stage,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_explanation_is_that_of_the_choice(
        definition in definitions(),
        message in messages(),
        conditions in conditions(),
    ) {
        let (networks, conditions) = (networks(), Known(conditions));
        let routes = Routes::build(definition.clone(), &networks).unwrap();
        let ask = message.ask(&networks);
        let (choice, explained) = (routes.choose(&ask, &conditions), routes.explain(&ask, &conditions));
        let mut numbers: Vec<_> = explained.iter().map(|candidate| candidate.operator).collect();
        numbers.sort();
        let mut all: Vec<_> = definition.operators.iter().map(|operator| operator.number).collect();
        all.sort();
        prop_assert_eq!(numbers, all, "every operator once");
        let chosen = explained.iter().filter(|candidate| candidate.verdict == CandidateVerdict::Chosen).count();
        let is_above =
            |verdict: CandidateVerdict| verdict == CandidateVerdict::Refused(RouteRefusal::AbovePrice);
        match choice {
            Ok(choice) => {
                prop_assert_eq!((chosen, explained[0].verdict), (1, CandidateVerdict::Chosen));
                prop_assert_eq!((explained[0].operator, explained[0].cost), (choice.operator, Some(choice.cost)));
            }
            Err(reason) => {
                prop_assert_eq!(chosen, 0);
                let some_are_above = explained.iter().any(|candidate| is_above(candidate.verdict));
                prop_assert_eq!(reason == NoRoute::AbovePrice, some_are_above);
                // Others may be left only where the guard refuses the message for its first one.
                prop_assert!(
                    explained.iter().all(|candidate| candidate.verdict != CandidateVerdict::Eligible)
                        || is_above(explained[0].verdict)
                );
            }
        }
        for candidate in &explained {
            prop_assert_eq!(candidate.condition, conditions.condition(candidate.operator));
        }
    }

    #[test]
    fn a_naive_router_agrees(definition in definitions(), message in messages(), conditions in conditions()) {
        let (networks, conditions) = (networks(), Known(conditions));
        let routes = Routes::build(definition.clone(), &networks).unwrap();
        let (ask, naive) = (message.ask(&networks), Naive { definition: &definition, networks: &networks });
        let operator = |number| definition.operators.iter().find(|operator| operator.number == number).unwrap();
        let key = |of: &Operator| naive.key(of, &ask, conditions.condition(of.number));
        let mut last = None;
        for (place, candidate) in routes.explain(&ask, &conditions).into_iter().enumerate() {
            let of = operator(candidate.operator);
            let cost = candidate.cost.map(|cost| (cost.amount, cost.in_account_currency));
            prop_assert_eq!(cost, naive.cost(of, &ask));
            let by_network = routes.cost(of.number, ask.network, ask.segments, ask.currency, ask.now);
            prop_assert_eq!(by_network, candidate.cost);
            let (_, guard, _) = naive.rule(ask.network, of);
            let is_above = cost.is_some_and(|(_, cost)| cost.is_none_or(|cost| cost > ask.price));
            let is_refused_first = place == 0 && guard == MarginGuard::Refuse && is_above;
            match (candidate.verdict, naive.refusal(of, &ask)) {
                (CandidateVerdict::Refused(RouteRefusal::AbovePrice), None) => {
                    prop_assert!(is_refused_first);
                    last = Some(key(of));
                }
                (CandidateVerdict::Refused(refusal), due) => prop_assert_eq!(Some(refusal), due),
                (_, due) => {
                    prop_assert_eq!(due, None);
                    prop_assert!(!is_refused_first);
                    prop_assert!(last.is_none_or(|last| last <= key(of)), "{:?} before {:?}", last, key(of));
                    last = Some(key(of));
                }
            }
        }
        if let Ok(choice) = routes.choose(&ask, &conditions) {
            let (_, guard, _) = naive.rule(ask.network, operator(choice.operator));
            let is_above = choice.cost.in_account_currency.is_none_or(|cost| cost > ask.price);
            prop_assert_eq!(choice.above_price, is_above && guard != MarginGuard::Off);
        }
    }

    /// A message keeps its operator while others go; with its own gone, it goes to the next in rank.
    #[test]
    fn the_others_do_not_move_a_message(
        definition in definitions(),
        message in messages(),
        conditions in conditions(),
        gone in 92_u16..=100,
    ) {
        let (networks, conditions) = (networks(), Known(conditions));
        let routes = Routes::build(definition, &networks).unwrap();
        let ask = message.ask(&networks);
        let explained = routes.explain(&ask, &conditions);
        let tried: Vec<_> = message.tried.iter().copied().chain([OperatorNumber(gone)]).collect();
        let without = routes.explain(&RouteAsk { tried: &tried, ..ask }, &conditions);
        let places = |candidates: &[tollgate_engine::routing::Candidate]| -> Vec<OperatorNumber> {
            let is_in = |verdict| {
                matches!(verdict, CandidateVerdict::Chosen | CandidateVerdict::Eligible)
            };
            let left = candidates.iter().filter(|candidate| is_in(candidate.verdict));
            left.map(|candidate| candidate.operator).filter(|number| number.0 != gone).collect()
        };
        // Without anybody chosen the first in rank may stand among the refused.
        if [explained[0], without[0]].iter().all(|first| first.verdict == CandidateVerdict::Chosen) {
            prop_assert_eq!(places(&explained), places(&without));
        }
    }
}

/// Three operators of which two share by weight, and one that takes what is left.
#[test]
fn weights_are_shares_of_the_messages_in_the_long_run() {
    const MESSAGES: u32 = 100_000;
    let networks = networks();
    let operators = [(1, 3), (2, 1), (3, 0)].map(|(number, weight)| Operator {
        weight,
        base_cost: Some(Amount::ZERO),
        ..operator_called(&format!("op{number}"), OperatorNumber(number), currency("USD"))
    });
    for strategy in [Ranking::Weighted, Ranking::Priority, Ranking::LeastCost] {
        let operators = operators.to_vec();
        let definition = RoutingDefinition { strategy, operators, ..RoutingDefinition::default() };
        let routes = Routes::build(definition, &networks).unwrap();
        let message = Message {
            code: "639/02",
            account: "a",
            source: "",
            pays_in: "USD",
            data_coding: 0,
            segments: 1,
            price: 0,
            now: 0,
            spread: 0,
            tried: Vec::new(),
            stage: RouteStage::Submit,
        };
        let mut shares = [0_u32; 4];
        for spread in 0..u64::from(MESSAGES) {
            let ask = RouteAsk { spread, ..message.ask(&networks) };
            shares[usize::from(routes.choose(&ask, &AllUp).unwrap().operator.0)] += 1;
        }
        assert!(shares[1].abs_diff(MESSAGES / 4 * 3) < 700, "{shares:?} by {}", strategy.name());
        assert_eq!(shares[3], 0);
    }
}

#[test]
fn a_network_that_the_routes_do_not_know_is_served_by_nobody() {
    let known = networks();
    let operators = vec![operator_called("op0", OperatorNumber(1), currency("USD"))];
    let routes =
        Routes::build(RoutingDefinition { operators, ..RoutingDefinition::default() }, &known).unwrap();
    let message = Message {
        code: "639/02",
        account: "a",
        source: "",
        pays_in: "USD",
        data_coding: 0,
        segments: 1,
        price: 0,
        now: 0,
        spread: 0,
        tried: Vec::new(),
        stage: RouteStage::Submit,
    };
    let beyond = tollgate_engine::network::NetworkId(u16::try_from(known.len()).unwrap());
    let ask = RouteAsk { network: beyond, ..message.ask(&known) };
    assert_eq!(routes.choose(&ask, &AllUp), Err(NoRoute::NoCandidate));
    let refused = CandidateVerdict::Refused(RouteRefusal::NetworkNotServed);
    assert_eq!(routes.explain(&ask, &AllUp)[0].verdict, refused);
}
