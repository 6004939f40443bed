//! The rules of counting, as tables of what is sent and what it counts as.

use super::*;

fn check(what: &str, body: &Body<'_>, expected: Result<(u8, u16, Rule), SegmentError>) {
    let counted =
        count(body, DefaultCoding::Gsm7).map(|count| (count.segments, count.per_segment, count.rule));
    assert_eq!(counted, expected, "{what}");
}

fn plain(data_coding: u8, octets: &[u8]) -> Body<'_> {
    Body {
        data_coding,
        udhi: false,
        sar: None,
        octets,
        in_payload: octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
    }
}

const TOO_LONG: SegmentError = SegmentError::TooLong;
const MALFORMED: SegmentError = SegmentError::Malformed;

#[test]
fn plain_text_is_cut_at_its_codings_limits() {
    for (data_coding, octets, expected) in [
        (0x00, 0, Ok((1, 160, Rule::Fits))),
        (0x00, 160, Ok((1, 160, Rule::Fits))),
        (0x00, 161, Ok((2, 153, Rule::Cut))),
        (0x00, 306, Ok((2, 153, Rule::Cut))),
        (0x00, 307, Ok((3, 153, Rule::Cut))),
        (0x00, 255 * 153, Ok((255, 153, Rule::Cut))),
        (0x00, 255 * 153 + 1, Err(TOO_LONG)),
        (0x01, 161, Ok((2, 153, Rule::Cut))),
        (0xF1, 160, Ok((1, 160, Rule::Fits))),
        (0x08, 140, Ok((1, 70, Rule::Fits))),
        (0x08, 141, Ok((2, 67, Rule::Cut))),
        (0x08, 268, Ok((2, 67, Rule::Cut))),
        (0x08, 269, Ok((3, 67, Rule::Cut))),
        (0x08, 255 * 134 + 2, Err(TOO_LONG)),
        (0x04, 140, Ok((1, 140, Rule::Fits))),
        (0x04, 141, Ok((2, 134, Rule::Cut))),
        (0x04, 269, Ok((3, 134, Rule::Cut))),
        (0x05, 255 * 134, Ok((255, 134, Rule::Cut))),
        (0xF5, 65_535, Err(TOO_LONG)),
    ] {
        let text = vec![0x41; octets];
        check(&format!("{octets} octets of {data_coding:#04x}"), &plain(data_coding, &text), expected);
    }
}

#[test]
fn pairs_are_never_cut() {
    let septets =
        |before: usize, pair: &[u8], behind: usize| [&vec![0x41; before], pair, &vec![0x41; behind]].concat();
    for (what, octets, expected) in [
        ("152 + euro + 152: the pair moves on", septets(152, &[0x1B, 0x65], 152), 3),
        ("151 + euro + 153: the pair just fits", septets(151, &[0x1B, 0x65], 153), 2),
        ("an escape behind an escape is its second", septets(151, &[0x1B, 0x1B], 153), 2),
        ("three escapes, the third begins a pair", septets(150, &[0x1B, 0x1B, 0x1B], 153), 3),
        ("an escape at the very end is alone", septets(160, &[0x1B], 0), 2),
    ] {
        check(what, &plain(0x00, &octets), Ok((expected, 153, Rule::Cut)));
    }
    let units = |before: usize, pair: &[u8], behind: usize| {
        [&[0x00, 0x41].repeat(before), pair, &[0x00, 0x41].repeat(behind)].concat()
    };
    let emoji = [0xD8, 0x3D, 0xDE, 0x00];
    for (what, octets, expected) in [
        ("66 + emoji + 66: the pair moves on", units(66, &emoji, 66), 3),
        ("65 + emoji + 67: the pair just fits", units(65, &emoji, 67), 2),
        ("a high surrogate without its low one is a unit", units(66, &emoji[..2], 67), 2),
        ("two high ones are two units", units(66, &[0xD8, 0x3D, 0xD8, 0x3D], 66), 2),
        ("an odd octet is a unit", units(70, &[0x00], 0), 2),
    ] {
        check(what, &plain(0x08, &octets), Ok((expected, 67, Rule::Cut)));
    }
}

#[test]
fn latin1_is_charged_as_the_network_sends_it() {
    let text = |octet: u8, count: usize, rest: &[u8]| [&vec![octet; count], rest].concat();
    for (what, octets, expected) in [
        ("160 letters", text(b'a', 160, &[]), (Coding::Gsm7, 160, 1)),
        ("161 letters", text(b'a', 161, &[]), (Coding::Gsm7, 161, 2)),
        ("80 brackets", text(b'[', 80, &[]), (Coding::Gsm7, 160, 1)),
        ("81 brackets", text(b'[', 81, &[]), (Coding::Gsm7, 162, 2)),
        ("153 brackets, 76 to a part", text(b'[', 153, &[]), (Coding::Gsm7, 306, 3)),
        ("70 with a small c cedilla", text(b'a', 69, &[0xE7]), (Coding::Ucs2, 70, 1)),
        ("71 with a small c cedilla", text(b'a', 70, &[0xE7]), (Coding::Ucs2, 71, 2)),
        ("70 with a capital one", text(b'a', 69, &[0xC7]), (Coding::Gsm7, 70, 1)),
    ] {
        for (data_coding, default_coding) in [(0x03, DefaultCoding::Gsm7), (0x00, DefaultCoding::Latin1)] {
            let counted = count(&plain(data_coding, &octets), default_coding).unwrap();
            assert_eq!((counted.coding, counted.units, counted.segments), expected, "{what}");
        }
    }
}

