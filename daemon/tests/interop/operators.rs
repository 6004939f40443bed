//! SMSCs of other makers as operators: messages reach them whole, their receipts come back, and the books follow.

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::foreign::{Foreign, octets};
use crate::support::metrics::until_count;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::receipts::{DELIVERED, REJECTED, UNDELIVERABLE};
use crate::support::sandbox::Sandbox;
use crate::support::sm::{MESSAGE_PAYLOAD, Party, SAR_PART, SAR_REFERENCE, SAR_TOTAL, Sm, UDHI};
use crate::support::smpp::BUSINESS_1;
use serde_json::{Value, json};

const VENDOR_TLV: u16 = 0x1500;
const ESME_RINVDSTADR: u8 = 0x0B;
const ESME_RMSGQFUL: u8 = 0x14;
const ESME_RTHROTTLED: u8 = 0x58;

/// A daemon that is bound to the operator, and a gateway that is bound to the daemon.
fn chain(operator: &Foreign, entry: Operator) -> (Sandbox, Daemon, Esme) {
    let sandbox = sandbox(&[entry]);
    let daemon = sandbox.start();
    operator.until("bind", 1);
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    (sandbox, daemon, gateway)
}

fn destination(at: u32) -> String {
    format!("2547220{at:05}")
}

/// The messages that an operator took, less what tells one try from another.
fn taken(operator: &Foreign) -> Vec<Value> {
    operator.events("submit").into_iter().filter(|submit| submit["status"] == 0).collect()
}

#[test]
fn node_smpp_with_ids_in_hexadecimal_and_receipts_in_decimal() {
    let faults = json!({"98": [ESME_RINVDSTADR], "96": [ESME_RMSGQFUL], "95": [ESME_RTHROTTLED]});
    let node = Foreign::node(json!({"hex_ids": true, "faults": faults, "states": {"97": UNDELIVERABLE}}));
    let (sandbox, daemon, gateway) = chain(&node, Operator::new("node", node.port()));

    let ids = gateway.accepted_all(&[1, 95, 96, 97, 98].map(|at| Sm::to(&destination(at))));
    let states: Vec<u8> = ids.iter().map(|id| gateway.receipt_of(id).state).collect();
    assert_eq!(states, [DELIVERED, DELIVERED, DELIVERED, UNDELIVERABLE, REJECTED]);
    node.until("receipt_answered", 4);
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"node\",outcome=\"permanent\"}", 1);
    drop(gateway);
    daemon.stop();

    let outcomes = outcomes::balanced(&sandbox);
    let seen: Vec<(&str, bool)> =
        ids.iter().map(|id| (outcomes[id].state(), outcomes[id].is_refunded())).collect();
    let delivered = ("delivered", false);
    assert_eq!(seen, [delivered, delivered, delivered, ("undeliverable", false), ("rejected", true)]);
    assert_eq!(taken(&node).len(), 4, "what is taken is not sent again");
}

#[test]
fn node_smpp_with_separate_binds_for_messages_and_receipts() {
    let node = Foreign::node(json!({"receipts": "tlvs"}));
    let (sandbox, daemon, gateway) =
        chain(&node, Operator::new("node", node.port()).smpp("bind = \"separate\"").smpp("binds = 2"));
    let binds = node.until("bind", 3);
    let mut modes: Vec<&str> = binds.iter().filter_map(|bind| bind["mode"].as_str()).collect();
    modes.sort_unstable();
    assert_eq!(modes, ["receiver", "transmitter", "transmitter"]);

    let ids = gateway.accepted_all(&[1, 2, 3].map(|at| Sm::to(&destination(at))));
    for id in &ids {
        assert_eq!(gateway.receipt_of(id).state, DELIVERED);
    }
    drop(gateway);
    daemon.stop();
    assert!(outcomes::balanced(&sandbox).values().all(|outcome| outcome.state() == "delivered"));
}

/// A text in three parts with a user data header each (3GPP 23.040 §9.2.3.24.1).
fn parts_by_header(to: &str) -> Vec<Sm> {
    let part = |number: u8| {
        let mut octets = vec![5, 0, 3, 0x42, 3, number];
        octets.extend_from_slice(format!("part {number} by header").as_bytes());
        Sm { esm_class: UDHI, octets, ..Sm::to(to) }
    };
    (1..=3).map(part).collect()
}

/// A text in two parts by the `sar` TLVs.
fn parts_by_sar(to: &str) -> Vec<Sm> {
    let part = |number: u8| {
        let part = Sm::to(to).text(&format!("part {number} by sar"));
        part.tlv(SAR_REFERENCE, &[0x12, 0x34]).tlv(SAR_TOTAL, &[2]).tlv(SAR_PART, &[number])
    };
    (1..=2).map(part).collect()
}

