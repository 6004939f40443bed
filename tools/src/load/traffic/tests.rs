//! The streams, as rusmpp reads them.

use bytes::BytesMut;
use rusmpp::decode::DecodeWithLength;
use rusmpp::tlvs::TlvValue;
use rusmpp::{Command, Pdu};

use super::*;
use crate::load::wire;

fn traffic(mix: Mix) -> Arc<Traffic> {
    let plan = "prefix,mcc,mnc\n254722,639,02\n1212,310,\n";
    let options = MessageOptions { mix, source: "TOLLGATE".to_owned(), ..MessageOptions::default() };
    Arc::new(Traffic::new(&options, Destinations::read(plan.as_bytes()).unwrap()).unwrap())
}

/// The stream as rusmpp decodes it; `None` for a message that it cannot read.
fn decoded(mix: Mix, count: u32) -> Vec<Option<SubmitSm>> {
    let wire = traffic(mix).wire(7, count);
    let mut found = Vec::new();
    for frame in wire::frames(&wire) {
        let frame = frame.unwrap();
        let mut encoded = BytesMut::new();
        wire::write(&mut encoded, frame.header.command, frame.header.sequence, frame.body);
        let mut without_length = encoded.split_off(4);
        let length = without_length.len();
        let command = Command::decode(&mut without_length, length);
        found.push(command.ok().and_then(|(command, _)| match command.pdu() {
            Some(Pdu::SubmitSm(submit)) => Some(submit.clone()),
            _ => None,
        }));
    }
    assert_eq!(found.len(), count as usize);
    found
}

#[test]
fn real_messages_are_of_every_kind_and_all_readable() {
    let messages: Vec<SubmitSm> = decoded(Mix::Real, 2000).into_iter().map(Option::unwrap).collect();
    let count = |is: fn(&SubmitSm) -> bool| messages.iter().filter(|submit| is(submit)).count();
    assert!(count(|submit| u8::from(submit.data_coding) == 8) > 100, "in UCS-2");
    assert!(count(|submit| u8::from(submit.esm_class) == 0x40) > 50, "parts of a text");
    assert!(count(|submit| !submit.tlvs().is_empty()) > 50, "in a payload");
    assert_eq!(count(|submit| submit.source_addr.as_str() != "TOLLGATE"), 0);
}

#[test]
fn parts_of_a_text_go_to_one_destination_one_after_the_other() {
    let messages: Vec<SubmitSm> = decoded(Mix::Real, 500).into_iter().map(Option::unwrap).collect();
    let header = |submit: &SubmitSm| submit.short_message().as_ref().get(..6).map(<[u8]>::to_vec);
    let mut parts = messages.iter().filter(|submit| u8::from(submit.esm_class) == 0x40).peekable();
    assert!(parts.peek().is_some());
    while let Some(first) = parts.next() {
        let Some([5, 0, 3, reference, total, 1]) =
            header(first).as_deref().map(|h| <[u8; 6]>::try_from(h).unwrap())
        else {
            panic!("{first:?} is no first part")
        };
        for number in 2..=total {
            let Some(next) = parts.next() else { return };
            assert_eq!(header(next), Some(vec![5, 0, 3, reference, total, number]));
            assert_eq!(next.destination_addr, first.destination_addr);
        }
    }
}

#[test]
fn short_messages_are_one_segment_of_gsm7() {
    for message in decoded(Mix::Short, 500).into_iter().map(Option::unwrap) {
        assert_eq!((u8::from(message.data_coding), u8::from(message.esm_class)), (0, 0));
        assert!((1..=160).contains(&message.sm_length()));
    }
}

#[test]
fn about_two_in_a_hundred_flawed_messages_must_be_refused() {
    let messages = decoded(Mix::Flawed, 5000);
    let unreadable = messages.iter().filter(|message| message.is_none()).count();
    let count =
        |is: &dyn Fn(&SubmitSm) -> bool| messages.iter().flatten().filter(|message| is(message)).count();
    let nowhere = count(&|message| message.destination_addr.as_str().starts_with("999"));
    let payload_octets = |message: &SubmitSm| match message.tlvs().first().and_then(|tlv| tlv.value()) {
        Some(TlvValue::MessagePayload(payload)) => payload.value.as_ref().len(),
        _ => 0,
    };
    let too_long = count(&|message| payload_octets(message) > 255 * 153);
    assert!(unreadable > 5 && nowhere > 10 && too_long > 2, "{unreadable} {nowhere} {too_long}");
    assert!((50..250).contains(&(unreadable + nowhere + too_long)));
}

#[test]
fn equal_seeds_give_equal_streams() {
    assert_eq!(traffic(Mix::Real).wire(1, 100), traffic(Mix::Real).wire(1, 100));
    assert_ne!(traffic(Mix::Real).wire(1, 100), traffic(Mix::Real).wire(2, 100));
}
