//! Texts of an account that may only send approved ones, in every coding, on their way through the rating.

use tollgate_engine::account::DefaultCoding;
use tollgate_engine::charging::{Message, rate};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::{Body, Sar};
use tollgate_engine::template::Template;
use tollgate_engine::time::UnixMicros;

use crate::setup::Setup;

const TEMPLATE: &str = "Código {code} de [Zoë] & co: {amount} €";
const TEXT: &str = "Código 1234 de [Zoë] & co: 5 €";

/// As above, in characters of Latin-1 alone.
const LATIN1_TEMPLATE: &str = "Voilà, «{name}»";
const LATIN1_TEXT: &str = "Voilà, «Zoë»";

const ASCII_TEMPLATE: &str = "Hi {name}_{number} [now] @ {place}.";
const ASCII_TEXT: &str = "Hi Ada_1 [now] @ home.";

fn body(data_coding: u8, octets: &[u8]) -> Body<'_> {
    let in_payload = octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX;
    Body { data_coding, udhi: false, sar: None, octets, in_payload }
}

/// Rates a message of the account `strict`, which may send what matches one of the templates above, or of
/// `free`.
fn rated(account: &str, coding: DefaultCoding, body: Body<'_>) -> Result<u8, Refusal> {
    let setup = Setup::of(
        "network 639/02 KE Safaricom\nprefix 25470 639/02\nplan p USD UTC base 0.05\n\
         account free p balance 1.00\naccount strict p balance 1.00 template x\n",
    );
    let mut accounts = setup.accounts();
    let account_as_set = accounts.iter_mut().find(|candidate| &*candidate.id == account).unwrap();
    account_as_set.default_coding = coding;
    let templates =
        [TEMPLATE, LATIN1_TEMPLATE, ASCII_TEMPLATE].map(|source| Template::parse(source).unwrap());
    account_as_set.approvals.replace_templates(templates.into());
    let tables = setup.tables_with(accounts).unwrap();
    let message = Message {
        source: b"BANK",
        destination: b"254700000001",
        destination_ton: 1,
        destination_npi: 1,
        network_tlv: None,
        body,
    };
    let now = UnixMicros::parse("2026-07-01").unwrap();
    rate(&tables, tables.terms(account).unwrap(), &message, now).map(|rated| rated.segments)
}

fn septets(text: &str) -> Vec<u8> {
    tollgate_engine::gsm7::encode(text).unwrap()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap()).collect()
}

const REFUSED: Result<u8, Refusal> = Err(Refusal::TemplateNotAllowed);

#[test]
fn a_text_is_read_as_its_data_coding_says() {
    use DefaultCoding::{Gsm7, Latin1};
    let text_in_septets = "Hi Ada_1 [now] @ home.";
    for (what, data_coding, default, octets, expected) in [
        ("septets with escapes", 0x00, Gsm7, septets(text_in_septets), Ok(1)),
        ("septets with a class", 0xF1, Gsm7, septets(text_in_septets), Ok(1)),
        ("septets of the general group", 0x10, Latin1, septets(text_in_septets), Ok(1)),
        ("septets of another text", 0x00, Gsm7, septets("Hi Ada"), REFUSED),
        ("ASCII read as septets", 0x00, Gsm7, ASCII_TEXT.into(), REFUSED),
        ("ASCII", 0x01, Gsm7, ASCII_TEXT.into(), Ok(1)),
        ("ASCII, whatever 0 means", 0x01, Latin1, ASCII_TEXT.into(), Ok(1)),
        ("septets read as ASCII", 0x01, Gsm7, septets(ASCII_TEXT), REFUSED),
        ("Latin-1", 0x03, Gsm7, latin1(LATIN1_TEXT), Ok(1)),
        ("Latin-1 by default", 0x00, Latin1, latin1(LATIN1_TEXT), Ok(1)),
        ("Latin-1 read as septets", 0x00, Gsm7, latin1(LATIN1_TEXT), REFUSED),
        ("ASCII as Latin-1", 0x00, Latin1, ASCII_TEXT.into(), Ok(1)),
        ("UCS-2", 0x08, Gsm7, utf16(TEXT), Ok(1)),
        ("UCS-2 with a class", 0x18, Gsm7, utf16(TEXT), Ok(1)),
        ("UCS-2 of another text", 0x08, Gsm7, utf16("Código"), REFUSED),
        ("a surrogate pair in a placeholder", 0x08, Gsm7, utf16(&TEXT.replace("1234", "😀")), Ok(1)),
        (
            "UCS-2 in the other order",
            0x08,
            Gsm7,
            utf16(TEXT).chunks(2).flat_map(|c| [c[1], c[0]]).collect(),
            REFUSED,
        ),
        ("UTF-8", 0x08, Gsm7, TEXT.into(), REFUSED),
        ("nothing", 0x00, Gsm7, Vec::new(), REFUSED),
    ] {
        assert_eq!(rated("strict", default, body(data_coding, &octets)), expected, "{what}");
        assert!(rated("free", default, body(data_coding, &octets)).is_ok(), "{what}");
    }
}

