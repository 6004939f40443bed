//! `tollgate receipts`: what belongs to no message is listed, and finds its message once ids are read as they are meant.

use crate::support::esme::Esme;
use crate::support::metrics::until_count;
use crate::support::operator::{Operator, provision, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, in_both};
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::Smsc;

const UNMATCHED: &str = "tollgate_unmatched_receipts_total{operator=\"hand\"}";

#[test]
fn receipts_find_their_messages_once_ids_are_read_right() {
    let operator = Smsc::start();
    let hand = |format: &str| [Operator::new("hand", operator.port()).smpp(format)];
    let sandbox = sandbox(&hand("receipt_ids = \"as_is\""));
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let id = gateway.accepted(&Sm::to("254722000001"));
    let submit = operator.next();
    submit.accept("F4244");
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"hand\",outcome=\"accepted\"}", 1);
    assert_eq!(operator.deliver(&in_both(&submit.sm, "1000004", DELIVERED)), 0);
    until_count(&daemon, UNMATCHED, 1);
    drop(gateway);
    daemon.stop();

    let listed = sandbox.on_books(&["receipts"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    assert!(listed.stdout.contains("\"upstream_id\":\"1000004\""), "{listed:?}");
    assert!(listed.stdout.contains("\"operator\":\"hand\""), "{listed:?}");
    let replayed = sandbox.on_books(&["receipts", "--replay"]);
    assert_eq!(replayed.stdout.trim(), "0 of 1 receipts have found their message", "{replayed:?}");
    assert_eq!(outcomes::balanced(&sandbox)[&id].state(), "enroute");

    provision(&sandbox, &hand("receipt_ids = \"decimal_to_hex\""));
    let replayed = sandbox.on_books(&["receipts", "--replay"]);
    assert_eq!(replayed.stdout.trim(), "1 of 1 receipts have found their message", "{replayed:?}");
    let outcome = outcomes::balanced(&sandbox);
    assert_eq!((outcome[&id].state(), outcome[&id].column("tried")), ("delivered", "hand"));
    let listed = sandbox.on_books(&["receipts"]);
    assert!(listed.stdout.is_empty(), "it is kept no longer: {listed:?}");

    // The gateway has it now, though it was bound to nothing when it came.
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    assert_eq!(gateway.receipt_of(&id).state, DELIVERED);
    drop(gateway);
    daemon.stop();
}

#[test]
fn without_books_there_is_nothing_to_list() {
    let sandbox = crate::support::sandbox::Sandbox::new();
    let listed = sandbox.on_books(&["receipts"]);
    assert_eq!(listed.code, Some(1), "{listed:?}");
    assert!(listed.stderr.contains("is not a data directory"), "{listed:?}");
}
