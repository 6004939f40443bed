//! deliver_sm to the peer: a window of their own, an outcome for each, and how the last ones end.

use std::time::Duration;

use rusmpp::pdus::DeliverSm;
use rusmpp::tlvs::TlvTag;
use rusmpp::{Command, CommandId, Pdu};
use tollgate_smpp::session::{CloseReason, SessionConfig, TimerConfig};
use tollgate_smpp::{BindMode, Delivery, DeliveryOutcome, OwnedAddress, Reply};

use crate::support::pair::Pair;
use crate::support::peer::{
    self, bind_as, enquire_link, headers, list, raw, raw_with_status, submit_sm, submits, unbind,
};
use crate::support::toy_bind_handler::ToyBindHandler;

const DELIVER_SM: u32 = 0x0000_0005;
const DELIVER_SM_RESP: u32 = 0x8000_0005;
const DATA_SM_RESP: u32 = 0x8000_0103;
const GENERIC_NACK: u32 = 0x8000_0000;
const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
const ACCEPTED: DeliveryOutcome = DeliveryOutcome::Accepted;
const UNANSWERED: DeliveryOutcome = DeliveryOutcome::Unanswered;

fn delivery(token: u64) -> Delivery {
    Delivery {
        token,
        source: OwnedAddress { ton: 1, npi: 1, digits: b"491701234567".to_vec() },
        destination: OwnedAddress { ton: 5, npi: 0, digits: b"Bank".to_vec() },
        esm_class: 0x04,
        data_coding: 0,
        short_message: format!("id:{token} stat:DELIVRD").into_bytes(),
        tlvs: vec![(RECEIPTED_MESSAGE_ID, format!("{token}\0").into_bytes())],
    }
}

fn deliveries(count: u64) -> impl Iterator<Item = Delivery> {
    (1..=count).map(delivery)
}

fn toy(window: u32) -> ToyBindHandler {
    let toy = ToyBindHandler::default();
    toy.lock().delivery_window = window;
    toy
}

fn receiving(window: u32) -> Pair {
    Pair::bound_to(toy(window))
}

fn bound_as(mode: BindMode, version: u8) -> Pair {
    let mut pair = Pair::new(toy(10));
    assert_eq!(pair.send(&bind_as(mode, 1, peer::PASSWORD, version)).len(), 1);
    pair
}

/// A deliver_sm_resp; its message_id is empty.
fn answer(sequence: u32) -> Vec<u8> {
    raw(DELIVER_SM_RESP, sequence, b"\0")
}

fn outcomes(pair: &Pair) -> Vec<(u64, DeliveryOutcome)> {
    pair.toy.lock().outcomes.clone()
}

fn deliver_sm(command: &Command) -> DeliverSm {
    match command.pdu() {
        Some(Pdu::DeliverSm(deliver)) => deliver.clone(),
        other => panic!("{other:?}"),
    }
}

fn sequences(commands: &[Command]) -> Vec<u32> {
    commands.iter().map(Command::sequence_number).collect()
}

#[test]
fn a_delivery_is_a_deliver_sm_with_all_its_fields() {
    let mut pair = receiving(10);
    pair.toy.deliver(deliveries(1));
    let sent = pair.drive();
    assert_eq!(headers(&sent), [(CommandId::DeliverSm, 0, 1)]);
    let deliver = deliver_sm(&sent[0]);
    assert_eq!((u8::from(deliver.source_addr_ton), u8::from(deliver.source_addr_npi)), (1, 1));
    assert_eq!(deliver.source_addr.as_str(), "491701234567");
    assert_eq!((u8::from(deliver.dest_addr_ton), u8::from(deliver.dest_addr_npi)), (5, 0));
    assert_eq!(deliver.destination_addr.as_str(), "Bank");
    assert_eq!((u8::from(deliver.esm_class), u8::from(deliver.data_coding)), (0x04, 0));
    assert_eq!(deliver.short_message().as_ref(), b"id:1 stat:DELIVRD");
    let tags = list(deliver.tlvs().iter().map(|tlv| u16::from(tlv.tag())));
    assert_eq!(tags, [RECEIPTED_MESSAGE_ID]);

    assert_eq!(outcomes(&pair), []);
    assert_eq!(pair.send(&answer(1)), []);
    assert_eq!(outcomes(&pair), [(1, ACCEPTED)]);
    assert_eq!(pair.counted(|counts| counts.deliveries), 1);
}

