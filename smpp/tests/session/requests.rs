//! Tests of the other requests: data_sm, submit_multi, query_sm, cancel_sm, replace_sm, and unknown
//! ones.

use rusmpp::tlvs::{TlvTag, TlvValue};
use rusmpp::{CommandId, Pdu};
use tollgate_smpp::BindMode;
use tollgate_smpp::pdu::SubmitKind;

use crate::support::pair::Pair;
use crate::support::peer::{self, PASSWORD, bind_as, body_of, data_sm, headers, raw, submit, submit_multi};
use crate::support::toy_bind_handler::{FIRST_ID, NO_ROUTE, ToyBindHandler};

#[test]
fn a_submit_sm_reaches_the_handler_as_sent_and_gets_its_id() {
    let mut pair = Pair::bound();
    let answers = pair.send(&peer::request(2, submit("491701234567", b"hello")));
    let Some(Pdu::SubmitSmResp(resp)) = answers[0].pdu() else { panic!("{answers:?}") };
    assert_eq!(resp.message_id().to_string(), FIRST_ID.to_string());
    assert!(resp.tlvs().is_empty());

    let submitted = &pair.toy.lock().submitted[0];
    assert_eq!((submitted.kind, submitted.sequence), (SubmitKind::SubmitSm, 2));
    assert_eq!(
        (&submitted.destinations[..], &submitted.payload[..]),
        (&["491701234567".to_owned()][..], &b"hello"[..])
    );
}

#[test]
fn a_reply_carries_the_tlvs_that_the_handler_adds() {
    let mut pair = Pair::bound();
    pair.toy.lock().tlvs = Some(Box::new(vec![(0x1422, b"0.0216\0".to_vec()), (0x1423, Vec::new())]));
    let answers = pair.send(&peer::submit_sm(2));
    let Some(Pdu::SubmitSmResp(resp)) = answers[0].pdu() else { panic!("{answers:?}") };
    let tlvs: Vec<_> = resp.tlvs().iter().map(|tlv| (tlv.tag(), tlv.value().cloned())).collect();
    let price = TlvValue::Other {
        tag: TlvTag::Other(0x1422),
        value: rusmpp::types::AnyOctetString::from_slice(b"0.0216\0"),
    };
    assert_eq!(tlvs, [(TlvTag::Other(0x1422), Some(price)), (TlvTag::Other(0x1423), None)]);
}

#[test]
fn a_refusal_has_the_body_that_its_version_wants() {
    for (version, submit_body) in [(0x33, &b"\0"[..]), (0x34, b""), (0x50, b"\0")] {
        let mut pair = Pair::new(ToyBindHandler::default());
        pair.send(&bind_as(BindMode::Transceiver, 1, PASSWORD, version));
        for (request, body) in [
            (peer::request(2, submit("0000", b"nowhere")), submit_body),
            (data_sm(2, "0000", b"nowhere"), b"\0"),
            (data_sm(2, "", b"malformed"), b"\0"),
            (submit_multi(2, &["0000"]), b"\0\0"),
            (raw(0x03, 2, b"not-an-id\0\0\0\0"), b"\0\0\x07\0"),
            (raw(0x03, 2, b"1\0\0"), b"\0\0\x07\0"),
            (raw(0x08, 2, b""), b""),
            (raw(0x07, 2, b""), b""),
            (raw(0x09, 2, &body_of(&bind_as(BindMode::Transceiver, 2, PASSWORD, version))), b""),
            (raw(0x05, 2, b""), b"\0"),
        ] {
            let answer = pair.send_raw(&request);
            assert_eq!(answer.get(16..), Some(body), "to {request:02x?} in {version:#x}");
            assert_ne!(answer.get(8..12), Some(&[0; 4][..]), "{request:02x?} is refused");
        }
    }
}

#[test]
fn a_data_sm_brings_its_text_as_a_parameter() {
    let mut pair = Pair::bound();
    let text = [b'x'; 300];
    let answers = pair.send(&data_sm(2, "491701234567", &text));
    let Some(Pdu::DataSmResp(resp)) = answers[0].pdu() else { panic!("{answers:?}") };
    assert_eq!(resp.message_id().to_string(), FIRST_ID.to_string());
    let submitted = &pair.toy.lock().submitted[0];
    assert_eq!((submitted.kind, &submitted.payload[..]), (SubmitKind::DataSm, &text[..]));
}

#[test]
fn a_submit_multi_names_the_destinations_that_failed() {
    let mut pair = Pair::bound();
    let answers = pair.send(&submit_multi(2, &["49170", "0000", "33612", "00001"]));
    let Some(Pdu::SubmitMultiResp(resp)) = answers[0].pdu() else { panic!("{answers:?}") };
    let failed: Vec<_> = resp
        .unsuccess_sme()
        .iter()
        .map(|one| (one.destination_addr.to_string(), u32::from(one.error_status_code)))
        .collect();
    assert_eq!(failed, [("0000".to_owned(), NO_ROUTE), ("00001".to_owned(), NO_ROUTE)]);
    assert_eq!(pair.toy.lock().submitted[0].destinations, ["49170", "0000", "33612", "00001"]);
}

