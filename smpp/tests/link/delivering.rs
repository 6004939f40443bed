//! Receipts and messages from an operator, and their acknowledgements.

use rusmpp::CommandId;
use tollgate_smpp::BindMode;
use tollgate_smpp::link::{DeliverAck, LinkConfig};

use crate::support::operator::{Operator, bind_resp, config, deliver_sm};
use crate::support::peer::{data_sm, headers, list, raw};
use crate::support::toy_link_handler::Event;

const RECEIPT: &str =
    "id:7B sub:001 dlvrd:001 submit date:2611210000 done date:2611210001 stat:DELIVRD err:000 text:";

fn delivered(text: &str) -> Event {
    Event::Delivered(text.to_owned())
}

#[test]
fn receipts_and_messages_are_handed_on_and_acknowledged() {
    let mut operator = Operator::bound();
    let both = [deliver_sm(500, 4, RECEIPT), deliver_sm(9, 0, "hello"), data_sm(9, "Bank", b"data")].concat();
    let answers = operator.send(&both);
    let expected =
        [(CommandId::DeliverSmResp, 0, 500), (CommandId::DeliverSmResp, 0, 9), (CommandId::DataSmResp, 0, 9)];
    assert_eq!(headers(&answers), expected);
    assert!(answers[0].pdu().is_some(), "with the empty message_id that the standard wants");
    let events = [delivered("receipt 7B 2"), delivered("hello"), delivered("data")];
    assert_eq!(operator.handler.take_events(), events);
    assert_eq!(operator.counted(|counts| counts.delivers), 3);
}

#[test]
fn acknowledgements_wait_for_the_handler_and_carry_its_status() {
    let mut operator = Operator::bound();
    operator.handler.lock().hold_acks = true;
    assert_eq!(operator.send(&[deliver_sm(1, 4, RECEIPT), deliver_sm(2, 4, RECEIPT)].concat()), []);
    for ack in &mut operator.handler.lock().acks {
        ack.status = 0x64;
    }
    operator.handler.release();
    let expected = [(CommandId::DeliverSmResp, 0x64, 1), (CommandId::DeliverSmResp, 0x64, 2)];
    let answers = operator.drive();
    assert_eq!(headers(&answers), expected);
    assert!(answers.iter().all(|answer| answer.pdu().is_some()), "with an empty message_id");
}

#[test]
fn an_acknowledgement_is_given_once_and_only_over_its_own_connection() {
    let mut operator = Operator::bound();
    operator.handler.lock().hold_acks = true;
    operator.send(&deliver_sm(1, 4, RECEIPT));
    let of_this_one = operator.handler.lock().acks.clone();

    let mut acks = list(of_this_one.iter().copied().chain(of_this_one.iter().copied()));
    acks.push(DeliverAck { sequence: 4711, command: CommandId::DeliverSm, status: 0 });
    operator.handler.lock().acks = acks;
    operator.handler.release();
    assert_eq!(headers(&operator.drive()), [(CommandId::DeliverSmResp, 0, 1)]);
    operator.send(&deliver_sm(2, 4, RECEIPT));
    assert_eq!(operator.counted(|counts| counts.stale_acks), 2);

    let mut next = operator.reconnected();
    next.handler.lock().hold_acks = true;
    next.send(&deliver_sm(1, 4, RECEIPT));
    let of_next = next.handler.lock().acks.clone();
    assert_ne!(of_next[0].sequence, of_this_one[0].sequence, "although the operator's number is the same");
    next.handler.lock().acks = of_this_one;
    next.handler.release();
    assert_eq!(next.drive(), [], "what is owed to the old connection acknowledges nothing on the new one");
}

#[test]
fn bodies_that_end_too_soon_are_refused_and_the_link_stays() {
    let mut operator = Operator::bound();
    for (body, status) in [
        (&b""[..], 0x02),
        (b"\0\x01\x01491701234567", 0x02),
        (b"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x09short", 0x01),
    ] {
        let answers = operator.send(&raw(0x05, 3, body));
        assert_eq!(headers(&answers), [(CommandId::DeliverSmResp, status, 3)]);
        assert!(answers[0].pdu().is_some(), "with the empty message_id that the standard wants");
    }
    let answers = operator.send(&raw(0x103, 3, b"\0"));
    assert_eq!(headers(&answers), [(CommandId::DataSmResp, 0x02, 3)]);
    assert!(answers[0].pdu().is_some(), "with the empty message_id that the standard wants");
    assert_eq!(operator.handler.take_events(), []);
    assert_eq!(operator.counted(|counts| counts.delivers_refused), 4);
    operator.assert_alive();
}

#[test]
fn other_requests_are_answered_or_let_pass() {
    let mut operator = Operator::bound();
    let submit = raw(0x04, 5, b"");
    assert_eq!(headers(&operator.send(&submit)), [(CommandId::GenericNack, 0x03, 5)]);
    assert_eq!(headers(&operator.send(&raw(0x0A0A, 6, b"x"))), [(CommandId::GenericNack, 0x03, 6)]);
    assert_eq!(operator.send(&raw(0x102, 7, b"\0\0\0\0\0\0")), [], "an alert_notification wants no answer");
    assert_eq!(operator.send(&raw(0x8000_0015, 8, b"")), []);
    assert_eq!(operator.counted(|counts| counts.unknown_commands), 2);
    assert_eq!(operator.counted(|counts| counts.unknown_responses), 1);
    operator.assert_alive();
}

#[test]
fn a_transmitter_takes_receipts_all_the_same() {
    let mut operator = Operator::new(LinkConfig { mode: BindMode::Transmitter, ..config() });
    operator.drive();
    operator.send(&bind_resp(1));
    assert_eq!(headers(&operator.send(&deliver_sm(2, 4, RECEIPT))), [(CommandId::DeliverSmResp, 0, 2)]);
}

#[test]
fn an_operator_that_never_waits_is_read_only_so_far_ahead() {
    let mut operator = Operator::bound();
    operator.handler.lock().hold_acks = true;
    let flood: Vec<u8> = (1..=5000).flat_map(|sequence| deliver_sm(sequence, 4, RECEIPT)).collect();
    operator.send(&flood);
    assert!(!operator.session.wants_input());
    assert_eq!(operator.handler.lock().acks.len(), 4096);
    assert_eq!(operator.pass(600), [], "what is not read cannot be late");

    operator.handler.release();
    assert_eq!(operator.drive().len(), 5000);
    operator.assert_alive();
}