#[test]
fn no_more_than_a_window_is_out_and_answers_open_it() {
    let mut pair = receiving(3);
    pair.toy.deliver(deliveries(7));
    assert_eq!(sequences(&pair.drive()), [1, 2, 3]);
    assert_eq!(pair.session.delivery_room(), 0);
    assert_eq!(sequences(&pair.send(&[answer(2), answer(3)].concat())), [4, 5], "in any order");
    assert_eq!(sequences(&pair.send(&[answer(1), answer(4), answer(5)].concat())), [6, 7]);
    pair.send(&[answer(7), answer(6)].concat());
    let tokens = list(outcomes(&pair).into_iter().map(|(token, _)| token));
    assert_eq!(tokens, [2, 3, 1, 4, 5, 7, 6]);
    assert_eq!(pair.session.delivery_room(), 3);
}

#[test]
fn transmitters_and_binds_without_a_window_get_none() {
    let mut transmitter = bound_as(BindMode::Transmitter, 0x34);
    transmitter.toy.deliver(deliveries(1));
    assert_eq!(transmitter.drive(), []);
    let mut unwanted = receiving(0);
    unwanted.toy.deliver(deliveries(1));
    assert_eq!(unwanted.drive(), []);
    let mut receiver = bound_as(BindMode::Receiver, 0x34);
    receiver.toy.deliver(deliveries(1));
    assert_eq!(receiver.drive().len(), 1);
}

#[test]
fn a_peer_that_refuses_is_believed() {
    let mut pair = receiving(10);
    pair.toy.deliver(deliveries(5));
    pair.drive();
    let answers = [
        raw_with_status(DELIVER_SM_RESP, 0x14, 1),
        raw(DATA_SM_RESP, 2, b"\0"),
        raw_with_status(GENERIC_NACK, 0x03, 3),
        raw_with_status(GENERIC_NACK, 0, 4),
        raw_with_status(DELIVER_SM_RESP, 0, 5),
    ];
    assert_eq!(pair.send(&answers.concat()), []);
    let refused = DeliveryOutcome::Refused;
    let expected = [(1, refused(0x14)), (2, ACCEPTED), (3, refused(0x03)), (4, refused(0xFF)), (5, ACCEPTED)];
    assert_eq!(outcomes(&pair), expected);
    assert_eq!(pair.counted(|counts| counts.deliveries_refused), 3);
}

#[test]
fn an_answer_counts_once_and_only_to_what_was_delivered() {
    let mut pair = receiving(10);
    pair.toy.deliver(deliveries(1));
    pair.drive();
    pair.send(&[answer(2), answer(1), answer(1), answer(0), raw(0x8000_0004, 1, b"\0")].concat());
    assert_eq!(outcomes(&pair), [(1, ACCEPTED)]);
    assert_eq!(pair.counted(|counts| counts.unknown_responses), 4);
    assert_eq!(headers(&pair.send(&raw(DELIVER_SM, 9, b""))), [(CommandId::DeliverSmResp, 0x04, 9)]);
    pair.assert_alive();
}

#[test]
fn a_late_answer_is_none_and_the_session_stays() {
    let mut pair = receiving(2);
    pair.toy.deliver(deliveries(3));
    pair.drive();
    pair.pass(10);
    assert_eq!(sequences(&pair.send(&answer(1))), [3], "sent ten seconds later");
    assert_eq!(pair.pass(19), []);
    assert_eq!(outcomes(&pair), [(1, ACCEPTED)]);
    pair.pass(1);
    assert_eq!(outcomes(&pair), [(1, ACCEPTED), (2, UNANSWERED)]);
    pair.assert_alive();
    pair.send(&answer(2));
    assert_eq!(outcomes(&pair).len(), 2, "too late");
    assert_eq!(pair.session.delivery_room(), 1);
    pair.pass(10);
    assert_eq!(outcomes(&pair).last(), Some(&(3, UNANSWERED)));
    assert_eq!(pair.counted(|counts| counts.deliveries_unanswered), 2);
    assert_eq!(pair.finished(), None);
}

