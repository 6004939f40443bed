//! Receipts on their way to gateways: as they were asked for, in order, at least once, kept while nobody is bound, and a
//! gateway that does not answer holds up nobody else.

use std::collections::BTreeSet;

use crate::support::daemon::Daemon;
use crate::support::esme::{Esme, Taking};
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, ENROUTE, UNDELIVERABLE, as_tlvs, in_both};
use crate::support::sandbox::Sandbox;
use crate::support::sm::{INTERMEDIATE, Sm, put_text};
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, ESME_ROK, QUERY_SM, query_body};
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;

const SUBMIT_MULTI: u32 = 0x0000_0021;
const ESME_RSYSERR: u32 = 0x08;
const ESME_RINVDSTADR: u32 = 0x0B;
const FAILURES_ONLY: u8 = 2;

/// An operator that takes every message under its destination as id.
fn chain() -> (Smsc, Sandbox) {
    let operator = Smsc::start_with(0, |message| Some(Reply::Accept(message.destination.digits.clone())));
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    (operator, sandbox)
}

fn destination(at: usize) -> String {
    format!("2547220{at:05}")
}

/// The operator reports these states for each of its messages that has no report yet.
fn report(operator: &Smsc, messages: &[Sm], states: &[u8]) {
    for message in messages {
        for state in states {
            assert_eq!(operator.deliver(&in_both(message, &message.destination.digits, *state)), 0);
        }
    }
}

fn until_received(daemon: &Daemon, receipts: u64) {
    until_count(daemon, "tollgate_operator_receipts_total{operator=\"hand\",state=\"delivered\"}", receipts);
}

