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
