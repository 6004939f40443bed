//! The receipt corpus of `data/receipts.txt`: every one is read as it says there, and finds its message.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

use std::fs;
use std::path::Path;

use rusmpp::CommandId;
use tollgate_engine::receipt_id::{ReceiptIdFormat, canonical_id, id_candidates};
use tollgate_smpp::pdu::Deliver;
use tollgate_smpp::receipt::Receipt;

/// One case, by the names of its lines.
struct Case<'a> {
    lines: Vec<(&'a str, &'a str)>,
}

impl<'a> Case<'a> {
    fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'a str> + 'b {
        self.lines.iter().filter(move |(of, _)| *of == name).map(|(_, value)| *value)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn octet(&self, name: &str, otherwise: u8) -> u8 {
        self.get(name).map_or(otherwise, |hex| u8::from_str_radix(hex, 16).unwrap())
    }

    fn command(&self) -> CommandId {
        if self.get("pdu") == Some("data_sm") { CommandId::DataSm } else { CommandId::DeliverSm }
    }

    /// The body of the PDU.
    fn body(&self) -> Vec<u8> {
        let (class, coding) = (self.octet("class", 4), self.octet("coding", 0));
        let mut body = b"\0\x01\x01491701234567\0\x05\0Bank\0".to_vec();
        if self.command() == CommandId::DataSm {
            body.extend([class, 0, coding]);
        } else {
            let text = unescaped(self.get("text").unwrap_or_default());
            body.extend([class, 0, 0, 0, 0, 0, 0, coding, 0, u8::try_from(text.len()).unwrap()]);
            body.extend(text);
        }
        if let Some(payload) = self.get("payload") {
            put_tlv(&mut body, "0424", &unescaped(payload));
        }
        for tlv in self.all("tlv") {
            let (tag, value) = tlv.split_once(' ').unwrap();
            put_tlv(&mut body, tag, &unescaped(value));
        }
        body
    }

    fn receipt(&self) -> Option<Receipt> {
        Deliver::parse(self.command(), 1, &self.body()).expect("a PDU").receipt()
    }
}

/// A tag with `!` behind it gets a length that is too long.
fn put_tlv(body: &mut Vec<u8>, tag: &str, value: &[u8]) {
    let excess = u16::from(tag.ends_with('!'));
    body.extend(u16::from_str_radix(tag.trim_end_matches('!'), 16).unwrap().to_be_bytes());
    body.extend((u16::try_from(value.len()).unwrap() + excess).to_be_bytes());
    body.extend(value);
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match (octet, octet == b'\\') {
            (_, true) => match rest.next().expect("an escape") {
                b'0' => 0,
                b'n' => b'\n',
                b'r' => b'\r',
                b'x' => {
                    let digits = [rest.next().unwrap(), rest.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            },
            (octet, false) => octet,
        });
    }
    octets
}

fn cases(file: &str) -> Vec<Case<'_>> {
    let blocks = file.split("\n\n").map(|block| {
        let lines = block.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let lines = lines.map(|line| {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            (name, value.trim_start())
        });
        Case { lines: lines.collect() }
    });
    blocks.filter(|case| !case.lines.is_empty()).collect()
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

fn shown(receipt: &Receipt) -> String {
    let number = |number: Option<u32>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let octets = |field: &Option<Vec<u8>>| field.as_deref().map_or_else(|| "-".to_owned(), text);
    let Receipt { id, state, error, sub, dlvrd, submitted, done, .. } = receipt;
    let state = number(state.map(u32::from));
    [text(id), state, octets(error), number(*sub), number(*dlvrd), octets(submitted), octets(done)].join(" ")
}

fn corpus() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/receipts.txt");
    fs::read_to_string(path).unwrap()
}

#[test]
fn every_receipt_is_read_and_finds_its_message_and_nothing_else_is_a_receipt() {
    let file = corpus();
    let (mut matched, mut nothing) = (0, 0);
    for case in cases(&file) {
        let name = case.get("case").expect("a name");
        let receipt = case.receipt();
        let Some(reads) = case.get("reads") else {
            assert!(case.get("nothing").is_some(), "{name}: neither `reads` nor `nothing`");
            assert_eq!(receipt, None, "{name}");
            nothing += 1;
            continue;
        };
        let receipt = receipt.unwrap_or_else(|| panic!("{name}: not read"));
        assert_eq!(shown(&receipt), reads, "{name}");
        assert_eq!(receipt.intermediate, case.octet("class", 4) & 0x3C == 0x20, "{name}");

        let format =
            case.get("format").map_or(ReceiptIdFormat::Any, |name| ReceiptIdFormat::from_name(name).unwrap());
        let upstream = canonical_id(case.get("response").expect("a response").as_bytes());
        let candidates = id_candidates(&receipt.id, format);
        assert!(candidates.contains(&upstream), "{name}: {upstream:?} is not among {candidates:?}");
        for other in case.all("other") {
            assert!(!candidates.contains(&canonical_id(other.as_bytes())), "{name}: it is not {other}");
        }
        matched += 1;
    }
    assert!(matched >= 50 && nothing >= 12, "the corpus is there: {matched} and {nothing}");
}

#[test]
fn the_parameters_id_and_the_texts_are_both_known() {
    let file = corpus();
    let all = cases(&file);
    let case = all.iter().find(|case| case.get("case").unwrap().contains("parameter's id in hex")).unwrap();
    let receipt = case.receipt().unwrap();
    assert_eq!((&receipt.id[..], receipt.other_id.as_deref()), (&b"1f4"[..], Some(&b"500"[..])));
    assert_eq!(receipt.network_error, Some([3, 0, 0]));
}
