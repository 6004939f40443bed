//! Messages to an operator and its answers: the window, what is on the wire, and what operators do to it.

use rusmpp::tlvs::TlvTag;
use rusmpp::{Command, CommandId, Pdu};
use tollgate_smpp::BindMode;
use tollgate_smpp::link::{CannotSend, LinkConfig};

use crate::support::operator::{Operator, bind_resp, config, pdu, submit_resp};
use crate::support::peer::{headers, list, raw, raw_with_status};
use crate::support::toy_link_handler::{Event, Message, message};

fn with_window(window: u32) -> Operator {
    Operator::bound_with(LinkConfig { window, ..config() })
}

fn sequences(commands: &[Command]) -> Vec<u32> {
    commands.iter().map(Command::sequence_number).collect()
}

/// The text on the wire, and the tags of the parameters.
fn sent(operator: &mut Operator, message: Message) -> (Vec<u8>, Vec<u16>) {
    operator.handler.send_each([(1, message)]);
    let commands = operator.drive();
    let [command] = &commands[..] else { panic!("{commands:?}") };
    let Pdu::SubmitSm(submit) = pdu(command) else { panic!("{command:?}") };
    let tags = submit.tlvs().iter().map(|tlv| tlv.tag().into()).collect();
    (submit.short_message().as_ref().to_vec(), tags)
}

#[test]
fn the_window_is_used_to_the_last_place_and_no_further() {
    let mut operator = with_window(3);
    assert_eq!(sequences(&operator.submit(1..=5)), [2, 3, 4]);
    assert_eq!((operator.session.in_flight(), operator.session.room()), (3, 0));
    assert_eq!(sequences(&operator.send(&submit_resp(3, "b"))), [5]);
    let rest = [submit_resp(5, "d"), submit_resp(2, "a"), submit_resp(4, "c")].concat();
    assert_eq!(sequences(&operator.send(&rest)), [6]);
    operator.send(&submit_resp(6, "e"));
    let answered = [(2, "b"), (4, "d"), (1, "a"), (3, "c"), (5, "e")];
    let answered = answered.map(|(token, id)| Event::Answered(token, 0, id.to_owned()));
    assert_eq!(operator.handler.take_events(), answered);
    assert_eq!(operator.session.in_flight(), 0);
}

#[test]
fn a_large_window_goes_out_in_writes_of_a_bounded_size() {
    let mut operator = with_window(10_000);
    operator.reads = Some(0);
    operator.submit(0..10_000);
    let waiting = operator.session.output().len();
    assert!((64 * 1024..65 * 1024).contains(&waiting), "{waiting}");
    assert_eq!(operator.session.room(), 0);
    operator.reads = None;
    assert_eq!(operator.drive().len(), 10_000);
}

#[test]
fn answers_come_with_or_without_body_nul_or_parameters() {
    let mut operator = with_window(100);
    operator.submit(1..=9);
    let long = "x".repeat(300);
    for (sequence, body) in [
        (2, &b""[..]),
        (3, b"\0"),
        (4, b"id\0"),
        (5, b"id"),
        (6, b"id\0\x14\x22\0\x040.05"),
        (7, b"id\0\0\0"),
        (8, long.as_bytes()),
    ] {
        operator.send(&raw(0x8000_0004, sequence, body));
    }
    operator.send(&raw_with_status(0x8000_0004, 0x58, 9));
    let mut error_with_body = raw(0x8000_0004, 10, b"ignored?\0");
    error_with_body[11] = 0x14;
    operator.send(&error_with_body);
    let cut = "x".repeat(255);
    let answered = [
        (1, 0, ""),
        (2, 0, ""),
        (3, 0, "id"),
        (4, 0, "id"),
        (5, 0, "id"),
        (6, 0, "id"),
        (7, 0, &cut),
        (8, 0x58, ""),
        (9, 0x14, "ignored?"),
    ];
    let answered = answered.map(|(token, status, id)| Event::Answered(token, status, id.to_owned()));
    assert_eq!(operator.handler.take_events(), answered);
}

#[test]
fn a_generic_nack_answers_the_message_that_it_names_and_no_other() {
    let mut operator = with_window(10);
    operator.submit([1, 2, 3]);
    operator.send(&raw_with_status(0x8000_0000, 0x03, 3));
    operator.send(&raw_with_status(0x8000_0000, 0, 4));
    operator.send(&raw_with_status(0x8000_0000, 0x01, 0));
    operator.send(&raw_with_status(0x8000_0000, 0x01, 77));
    let answered = [Event::Answered(2, 0x03, String::new()), Event::Answered(3, 0xFF, String::new())];
    assert_eq!(operator.handler.take_events(), answered);
    assert_eq!(operator.session.in_flight(), 1);
    assert_eq!(operator.counted(|counts| counts.unknown_responses), 2);
}