#[test]
fn a_gateway_gets_the_receipts_that_it_asked_for() {
    let (operator, sandbox) = chain();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let asking = |at, registered_delivery| Sm { registered_delivery, ..Sm::to(&destination(at)) };
    let ids = gateway.accepted_all(&[
        asking(0, 0),
        asking(1, FAILURES_ONLY),
        asking(2, FAILURES_ONLY),
        asking(3, 1),
    ]);
    let messages = operator.until_seen(4);
    report(&operator, &messages[..2], &[DELIVERED]);
    report(&operator, &messages[2..3], &[UNDELIVERABLE]);
    report(&operator, &messages[3..], &[DELIVERED]);
    gateway.receipt_of(&ids[3]);
    let receipts = gateway.receipts();
    let seen: Vec<(&str, u8)> = receipts.iter().map(|receipt| (receipt.id.as_str(), receipt.state)).collect();
    assert_eq!(seen, [(ids[2].as_str(), UNDELIVERABLE), (ids[3].as_str(), DELIVERED)]);
    let receipt = &receipts[1].sm;
    assert_eq!(
        (receipt.source.digits.as_str(), receipt.destination.digits.as_str()),
        (destination(3).as_str(), "Tollgate")
    );
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn receipts_wait_for_a_bind_also_across_a_restart() {
    const MESSAGES: usize = 50;
    let (operator, sandbox) = chain();
    let daemon = sandbox.start();
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    let ids = gateway.accepted_all(&(0..MESSAGES).map(|at| Sm::to(&destination(at))).collect::<Vec<_>>());
    report(&operator, &operator.until_seen(MESSAGES), &[DELIVERED]);
    until_received(&daemon, MESSAGES as u64);
    assert!(gateway.receipts().is_empty(), "a transmitter gets no receipts");
    drop(gateway);
    daemon.stop();

    let daemon = sandbox.start();
    let receiver = Esme::receiver(daemon.smpp, BUSINESS_1, Taking::All);
    for id in &ids {
        assert_eq!(receiver.receipt_of(id).state, DELIVERED);
    }
    until_count(&daemon, "tollgate_gateway_receipts_total{outcome=\"delivered\"}", MESSAGES as u64);
    assert_eq!(receiver.receipts().len(), MESSAGES, "each came once");
    drop(receiver);
    daemon.stop();

    let daemon = sandbox.start();
    let receiver = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let id = receiver.accepted(&Sm::to(&destination(MESSAGES)));
    report(&operator, &operator.until_seen(MESSAGES + 1)[MESSAGES..], &[DELIVERED]);
    receiver.receipt_of(&id);
    assert_eq!(receiver.receipts().len(), 1, "what was acknowledged does not come again");
    drop(receiver);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn a_gateway_that_does_not_answer_holds_up_nobody_and_misses_nothing() {
    const MESSAGES: usize = 300;
    let (operator, sandbox) = chain();
    sandbox.set("smpp", "response_seconds = 1");
    sandbox.set("delivery", "receipt_window = 10");
    let daemon = sandbox.start();
    let silent = Esme::receiver(daemon.smpp, BUSINESS_1, Taking::Silently);
    let submitting = Esme::transmitter(daemon.smpp, BUSINESS_1);
    let other = Esme::transceiver(daemon.smpp, BUSINESS_2);
    let ids = submitting.accepted_all(&(0..MESSAGES).map(|at| Sm::to(&destination(at))).collect::<Vec<_>>());
    report(&operator, &operator.until_seen(MESSAGES), &[DELIVERED]);
    eventually("receipts at the silent gateway", || (silent.receipts().len() >= 10).then_some(()));

    let id = other.accepted(&Sm::to(&destination(MESSAGES)));
    report(&operator, &operator.until_seen(MESSAGES + 1)[MESSAGES..], &[DELIVERED]);
    assert_eq!(other.receipt_of(&id).state, DELIVERED, "another account's receipts pass");
    until_count(&daemon, "tollgate_gateway_receipts_total{outcome=\"unanswered\"}", 1);

    // Another bind of the same account takes what the silent one leaves, and what had been given to that one too.
    let diligent = Esme::receiver(daemon.smpp, BUSINESS_1, Taking::All);
    drop(silent);
    for id in &ids {
        diligent.receipt_of(id);
    }
    drop((diligent, submitting, other));
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn a_receipt_that_is_refused_for_the_moment_comes_again_and_one_refused_for_good_does_not() {
    let (operator, sandbox) = chain();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    gateway.take_receipts(Taking::Refused(ESME_RSYSERR));
    let id = gateway.accepted(&Sm::to(&destination(0)));
    report(&operator, &operator.until_seen(1), &[DELIVERED]);
    eventually("the receipt to come again", || (gateway.receipts().len() >= 2).then_some(()));
    gateway.take_receipts(Taking::All);
    until_count(&daemon, "tollgate_gateway_receipts_total{outcome=\"delivered\"}", 1);
    let before = gateway.receipts();
    assert!(before.iter().all(|receipt| receipt.id == id));

    gateway.take_receipts(Taking::Refused(ESME_RINVDSTADR));
    let refused = gateway.accepted(&Sm::to(&destination(1)));
    report(&operator, &operator.until_seen(2)[1..], &[DELIVERED]);
    gateway.receipt_of(&refused);
    gateway.take_receipts(Taking::All);
    let last = gateway.accepted(&Sm::to(&destination(2)));
    report(&operator, &operator.until_seen(3)[2..], &[DELIVERED]);
    gateway.receipt_of(&last);
    let after: BTreeSet<String> =
        gateway.receipts()[before.len()..].iter().map(|receipt| receipt.id.clone()).collect();
    assert_eq!(after, BTreeSet::from([refused, last]), "the first one does not come again");
    assert_eq!(gateway.receipts().len(), before.len() + 2);
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn intermediate_notifications_come_before_the_final_receipt_where_they_were_asked_for() {
    let (operator, sandbox) = chain();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let asking = |at, registered_delivery| Sm { registered_delivery, ..Sm::to(&destination(at)) };
    let ids = gateway.accepted_all(&[asking(0, 0x11), asking(1, 0x01)]);
    for message in operator.until_seen(2) {
        let id = message.destination.digits.clone();
        let on_its_way = Sm { esm_class: INTERMEDIATE, ..as_tlvs(&message, &id, ENROUTE) };
        assert_eq!(operator.deliver(&on_its_way), 0);
        assert_eq!(operator.deliver(&in_both(&message, &id, DELIVERED)), 0);
    }
    let states = |id: &str| -> Vec<u8> {
        let of_message = gateway.receipts().into_iter().filter(|receipt| receipt.id == id);
        of_message.map(|receipt| receipt.state).collect()
    };
    eventually("both final receipts", || ids.iter().all(|id| states(id).contains(&DELIVERED)).then_some(()));
    assert_eq!(states(&ids[0]), [ENROUTE, DELIVERED]);
    assert_eq!(states(&ids[1]), [DELIVERED]);
    assert_eq!(Scrape::of(&daemon).count("tollgate_unmatched_receipts_total{operator=\"hand\"}"), 0);
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn an_old_gateway_gets_receipts_as_text_with_the_short_id_it_knows() {
    let (operator, sandbox) = chain();
    let daemon = sandbox.start();
    let [transmitter, receiver] = Esme::old_pair(daemon.smpp, BUSINESS_1);
    // More than sixteen, so that hexadecimal and decimal digits differ.
    let ids: Vec<String> =
        (0..18).map(|number| transmitter.accepted(&Sm::to(&destination(number)))).collect();
    assert_eq!(ids[15..], ["10", "11", "12"], "over SMPP 3.3 ids are hexadecimal");
    report(&operator, &operator.until_seen(ids.len()), &[DELIVERED]);
    for id in &ids {
        let receipt = receiver.receipt_of(id);
        assert_eq!((receipt.state, receipt.sm.tlvs.len()), (DELIVERED, 0));
    }
    let queried = transmitter.call(QUERY_SM, query_body(&ids[15], "Tollgate"));
    assert_eq!((queried.status, queried.message_id()), (ESME_ROK, ids[15].clone()));
    drop((transmitter, receiver));
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn each_destination_of_a_submit_multi_has_a_receipt_of_its_own() {
    let (operator, sandbox) = chain();
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let to = [0, 1, 2].map(destination);
    let answer = gateway.call(SUBMIT_MULTI, multi_body(&to));
    assert_eq!(answer.status, ESME_ROK);
    report(&operator, &operator.until_seen(to.len()), &[DELIVERED]);
    let receipts = eventually("a receipt for each destination", || {
        let receipts = gateway.receipts();
        (receipts.len() >= to.len()).then_some(receipts)
    });
    let of: BTreeSet<String> = receipts.iter().map(|receipt| receipt.sm.source.digits.clone()).collect();
    assert_eq!(of, BTreeSet::from(to));
    assert!(receipts.iter().any(|receipt| receipt.id == answer.message_id()));
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

/// SMPP 3.4 §4.5.1, asking for receipts.
fn multi_body(destinations: &[String]) -> Vec<u8> {
    const SME_ADDRESS: u8 = 1;
    let mut body = b"\0\x05\0Tollgate\0".to_vec();
    body.push(u8::try_from(destinations.len()).expect("few destinations"));
    for destination in destinations {
        body.extend_from_slice(&[SME_ADDRESS, 1, 1]);
        put_text(&mut body, destination);
    }
    body.extend_from_slice(b"\0\0\0\0\0\x01\0\0\0\x05hello");
    body
}
