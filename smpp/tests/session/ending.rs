//! Tests of the ends of sessions: by the peer, by us, by silence, by accident.

use rusmpp::{CommandId, CommandStatus, Pdu};
use tollgate_smpp::BindMode;
use tollgate_smpp::session::CloseReason;

use crate::support::pair::Pair;
use crate::support::peer::{
    self, bind, bind_as, enquire_link, headers, raw_with_length, submit_sm, submits, unbind,
};
use crate::support::toy_bind_handler::ToyBindHandler;

fn holding() -> Pair {
    let toy = ToyBindHandler::default();
    toy.lock().hold = true;
    Pair::bound_to(toy)
}

const OUR_UNBIND: (CommandId, u32, u32) = (CommandId::Unbind, 0, 1);

#[test]
fn an_unbind_is_answered_after_everything_before_it() {
    let mut pair = holding();
    assert_eq!(pair.send(&[submits(2, 3), unbind(5), submit_sm(6)].concat()), []);
    assert_eq!(pair.finished(), None);

    pair.toy.release();
    let answers = headers(&pair.drive());
    let submitted = |sequence| (CommandId::SubmitSmResp, 0, sequence);
    assert_eq!(answers, [submitted(2), submitted(3), submitted(4), (CommandId::UnbindResp, 0, 5)]);
    assert_eq!(pair.finished(), Some(CloseReason::PeerUnbound));
    assert_eq!(pair.toy.sequences(), [2, 3, 4], "what follows an unbind is not looked at");
}

#[test]
fn an_unbind_is_answered_in_the_end_even_if_the_handler_is_not_done() {
    let mut pair = holding();
    pair.send(&[submit_sm(2), unbind(3)].concat());
    assert_eq!(headers(&pair.pass(29)), []);
    assert_eq!(headers(&pair.pass(1)), [(CommandId::UnbindResp, 0, 3)]);
    assert_eq!(pair.finished(), Some(CloseReason::PeerUnbound));
}

#[test]
fn the_connection_stays_until_the_unbind_resp_is_written() {
    let mut pair = Pair::bound();
    pair.reads = Some(0);
    pair.send(&unbind(2));
    assert_eq!(pair.finished(), None);
    pair.reads = None;
    assert_eq!(headers(&pair.drive()), [(CommandId::UnbindResp, 0, 2)]);
    assert_eq!(pair.finished(), Some(CloseReason::PeerUnbound));
}

#[test]
fn a_peer_that_closes_its_side_still_gets_its_answers() {
    let mut pair = holding();
    pair.send(&submits(2, 2));
    assert_eq!(pair.end(), []);
    assert_eq!(pair.finished(), None);
    pair.toy.release();
    assert_eq!(headers(&pair.drive()), [(CommandId::SubmitSmResp, 0, 2), (CommandId::SubmitSmResp, 0, 3)]);
    assert_eq!(pair.finished(), Some(CloseReason::PeerClosed));
}

#[test]
fn a_connection_without_a_bind_ends_at_once() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.end();
    assert_eq!(pair.finished(), Some(CloseReason::PeerClosed));

    let mut pair = Pair::new(ToyBindHandler::default());
    assert_eq!(pair.drain(), []);
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
}

#[test]
fn a_drain_answers_then_unbinds_then_closes() {
    let mut pair = holding();
    pair.send(&submits(2, 2));
    assert_eq!(pair.drain(), [], "not before the answers");
    pair.toy.release();
    let answers = headers(&pair.drive());
    assert_eq!(answers, [(CommandId::SubmitSmResp, 0, 2), (CommandId::SubmitSmResp, 0, 3), OUR_UNBIND]);
    assert_eq!(pair.finished(), None);

    assert_eq!(pair.send(&peer::request(1, Pdu::UnbindResp)), []);
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
}