#[test]
fn an_answer_counts_once_and_only_under_its_own_name() {
    let mut operator = with_window(10);
    operator.submit([1]);
    operator.send(&raw(0x8000_0103, 2, b"id\0"));
    assert_eq!(operator.handler.take_events(), [], "a data_sm_resp answers no submit_sm");
    operator.send(&[submit_resp(2, "id"), submit_resp(2, "id"), submit_resp(3, "id")].concat());
    assert_eq!(operator.handler.take_events(), [Event::Answered(1, 0, "id".to_owned())]);
    assert_eq!(operator.counted(|counts| counts.late_responses), 2);
    assert_eq!(operator.counted(|counts| counts.unknown_responses), 1);
}

#[test]
fn a_text_goes_where_the_handler_wants_it_unless_it_does_not_fit() {
    let payload = u16::from(TlvTag::MessagePayload);
    for (length, in_payload, short, tags) in [
        (254, false, 254, vec![]),
        (255, false, 0, vec![payload]),
        (5, true, 0, vec![payload]),
        (0, true, 0, vec![]),
        (65_535, true, 0, vec![payload]),
    ] {
        let message = Message { payload: vec![b'x'; length], in_payload, ..message("") };
        let (text, found) = sent(&mut with_window(10), message);
        assert_eq!((text.len(), found), (short, tags), "{length} {in_payload}");
    }
}

#[test]
fn parameters_are_passed_on_in_order_and_a_payload_among_them_is_not() {
    let tlvs =
        b"\x14\x50\0\x03key\x04\x24\0\x01x\x02\x0C\0\x02\0\x07\x14\x50\0\0\x02\x04\0\x09short".to_vec();
    let (text, tags) = sent(&mut with_window(10), Message { tlvs, ..message("hello") });
    assert_eq!((&text[..], tags), (&b"hello"[..], vec![0x1450, 0x020C, 0x1450]));
}

#[test]
fn an_operator_of_version_3_3_gets_no_parameters() {
    let tlvs = b"\x14\x50\0\x03key".to_vec();
    let old = LinkConfig { interface_version: 0x33, ..config() };
    let mut by_config = Operator::bound_with(old);
    let mut by_welcome = Operator::new(config());
    by_welcome.drive();
    by_welcome.send(&raw(0x8000_0009, 1, b"\0\x02\x10\0\x01\x33"));
    for operator in [&mut by_config, &mut by_welcome] {
        let message = Message { tlvs: tlvs.clone(), in_payload: true, ..message("hello") };
        assert_eq!(sent(operator, message.clone()), (b"hello".to_vec(), vec![]));
        operator.handler.send_each([(2, Message { payload: vec![b'x'; 255], ..message })]);
        assert_eq!(operator.drive(), []);
        assert_eq!(operator.handler.lock().cannot, [(2, CannotSend::PayloadTooLong(255))]);
    }
}

#[test]
fn what_cannot_be_written_leaves_no_trace() {
    let mut operator = with_window(1);
    for (bad, error) in [
        (Message { source: "x".repeat(21), ..message("") }, CannotSend::Field("source_addr")),
        (
            Message { destination: "49\x00170".to_owned(), ..message("") },
            CannotSend::Field("destination_addr"),
        ),
        (Message { payload: vec![b'x'; 65_536], ..message("") }, CannotSend::PayloadTooLong(65_536)),
    ] {
        operator.handler.send_each([(1, bad)]);
        assert_eq!(operator.drive(), []);
        assert_eq!(operator.handler.lock().cannot.pop(), Some((1, error)));
        assert_eq!((operator.session.in_flight(), operator.session.room()), (0, 1));
    }
    assert_eq!(operator.submit([2]).len(), 1);

    let full = operator.session.sink(std::time::Instant::now()).submit(3, &message("").outbound());
    assert_eq!(full, Err(CannotSend::NoRoom));
    assert_eq!(operator.counted(|counts| counts.submits), 1);
}

#[test]
fn a_receiver_is_never_asked_for_messages() {
    let mut operator = Operator::new(LinkConfig { mode: BindMode::Receiver, ..config() });
    operator.drive();
    operator.handler.send([1]);
    assert_eq!(operator.send(&bind_resp(1)), []);
    assert_eq!((operator.session.room(), operator.handler.lock().sinks), (0, 0));
}

#[test]
fn a_hundred_thousand_messages_take_no_more_room_than_the_window() {
    let mut operator = with_window(50);
    let mut commands = operator.submit(0..100_000);
    let mut tokens = Vec::new();
    while !commands.is_empty() {
        assert!(commands.len() <= 50);
        assert!(commands.iter().all(|command| command.id() == CommandId::SubmitSm));
        let answers: Vec<u8> =
            sequences(&commands).into_iter().rev().flat_map(|sequence| submit_resp(sequence, "1")).collect();
        commands = operator.send(&answers);
        tokens.extend(operator.handler.lock().answered());
        operator.handler.take_events();
    }
    tokens.sort_unstable();
    assert_eq!(tokens, list(0..100_000));
    assert_eq!(operator.counted(|counts| counts.responses), 100_000);
    assert_eq!(headers(&operator.pass(0)), []);
}
