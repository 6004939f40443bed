//! Tests of enquiries and time-outs of a link.

use rusmpp::{CommandId, Pdu};
use tollgate_smpp::link::LinkDown;

use crate::support::operator::{Operator, deliver_sm, submit_resp};
use crate::support::peer::{headers, list, raw, raw_with_status, request};
use crate::support::toy_link_handler::Event;

#[test]
fn a_silent_operator_is_asked_and_one_that_answers_is_kept() {
    let mut operator = Operator::bound();
    assert_eq!(operator.pass(29), []);
    for sequence in 2..5 {
        assert_eq!(headers(&operator.pass(1)), [(CommandId::EnquireLink, 0, sequence)]);
        operator.send(&request(sequence, Pdu::EnquireLinkResp));
        assert_eq!(operator.pass(29), []);
    }
    assert_eq!(operator.counted(|counts| counts.enquiries), 3);
    assert_eq!(operator.finished(), None);
}

#[test]
fn some_answer_an_enquire_link_with_a_generic_nack() {
    let mut operator = Operator::bound();
    operator.pass(30);
    operator.send(&raw_with_status(0x8000_0000, 0x03, 2));
    operator.pass(29);
    assert_eq!(operator.finished(), None);
}

#[test]
fn one_that_does_not_answer_is_dead_and_what_it_has_is_handed_back() {
    let mut operator = Operator::bound();
    operator.pass(25);
    operator.submit([1, 2, 3]);
    operator.send(&submit_resp(3, "id"));
    operator.handler.take_events();
    assert_eq!(headers(&operator.pass(30)), [(CommandId::EnquireLink, 0, 5)]);
    let timed_out = [Event::TimedOut(1), Event::TimedOut(3)];
    assert_eq!(operator.handler.take_events(), timed_out, "they are older than the enquire_link");
    operator.submit([4]);
    operator.pass(30);
    assert_eq!(operator.handler.take_events(), [Event::Unbound(LinkDown::Unanswered, vec![4])]);
}

#[test]
fn each_message_has_its_own_time_and_is_told_once() {
    let mut operator = Operator::bound();
    operator.submit([1]);
    operator.pass(10);
    operator.submit([2, 3]);
    operator.send(&deliver_sm(1, 0, "so that it is not silent"));
    operator.pass(10);
    operator.send(&deliver_sm(2, 0, "nor later"));
    operator.handler.take_events();

    operator.pass(9);
    assert_eq!(operator.handler.take_events(), []);
    operator.pass(1);
    assert_eq!(operator.handler.take_events(), [Event::TimedOut(1)]);
    operator.send(&submit_resp(2, "too late"));
    assert_eq!(operator.handler.take_events(), []);
    assert_eq!(operator.counted(|counts| counts.late_responses), 1);
    assert_eq!(operator.counted(|counts| counts.timed_out), 1);

    operator.send(&submit_resp(4, "in time"));
    operator.pass(10);
    let told = [Event::Answered(3, 0, "in time".to_owned()), Event::TimedOut(2)];
    assert_eq!(operator.handler.take_events(), told);
    assert_eq!((operator.session.in_flight(), operator.finished()), (0, None));
}

#[test]
fn the_place_of_a_message_that_timed_out_is_free_again() {
    let mut operator = Operator::bound();
    assert_eq!(operator.submit(0..250).len(), 100);
    operator.pass(29);
    operator.send(&deliver_sm(1, 0, "it is there, but it does not answer"));
    assert_eq!(operator.pass(1).len(), 100);
    let timed_out = operator.handler.lock().count(|event| matches!(event, Event::TimedOut(_)));
    assert_eq!(timed_out, 100);
    assert!(operator.handler.lock().flushes > 0, "and the handler may act on them");
}

#[test]
fn a_pdu_that_does_not_end_ends_the_link() {
    let mut operator = Operator::bound();
    operator.pass(10);
    operator.send(&submit_resp(2, "id")[..18]);
    operator.pass(5);
    operator.submit([1]);
    operator.pass(24);
    assert_eq!(operator.finished(), None);
    operator.pass(1);
    assert_eq!(operator.handler.take_events(), [Event::Unbound(LinkDown::PartialPdu, vec![1])]);
}

#[test]
fn an_operator_that_does_not_read_is_given_up() {
    let mut operator = Operator::bound();
    operator.reads = Some(0);
    operator.submit([1]);
    operator.pass(15);
    operator.send(&deliver_sm(1, 0, "it sends"));
    operator.handler.take_events();
    operator.pass(14);
    assert_eq!(operator.finished(), None);
    operator.pass(1);
    assert!(matches!(operator.finished(), Some(LinkDown::WriteStalled)), "{:?}", operator.finished());
}

#[test]
fn an_operator_that_asks_and_does_not_read_is_not_listened_to_for_ever() {
    let mut operator = Operator::bound();
    operator.reads = Some(0);
    let flood: Vec<u8> = (0..20_000).flat_map(|sequence| raw(0x15, sequence, b"")).collect();
    operator.send(&flood);
    assert!(!operator.session.wants_input());
    assert!(operator.session.output().len() <= 256 * 1024);
    operator.reads = None;
    let answers = operator.drive();
    assert_eq!(list(answers.iter().map(rusmpp::Command::sequence_number)), list(0..20_000));
}
