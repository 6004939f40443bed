//! Kannel as the gateway and node-smpp as the operator: messages submitted to Kannel over HTTP come back to it as reports.

use std::collections::BTreeMap;

use crate::support::foreign::{Foreign, octets};
use crate::support::http::Listener;
use crate::support::kannel::{ACCEPTED_BY_SMSC, DELIVERED_TO_PHONE, Kannel, NOT_DELIVERED};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::smpp::BUSINESS_1;
use crate::support::wait::eventually;
use serde_json::{Value, json};

const ESME_RINVDSTADR: u8 = 0x0B;

fn kind(report: &str) -> u32 {
    report
        .split_once("kind=")
        .and_then(|(_, kind)| kind.split('&').next()?.parse().ok())
        .expect("a kind of report")
}

#[test]
fn reports_come_back_for_what_is_delivered_and_what_is_not() {
    let node = Foreign::node(json!({"faults": {"98": [ESME_RINVDSTADR]}}));
    let sandbox = sandbox(&[Operator::new("node", node.port())]);
    let daemon = sandbox.start();
    let reports = Listener::start();
    let kannel = Kannel::start(&sandbox.path().join("kannel"), daemon.smpp, BUSINESS_1, false);

    let all = DELIVERED_TO_PHONE | NOT_DELIVERED | ACCEPTED_BY_SMSC;
    for to in ["254722000001", "254722000098"] {
        kannel.send(to, "Five € today", all, &reports.url(&format!("/{to}?kind=%d&id=%F")));
    }
    let seen = reports.until(4);
    let of = |to: &str| {
        let mut kinds: Vec<u32> =
            seen.iter().filter(|target| target.contains(to)).map(|target| kind(target)).collect();
        kinds.sort_unstable();
        kinds
    };
    assert_eq!(of("254722000001"), [DELIVERED_TO_PHONE, ACCEPTED_BY_SMSC]);
    assert_eq!(of("254722000098"), [NOT_DELIVERED, ACCEPTED_BY_SMSC]);
    drop(kannel);
    daemon.stop();

    let outcomes = outcomes::balanced(&sandbox);
    let mut seen: Vec<(&str, &str, bool)> = outcomes
        .values()
        .map(|outcome| (outcome.destination(), outcome.state(), outcome.is_refunded()))
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("254722000001", "delivered", false), ("254722000098", "rejected", true)]);
}

#[test]
fn all_parts_of_a_long_message_go_to_one_operator() {
    const MESSAGES: usize = 20;
    const PARTS: usize = 3;
    let operators = [Foreign::node(json!({})), Foreign::node(json!({}))];
    let entry = |code, operator: &Foreign| Operator::new(code, operator.port());
    let sandbox = sandbox(&[entry("left", &operators[0]), entry("right", &operators[1])]);
    sandbox.set("routing", "strategy = \"weighted\"");
    let daemon = sandbox.start();
    for operator in &operators {
        operator.until("bind", 1);
    }
    let reports = Listener::start();
    let kannel = Kannel::start(&sandbox.path().join("kannel"), daemon.smpp, BUSINESS_1, false);
    let text = "All work and no play makes Jack a dull boy. ".repeat(9);
    for at in 0..MESSAGES {
        kannel.send(&format!("2547220{at:05}"), &text, DELIVERED_TO_PHONE, &reports.url("/?kind=%d"));
    }
    // Kannel asks for a report on the first part only.
    assert!(reports.until(MESSAGES).iter().all(|report| kind(report) == DELIVERED_TO_PHONE));
    let seen = eventually("every part at one of the operators", || {
        let seen = operators.each_ref().map(|operator| operator.events("submit"));
        (seen.iter().map(Vec::len).sum::<usize>() >= MESSAGES * PARTS).then_some(seen)
    });
    drop(kannel);
    daemon.stop();

    for submits in &seen {
        assert!(!submits.is_empty(), "both operators got something");
        for (to, parts) in by_destination(submits) {
            let mut numbers: Vec<u8> = parts.iter().map(|part| octets(&part["octets"])[5]).collect();
            numbers.sort_unstable();
            assert_eq!(numbers, [1, 2, 3], "the parts to {to}");
            let whole: Vec<u8> =
                ordered(parts).flat_map(|part| octets(&part["octets"])[6..].to_vec()).collect();
            assert_eq!(String::from_utf8(whole).expect("ASCII"), text, "the text to {to}");
        }
    }
    assert_eq!(outcomes::balanced(&sandbox).len(), MESSAGES * PARTS, "each part is charged once");
}

fn by_destination(submits: &[Value]) -> BTreeMap<String, Vec<Value>> {
    let mut by_destination = BTreeMap::<String, Vec<Value>>::new();
    for submit in submits {
        let to = submit["to"].as_str().expect("a destination").to_owned();
        by_destination.entry(to).or_default().push(submit.clone());
    }
    by_destination
}

/// Parts in the order of their numbers, however they arrived.
fn ordered(mut parts: Vec<Value>) -> impl Iterator<Item = Value> {
    parts.sort_unstable_by_key(|part| octets(&part["octets"])[5]);
    parts.into_iter()
}
