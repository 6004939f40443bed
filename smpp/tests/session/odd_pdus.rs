//! Odd submits, one row each: what is let through, what is refused and with which status. After every row the
//! session still works and the row's sequence number was answered exactly once.

use rusmpp::CommandId;

use crate::support::pair::Pair;
use crate::support::peer::{self, body_of, data_sm, headers, raw, submit, submit_multi};

const ACCEPTED: u32 = 0;
const INVALID_MESSAGE_LENGTH: u32 = 0x01;
const INVALID_COMMAND_LENGTH: u32 = 0x02;
const INVALID_SOURCE: u32 = 0x0A;
const INVALID_DESTINATION: u32 = 0x0B;
const INVALID_SERVICE_TYPE: u32 = 0x15;
const INVALID_DESTINATION_COUNT: u32 = 0x33;
const INVALID_DESTINATION_FLAG: u32 = 0x40;
const NO_DISTRIBUTION_LISTS: u32 = 0x44;
const INVALID_SCHEDULE: u32 = 0x61;
const INVALID_VALIDITY: u32 = 0x62;
const INVALID_TLV_STREAM: u32 = 0xC0;
const INVALID_TLV_LENGTH: u32 = 0xC2;

/// Sends one PDU and expects one answer, of the request's own kind, with its own sequence number
/// and this status.
fn check(command: u32, rows: &[(&str, Vec<u8>, u32)]) {
    let mut pair = Pair::bound();
    for (sequence, (story, body, status)) in (100..).zip(rows) {
        let answers = pair.send(&raw(command, sequence, body));
        let resp = CommandId::from(command | 0x8000_0000);
        assert_eq!(headers(&answers), [(resp, *status, sequence)], "{story}");
        pair.assert_alive();
    }
    let refused = rows.iter().filter(|(_, _, status)| *status != ACCEPTED).count();
    assert_eq!(
        pair.counted(|counts| counts.malformed),
        refused as u64,
        "each refusal was ours and was counted"
    );
}

/// The fields of a usual submit_sm in their order, C-Octet Strings with their NUL.
const FIELDS: [(&str, &[u8]); 10] = [
    ("service_type", b"\0"),
    ("source", b"\x05\0Bank\0"),
    ("destination", b"\x01\x01491701234567\0"),
    ("esm_class, protocol_id and priority", b"\0\0\0"),
    ("schedule", b"\0"),
    ("validity", b"\0"),
    ("registered_delivery to default_message_id", b"\x01\0\0\0"),
    ("length", b"\x05"),
    ("text", b"hello"),
    ("behind", b""),
];

/// The body of a submit_sm with these fields changed.
fn with(changes: &[(&str, &[u8])]) -> Vec<u8> {
    let value = |(name, usual): (&str, &'static [u8])| {
        let change = changes.iter().find(|(changed, _)| *changed == name);
        change.map_or(usual, |(_, value)| value).to_vec()
    };
    FIELDS.into_iter().flat_map(value).collect()
}

fn behind(octets: &[u8]) -> Vec<u8> {
    with(&[("behind", octets)])
}

/// A vendor's optional parameter of so many octets.
fn vendors_own(length: u16) -> Vec<u8> {
    [&[0x14, 0x60][..], &length.to_be_bytes(), &vec![0; usize::from(length)]].concat()
}

/// With nothing in short_message.
fn textless(behind: &[u8]) -> Vec<u8> {
    with(&[("length", b"\0"), ("text", b""), ("behind", behind)])
}

#[test]
fn submit_sm_addresses() {
    check(
        0x04,
        &[
            ("as usual", with(&[]), ACCEPTED),
            ("service_type of 5", with(&[("service_type", b"12345\0")]), ACCEPTED),
            ("service_type of 6", with(&[("service_type", b"123456\0")]), INVALID_SERVICE_TYPE),
            ("no sender", with(&[("source", b"\0\0\0")]), ACCEPTED),
            ("a sender in Latin-1", with(&[("source", b"\x05\0M\xFCller\0")]), ACCEPTED),
            ("a sender of 20", with(&[("source", b"\0\x0012345678901234567890\0")]), ACCEPTED),
            ("a sender of 21", with(&[("source", b"\0\x00123456789012345678901\0")]), INVALID_SOURCE),
            ("a destination of 20", with(&[("destination", b"\x01\x0112345678901234567890\0")]), ACCEPTED),
            ("of 25", with(&[("destination", b"\x01\x011234567890123456789012345\0")]), INVALID_DESTINATION),
            ("an empty destination", with(&[("destination", b"\x01\x01\0")]), INVALID_DESTINATION),
        ],
    );
}

#[test]
fn submit_sm_times_and_text() {
    check(
        0x04,
        &[
            ("a schedule", with(&[("schedule", b"261231120000000+\0")]), ACCEPTED),
            ("a schedule of 12", with(&[("schedule", b"261231120000\0")]), INVALID_SCHEDULE),
            ("a schedule of 17", with(&[("schedule", b"261231120000000++\0")]), INVALID_SCHEDULE),
            ("a relative validity", with(&[("validity", b"000001000000000R\0")]), ACCEPTED),
            ("a validity of 12", with(&[("validity", b"261231120000\0")]), INVALID_VALIDITY),
            ("a validity of junk", with(&[("validity", b"sixteen letters!\0")]), INVALID_VALIDITY),
            ("sm_length beyond the end", with(&[("length", b"\x06")]), INVALID_MESSAGE_LENGTH),
            ("no text at all", textless(b""), ACCEPTED),
            ("255 octets of text", with(&[("length", b"\xFF"), ("text", &[b'x'; 255])]), ACCEPTED),
            ("an empty body", Vec::new(), INVALID_COMMAND_LENGTH),
            ("cut off in the addresses", with(&[])[..12].to_vec(), INVALID_COMMAND_LENGTH),
            ("cut off before sm_length", with(&[])[..32].to_vec(), INVALID_COMMAND_LENGTH),
        ],
    );
}