#[test]
fn requests_during_a_drain_are_refused_for_another_try() {
    let mut pair = holding();
    pair.send(&submit_sm(2));
    pair.drain();
    assert_eq!(headers(&pair.send(&submit_sm(3))), [(CommandId::SubmitSmResp, 0x08, 3)]);
    pair.assert_alive();

    pair.toy.release();
    assert_eq!(headers(&pair.drive()), [(CommandId::SubmitSmResp, 0, 2), OUR_UNBIND]);
    assert_eq!(
        headers(&pair.send(&submit_sm(4))),
        [(CommandId::SubmitSmResp, 0x08, 4)],
        "after our unbind too"
    );
    assert_eq!(pair.toy.sequences(), [2]);
}

#[test]
fn a_drained_peer_that_does_not_answer_our_unbind_is_closed() {
    let mut pair = Pair::bound();
    assert_eq!(headers(&pair.drain()), [OUR_UNBIND]);
    pair.pass(29);
    assert_eq!(pair.finished(), None);
    pair.pass(1);
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
}

#[test]
fn closing_and_a_generic_nack_answer_our_unbind_too() {
    let mut pair = Pair::bound();
    pair.drain();
    pair.end();
    assert_eq!(pair.finished(), Some(CloseReason::Drained));

    let mut pair = Pair::bound();
    pair.drain();
    pair.send(&peer::encode(CommandStatus::EsmeRinvcmdid, 1, Pdu::GenericNack));
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
}

#[test]
fn an_unbind_that_crosses_ours_is_answered() {
    let mut pair = Pair::bound();
    assert_eq!(headers(&pair.drain()), [OUR_UNBIND]);
    assert_eq!(headers(&pair.send(&unbind(9))), [(CommandId::UnbindResp, 0, 9)]);
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
}

#[test]
fn a_bind_that_waits_when_the_drain_begins_fails() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.hold_bind = true;
    pair.send(&bind(1));
    assert_eq!(headers(&pair.drain()), [(CommandId::BindTransceiverResp, 0x0D, 1)]);
    assert_eq!(pair.finished(), Some(CloseReason::Drained));
}

#[test]
fn a_length_that_no_pdu_has_is_nacked_and_ends_the_session() {
    for (length, sequence) in [(0, 0), (15, 0), (70_001, 9), (0x7FFF_FFFF, 9), (u32::MAX, 9)] {
        let mut pair = Pair::bound();
        let broken = raw_with_length(length, 0x04, 9, b"");
        let answers = pair.send(&[submit_sm(2), broken, submit_sm(3)].concat());
        let nack = (CommandId::GenericNack, 0x02, sequence);
        assert_eq!(
            headers(&answers),
            [nack, (CommandId::SubmitSmResp, 0, 2)],
            "{length}: what came before is answered"
        );
        assert_eq!(pair.finished(), Some(CloseReason::BrokenFrame));
    }
}

#[test]
fn octets_of_another_protocol_end_the_session() {
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: tollgate\r\n\r\n"[..],
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03aaaaaaaa",
    ] {
        let mut pair = Pair::new(ToyBindHandler::default());
        let answers = pair.send(garbage);
        assert_eq!(answers.len(), 1);
        assert_eq!((answers[0].id(), u32::from(answers[0].status())), (CommandId::GenericNack, 0x02));
        assert_eq!(pair.finished(), Some(CloseReason::BrokenFrame));
    }
}

#[test]
fn a_stop_and_a_lost_connection_wait_for_nothing() {
    for lost in [false, true] {
        let mut pair = Pair::bound();
        pair.reads = Some(0);
        pair.send(&[submit_sm(2), unbind(3)].concat());
        assert_eq!(pair.finished(), None, "its last answers are not written yet");
        if lost {
            pair.session.handle_connection_lost();
        } else {
            pair.session.stop();
        }
        let reason = if lost { CloseReason::ConnectionLost } else { CloseReason::Stopped };
        assert_eq!(pair.session.finished(), Some(reason));
    }
}

#[test]
fn the_handlers_side_of_a_session_outlives_the_last_answer_only() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.send(&bind_as(BindMode::Transmitter, 1, peer::PASSWORD, 0x34));
    let toy = pair.toy.clone();
    assert_eq!(toy.sessions(), 1);
    pair.send(&enquire_link(2));
    drop(pair);
    assert_eq!(toy.sessions(), 0);
}
