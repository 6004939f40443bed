//! Binds: who may come in, as what, and in which version.

use rusmpp::values::InterfaceVersion;
use rusmpp::{Command, CommandId, Pdu};
use tollgate_smpp::BindMode;
use tollgate_smpp::session::CloseReason;

use crate::support::pair::Pair;
use crate::support::peer::{self, PASSWORD, SYSTEM_ID, bind, bind_as, headers, raw, submit_sm, unbind};
use crate::support::toy_bind_handler::{FIRST_SHORT_ID, ToyBindHandler};

const MODES: [(BindMode, CommandId); 3] = [
    (BindMode::Transmitter, CommandId::BindTransmitterResp),
    (BindMode::Receiver, CommandId::BindReceiverResp),
    (BindMode::Transceiver, CommandId::BindTransceiverResp),
];

/// Our system_id and version in a bind_resp.
fn welcome(command: &Command) -> (String, Option<InterfaceVersion>) {
    match command.pdu() {
        Some(Pdu::BindTransmitterResp(resp)) => (resp.system_id.to_string(), resp.sc_interface_version()),
        Some(Pdu::BindReceiverResp(resp)) => (resp.system_id.to_string(), resp.sc_interface_version()),
        Some(Pdu::BindTransceiverResp(resp)) => (resp.system_id.to_string(), resp.sc_interface_version()),
        other => panic!("not a bind_resp: {other:?}"),
    }
}

#[test]
fn each_mode_binds_and_learns_our_name_and_version() {
    for (mode, resp) in MODES {
        let mut pair = Pair::new(ToyBindHandler::default());
        let answers = pair.send(&bind_as(mode, 9, PASSWORD, 0x34));
        assert_eq!(headers(&answers), [(resp, 0, 9)]);
        assert_eq!(welcome(&answers[0]), ("tollgate".to_owned(), Some(InterfaceVersion::Smpp3_4)));
        assert_eq!(pair.session.bound_as(), Some(mode));
        pair.assert_alive();
    }
}

#[test]
fn the_version_is_the_lower_of_both() {
    for (theirs, ours) in [
        (0x34, InterfaceVersion::Smpp3_4),
        (0x40, InterfaceVersion::Smpp3_4),
        (0x50, InterfaceVersion::Smpp5_0),
        (0x51, InterfaceVersion::Smpp5_0),
        (0xFF, InterfaceVersion::Smpp5_0),
    ] {
        let answers =
            Pair::new(ToyBindHandler::default()).send(&bind_as(BindMode::Transceiver, 1, PASSWORD, theirs));
        assert_eq!(welcome(&answers[0]).1, Some(ours), "{theirs:#x}");
    }
}

#[test]
fn before_version_3_4_there_are_no_tlvs_and_ids_are_hex() {
    for version in [0x00, 0x33] {
        let toy = ToyBindHandler::default();
        toy.lock().tlvs = Some(Box::new(vec![(0x1422, b"0.05".to_vec())]));
        let mut pair = Pair::new(toy);
        let answers = pair.send(&bind_as(BindMode::Transmitter, 1, PASSWORD, version));
        assert_eq!(welcome(&answers[0]).1, None);

        let answers = pair.send(&submit_sm(2));
        let Some(Pdu::SubmitSmResp(resp)) = answers[0].pdu() else { panic!("{answers:?}") };
        assert_eq!(resp.message_id().to_string(), format!("{FIRST_SHORT_ID:X}"));
        assert!(resp.tlvs().is_empty());

        pair.send(&raw(0x03, 3, format!("{FIRST_SHORT_ID:x}\0\0\0\0").as_bytes()));
        assert_eq!(
            pair.toy.lock().managed,
            [format!("query {FIRST_SHORT_ID} from ")],
            "and they are taken back"
        );
    }
}

#[test]
fn a_wrong_password_is_refused_and_may_be_mended() {
    let mut pair = Pair::new(ToyBindHandler::default());
    let refused = pair.send(&bind_as(BindMode::Transceiver, 1, "guess", 0x34));
    assert_eq!(headers(&refused), [(CommandId::BindTransceiverResp, 0x0E, 1)]);
    assert_eq!(refused[0].pdu(), None, "an error has no body");
    assert_eq!(headers(&pair.send(&bind(2))), [(CommandId::BindTransceiverResp, 0, 2)]);
}

