//! A text as a gateway would submit it.

use super::{Body, Coding};
use crate::gsm7;

/// The octets of a text, with the `data_coding` that says what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedText {
    /// GSM 7-bit, or UCS-2.
    pub coding: Coding,
    /// 0 for GSM 7-bit, 8 for UCS-2 (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// Unpacked septets, or UTF-16 in big endian.
    pub octets: Vec<u8>,
}

impl EncodedText {
    /// As the body of one PDU: in `short_message` where it fits there, in `message_payload` otherwise.
    pub fn body(&self) -> Body<'_> {
        Body {
            data_coding: self.data_coding,
            udhi: false,
            sar: None,
            octets: &self.octets,
            in_payload: self.octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
        }
    }
}

/// Encodes `text` as gateways do: in GSM 7-bit where every character has septets, in UTF-16 otherwise.
pub fn encode_text(text: &str) -> EncodedText {
    match gsm7::encode(text) {
        Some(octets) => EncodedText { coding: Coding::Gsm7, data_coding: 0, octets },
        None => EncodedText {
            coding: Coding::Ucs2,
            data_coding: 8,
            octets: text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        },
    }
}
