//! Segments of real texts in forty languages and of texts at the limits, as octets that a gateway would
//! submit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tollgate_engine::account::DefaultCoding;
use tollgate_engine::gsm7::{self, Septets};
use tollgate_engine::segments::{Body, Coding, SegmentCount, SegmentError, count, encode_text};

fn data(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)
}

/// One row of either corpus.
struct Row {
    text: String,
    coding: Coding,
    units: u32,
    segments: u8,
}

/// The rows of a corpus; `text_of` reads the text as the file writes it.
fn corpus(file: &str, text_column: &str, text_of: impl Fn(&str) -> String) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(data(file)).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let columns = [text_column, "encoding", "units", "segments_uncut"].map(column);
    reader
        .records()
        .map(Result::unwrap)
        .map(|record| {
            let [text, coding, units, segments] = columns.map(|index| &record[index]);
            Row {
                text: text_of(text),
                coding: match coding {
                    "GSM7" => Coding::Gsm7,
                    "UCS2" => Coding::Ucs2,
                    other => panic!("the corpus has the coding {other}"),
                },
                units: units.parse().unwrap(),
                segments: segments.parse().unwrap(),
            }
        })
        .collect()
}

fn messages() -> Vec<Row> {
    corpus("messages.csv", "text", str::to_owned)
}

fn messages_edge() -> Vec<Row> {
    corpus("messages_edge.csv", "text_json", |json| serde_json::from_str(json).unwrap())
}

fn counted(text: &str) -> Result<SegmentCount, SegmentError> {
    count(&encode_text(text).body(), DefaultCoding::Gsm7)
}

#[test]
fn every_text_has_the_segments_that_the_corpus_says() {
    let (messages, edge) = (messages(), messages_edge());
    assert_eq!((messages.len(), edge.len()), (1100, 41));
    for row in messages.iter().chain(&edge) {
        let counted = counted(&row.text).unwrap();
        let found = (counted.coding, counted.units, counted.segments);
        assert_eq!(found, (row.coding, row.units, row.segments), "{:?}", row.text);
    }
}

#[test]
fn a_text_of_septets_is_read_back_as_it_was() {
    for row in messages().iter().chain(&messages_edge()).filter(|row| row.coding == Coding::Gsm7) {
        assert_eq!(gsm7::decode_lossy(&encode_text(&row.text).octets), row.text);
    }
}

#[test]
fn latin1_texts_cost_the_same_however_they_are_submitted() {
    let mut compared = 0;
    for row in messages().iter().chain(&messages_edge()) {
        let latin1: Option<Vec<u8>> =
            row.text.chars().map(|character| u8::try_from(character).ok()).collect();
        let Some(octets) = latin1 else { continue };
        let in_payload = octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX;
        let body = Body { data_coding: 3, udhi: false, sar: None, octets: &octets, in_payload };
        assert_eq!(count(&body, DefaultCoding::Gsm7), counted(&row.text), "{:?}", row.text);
        compared += 1;
    }
    assert!(compared > 200, "only {compared} texts are Latin-1");
}

/// The tables of the alphabet, from a file that was made from the standard.
#[test]
fn the_alphabet_is_that_of_the_standard() {
    let mut reader = csv::Reader::from_path(data("gsm0338.csv")).unwrap();
    let mut characters = 0;
    for record in reader.records().map(Result::unwrap) {
        let septet = u8::from_str_radix(&record[1], 16).unwrap();
        let Ok(code_point) = u32::from_str_radix(&record[2], 16) else {
            assert_eq!(septet, gsm7::ESCAPE, "only the escape is no character");
            continue;
        };
        let character = char::from_u32(code_point).unwrap();
        let expected = match &record[0] {
            "default" => Septets::One(septet),
            "extension" => Septets::Escaped(septet),
            other => panic!("the file has the table {other}"),
        };
        assert_eq!(gsm7::septets(character), Some(expected), "{character:?}");
        characters += 1;
    }
    assert_eq!(characters, 127 + 10);
    // Whatever the file does not list has no septets.
    let listed = (char::MIN..=char::MAX).filter(|character| gsm7::septets(*character).is_some()).count();
    assert_eq!(listed, characters);
}

/// Packs characters one after another into parts, as a person would.
fn segments_by_character(text: &str) -> usize {
    let septets: Option<Vec<usize>> = text
        .chars()
        .map(|character| gsm7::septets(character).map(|septets| usize::from(septets.count())))
        .collect();
    let (widths, whole, part) = match septets {
        Some(widths) => (widths, 160, 153),
        None => (text.chars().map(char::len_utf16).collect(), 70, 67),
    };
    if widths.iter().sum::<usize>() <= whole {
        return 1;
    }
    let (mut parts, mut used) = (1, 0);
    for width in widths {
        if used + width > part {
            (parts, used) = (parts + 1, 0);
        }
        used += width;
    }
    parts
}

proptest! {
    #[test]
    fn any_text_is_packed_character_by_character(
        text in prop_oneof!["[a-z€\\[\\]^]{0,700}", "[a-z€]{140,170}", "[а-я😀🇰]{0,400}", "[а😀]{60,80}", any::<String>()],
    ) {
        prop_assert_eq!(usize::from(counted(&text).unwrap().segments), segments_by_character(&text));
    }

    #[test]
    fn no_octets_make_it_fail_otherwise_than_by_an_error(
        data_coding: u8,
        udhi: bool,
        in_payload: bool,
        sar in prop::option::of((any::<u8>(), any::<u8>())),
        octets in prop::collection::vec(prop_oneof![Just(0x1B), Just(0xD8), Just(0xDC), 0u8..8, any::<u8>()], 0..1500),
    ) {
        let sar = sar.map(|(total, sequence)| tollgate_engine::segments::Sar { reference: 1, total, sequence });
        let body = Body { data_coding, udhi, sar, octets: &octets, in_payload };
        if let Ok(counted) = count(&body, DefaultCoding::Latin1) {
            let room = u32::from(counted.segments) * u32::from(counted.per_segment);
            prop_assert!(counted.segments >= 1 && counted.units <= room);
        }
    }
}
