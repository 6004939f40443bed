//! The text of a message, as far as it can be told from this one PDU.

use super::body::{Body, Sar};
use super::data_coding::{Alphabet, DefaultCoding, alphabet};
use crate::gsm7;

/// The whole text of a message; `None` where it cannot be told:
/// - The message is one part of several, of which the others are not here.
/// - It has a user data header, which may say just that, or that the octets behind it are characters of another table
///   or no text at all.
/// - Its coding is binary, compressed, or one that is not decoded here.
/// - Some octets stand for no character of its alphabet, so that phones differ in what they show.
pub fn whole_text(body: &Body<'_>, default_coding: DefaultCoding) -> Option<String> {
    if body.udhi || body.sar.is_some_and(Sar::is_part) || is_compressed(body.data_coding) {
        return None;
    }
    if body.data_coding == IA5 {
        return ascii(body.octets);
    }
    match alphabet(body.data_coding, default_coding) {
        Alphabet::Septets => gsm7::decode(body.octets),
        Alphabet::Latin1 => Some(body.octets.iter().copied().map(char::from).collect()),
        Alphabet::Utf16 => utf16(body.octets),
        Alphabet::Octets => None,
    }
}

/// The text of one PDU for people to read, without its user data header; `None` where its octets are no text. What stands for no
/// character is shown as U+FFFD.
pub fn shown_text(body: &Body<'_>, default_coding: DefaultCoding) -> Option<String> {
    let header = if body.udhi { 1 + usize::from(*body.octets.first()?) } else { 0 };
    let octets = body.octets.get(header..)?;
    if is_compressed(body.data_coding) {
        return None;
    }
    match alphabet(body.data_coding, default_coding) {
        Alphabet::Septets => Some(gsm7::decode_lossy(octets)),
        Alphabet::Latin1 => Some(octets.iter().copied().map(char::from).collect()),
        Alphabet::Utf16 => {
            let units = octets.chunks(2).map(|unit| match unit {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => UNKNOWN_UNIT,
            });
            Some(char::decode_utf16(units).map(|read| read.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
        }
        Alphabet::Octets => None,
    }
}

/// U+FFFD, for half a unit at the end.
const UNKNOWN_UNIT: u16 = 0xFFFD;

/// ASCII (SMPP 3.4 §5.2.19).
const IA5: u8 = 0x01;

/// Bit 5 of the groups of general data coding and automatic deletion (3GPP TS 23.038 §4).
fn is_compressed(data_coding: u8) -> bool {
    matches!(data_coding, 0x20..=0x3F | 0x60..=0x7F)
}

/// Without control characters, line ends aside: a network that passes the octets on as septets would take an
/// escape and the character behind it for one.
fn ascii(octets: &[u8]) -> Option<String> {
    let shown = |octet: u8| matches!(octet, b' '..=b'~' | b'\n' | b'\r');
    octets.iter().map(|octet| shown(*octet).then(|| char::from(*octet))).collect()
}

/// UTF-16 in big endian; `None` where half a unit or half a pair is left over.
fn utf16(octets: &[u8]) -> Option<String> {
    let (units, left_over) = octets.as_chunks::<2>();
    let characters = char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)));
    if left_over.is_empty() { characters.collect::<Result<_, _>>().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(data_coding: u8, udhi: bool, octets: &[u8]) -> Option<String> {
        let body = Body { data_coding, udhi, sar: None, octets, in_payload: false };
        shown_text(&body, DefaultCoding::Gsm7)
    }

    #[test]
    fn a_text_is_shown_without_its_header_and_with_what_is_unknown() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(shown(0, false, b"Hello"), text("Hello"));
        assert_eq!(shown(0, true, b"\x05\0\x03\x07\x02\x01Hello"), text("Hello"));
        assert_eq!(shown(0, false, &[0x1B, 0x65, 0x1B, 0x7F]), text("\u{20AC}\u{FFFD}"));
        assert_eq!(shown(3, false, &[0xE9]), text("é"));
        assert_eq!(shown(8, false, &[0x04, 0x1F, 0xD8, 0x3D, 0x00]), text("П\u{FFFD}\u{FFFD}"));
        assert_eq!(shown(0, true, &[200, 1]), None, "the header is longer than the message");
        assert_eq!(shown(4, false, &[1, 2]), None, "binary");
        assert_eq!(shown(0, false, b""), text(""));
    }
}