#[test]
fn time_in_which_the_peer_is_not_heard_is_not_its_own() {
    let toy = toy(10);
    toy.lock().window = 1;
    toy.lock().hold = true;
    let mut pair = Pair::bound_to(toy);
    pair.toy.deliver(deliveries(1));
    pair.drive();
    pair.pass(20);
    pair.send(&submit_sm(2));
    assert!(!pair.session.wants_input());
    pair.pass(100);
    assert_eq!(outcomes(&pair), [], "its answer could not have been read");
    pair.toy.release();
    pair.drive();
    pair.pass(9);
    assert_eq!(outcomes(&pair), []);
    pair.pass(1);
    assert_eq!(outcomes(&pair), [(1, UNANSWERED)]);
}

#[test]
fn however_a_session_ends_every_delivery_has_an_outcome() {
    let both = [(1, UNANSWERED), (2, UNANSWERED)];
    let started = || {
        let mut pair = receiving(10);
        pair.toy.deliver(deliveries(2));
        pair.drive();
        pair
    };
    let mut unbound = started();
    assert_eq!(headers(&unbound.send(&unbind(5))), [(CommandId::UnbindResp, 0, 5)]);
    assert_eq!(outcomes(&unbound), both);

    let mut closed = started();
    closed.end();
    assert_eq!(outcomes(&closed), both);

    let mut lost = started();
    lost.session.handle_connection_lost();
    lost.drive();
    assert_eq!((outcomes(&lost), lost.finished()), (both.to_vec(), Some(CloseReason::ConnectionLost)));

    let mut stopped = started();
    stopped.session.stop();
    stopped.drive();
    assert_eq!(outcomes(&stopped), both);

    let mut silent = started();
    silent.pass(60);
    assert_eq!((outcomes(&silent), silent.finished()), (both.to_vec(), Some(CloseReason::Unanswered)));
}

#[test]
fn a_drain_waits_for_the_answers_and_hands_out_no_more() {
    let mut pair = receiving(2);
    pair.toy.deliver(deliveries(3));
    pair.drive();
    assert_eq!(pair.drain(), []);
    assert_eq!(pair.send(&answer(2)), []);
    assert_eq!(headers(&pair.send(&answer(1))), [(CommandId::Unbind, 0, 3)]);
    assert_eq!(outcomes(&pair), [(2, ACCEPTED), (1, ACCEPTED)]);
    pair.send(&raw_with_status(0x8000_0006, 0, 3));
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
    assert_eq!(pair.toy.lock().deliveries.len(), 1, "the third stays with the handler");
}

#[test]
fn a_drain_waits_no_longer_than_for_a_transition() {
    let mut pair = receiving(2);
    pair.toy.deliver(deliveries(1));
    pair.drive();
    pair.pass(10);
    assert_eq!(pair.drain(), []);
    assert_eq!(headers(&pair.pass(20)), [(CommandId::Unbind, 0, 2)], "late, so nothing is left to wait for");
    assert_eq!(outcomes(&pair), [(1, UNANSWERED)]);

    let timers = TimerConfig { response: Duration::from_secs(5), ..TimerConfig::default() };
    let config = SessionConfig { timers, ..SessionConfig::default() };
    let held = toy(2);
    held.lock().hold = true;
    let mut pair = Pair::with_config(held, config);
    pair.send(&peer::bind(1));
    pair.send(&submit_sm(2));
    pair.toy.deliver(deliveries(1));
    pair.drive();
    pair.drain();
    pair.pass(5);
    assert_eq!((outcomes(&pair), pair.finished()), (vec![(1, UNANSWERED)], Some(CloseReason::Drained)));
}

#[test]
fn smpp_3_3_gets_no_parameters_and_no_long_text() {
    let mut pair = bound_as(BindMode::Receiver, 0x33);
    let long = Delivery { short_message: vec![b'x'; 255], ..delivery(2) };
    pair.toy.deliver([delivery(1), long, delivery(3)]);
    let sent = pair.drive();
    assert_eq!(sent.len(), 2);
    assert!(sent.iter().all(|sent| deliver_sm(sent).tlvs().is_empty()));
    assert_eq!(outcomes(&pair), [(2, DeliveryOutcome::Refused(0x01))]);
}

