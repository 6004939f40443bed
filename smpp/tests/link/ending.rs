//! The ends of a link: asked for, by the operator, and by accident.

use std::io::ErrorKind;

use rusmpp::{CommandId, Pdu};
use tollgate_smpp::link::LinkDown;

use crate::support::operator::{Operator, deliver_sm, submit_resp};
use crate::support::peer::{headers, raw, raw_with_length, request, unbind};
use crate::support::toy_link_handler::Event;

fn unbound(reason: LinkDown, unanswered: &[u64]) -> [Event; 1] {
    [Event::Unbound(reason, unanswered.to_vec())]
}

#[test]
fn a_closed_connection_hands_everything_back_at_once_and_in_order() {
    let mut operator = Operator::bound();
    operator.submit(1..=5);
    operator.send(&[submit_resp(4, "c"), submit_resp(2, "a")].concat());
    operator.handler.take_events();
    operator.end();
    assert_eq!(operator.handler.take_events(), unbound(LinkDown::PeerClosed, &[2, 4, 5]));

    let mut operator = Operator::bound();
    operator.submit([1]);
    operator.session.handle_connection_lost(ErrorKind::ConnectionReset);
    operator.drive();
    let lost = LinkDown::ConnectionLost(ErrorKind::ConnectionReset);
    assert_eq!(operator.handler.take_events(), unbound(lost, &[1]));
}

#[test]
fn answers_that_came_before_the_end_count() {
    let mut operator = Operator::bound();
    operator.submit([1, 2]);
    operator.send(&[submit_resp(2, "a"), submit_resp(3, "b"), unbind(7)].concat());
    let events = operator.handler.take_events();
    assert_eq!(events.last(), Some(&Event::Unbound(LinkDown::PeerUnbound, vec![])));
    assert_eq!(events.len(), 3);
}

#[test]
fn an_operator_that_unbinds_is_answered_and_given_a_moment_for_its_answers() {
    let mut operator = Operator::bound();
    operator.submit([1, 2]);
    assert_eq!(headers(&operator.send(&unbind(7))), [(CommandId::UnbindResp, 0, 7)]);
    assert_eq!(operator.submit([3]), [], "it gets no more");
    operator.send(&submit_resp(2, "a"));
    assert_eq!(operator.finished(), None);
    operator.pass(1);
    let expected = [Event::Answered(1, 0, "a".to_owned()), Event::Unbound(LinkDown::PeerUnbound, vec![2])];
    assert_eq!(operator.handler.take_events(), expected);
}

#[test]
fn a_broken_frame_ends_the_link_with_a_word() {
    for length in [0, 15, 70_001, u32::MAX] {
        let mut operator = Operator::bound();
        operator.submit([1]);
        let nack = operator.send(&raw_with_length(length, 0x8000_0004, 2, b"id\0"));
        assert_eq!(nack[0].id(), CommandId::GenericNack);
        assert_eq!(operator.handler.take_events(), unbound(LinkDown::BrokenFrame, &[1]), "{length}");
    }
}

#[test]
fn a_drain_waits_for_answers_and_acknowledgements_and_unbinds() {
    let mut operator = Operator::bound();
    operator.handler.lock().hold_acks = true;
    operator.submit([1]);
    operator.send(&deliver_sm(50, 4, "id:1 stat:DELIVRD"));
    assert_eq!(operator.drain(20), []);
    assert_eq!(operator.submit([2]), [], "no new messages");
    assert_eq!(operator.send(&submit_resp(2, "a")), [], "a receipt is still to be acknowledged");
    let refused = operator.send(&deliver_sm(51, 4, "id:1 stat:DELIVRD"));
    assert_eq!(headers(&refused), [(CommandId::DeliverSmResp, 0x64, 51)], "no new receipts");

    operator.handler.release();
    let expected = [(CommandId::DeliverSmResp, 0, 50), (CommandId::Unbind, 0, 3)];
    assert_eq!(headers(&operator.drive()), expected);
    operator.handler.take_events();
    operator.send(&request(3, Pdu::UnbindResp));
    assert_eq!(operator.handler.take_events(), unbound(LinkDown::Stopped, &[]));
}

#[test]
fn a_drain_takes_no_longer_than_it_may() {
    let mut operator = Operator::bound();
    operator.submit([1, 2]);
    operator.drain(5);
    assert_eq!(operator.pass(4), []);
    assert_eq!(headers(&operator.pass(1)), [(CommandId::Unbind, 0, 4)], "it is told all the same");
    assert_eq!(operator.handler.take_events(), unbound(LinkDown::Stopped, &[1, 2]));
}

#[test]
fn an_unbind_is_answered_in_many_ways() {
    for answer in [Some(request(2, Pdu::UnbindResp)), Some(raw(0x8000_0000, 2, b"")), Some(unbind(9)), None] {
        let mut operator = Operator::bound();
        assert_eq!(headers(&operator.drain(20)), [(CommandId::Unbind, 0, 2)]);
        assert_eq!(operator.finished(), None);
        match &answer {
            Some(answer) => drop(operator.send(answer)),
            None => operator.end(),
        }
        assert_eq!(operator.handler.take_events(), unbound(LinkDown::Stopped, &[]), "{answer:?}");
    }
    let mut operator = Operator::bound();
    operator.drain(20);
    operator.pass(20);
    assert_eq!(operator.handler.take_events(), unbound(LinkDown::Stopped, &[]));
}

#[test]
fn a_stop_is_at_once() {
    let mut operator = Operator::bound();
    operator.submit([1]);
    operator.session.stop();
    operator.drive();
    assert_eq!(operator.handler.take_events(), unbound(LinkDown::Stopped, &[1]));
    operator.session.handle_end_of_stream();
    assert_eq!(operator.session.finished(), Some(&LinkDown::Stopped), "the first reason counts");
}