#[test]
fn submit_sm_optional_parameters() {
    check(
        0x04,
        &[
            ("a stray NUL", behind(b"\0"), ACCEPTED),
            ("three stray octets", behind(b"\x01\x02\x03"), ACCEPTED),
            ("a standard one of the wrong length", behind(b"\x02\x04\0\x01\x07"), ACCEPTED),
            ("a vendor's own", behind(b"\x14\x50\0\x03key"), ACCEPTED),
            ("one that overruns the PDU", behind(b"\x02\x04\0\xFF\x07"), ACCEPTED),
            ("the text in message_payload", textless(b"\x04\x24\0\x05hello"), ACCEPTED),
            ("an empty message_payload", textless(b"\x04\x24\0\0"), ACCEPTED),
            ("text twice", behind(b"\x04\x24\0\x05hello"), INVALID_MESSAGE_LENGTH),
            ("a message_payload that overruns", textless(b"\x04\x24\0\x06hello"), INVALID_TLV_LENGTH),
            ("a sar reference of one octet", behind(b"\x02\x0C\0\x01\x01"), INVALID_TLV_LENGTH),
            ("a sar total of two octets", behind(b"\x02\x0E\0\x02\0\x02"), INVALID_TLV_LENGTH),
            ("a sar number that overruns", behind(b"\x02\x0F\0\x01"), INVALID_TLV_LENGTH),
            ("two texts", textless(b"\x04\x24\0\x02ab\x04\x24\0\x01c"), INVALID_TLV_STREAM),
            ("two sar totals", behind(b"\x02\x0E\0\x01\x02\x02\x0E\0\x01\x03"), INVALID_TLV_STREAM),
            ("a vendor's own of 4092 octets", behind(&vendors_own(4092)), ACCEPTED),
            ("a vendor's own of 4093 octets", behind(&vendors_own(4093)), INVALID_TLV_LENGTH),
        ],
    );
}

#[test]
fn what_was_left_out_is_counted() {
    let mut pair = Pair::bound();
    for octets in [&b"\0"[..], b"\x02\x04\0\xFF\x07", b"\x14\x50\0\x03key"] {
        pair.send(&raw(0x04, 2, &behind(octets)));
    }
    assert_eq!(pair.counted(|counts| counts.tlvs_dropped), 2);
}

#[test]
fn data_sm_bodies() {
    let usual = body_of(&data_sm(1, "491701234567", b"hello"));
    let without_destination = body_of(&data_sm(1, "", b"hello"));
    check(
        0x103,
        &[
            ("as usual", usual.clone(), ACCEPTED),
            ("with a stray NUL", [&usual[..], b"\0"].concat(), ACCEPTED),
            ("no text", usual[..usual.len() - 9].to_vec(), ACCEPTED),
            ("a text that overruns", usual[..usual.len() - 1].to_vec(), INVALID_TLV_LENGTH),
            ("no destination", without_destination, INVALID_DESTINATION),
            ("cut off", usual[..8].to_vec(), INVALID_COMMAND_LENGTH),
            ("an empty body", Vec::new(), INVALID_COMMAND_LENGTH),
        ],
    );
}

#[test]
fn submit_multi_bodies() {
    let usual = body_of(&submit_multi(1, &["49170", "33612"]));
    // service_type, source type, plan and address are one octet each, then comes the number of destinations.
    let with = |place: usize, octet: u8| {
        let mut body = usual.clone();
        body[place] = octet;
        body
    };
    check(
        0x21,
        &[
            ("as usual", usual.clone(), ACCEPTED),
            ("one empty address of two", body_of(&submit_multi(1, &["49170", ""])), ACCEPTED),
            ("no destinations", with(4, 0), INVALID_DESTINATION_COUNT),
            ("a distribution list", with(5, 2), NO_DISTRIBUTION_LISTS),
            ("an unknown kind of destination", with(5, 3), INVALID_DESTINATION_FLAG),
            ("more destinations than there are", usual[..usual.len() - 30].to_vec(), INVALID_COMMAND_LENGTH),
            (
                "a destination of 21",
                {
                    let mut body = usual.clone();
                    body.splice(8..13, [b'1'; 21]);
                    body
                },
                INVALID_DESTINATION,
            ),
        ],
    );
}

#[test]
fn headers_with_bodies_and_repeated_sequence_numbers_are_taken() {
    let mut pair = Pair::bound();
    for body in [&b""[..], b"\0", b"body"] {
        let answers = pair.send(&raw(0x15, 5, body));
        assert_eq!(headers(&answers), [(CommandId::EnquireLinkResp, 0, 5)]);
    }
    let same = peer::request(5, submit("49170", b"twice"));
    assert_eq!(headers(&pair.send(&[same.clone(), same].concat())), [(CommandId::SubmitSmResp, 0, 5); 2]);
}