#[test]
fn smpp34_gets_long_messages_and_foreign_tlvs_whole() {
    let smpp34 = Foreign::smpp34();
    let (sandbox, daemon, gateway) = chain(&smpp34, Operator::new("smpp34", smpp34.port()));

    let long = "All work and no play makes Jack a dull boy. ".repeat(10).into_bytes();
    let mut messages = parts_by_header(&destination(1));
    messages.extend(parts_by_sar(&destination(2)));
    messages.push(Sm { octets: Vec::new(), ..Sm::to(&destination(3)) }.tlv(MESSAGE_PAYLOAD, &long));
    messages.push(Sm::to(&destination(4)).tlv(VENDOR_TLV, b"passed on \0\xFF"));
    let cyrillic = "Ваш код".encode_utf16().flat_map(u16::to_be_bytes).collect();
    messages.push(Sm { data_coding: 8, octets: cyrillic, ..Sm::to(&destination(5)) });
    messages.push(Sm { source: Party::number("254700000000"), ..Sm::to(&destination(6)) });

    let ids = gateway.accepted_all(&messages);
    for id in &ids {
        assert_eq!(gateway.receipt_of(id).state, DELIVERED);
    }
    drop(gateway);
    daemon.stop();

    let mut submits = taken(&smpp34);
    for message in &messages {
        let at = submits.iter().position(|submit| is_whole(submit, message));
        submits.remove(at.unwrap_or_else(|| panic!("{message:?} did not arrive whole: {submits:#?}")));
    }
    assert_eq!(submits, Vec::<Value>::new(), "nothing else arrives");
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!(outcomes.len(), ids.len());
    assert!(outcomes.values().all(|outcome| outcome.state() == "delivered"), "{outcomes:#?}");
}

/// True if the operator got the message as the gateway gave it.
fn is_whole(submit: &Value, message: &Sm) -> bool {
    let tlvs: Vec<(String, Vec<u8>)> =
        message.tlvs.iter().map(|(tag, value)| (format!("0x{tag:04x}"), value.clone())).collect();
    submit["to"] == message.destination.digits.as_str()
        && submit["from"] == message.source.digits.as_str()
        && submit["esm_class"] == message.esm_class
        && submit["data_coding"] == message.data_coding
        && octets(&submit["octets"]) == message.octets
        && submit["tlvs"].as_object().is_some_and(|seen| seen.len() == tlvs.len())
        && tlvs.iter().all(|(tag, value)| octets(&submit["tlvs"][tag]) == *value)
}

#[test]
fn an_operator_that_wants_payloads_gets_long_messages_in_them() {
    let node = Foreign::node(json!({}));
    let (sandbox, daemon, gateway) =
        chain(&node, Operator::new("node", node.port()).smpp("long_messages = \"payload\""));
    let long = "x".repeat(200);
    let id = gateway.accepted(&Sm::to(&destination(1)).text(&long));
    assert_eq!(gateway.receipt_of(&id).state, DELIVERED);
    drop(gateway);
    daemon.stop();

    let submits = taken(&node);
    let [submit] = submits.as_slice() else { panic!("one message: {submits:?}") };
    assert_eq!((submit["octets"].as_str(), octets(&submit["payload"])), (Some(""), long.into_bytes()));
    assert_eq!(outcomes::balanced(&sandbox)[&id].column("segments"), "2");
}

#[test]
fn net_smpp_with_padded_ids_and_bare_texts() {
    let perl = Foreign::net_smpp();
    let (sandbox, daemon, gateway) = chain(&perl, Operator::new("perl", perl.port()));
    let messages = [1, 2, 3].map(|at| Sm::to(&destination(at)).tlv(VENDOR_TLV, b"kept"));
    let ids = gateway.accepted_all(&messages);
    for id in &ids {
        assert_eq!(gateway.receipt_of(id).state, DELIVERED);
    }
    perl.until("receipt_answered", 3);
    drop(gateway);
    daemon.stop();

    for submit in taken(&perl) {
        assert_eq!(octets(&submit["tlvs"]["0x1500"]), b"kept");
    }
    assert!(outcomes::balanced(&sandbox).values().all(|outcome| outcome.state() == "delivered"));
}

#[test]
fn smppy_one_message_at_a_time_without_ids_or_receipts() {
    let smppy = Foreign::smppy();
    let (sandbox, daemon, gateway) =
        chain(&smppy, Operator::new("smppy", smppy.port()).smpp("window = 1").smpp("receipts = false"));
    let text = |at| Sm { registered_delivery: 0, ..Sm::to(&destination(at)).text(&format!("Hello {at}")) };
    gateway.accepted_all(&[1, 2, 3].map(text));
    let submits = smppy.until("submit", 3);
    let texts: Vec<&str> = submits.iter().filter_map(|submit| submit["text"].as_str()).collect();
    assert_eq!(texts, ["Hello 1", "Hello 2", "Hello 3"], "in the order they were submitted");
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"smppy\",outcome=\"accepted\"}", 3);
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    assert!(outcomes.values().all(|outcome| outcome.state() == "accepted" && !outcome.is_refunded()));
}
