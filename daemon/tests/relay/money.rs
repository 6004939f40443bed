//! Money by outcome: what a message must reach to be paid for, and after what it is given back, as its plan says.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::books::micros;
use crate::support::esme::Esme;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, UNDELIVERABLE, in_both};
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, TLV_BALANCE, TLV_PRICE_REQUEST};
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;

const OPENING_MICROS: i64 = 1_000_000_000;
const PRICE_MICROS: i64 = 20_000;
const ESME_RINVDSTADR: u32 = 0x0B;

/// Destinations, each named by the outcome of messages to it.
const DELIVERED_TO: &str = "254722000001";
const UNDELIVERABLE_TO: &str = "254722000002";
const REFUSED_TO: &str = "254722000003";
const ACCEPTED_TO: &str = "254722000004";

/// Knows each message by its destination, but for those that are only accepted, of which there are several.
fn operator() -> Smsc {
    let others = AtomicU32::new(0);
    Smsc::start_with(0, move |message| {
        Some(match message.destination.digits.as_str() {
            REFUSED_TO => Reply::Refuse(ESME_RINVDSTADR),
            ACCEPTED_TO => Reply::Accept(others.fetch_add(1, Ordering::Relaxed).to_string()),
            id => Reply::Accept(id.into()),
        })
    })
}

/// True for each of four messages that is refunded under these terms: delivered, undeliverable, refused, and only accepted as yet.
fn refunded(terms: &str) -> [bool; 4] {
    let operator = operator();
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    sandbox.replace("plans.toml", "name = \"starter\"", &format!("name = \"starter\"\n{terms}"));
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let destinations = [DELIVERED_TO, UNDELIVERABLE_TO, REFUSED_TO, ACCEPTED_TO];
    let ids = gateway.accepted_all(&destinations.map(Sm::to));
    for message in operator.until_seen(4) {
        let state = match message.destination.digits.as_str() {
            DELIVERED_TO => DELIVERED,
            UNDELIVERABLE_TO => UNDELIVERABLE,
            _ => continue,
        };
        // Twice, as operators do: whatever is given back is given back once.
        for _ in 0..2 {
            assert_eq!(operator.deliver(&in_both(&message, &message.destination.digits, state)), 0);
        }
    }
    for id in &ids[..3] {
        gateway.receipt_of(id);
    }
    let told = told_net(&gateway);
    drop(gateway);
    daemon.stop();

    let outcomes = outcomes::balanced(&sandbox);
    let refunded = [0, 1, 2, 3].map(|at: usize| outcomes[&ids[at]].is_refunded());
    let kept = refunded.iter().filter(|refunded| !**refunded).count();
    assert_eq!(
        told,
        i64::try_from(kept).expect("few") * PRICE_MICROS,
        "what the gateway is told is in the books"
    );
    refunded
}

/// The sum of charges that were not given back, by the balance that the gateway is told once it has settled.
fn told_net(gateway: &Esme) -> i64 {
    let mut asked = 0;
    let mut last = None;
    eventually("the balance to settle", || {
        asked += 1;
        let answer = gateway.submit(&Sm::to(ACCEPTED_TO).tlv(TLV_PRICE_REQUEST, b"1"));
        let balance = micros(&answer.tlv(TLV_BALANCE).expect("it was asked for"));
        let net = OPENING_MICROS - balance - asked * PRICE_MICROS;
        (last.replace(net) == Some(net)).then_some(net)
    })
}

#[test]
fn on_submit_only_what_no_operator_takes_is_given_back() {
    assert_eq!(refunded(""), [false, false, true, false]);
}

#[test]
fn on_submit_other_outcomes_are_given_back_when_the_plan_says_so() {
    assert_eq!(
        refunded("charge_on = \"submit\"\nrefund_on = [\"undelivered\"]"),
        [false, true, false, false]
    );
}

#[test]
fn on_acceptance_what_is_accepted_is_paid_for() {
    assert_eq!(
        refunded("charge_on = \"acceptance\"\nrefund_on = [\"expired\"]"),
        [false, false, true, false]
    );
}

#[test]
fn on_delivery_only_what_is_delivered_is_paid_for() {
    assert_eq!(refunded("charge_on = \"delivery\""), [false, true, true, false]);
}
