//! Optional parameters, kept raw: a tag, a length and that many octets (SMPP 3.4 §3.2.4.1).
//!
//! Lengths are taken as sent, never as the tag's definition has them, because real clients differ; whoever
//! uses a value checks it. A parameter that claims more octets than the PDU has is left out, as are one to
//! three stray octets at the end.

use rusmpp::CommandStatus;
use rusmpp::tlvs::TlvTag;

/// The most octets of optional parameters beside message_payload, their tags and lengths included. No message needs
/// near as many; a message with more is refused, as every one of them is kept for each of its destinations.
pub const TLV_OCTETS_MAX: usize = 4096;

const TLV_HEADER_LENGTH: usize = 4;

/// One optional parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The filters of a list of parameter.
    pub tag: u16,
    /// Its value as sent, a C-string's NUL included.
    pub value: &'a [u8],
}

/// The optional parameters of a PDU, in the order sent.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Tlvs<'a> {
    octets: &'a [u8],
}

/// The results of one walk over the optional parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TlvSummary<'a> {
    /// The value of the last message_payload.
    pub payload: Option<&'a [u8]>,
    /// The tag of the parameter that runs over the end, if one does.
    pub overrun: Option<u16>,
    /// True if a parameter that decides the price has a length it cannot have.
    pub price_unclear: bool,
    /// True if a parameter that decides the price is there twice, so that two prices could be meant.
    pub price_repeated: bool,
    /// Octets of all parameters but message_payload, as far as they are whole.
    pub octets_beside_payload: usize,
    /// True if anything was left out.
    pub dropped: bool,
}

impl<'a> Tlvs<'a> {
    /// The parameters that `octets` hold.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { octets }
    }

    /// The value of the first parameter with this tag.
    pub fn get(self, tag: u16) -> Option<&'a [u8]> {
        self.into_iter().find(|tlv| tlv.tag == tag).map(|tlv| tlv.value)
    }

    /// True if there is nothing at all.
    pub fn is_empty(self) -> bool {
        self.octets.is_empty()
    }

    pub(super) fn summarise(self) -> TlvSummary<'a> {
        let mut summary = TlvSummary::default();
        let mut tlvs = self.into_iter();
        let mut seen = SeenSar::default();
        for tlv in &mut tlvs {
            let tag = TlvTag::from(tlv.tag);
            if tag == TlvTag::MessagePayload {
                summary.price_repeated |= summary.payload.replace(tlv.value).is_some();
                continue;
            }
            summary.octets_beside_payload += TLV_HEADER_LENGTH + tlv.value.len();
            summary.price_unclear |= sar_length(tag).is_some_and(|length| tlv.value.len() != length);
            summary.price_repeated |= seen.again(tag);
        }
        summary.dropped = !tlvs.octets.is_empty();
        summary.overrun =
            tlvs.octets.split_first_chunk::<4>().map(|(&[high, low, ..], _)| u16::from_be_bytes([high, low]));
        summary.price_unclear |= summary.overrun.is_some_and(|tag| bears_on_the_price(TlvTag::from(tag)));
        summary
    }
}

impl<'a> TlvSummary<'a> {
    /// The text of a message whose mandatory part has `short_message`, or why it is not clear which
    /// text is meant.
    pub(super) fn text(&self, short_message: &'a [u8]) -> Result<&'a [u8], CommandStatus> {
        match self.payload {
            _ if self.price_unclear => Err(CommandStatus::EsmeRinvtlvlen),
            _ if self.octets_beside_payload > TLV_OCTETS_MAX => Err(CommandStatus::EsmeRinvtlvlen),
            _ if self.price_repeated => Err(CommandStatus::EsmeRinvtlvstream),
            Some(_) if !short_message.is_empty() => Err(CommandStatus::EsmeRinvmsglen),
            Some(payload) => Ok(payload),
            None => Ok(short_message),
        }
    }
}

/// The sar parameters that a walk has come by.
#[derive(Default)]
struct SeenSar {
    reference: bool,
    total: bool,
    number: bool,
}

impl SeenSar {
    /// Notes a parameter. True if it was noted before.
    fn again(&mut self, tag: TlvTag) -> bool {
        let seen = match tag {
            TlvTag::SarMsgRefNum => &mut self.reference,
            TlvTag::SarTotalSegments => &mut self.total,
            TlvTag::SarSegmentSeqnum => &mut self.number,
            _ => return false,
        };
        std::mem::replace(seen, true)
    }
}

/// The segmentation parameters' lengths (SMPP 3.4 §5.3.2.22 to 24): they decide what a message counts as.
fn sar_length(tag: TlvTag) -> Option<usize> {
    match tag {
        TlvTag::SarMsgRefNum => Some(2),
        TlvTag::SarTotalSegments | TlvTag::SarSegmentSeqnum => Some(1),
        _ => None,
    }
}

fn bears_on_the_price(tag: TlvTag) -> bool {
    tag == TlvTag::MessagePayload || sar_length(tag).is_some()
}

impl<'a> IntoIterator for Tlvs<'a> {
    type Item = Tlv<'a>;
    type IntoIter = TlvsIter<'a>;

