//! The window, and other reasons for not reading on.

use rusmpp::{Command, CommandId, Pdu};
use tollgate_smpp::session::SessionConfig;

use crate::support::pair::Pair;
use crate::support::peer::{self, bind, enquire_link, headers, list, submit_sm, submits};
use crate::support::toy_bind_handler::{FIRST_ID, ToyBindHandler};

fn holding(window: u32) -> Pair {
    let toy = ToyBindHandler::with_window(window);
    toy.lock().hold = true;
    Pair::bound_to(toy)
}

#[test]
fn a_full_window_stops_reading_and_answers_open_it() {
    let mut pair = holding(10);
    assert_eq!(pair.send(&submits(2, 25)), []);
    assert_eq!(pair.toy.sequences(), list(2..12), "ten and no more reach the handler");
    assert!(!pair.session.wants_input());
    assert_eq!(pair.unread(), 15 * submit_sm(2).len());

    pair.toy.release();
    let answered: Vec<u32> = pair.drive().iter().map(Command::sequence_number).collect();
    assert_eq!(answered, list(2..27), "all of them, once each");
    assert!(pair.session.wants_input());
    assert_eq!(pair.counted(|counts| counts.window_full), 2, "ten and ten; the last five left room");
}

#[test]
fn an_enquire_link_behind_a_full_window_waits() {
    let mut pair = holding(1);
    assert_eq!(pair.send(&[submit_sm(2), enquire_link(3)].concat()), []);
    pair.toy.release();
    let answers = headers(&pair.drive());
    assert_eq!(answers, [(CommandId::SubmitSmResp, 0, 2), (CommandId::EnquireLinkResp, 0, 3)]);
}

#[test]
fn refusals_take_no_place_in_the_window() {
    let mut pair = holding(1);
    let refused: Vec<u8> =
        (2..50).flat_map(|sequence| peer::request(sequence, peer::submit("0000", b"no route"))).collect();
    assert_eq!(pair.send(&refused).len(), 48);
    assert_eq!(pair.session.in_flight(), 0);
}

#[test]
fn answers_may_come_in_any_order_and_sequence_numbers_may_be_anything() {
    let mut pair = holding(10);
    let sequences = [0, 1, 0x7FFF_FFFF, 0x8000_0000, u32::MAX, 5, 5];
    pair.send(&sequences.map(submit_sm).concat());
    pair.toy.lock().reversed = true;
    pair.toy.release();
    let answers = pair.drive();
    let answered: Vec<u32> = answers.iter().map(Command::sequence_number).collect();
    assert_eq!(answered, list(sequences.into_iter().rev()));

    let ids = answers.iter().map(|answer| match answer.pdu() {
        Some(Pdu::SubmitSmResp(resp)) => resp.message_id().as_str().parse::<u64>().unwrap(),
        other => panic!("{other:?}"),
    });
    assert_eq!(list(ids), list((FIRST_ID..FIRST_ID + 7).rev()));
}

#[test]
fn a_full_handler_stops_reading_while_answers_still_go_out() {
    let mut pair = Pair::bound();
    pair.toy.set_full(true);
    assert_eq!(headers(&pair.send(&submit_sm(2))), [(CommandId::SubmitSmResp, 0, 2)]);
    assert_eq!(pair.send(&submit_sm(3)), []);
    assert_eq!(pair.toy.sequences(), [2]);

    pair.toy.set_full(false);
    assert_eq!(headers(&pair.drive()), [(CommandId::SubmitSmResp, 0, 3)]);
}

#[test]
fn a_peer_that_does_not_read_is_not_read_either() {
    let config = SessionConfig { output_length_max: 1000, ..SessionConfig::default() };
    let mut pair = Pair::with_config(ToyBindHandler::default(), config);
    pair.send(&bind(1));
    pair.reads = Some(0);
    for _ in 0..20 {
        pair.send(&submits(2, 100));
    }
    let longest_answer = 16 + 20;
    assert!(!pair.session.wants_input());
    assert!(
        pair.session.output().len() <= 1000 + 1000 * longest_answer,
        "one window beyond the limit at most"
    );
    assert!(pair.toy.sequences().len() < 1100);

    pair.reads = None;
    assert_eq!(pair.drive().len(), 2000, "and all is answered once it reads again");
}
