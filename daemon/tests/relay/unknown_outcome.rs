//! Messages whose link broke between `submit_sm` and its response: neither refunded nor sent again at once, settled by a
//! receipt where one comes, and otherwise as the policy says.

use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;

const SAFARICOM: &str = "254722000001";
const UNKNOWN_NOW: &str = "tollgate_unknown_outcomes";
const DUPLICATES: &str = "tollgate_possible_duplicates_total{operator=\"hand\"}";

/// A message whose link was cut before the operator answered.
fn cut_off(policy: &str, seconds: u32) -> (Smsc, Sandbox, Daemon, Esme, String) {
    let operator = Smsc::start();
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    sandbox.set("delivery", &format!("unknown_outcome = \"{policy}\""));
    sandbox.set("delivery", &format!("unknown_outcome_seconds = {seconds}"));
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let id = gateway.accepted(&Sm::to(SAFARICOM));
    operator.next();
    operator.cut();
    until_count(&daemon, UNKNOWN_NOW, 1);
    operator.until_bound();
    (operator, sandbox, daemon, gateway, id)
}

fn until_known(daemon: &Daemon) {
    eventually("no unknown outcome", || (Scrape::of(daemon).count(UNKNOWN_NOW) == 0).then_some(()));
}

#[test]
fn it_is_sent_again_after_its_time_and_counted_as_a_possible_duplicate() {
    let (operator, sandbox, daemon, gateway, id) = cut_off("resend", 2);
    let cut = Instant::now();
    let again = operator.next();
    assert!(cut.elapsed() > Duration::from_secs(1), "sent again after {:?} already", cut.elapsed());
    again.accept("7");
    operator.deliver(&in_both(&again.sm, "7", DELIVERED));
    assert_eq!(gateway.receipt_of(&id).state, DELIVERED);
    assert_eq!(until_count(&daemon, DUPLICATES, 1).count(DUPLICATES), 1);
    until_known(&daemon);
    drop(gateway);
    daemon.stop();
    let outcome = &outcomes::balanced(&sandbox)[&id];
    assert_eq!(
        (outcome.state(), outcome.is_refunded(), outcome.is_possible_duplicate()),
        ("delivered", false, true)
    );
}

#[test]
fn it_counts_as_unknown_and_is_not_sent_again_where_duplicates_are_worse() {
    let (operator, sandbox, daemon, gateway, id) = cut_off("settle", 1);
    until_known(&daemon);
    let other = gateway.accepted(&Sm::to("254722000002"));
    let next = operator.next();
    assert_eq!(next.sm.destination.digits, "254722000002", "the other message, not the first one again");
    next.accept("8");
    operator.deliver(&in_both(&next.sm, "8", DELIVERED));
    gateway.receipt_of(&other);
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!((outcomes[&id].state(), outcomes[&id].is_refunded()), ("unknown", false));
    assert!(!outcomes[&id].is_possible_duplicate());
}

#[test]
fn a_receipt_settles_it_before_its_time() {
    let (operator, sandbox, daemon, gateway, id) = cut_off("resend", 600);
    let sent = &operator.seen()[0];
    operator.deliver(&in_both(sent, "9", DELIVERED));
    assert_eq!(gateway.receipt_of(&id).state, DELIVERED);
    until_known(&daemon);
    drop(gateway);
    daemon.stop();
    assert_eq!(operator.seen().len(), 1, "it is not sent again");
    let outcome = &outcomes::balanced(&sandbox)[&id];
    assert_eq!((outcome.state(), outcome.is_possible_duplicate()), ("delivered", false));
}

#[test]
fn it_stays_unknown_across_a_crash() {
    let (operator, sandbox, daemon, gateway, id) = cut_off("resend", 1);
    drop(gateway);
    daemon.kill();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let again = operator.next();
    again.accept("10");
    operator.deliver(&in_both(&again.sm, "10", DELIVERED));
    assert_eq!(gateway.receipt_of(&id).state, DELIVERED);
    drop(gateway);
    daemon.stop();
    assert_eq!(operator.seen().len(), 2);
    assert!(outcomes::balanced(&sandbox)[&id].is_possible_duplicate());
}

#[test]
fn what_was_never_sent_is_sent_after_a_crash_without_suspicion() {
    let operator = Smsc::start();
    let sandbox = sandbox(&[Operator::new("hand", operator.port()).smpp("window = 1")]);
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let destinations = [1, 2, 3, 4, 5].map(|at| format!("25472200000{at}"));
    let ids = gateway.accepted_all(&destinations.each_ref().map(|to| Sm::to(to)));
    let first = operator.next();
    first.accept("1");
    operator.deliver(&in_both(&first.sm, "1", DELIVERED));
    // What has a receipt has been accepted for good: a kill makes nobody send it again.
    assert_eq!(gateway.receipt_of(&ids[0]).state, DELIVERED);
    operator.next();
    drop(gateway);
    daemon.kill();

    let daemon = sandbox.start();
    let mut sent = Vec::new();
    for id in ["2", "3", "4", "5"] {
        let submit = operator.next();
        sent.push(submit.sm.destination.digits.clone());
        submit.accept(id);
    }
    let place = |to: &String| sent.iter().position(|sent| sent == to);
    let [_, cut_off, _, fourth, fifth] = destinations.each_ref().map(place);
    assert!(fourth < cut_off && fifth < cut_off, "what the window had no room for is sent at once: {sent:?}");
    sent.sort_unstable();
    assert_eq!(sent, destinations[1..]);
    until_known(&daemon);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    // The third may have been about to be sent, which nobody can tell from having been sent.
    let suspected = [0, 1, 3, 4].map(|at: usize| outcomes[&ids[at]].is_possible_duplicate());
    assert_eq!(suspected, [false, true, false, false]);
}
