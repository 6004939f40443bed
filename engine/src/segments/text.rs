//! A text as a gateway would submit it.

use super::body::Body;
use super::coding::{CONCATENATION_OCTETS, Coding, OCTETS};
use super::data_coding::{DefaultCoding, alphabet};
use super::parts::Content;
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

    /// True if the text fits into one short message.
    pub fn is_single(&self) -> bool {
        self.content().units <= self.coding.capacity(OCTETS)
    }

    /// The text cut into as few parts as hold it beside a concatenation header, and no character cut in two.
    pub fn parts(&self) -> Vec<&[u8]> {
        let header_octets = 1 + CONCATENATION_OCTETS;
        let unit_octets = if self.coding == Coding::Ucs2 { 2 } else { 1 };
        let mut rest = self.octets.as_slice();
        let mut start = 0;
        let content = self.content();
        let parts = content.part_ends(self.coding.capacity(OCTETS - header_octets)).map(|end| {
            let (part, behind) = rest.split_at((end - start) * unit_octets);
            (rest, start) = (behind, end);
            part
        });
        parts.collect()
    }

    fn content(&self) -> Content<'_> {
        Content::new(alphabet(self.data_coding, DefaultCoding::Gsm7), &self.octets)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn part_lengths(text: &str) -> Vec<usize> {
        encode_text(text).parts().iter().map(|part| part.len()).collect()
    }

    #[test]
    fn coding_follows_from_the_characters() {
        assert_eq!(encode_text("Hello [€]").octets, b"Hello \x1b<\x1be\x1b>");
        assert_eq!(encode_text("Hello").data_coding, 0);
        assert_eq!(encode_text("Здравствуйте").data_coding, 8);
        assert_eq!(encode_text("é😀ę").octets, [0, 0xE9, 0xD8, 0x3D, 0xDE, 0x00, 0x01, 0x19]);
    }

    #[test]
    fn a_text_is_single_up_to_160_septets_or_70_units() {
        assert!(encode_text(&"a".repeat(160)).is_single());
        assert!(!encode_text(&"a".repeat(161)).is_single());
        assert!(encode_text(&"я".repeat(70)).is_single());
        assert!(!encode_text(&"я".repeat(71)).is_single());
    }

    #[test]
    fn no_part_begins_or_ends_inside_a_character() {
        assert_eq!(part_lengths(&"a".repeat(306)), [153, 153]);
        assert_eq!(part_lengths(&format!("{}€{}", "a".repeat(152), "b".repeat(152))), [152, 153, 1]);
        assert_eq!(part_lengths(&format!("{}😀{}", "я".repeat(66), "я".repeat(10))), [132, 24]);
        assert_eq!(part_lengths(""), [0]);
    }
}
