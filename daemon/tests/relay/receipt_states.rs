//! Receipts whose state takes some understanding: words of an operator's own, ids that several messages have, and dates.

use serde_json::json;

use crate::support::api::start_with_admin;
use crate::support::esme::Esme;
use crate::support::metrics::until_count;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, ENROUTE, UNDELIVERABLE, as_text, as_tlvs, in_both, text};
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::{Reply, Smsc};

/// A receipt's text with another word for the state.
fn worded(id: &str, word: &str) -> String {
    text(id, DELIVERED).replace("DELIVRD", word)
}

#[test]
fn an_unknown_word_ends_nothing_and_is_listed_and_mapped() {
    let operator = Smsc::start_with(0, |message| Some(Reply::Accept(message.destination.digits.clone())));
    let hand = Operator::new("hand", operator.port()).smpp("receipt_states = { ABSENT = \"undeliverable\" }");
    let sandbox = sandbox(&[hand]);
    let (daemon, admin) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let cases = [
        (["PENDING", "DELIVRD"], DELIVERED),
        (["GREATNESS", "DELIVRD"], DELIVERED),
        (["ACCEPTD", "FAILED"], UNDELIVERABLE),
        (["BUFFERED", "delivered"], DELIVERED),
        (["SENT", "UNDELIVERABL"], UNDELIVERABLE),
        (["42", "5"], UNDELIVERABLE),
        (["GREATNESS", "absent"], UNDELIVERABLE),
    ];
    let destination = |at: usize| format!("2547220000{at:02}");
    let ids: Vec<String> = (0..cases.len()).map(|at| gateway.accepted(&Sm::to(&destination(at)))).collect();
    let taken = operator.until_seen(cases.len());
    let of = |number: &str| taken.iter().find(|sm| sm.destination.digits == number).unwrap();
    for word in [0, 1] {
        for (at, (words, _)) in cases.iter().enumerate() {
            let sm = of(&destination(at));
            assert_eq!(operator.deliver(&as_text(sm, &worded(&destination(at), words[word]))), 0);
        }
        if word == 0 {
            assert!(gateway.receipts().iter().all(|receipt| receipt.state == ENROUTE), "nothing has ended");
        }
    }
    for (id, (words, state)) in ids.iter().zip(cases) {
        assert_eq!(gateway.receipt_of(id).state, state, "{words:?}");
    }
    // The same without a name in front of it.
    let unnamed = gateway.accepted(&Sm::to("254722000050"));
    let sm = operator.until_seen(cases.len() + 1).pop().unwrap();
    let bare =
        "id:254722000050 sub:001 dlvrd:001 submit date:180903120815 done date:180903120816 DELIVRD err:000";
    assert_eq!(operator.deliver(&as_text(&sm, bare)), 0);
    assert_eq!(gateway.receipt_of(&unnamed).state, DELIVERED);
    until_count(&daemon, "tollgate_unknown_receipt_states_total{operator=\"hand\"}", 3);
    let listed = admin.get("/v1/operators/hand/receipts").expect(200).json;
    let mut words: Vec<_> = listed["unknown_states"]
        .as_array()
        .unwrap()
        .iter()
        .map(|seen| (seen["word"].as_str().unwrap().to_owned(), seen["receipts"].as_u64().unwrap()))
        .collect();
    words.sort();
    assert_eq!(words, [("42".to_owned(), 1), ("GREATNESS".to_owned(), 2)]);
    drop(gateway);
    daemon.stop();
    outcomes::balanced(&sandbox);
}

#[test]
fn messages_with_one_id_are_told_apart_by_their_numbers() {
    let operator = Smsc::start_with(0, |_| Some(Reply::Accept("500".to_owned())));
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    let (daemon, admin) = start_with_admin(&sandbox);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let numbers = ["254722000001", "254722000002", "254722000003", "254722000003"];
    let ids: Vec<String> = numbers.iter().map(|number| gateway.accepted(&Sm::to(number))).collect();
    let taken = operator.until_seen(numbers.len());
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"hand\",outcome=\"accepted\"}", 4);
    let of = |number: &str| taken.iter().find(|sm| sm.destination.digits == number).unwrap();
    assert_eq!(operator.deliver(&in_both(of(numbers[1]), "500", DELIVERED)), 0);
    assert_eq!(operator.deliver(&as_text(of(numbers[0]), &text("0500", UNDELIVERABLE))), 0);
    assert_eq!(gateway.receipt_of(&ids[0]).state, UNDELIVERABLE);
    assert_eq!(gateway.receipt_of(&ids[1]).state, DELIVERED);
    // Nobody can say which of the two to one number this means.
    assert_eq!(operator.deliver(&as_tlvs(of(numbers[2]), "500", DELIVERED)), 0);
    until_count(&daemon, "tollgate_ambiguous_receipts_total{operator=\"hand\"}", 1);
    assert_eq!(gateway.receipts().len(), 2, "the others wait");
    let listed = admin.get("/v1/operators/hand/receipts").expect(200).json;
    let kept = &listed["unmatched_receipts"][0];
    assert_eq!((listed["unmatched"].as_u64(), &kept["reason"]), (Some(1), &json!("several_messages")));
    assert_eq!((&kept["upstream_id"], &kept["source"]), (&json!("500"), &json!(numbers[2])));
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    let states: Vec<&str> = ids.iter().map(|id| outcomes[id].state()).collect();
    assert_eq!(states, ["undeliverable", "delivered", "enroute", "enroute"]);
}

#[test]
fn the_operators_date_goes_to_the_gateway() {
    for (zone, passed_on, instant) in [
        (None, "2611210301", ""),
        (Some("Africa/Nairobi"), "2611210001", "2026-11-21T00:01:30Z"),
        (Some("-05:00"), "2611210801", "2026-11-21T08:01:30Z"),
    ] {
        let operator = Smsc::start_with(0, |message| Some(Reply::Accept(message.destination.digits.clone())));
        let mut hand = Operator::new("hand", operator.port());
        if let Some(zone) = zone {
            hand = hand.smpp(&format!("receipt_time_zone = \"{zone}\""));
        }
        let sandbox = sandbox(&[hand]);
        let daemon = sandbox.start();
        let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
        let dated = gateway.accepted(&Sm::to("254722000001"));
        let impossible = gateway.accepted(&Sm::to("254722000002"));
        for sm in operator.until_seen(2) {
            let is_first = sm.destination.digits.ends_with('1');
            let date = if is_first { "261121030130" } else { "2613450001" };
            let text = text(&sm.destination.digits, DELIVERED).replace("2611210001", date);
            assert_eq!(operator.deliver(&as_text(&sm, &text)), 0);
        }
        assert_eq!(gateway.receipt_of(&dated).field("done date:").unwrap(), passed_on);
        let ours = gateway.receipt_of(&impossible);
        let date = ours.field("done date:").unwrap();
        assert!(date.len() == 10 && date != "2613450001", "it is ours: {date}");
        drop(gateway);
        daemon.stop();
        let outcomes = outcomes::balanced(&sandbox);
        let outcome = &outcomes[&dated];
        let dates = (outcome.column("operator_done_date"), outcome.column("operator_done_at"));
        assert_eq!(dates, ("2611210301", instant));
        assert_ne!(outcome.column("state_at"), instant);
        assert_eq!(outcomes[&impossible].column("operator_done_date"), "");
    }
}