    fn into_iter(self) -> TlvsIter<'a> {
        TlvsIter { octets: self.octets }
    }
}

/// Values may be message text, so only tags and lengths are shown.
impl std::fmt::Debug for Tlvs<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(self.into_iter().map(|tlv| (tlv.tag, tlv.value.len()))).finish()
    }
}

/// Walks over [`Tlvs`]; stops before the first that is not whole.
#[derive(Clone, Debug)]
pub struct TlvsIter<'a> {
    octets: &'a [u8],
}

impl<'a> Iterator for TlvsIter<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        let (&[tag_high, tag_low, length_high, length_low], rest) = self.octets.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        let (value, rest) = rest.split_at_checked(length)?;
        self.octets = rest;
        Some(Tlv { tag: u16::from_be_bytes([tag_high, tag_low]), value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_in_order_and_by_tag() {
        let tlvs = Tlvs::new(b"\x14\x50\0\x03key\x02\x04\0\x01\x07\x14\x50\0\0");
        let tags: Vec<u16> = tlvs.into_iter().map(|tlv| tlv.tag).collect();
        assert_eq!(tags, [0x1450, 0x0204, 0x1450]);
        assert_eq!(tlvs.get(0x1450), Some(&b"key"[..]));
        assert_eq!(tlvs.get(0x0204), Some(&b"\x07"[..]), "a length that the standard does not allow is kept");
        assert_eq!(tlvs.get(0x0424), None);
        let expected = TlvSummary { octets_beside_payload: 16, ..TlvSummary::default() };
        assert_eq!(tlvs.summarise(), expected);
    }

    #[test]
    fn one_that_overruns_and_stray_octets_are_left_out() {
        let overrun = Tlvs::new(b"\x02\x04\0\x02\0\x01\x14\x50\0\x09key");
        assert_eq!(overrun.into_iter().count(), 1);
        let summary = overrun.summarise();
        assert_eq!((summary.overrun, summary.dropped, summary.price_unclear), (Some(0x1450), true, false));

        for stray in [&b"\0"[..], b"\0\0", b"\0\0\0"] {
            let summary = Tlvs::new(stray).summarise();
            assert_eq!((summary.overrun, summary.dropped), (None, true));
        }
    }

    #[test]
    fn damage_to_what_decides_the_price_is_seen() {
        for octets in [
            &b"\x04\x24\0\x05text"[..],
            b"\x02\x0C\0\x01\x07",
            b"\x02\x0E\0\x02\0\x02",
            b"\x02\x0F\0\x09\x01",
        ] {
            assert!(Tlvs::new(octets).summarise().price_unclear, "{octets:02x?}");
        }
        for octets in [
            &b"\x04\x24\0\x04text"[..],
            b"\x02\x0C\0\x02\0\x07",
            b"\x02\x0E\0\x01\x02",
            b"\x02\x0F\0\x01\x01",
        ] {
            assert!(!Tlvs::new(octets).summarise().price_unclear, "{octets:02x?}");
        }
    }

    #[test]
    fn what_decides_the_price_may_be_there_once() {
        let invalid_stream = Err(CommandStatus::EsmeRinvtlvstream);
        for octets in [
            &b"\x04\x24\0\x04text\x04\x24\0\x05other"[..],
            b"\x04\x24\0\x04text\x04\x24\0\x04text",
            b"\x02\x0C\0\x02\0\x07\x02\x0C\0\x02\0\x08",
            b"\x02\x0E\0\x01\x02\x02\x0E\0\x01\x03",
            b"\x02\x0F\0\x01\x01\x02\x0F\0\x01\x02",
        ] {
            assert_eq!(Tlvs::new(octets).summarise().text(b""), invalid_stream, "{octets:02x?}");
        }
        let others_twice = b"\x02\x04\0\x01\x07\x02\x04\0\x01\x07\x02\x0E\0\x01\x02\x02\x0F\0\x01\x01";
        assert_eq!(Tlvs::new(others_twice).summarise().text(b"text"), Ok(&b"text"[..]));
    }

    #[test]
    fn the_octets_beside_the_text_are_bounded() {
        let with = |length: u16| {
            let mut octets = b"\x04\x24\xFF\xFF".to_vec();
            octets.resize(4 + 0xFFFF, b'x');
            octets.extend([0x14, 0x60]);
            octets.extend(length.to_be_bytes());
            octets.resize(octets.len() + usize::from(length), 0);
            Tlvs::new(&octets).summarise().text(b"").map(<[u8]>::len)
        };
        assert_eq!(with(4092), Ok(0xFFFF));
        assert_eq!(with(4093), Err(CommandStatus::EsmeRinvtlvlen));
    }

    #[test]
    fn no_value_is_shown() {
        assert_eq!(format!("{:?}", Tlvs::new(b"\x04\x24\0\x06secret")), "{1060: 6}");
    }
}