#[test]
fn a_long_text_goes_as_message_payload() {
    let mut pair = receiving(10);
    for (length, in_payload) in [(254, false), (255, true), (65_535, true)] {
        let text = vec![b'x'; length];
        pair.toy.deliver([Delivery { short_message: text.clone(), ..delivery(1) }]);
        let deliver = deliver_sm(&pair.drive()[0]);
        let payload = deliver.tlvs().iter().find(|tlv| tlv.tag() == TlvTag::MessagePayload);
        assert_eq!(payload.map(|tlv| usize::from(tlv.value_length())), in_payload.then_some(length));
        assert_eq!(deliver.short_message().as_ref().len(), if in_payload { 0 } else { length });
    }
    pair.toy.deliver([Delivery { short_message: vec![0; 65_536], ..delivery(7) }]);
    assert_eq!(pair.drive(), []);
    assert_eq!(outcomes(&pair), [(7, DeliveryOutcome::Refused(0x01))]);
}

#[test]
fn odd_addresses_are_cut_to_what_the_standard_allows() {
    let mut pair = receiving(10);
    let digits = |digits: &[u8]| OwnedAddress { ton: 0, npi: 0, digits: digits.to_vec() };
    let source = digits(b"1234567890123456789012345");
    pair.toy.deliver([Delivery { source, destination: digits(b"12\x0034"), ..delivery(1) }]);
    let deliver = deliver_sm(&pair.drive()[0]);
    assert_eq!(deliver.source_addr.as_str(), "12345678901234567890");
    assert_eq!(deliver.destination_addr.as_str(), "12");
}

#[test]
fn a_peer_that_does_not_read_gets_no_more_deliveries() {
    let config = SessionConfig { output_length_max: 1000, ..SessionConfig::default() };
    let mut pair = Pair::with_config(toy(10), config);
    pair.send(&peer::bind(1));
    pair.reads = Some(0);
    let mut answered = 0;
    for round in 0..20 {
        pair.toy.deliver(deliveries(100 - round));
        pair.drive();
        answered += 10;
        pair.send(&list((answered - 9..=answered).flat_map(answer)));
    }
    assert!(pair.session.output().len() < 1000 + 10 * 200, "one window beyond the limit at most");
}

#[test]
fn deliveries_and_our_other_requests_share_sequence_numbers() {
    let mut pair = receiving(10);
    pair.toy.deliver(deliveries(1));
    assert_eq!(sequences(&pair.drive()), [1]);
    pair.send(&answer(1));
    assert_eq!(headers(&pair.pass(30)), [(CommandId::EnquireLink, 0, 2)]);
    pair.toy.deliver([delivery(2)]);
    assert_eq!(sequences(&pair.drive()), [3]);
    pair.send(&raw_with_status(GENERIC_NACK, 3, 2));
    pair.send(&raw_with_status(GENERIC_NACK, 3, 3));
    assert_eq!(outcomes(&pair), [(1, ACCEPTED), (2, DeliveryOutcome::Refused(3))]);
    pair.assert_alive();
}

#[test]
fn submits_and_deliveries_do_not_wait_for_one_another() {
    let mut pair = receiving(1);
    pair.toy.deliver(deliveries(2));
    pair.drive();
    let answers = pair.send(&submits(2, 50));
    assert_eq!(answers.len(), 50);
    assert_eq!(pair.session.delivery_room(), 0);
}

#[test]
fn an_id_may_be_anything_and_an_answer_may_be_withheld() {
    let toy = ToyBindHandler::with_window(2);
    let command = CommandId::SubmitSm;
    toy.lock().replies = vec![
        Reply::Withheld { command },
        Reply::Withheld { command },
        Reply::SubmittedAs { command, message_id: (*b"0000F47A-C10B").into() },
    ];
    let mut pair = Pair::bound_to(toy);
    let answers = pair.send(&[submits(2, 3), enquire_link(5)].concat());
    assert_eq!(headers(&answers), [(CommandId::EnquireLinkResp, 0, 5), (CommandId::SubmitSmResp, 0, 4)]);
    match answers[1].pdu() {
        Some(Pdu::SubmitSmResp(resp)) => assert_eq!(resp.message_id().as_str(), "0000F47A-C10B"),
        other => panic!("{other:?}"),
    }
    assert_eq!(pair.session.in_flight(), 0);
}
