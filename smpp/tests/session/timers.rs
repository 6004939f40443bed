//! The timers of SMPP 3.4 §7.2, to the second.

use std::time::Duration;

use rusmpp::{CommandId, CommandStatus, Pdu};
use tollgate_smpp::session::{CloseReason, SessionConfig, TimerConfig};

use crate::support::pair::Pair;
use crate::support::peer::{self, bind, enquire_link, headers, submit_sm, submits};
use crate::support::toy_bind_handler::ToyBindHandler;

const ENQUIRY: (CommandId, u32, u32) = (CommandId::EnquireLink, 0, 1);

fn answer_enquiry(sequence: u32) -> Vec<u8> {
    peer::request(sequence, Pdu::EnquireLinkResp)
}

fn with_timers(timers: TimerConfig) -> Pair {
    let config = SessionConfig { timers, ..SessionConfig::default() };
    let mut pair = Pair::with_config(ToyBindHandler::default(), config);
    pair.send(&bind(1));
    pair
}

#[test]
fn a_connection_that_does_not_bind_is_closed_after_ten_seconds() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.pass(9);
    pair.send(&enquire_link(1));
    assert_eq!(pair.finished(), None);
    assert_eq!(pair.pass(1), [], "an enquire_link is no bind");
    assert_eq!(pair.finished(), Some(CloseReason::NotBound));
}

#[test]
fn the_time_that_the_handler_takes_over_a_bind_is_not_the_peers() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.pass(8);
    pair.hold_bind = true;
    pair.send(&peer::bind_as(tollgate_smpp::BindMode::Transceiver, 1, "guess", 0x34));
    pair.pass(20);
    pair.decide_bind();
    pair.drive();
    pair.pass(1);
    assert_eq!(pair.finished(), None, "nine seconds of its own");
    pair.pass(1);
    assert_eq!(pair.finished(), Some(CloseReason::NotBound));
}

#[test]
fn a_silent_peer_is_asked_after_thirty_seconds_and_closed_after_sixty() {
    let mut pair = Pair::bound();
    assert_eq!(headers(&pair.pass(29)), []);
    assert_eq!(headers(&pair.pass(1)), [ENQUIRY]);
    assert_eq!(headers(&pair.pass(29)), []);
    assert_eq!(pair.finished(), None);
    pair.pass(1);
    assert_eq!(pair.finished(), Some(CloseReason::Unanswered));
}

#[test]
fn a_peer_that_answers_is_asked_again_and_again() {
    let mut pair = Pair::bound();
    for sequence in 1..=100 {
        assert_eq!(headers(&pair.pass(30)), [(CommandId::EnquireLink, 0, sequence)]);
        assert_eq!(pair.send(&answer_enquiry(sequence)), []);
    }
    assert_eq!(pair.counted(|counts| counts.enquiries), 100);
    assert_eq!(pair.counted(|counts| counts.unknown_responses), 0);
}

#[test]
fn a_generic_nack_shows_that_the_peer_lives() {
    let mut pair = Pair::bound();
    pair.pass(30);
    pair.send(&peer::encode(CommandStatus::EsmeRinvcmdid, 1, Pdu::GenericNack));
    assert_eq!(headers(&pair.pass(30)), [(CommandId::EnquireLink, 0, 2)]);
}

#[test]
fn an_answer_to_another_enquiry_does_not_count() {
    let mut pair = Pair::bound();
    pair.pass(30);
    pair.send(&answer_enquiry(77));
    pair.pass(30);
    assert_eq!(pair.finished(), Some(CloseReason::Unanswered));
    assert_eq!(pair.counted(|counts| counts.unknown_responses), 1);
}

#[test]
fn traffic_puts_the_question_off() {
    let mut pair = Pair::bound();
    for sequence in 2..12 {
        assert_eq!(headers(&pair.pass(29)), []);
        pair.send(&submit_sm(sequence));
    }
    assert_eq!(headers(&pair.pass(30)), [ENQUIRY]);
}

#[test]
fn without_enquiries_a_silent_peer_is_unbound_after_two_minutes() {
    let mut pair = with_timers(TimerConfig { enquire_link: Duration::MAX, ..TimerConfig::default() });
    assert_eq!(headers(&pair.pass(119)), []);
    assert_eq!(headers(&pair.pass(1)), [(CommandId::Unbind, 0, 1)]);
    assert_eq!(pair.finished(), None);
    pair.send(&peer::request(1, Pdu::UnbindResp));
    assert_eq!(pair.finished(), Some(CloseReason::Inactive));
}

#[test]
fn timers_of_the_longest_duration_are_off() {
    let off = Duration::MAX;
    let timers = TimerConfig {
        session_init: off,
        enquire_link: off,
        inactivity: off,
        response: off,
        partial_pdu: off,
        write_stall: off,
    };
    let mut pair = with_timers(timers);
    assert_eq!(pair.session.next_deadline(), None);
    pair.send(&enquire_link(2)[..10]);
    assert_eq!(pair.session.next_deadline(), None);
}

#[test]
fn a_pdu_that_does_not_end_closes_the_session_after_ten_seconds() {
    let mut pair = Pair::bound();
    let pdu = submit_sm(2);
    for octet in &pdu[..9] {
        pair.send(&[*octet]);
        pair.pass(1);
    }
    assert_eq!(pair.finished(), None);
    pair.send(&pdu[9..10]);
    pair.pass(1);
    assert_eq!(pair.finished(), Some(CloseReason::PartialPdu), "an octet a second does not put it off");
}

#[test]
fn a_pdu_that_ends_in_time_starts_the_next_ones_time_afresh() {
    let mut pair = Pair::bound();
    let (first, second) = (submit_sm(2), submit_sm(3));
    pair.send(&first[..20]);
    pair.pass(9);
    let answers = pair.send(&[&first[20..], &second[..20]].concat());
    assert_eq!(headers(&answers), [(CommandId::SubmitSmResp, 0, 2)]);
    pair.pass(9);
    assert_eq!(headers(&pair.send(&second[20..])), [(CommandId::SubmitSmResp, 0, 3)]);
    pair.pass(20);
    assert_eq!(pair.finished(), None);
}

#[test]
fn a_peer_that_takes_nothing_is_closed_after_thirty_seconds() {
    let mut pair = Pair::bound();
    pair.reads = Some(0);
    pair.send(&submits(2, 10));
    pair.pass(29);
    assert_eq!(pair.finished(), None);
    pair.pass(1);
    assert_eq!(pair.finished(), Some(CloseReason::WriteStalled));
}

#[test]
fn a_peer_that_takes_an_octet_now_and_then_is_not() {
    let mut pair = Pair::bound();
    pair.reads = Some(0);
    pair.send(&submits(2, 10));
    for _ in 0..20 {
        pair.pass(20);
        pair.take_one_octet();
    }
    assert_eq!(pair.finished(), None);
}

#[test]
fn while_the_window_is_full_the_peer_is_held_to_nothing() {
    let toy = ToyBindHandler::with_window(1);
    toy.lock().hold = true;
    let mut pair = Pair::bound_to(toy);
    pair.pass(20);
    pair.send(&submits(2, 3));
    assert_eq!(headers(&pair.pass(3600)), []);
    assert_eq!(pair.finished(), None);

    pair.toy.release();
    assert_eq!(pair.drive().len(), 3);
    assert_eq!(headers(&pair.pass(29)), []);
    assert_eq!(headers(&pair.pass(1)), [ENQUIRY], "its silence counts from the last of its requests");
}
