//! Tests of binds of a link, and of operators' answers to them.

use rusmpp::{CommandId, Pdu};
use tollgate_smpp::BindMode;
use tollgate_smpp::link::{LinkConfig, LinkDown};

use crate::support::operator::{Operator, bind_resp, config, pdu};
use crate::support::peer::{headers, raw, raw_with_status};
use crate::support::toy_link_handler::Event;

const OUR_BIND: (CommandId, u32, u32) = (CommandId::BindTransceiver, 0, 1);

#[test]
fn a_bind_says_all_that_is_configured() {
    let config = LinkConfig {
        mode: BindMode::Receiver,
        system_type: "VMA".to_owned(),
        address_range: "^49".to_owned(),
        ..config()
    };
    let sent = Operator::new(config).drive();
    assert_eq!(headers(&sent), [(CommandId::BindReceiver, 0, 1)]);
    let Pdu::BindReceiver(bind) = pdu(&sent[0]) else { panic!("{sent:?}") };
    assert_eq!((bind.system_id.to_string(), bind.password.to_string()), ("gateway".into(), "secret".into()));
    assert_eq!((bind.system_type.to_string(), bind.address_range.to_string()), ("VMA".into(), "^49".into()));
    assert_eq!(u8::from(bind.interface_version), 0x34);
}

#[test]
fn a_welcome_is_told_and_messages_are_taken() {
    let mut operator = Operator::new(config());
    operator.handler.send([7]);
    assert_eq!(headers(&operator.drive()), [OUR_BIND], "nothing before the welcome");
    assert_eq!(headers(&operator.send(&bind_resp(1))), [(CommandId::SubmitSm, 0, 2)]);
    assert_eq!(operator.handler.take_events(), [Event::Bound]);
    assert!(operator.session.is_bound());
}

#[test]
fn welcomes_come_in_many_forms() {
    for body in [
        &b""[..],
        b"\0",
        b"operator\0",
        b"operator without NUL",
        b"operator\0\x02\x10\0\x01\x34",
        b"operator\0\x14\x00\0\x02xx\x02\x10\0\x01\x34\x14\x01\0\x01x",
        b"operator\0\x02\x10\0\x04\0\0\0\x34",
        b"operator\0\x02\x10\0\x09\x34",
        b"operator\0\0\0\0",
    ] {
        let mut operator = Operator::new(config());
        operator.drive();
        operator.send(&raw(0x8000_0009, 1, body));
        assert_eq!(operator.handler.take_events(), [Event::Bound], "{body:02x?}");
        operator.assert_alive();
    }
}

#[test]
fn a_refusal_is_told_with_its_status_whatever_its_form() {
    for refusal in [
        raw_with_status(0x8000_0009, 0x0D, 1),
        raw_with_status(0x8000_0000, 0x0D, 1),
        raw_with_status(0x8000_0000, 0x0D, 0),
        raw_with_status(0x8000_0002, 0x0D, 1),
    ] {
        let mut operator = Operator::new(config());
        operator.drive();
        operator.send(&refusal);
        assert_eq!(operator.handler.take_events(), [Event::Failed(LinkDown::BindRefused(0x0D))]);
    }
    let mut operator = Operator::new(config());
    operator.drive();
    operator.send(&raw_with_status(0x8000_0000, 0, 1));
    assert_eq!(
        operator.finished(),
        Some(LinkDown::BindRefused(0xFF)),
        "a generic_nack is no welcome, whatever it says"
    );
}

#[test]
fn an_operator_that_never_answers_is_given_up() {
    let mut operator = Operator::new(config());
    operator.drive();
    assert_eq!(operator.pass(29), []);
    assert_eq!(operator.finished(), None);
    operator.pass(1);
    assert_eq!(operator.handler.take_events(), [Event::Failed(LinkDown::BindTimedOut)]);
}

#[test]
fn an_operator_that_closes_or_unbinds_instead_of_answering_is_a_failure() {
    let mut operator = Operator::new(config());
    operator.drive();
    operator.end();
    assert_eq!(operator.handler.take_events(), [Event::Failed(LinkDown::PeerClosed)]);

    let mut operator = Operator::new(config());
    operator.drive();
    assert_eq!(headers(&operator.send(&raw(0x06, 9, b""))), [(CommandId::UnbindResp, 0, 9)]);
    assert_eq!(operator.handler.take_events(), [Event::Failed(LinkDown::PeerUnbound)]);
}

#[test]
fn requests_before_the_welcome_are_answered_for_what_they_are() {
    let mut operator = Operator::new(config());
    operator.drive();
    operator.assert_alive();
    let early = [raw(0x05, 8, b""), raw(0x0B, 1, b"\0\0")].concat();
    assert_eq!(headers(&operator.send(&early)), [(CommandId::DeliverSmResp, 0x04, 8)]);
    operator.send(&bind_resp(1));
    assert_eq!(operator.handler.take_events(), [Event::Bound]);
}

#[test]
fn a_second_welcome_changes_nothing() {
    let mut operator = Operator::bound();
    operator.send(&[bind_resp(1), raw_with_status(0x8000_0009, 0x0D, 1)].concat());
    assert_eq!(operator.handler.take_events(), []);
    assert_eq!(operator.counted(|counts| counts.unknown_responses), 2);
    operator.assert_alive();
}