#[test]
fn a_submit_multi_to_the_most_destinations_is_answered_in_full() {
    let mut pair = Pair::bound();
    let destinations: Vec<String> = (0..255).map(|last| format!("0000{last:016}")).collect();
    let mut destinations: Vec<&str> = destinations.iter().map(String::as_str).collect();
    destinations[254] = "491701234567";
    let answers = pair.send(&submit_multi(2, &destinations));
    let Some(Pdu::SubmitMultiResp(resp)) = answers[0].pdu() else { panic!("{answers:?}") };
    assert_eq!(resp.unsuccess_sme().len(), 254);
}

#[test]
fn queries_cancels_and_replaces_reach_the_handler() {
    let mut pair = Pair::bound();
    let query = pair.send(&raw(0x03, 2, b"429496730601\0\x01\x01Bank\0"));
    let Some(Pdu::QuerySmResp(resp)) = query[0].pdu() else { panic!("{query:?}") };
    assert_eq!((resp.message_id.as_str(), resp.final_date.as_str()), ("429496730601", "261101120000000+"));
    assert_eq!((u8::from(resp.message_state), resp.error_code), (2, 0));

    let cancel = pair.send(&raw(0x08, 3, b"\x00429496730601\0\0\0Bank\0\x01\x0149170\0"));
    assert_eq!(headers(&cancel), [(CommandId::CancelSmResp, 0, 3)]);
    let replace = pair.send(&raw(0x07, 4, b"429496730601\0\0\0Bank\0\0\0\0\0\x03new"));
    assert_eq!(headers(&replace), [(CommandId::ReplaceSmResp, 0, 4)]);
    let payload = pair.send(&raw(0x07, 5, b"429496730601\0\0\0Bank\0\0\0\0\0\0\x04\x24\0\x06longer\0\0"));
    assert_eq!(headers(&payload), [(CommandId::ReplaceSmResp, 0, 5)]);

    assert_eq!(
        pair.toy.lock().managed,
        [
            "query 429496730601 from Bank",
            "cancel 429496730601 from Bank to 49170",
            "replace 429496730601 from Bank by new",
            "replace 429496730601 from Bank by longer",
        ]
    );
}

#[test]
fn a_refused_query_is_refused_under_its_own_name() {
    let mut pair = Pair::bound();
    pair.toy.lock().hold = true;
    pair.send(&[peer::submit_sm(2), raw(0x03, 3, b"not-an-id\0\0\0\0")].concat());
    pair.toy.release();
    assert_eq!(headers(&pair.drive()), [(CommandId::SubmitSmResp, 0, 2), (CommandId::QuerySmResp, 0x0C, 3)]);
}

#[test]
fn bad_fields_of_queries_cancels_and_replaces_are_named() {
    let mut pair = Pair::bound();
    let (id, address) = ("1".repeat(65), "2".repeat(21));
    for (command, body, status) in [
        (0x03, format!("{id}\0\0\0\0"), 0x0C),
        (0x03, format!("1\0\0\0{address}\0"), 0x0A),
        (0x03, "1\0\0".to_owned(), 0x02),
        (0x03, String::new(), 0x0C),
        (0x08, format!("toolong\0\x31\0\0\0\0\0\0{address}\0"), 0x15),
        (0x08, format!("\0\x31\0\0\0\0\0\0{address}\0"), 0x0B),
        (0x07, "1\0\0\0\0\x3261231120000\0\0\0\0\0".to_owned(), 0x61),
        (0x07, "1\0\0\0\0\0tomorrow\0\0\0\0".to_owned(), 0x62),
        (0x07, "1\0\0\0\0\x3261331120000000+\0\0\0\0\0".to_owned(), 0x61),
        (0x07, "1\0\0\0\0\0\0\0\0\x09short".to_owned(), 0x01),
        (0x07, "1\0\0\0\0\0\0\0\0\x04text\x04\x24\0\x04text".to_owned(), 0x01),
    ] {
        let answers = pair.send(&raw(command, 7, body.as_bytes()));
        let resp = CommandId::from(command | 0x8000_0000);
        assert_eq!(headers(&answers), [(resp, status, 7)], "{body:?}");
    }
    assert_eq!(pair.toy.lock().managed, Vec::<String>::new());
    pair.assert_alive();
}

#[test]
fn requests_that_we_do_not_know_or_that_are_ours_to_send_are_turned_down() {
    let mut pair = Pair::bound();
    for command in [0x0B, 0x102, 0x111, 0x112, 0x113, 0x0A, 0x10_0000, 0x7FFF_FFFF] {
        let answers = pair.send(&raw(command, 9, b"whatever"));
        assert_eq!(headers(&answers), [(CommandId::GenericNack, 0x03, 9)], "{command:#x}");
    }
    let deliver = body_of(&peer::submit_sm(1));
    assert_eq!(headers(&pair.send(&raw(0x05, 9, &deliver))), [(CommandId::DeliverSmResp, 0x04, 9)]);
    assert_eq!(pair.counted(|counts| counts.unknown_commands), 8);
    pair.assert_alive();
}

#[test]
fn responses_to_nothing_are_passed_over() {
    let mut pair = Pair::bound();
    for command in [0x8000_0000, 0x8000_0004, 0x8000_0005, 0x8000_0006, 0x8000_0015, 0x8000_0103, 0xFFFF_FFFF]
    {
        assert_eq!(pair.send(&raw(command, 9, b"id\0")), [], "{command:#x}");
    }
    assert_eq!(pair.counted(|counts| counts.unknown_responses), 7);
    pair.assert_alive();
}