/// Octets that phones read differently, or of which two become one character although only the second is
/// checked.
#[test]
fn octets_that_stand_for_no_character_are_no_text() {
    let with = |filling: &[u8]| [b"Hi ".as_slice(), filling, &septets("_1 [now] @ home.")].concat();
    for (what, octets, expected) in [
        ("a name", with(b"Ada"), Ok(1)),
        ("an octet that is no septet", with(b"A\x80a"), REFUSED),
        ("an unknown pair", with(b"A\x1Ba"), REFUSED),
        ("an escape of an escape", with(b"A\x1B\x1Ba"), REFUSED),
        ("an escape before what is checked", with(b"Ada\x1B"), REFUSED),
        ("an escape at the end", [with(b"Ada"), vec![0x1B]].concat(), REFUSED),
    ] {
        assert_eq!(rated("strict", DefaultCoding::Gsm7, body(0x00, &octets)), expected, "{what}");
    }
    let ascii = |name: &str| ASCII_TEXT.replace("Ada", name).into_bytes();
    for (name, expected) in
        [("A da", Ok(1)), ("A\nda", Ok(1)), ("A\x1B", REFUSED), ("A\0", REFUSED), ("é", REFUSED)]
    {
        assert_eq!(rated("strict", DefaultCoding::Gsm7, body(0x01, &ascii(name))), expected, "{name:?}");
    }
    let halved = [utf16(TEXT), vec![0]].concat();
    let unpaired = [utf16("Código "), vec![0xD8, 0x3D], utf16(" de [Zoë] & co: 5 €")].concat();
    for octets in [halved, unpaired] {
        assert_eq!(rated("strict", DefaultCoding::Gsm7, body(0x08, &octets)), REFUSED);
    }
}

#[test]
fn what_is_not_one_whole_text_is_refused() {
    let text = septets(ASCII_TEXT);
    let behind = |header: &[u8]| [header, &text].concat();
    for header in [
        &[0x05, 0x00, 0x03, 0x2A, 0x02, 0x01][..],
        &[0x06, 0x08, 0x04, 0x12, 0x34, 0x02, 0x01],
        &[0x06, 0x05, 0x04, 0x15, 0x81, 0x00, 0x00],
        &[0x03, 0x24, 0x01, 0x01],
        &[0x00],
    ] {
        let octets = behind(header);
        let body = Body { udhi: true, ..body(0x00, &octets) };
        assert_eq!(rated("strict", DefaultCoding::Gsm7, body), REFUSED, "{header:02X?}");
        assert_eq!(rated("free", DefaultCoding::Gsm7, body), Ok(1), "{header:02X?}");
    }
    for (total, expected) in [(2, REFUSED), (1, Ok(1))] {
        let sar = Some(Sar { reference: 7, total, sequence: 1 });
        let body = Body { sar, ..body(0x00, &text) };
        assert_eq!(rated("strict", DefaultCoding::Gsm7, body), expected, "of {total}");
    }
    // Binary, two character sets that are not decoded, binary of two groups, and compressed septets.
    for data_coding in [0x02, 0x04, 0x05, 0x0E, 0x14, 0xF5, 0x20, 0x3F, 0x60] {
        let body = body(data_coding, &text);
        assert_eq!(rated("strict", DefaultCoding::Gsm7, body), REFUSED, "{data_coding:#04x}");
        assert_eq!(rated("free", DefaultCoding::Gsm7, body), Ok(1), "{data_coding:#04x}");
    }
}

#[test]
fn a_long_text_in_one_pdu_is_a_whole_text() {
    let long =
        |letters: usize| septets(&format!("Hi {}_1 [now] @ {}.", "n".repeat(160), "h".repeat(letters)));
    let (fits, too_long) = (long(160), long(161));
    assert_eq!(rated("strict", DefaultCoding::Gsm7, body(0x00, &fits)), Ok(3));
    assert_eq!(rated("strict", DefaultCoding::Gsm7, body(0x00, &too_long)), REFUSED);
}

#[test]
fn what_is_approved_later_holds_at_once() {
    let setup = Setup::of(
        "network 639/02 KE Safaricom\nprefix 25470 639/02\nplan p USD UTC base 0.05\n\
         account strict p balance 1.00 template x approved-sender BANK\n",
    );
    let tables = setup.tables().unwrap();
    let terms = tables.terms("strict").unwrap();
    let refusal = |source: &'static [u8]| {
        let message = Message {
            source,
            destination: b"254700000001",
            destination_ton: 1,
            destination_npi: 1,
            network_tlv: None,
            body: body(0x00, b"Bye"),
        };
        rate(&tables, terms, &message, UnixMicros::parse("2026-07-01").unwrap()).err()
    };
    assert_eq!(refusal(b"SHOP"), Some(Refusal::SenderNotAllowed));
    assert_eq!(refusal(b"BANK"), Some(Refusal::TemplateNotAllowed));
    terms.account.approvals.replace_templates(vec![Template::parse("Bye").unwrap()]);
    assert_eq!(refusal(b"BANK"), None);
    terms.account.approvals.replace_senders([(*b"SHOP").into()]);
    assert_eq!(refusal(b"BANK"), Some(Refusal::SenderNotAllowed));
    assert_eq!(refusal(b"SHOP"), None);
}