#[test]
fn a_header_makes_a_short_message_one_segment() {
    let concatenated = [0x05, 0x00, 0x03, 0x2A, 0x02, 0x01];
    let wide = [0x06, 0x08, 0x04, 0x12, 0x34, 0x02, 0x01];
    let port = [0x06, 0x05, 0x04, 0x15, 0x81, 0x00, 0x00];
    for (what, data_coding, header, octets, expected) in [
        ("concatenated, full", 0x00, &concatenated[..], 153, Ok((1, 153, Rule::Header))),
        ("concatenated, over-full", 0x00, &concatenated, 154, Err(MALFORMED)),
        ("concatenated with a wide reference, full", 0x00, &wide, 152, Ok((1, 152, Rule::Header))),
        ("concatenated with a wide reference, over-full", 0x00, &wide, 153, Err(MALFORMED)),
        ("UTF-16, full", 0x08, &concatenated, 134, Ok((1, 67, Rule::Header))),
        ("UTF-16 with a wide reference, over-full", 0x08, &wide, 134, Err(MALFORMED)),
        ("data, full", 0xF5, &concatenated, 134, Ok((1, 134, Rule::Header))),
        ("data, over-full", 0xF5, &concatenated, 135, Err(MALFORMED)),
        ("a port alone", 0xF5, &port, 133, Ok((1, 133, Rule::Header))),
        ("a port alone, over-full", 0xF5, &port, 134, Err(MALFORMED)),
        ("nothing behind the header", 0x00, &concatenated, 0, Ok((1, 153, Rule::Header))),
        ("a header cut short", 0x00, &concatenated[..4], 0, Err(MALFORMED)),
        ("no header", 0x00, &[], 0, Err(MALFORMED)),
    ] {
        let octets = [header, &vec![0x41; octets]].concat();
        check(what, &Body { udhi: true, ..plain(data_coding, &octets) }, expected);
    }
}

#[test]
fn a_header_in_a_payload_goes_into_every_part() {
    let concatenated = [0x05, 0x00, 0x03, 0x2A, 0x02, 0x01];
    let port = [0x06, 0x05, 0x04, 0x15, 0x81, 0x00, 0x00];
    let endless = [&[0x87, 0x70, 0x85][..], &[0; 0x85]].concat();
    for (what, data_coding, header, octets, expected) in [
        ("one part of several, full", 0x00, &concatenated[..], 153, Ok((1, 153, Rule::Header))),
        ("one part of several, over-full", 0x00, &concatenated, 154, Err(MALFORMED)),
        ("a port, in one", 0xF5, &port, 133, Ok((1, 133, Rule::Fits))),
        ("a port, in two", 0xF5, &port, 134, Ok((2, 128, Rule::Cut))),
        ("a port, in three", 0xF5, &port, 257, Ok((3, 128, Rule::Cut))),
        ("a header that leaves four octets, whole", 0x04, &endless, 4, Ok((1, 4, Rule::Fits))),
        ("a header that leaves no room for parts", 0x04, &endless, 5, Err(MALFORMED)),
    ] {
        let octets = [header, &vec![0x41; octets]].concat();
        check(what, &Body { udhi: true, in_payload: true, ..plain(data_coding, &octets) }, expected);
    }
}

#[test]
fn sar_parameters_make_a_pdu_one_part() {
    let port = [0x06, 0x05, 0x04, 0x15, 0x81, 0x00, 0x00];
    let sar = |total, sequence| Some(Sar { reference: 7, total, sequence });
    for (what, data_coding, octets, sar, expected) in [
        ("full", 0x00, 153, sar(2, 1), Ok((1, 153, Rule::Sar))),
        ("over-full", 0x00, 154, sar(2, 2), Err(MALFORMED)),
        ("UTF-16, full", 0x08, 134, sar(3, 3), Ok((1, 67, Rule::Sar))),
        ("UTF-16, over-full", 0x08, 136, sar(3, 3), Err(MALFORMED)),
        ("the only part is no part", 0x00, 160, sar(1, 1), Ok((1, 160, Rule::Fits))),
        ("a part beyond the last is ignored", 0x00, 161, sar(2, 3), Ok((2, 153, Rule::Cut))),
        ("a part before the first is ignored", 0x00, 161, sar(2, 0), Ok((2, 153, Rule::Cut))),
    ] {
        let text = vec![0x41; octets];
        check(what, &Body { sar, ..plain(data_coding, &text) }, expected);
        check(what, &Body { sar, in_payload: true, ..plain(data_coding, &text) }, expected);
    }
    for (octets, expected) in [(128, Ok((1, 128, Rule::Sar))), (129, Err(MALFORMED))] {
        let octets = [&port[..], &vec![0x41; octets]].concat();
        check("with a port", &Body { udhi: true, sar: sar(2, 1), ..plain(0xF5, &octets) }, expected);
    }
}