#[test]
fn a_second_bind_is_refused_and_the_first_holds() {
    let mut pair = Pair::bound();
    let refused = pair.send(&bind_as(BindMode::Receiver, 2, PASSWORD, 0x34));
    assert_eq!(headers(&refused), [(CommandId::BindReceiverResp, 0x05, 2)]);
    assert_eq!(headers(&pair.send(&submit_sm(3))), [(CommandId::SubmitSmResp, 0, 3)]);
}

#[test]
fn nothing_is_read_while_the_handler_thinks_about_a_bind() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.hold_bind = true;
    assert_eq!(headers(&pair.send(&[bind(1), submit_sm(2)].concat())), []);
    assert!(!pair.session.wants_input());

    pair.hold_bind = false;
    let answers = headers(&pair.drive());
    assert_eq!(answers, [(CommandId::BindTransceiverResp, 0, 1), (CommandId::SubmitSmResp, 0, 2)]);
}

#[test]
fn requests_before_a_bind_are_in_the_wrong_state() {
    let mut pair = Pair::new(ToyBindHandler::default());
    assert_eq!(headers(&pair.send(&submit_sm(1))), [(CommandId::SubmitSmResp, 0x04, 1)]);
    assert_eq!(headers(&pair.send(&unbind(2))), [(CommandId::UnbindResp, 0x04, 2)]);
    pair.assert_alive();
    assert_eq!(headers(&pair.send(&bind(3))), [(CommandId::BindTransceiverResp, 0, 3)]);
    assert_eq!(pair.toy.lock().submitted, []);
    assert_eq!(pair.counted(|counts| counts.wrong_state), 2);
}

#[test]
fn a_receiver_may_not_submit() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.send(&bind_as(BindMode::Receiver, 1, PASSWORD, 0x34));
    for (request, resp) in [
        (submit_sm(2), CommandId::SubmitSmResp),
        (peer::data_sm(2, "49170", b"x"), CommandId::DataSmResp),
        (peer::submit_multi(2, &["49170"]), CommandId::SubmitMultiResp),
        (raw(0x03, 2, b"1\0\0\0\0"), CommandId::QuerySmResp),
    ] {
        assert_eq!(headers(&pair.send(&request)), [(resp, 0x04, 2)]);
    }
    assert_eq!(pair.toy.lock().submitted, []);
}

#[test]
fn bad_fields_of_a_bind_are_named_and_the_connection_stays() {
    let mut pair = Pair::new(ToyBindHandler::default());
    let long = "x".repeat(16);
    for (body, status) in [
        (format!("{long}\0{PASSWORD}\0\0\x34\0\0\0"), 0x0F),
        (format!("{SYSTEM_ID}\0{long}x\0\0\x34\0\0\0"), 0x0E),
        (format!("{SYSTEM_ID}\0{PASSWORD}"), 0x02),
        (String::new(), 0x02),
    ] {
        let answers = pair.send(&raw(0x09, 5, body.as_bytes()));
        assert_eq!(headers(&answers), [(CommandId::BindTransceiverResp, status, 5)]);
    }
    assert_eq!(pair.counted(|counts| counts.malformed), 4);
    assert_eq!(headers(&pair.send(&bind(6))), [(CommandId::BindTransceiverResp, 0, 6)]);
}

#[test]
fn a_bind_without_its_last_nul_or_with_more_behind_it_binds() {
    let body = format!("{SYSTEM_ID}\0{PASSWORD}\0\0\x34\0\0");
    for behind in [&b""[..], b"\0", b"\0\0\0", b"\0\x14\x50\0\x01x"] {
        let bytes = [body.as_bytes(), behind].concat();
        let answers = Pair::new(ToyBindHandler::default()).send(&raw(0x09, 1, &bytes));
        assert_eq!(headers(&answers), [(CommandId::BindTransceiverResp, 0, 1)], "{behind:02x?}");
    }
}

#[test]
fn a_bind_that_the_handler_never_decides_is_given_up() {
    let mut pair = Pair::new(ToyBindHandler::default());
    pair.hold_bind = true;
    pair.send(&bind(1));
    assert_eq!(pair.pass(29), []);
    assert_eq!(headers(&pair.pass(1)), [(CommandId::BindTransceiverResp, 0x08, 1)]);
    assert_eq!(pair.finished(), Some(CloseReason::BindTimedOut));

    pair.decide_bind();
    assert_eq!(pair.toy.sessions(), 0, "a welcome that comes too late is dropped");
}
