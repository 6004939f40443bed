//! The number of segments of a message, and the rule that gives it.

use std::fmt;

use thiserror::Error;

use super::body::{Body, Sar};
use super::coding::{CONCATENATION_OCTETS, Coding, OCTETS};
use super::data_coding::{DefaultCoding, alphabet};
use super::header::Header;
use super::parts::Content;

/// Units of the longest character.
const PAIR_UNITS: usize = 2;

/// The rule that gives a message its number of segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// It fits into one short message.
    Fits,
    /// It is cut into parts.
    Cut,
    /// Its user data header makes it one short message.
    Header,
    /// Its `sar_*` parameters make it one part.
    Sar,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fits => "fits into one segment",
            Self::Cut => "cut into parts",
            Self::Header => "one segment by its user data header",
            Self::Sar => "one segment by its sar parameters",
        })
    }
}

/// The segments of a message, with the figures that they follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentCount {
    /// The number of segments charged: 1 to 255.
    pub segments: u8,
    /// The kind of units.
    pub coding: Coding,
    /// Septets, UTF-16 units or octets of the text, its header left out.
    pub units: u32,
    /// The most units that each segment could hold.
    pub per_segment: u16,
    /// The rule that applied.
    pub rule: Rule,
}

/// The reason for which a message cannot be counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SegmentError {
    /// It would need more than 255 segments.
    #[error("more than 255 segments")]
    TooLong,
    /// Its header is broken, or what claims to be one segment does not fit into one.
    #[error("the message contradicts its own header")]
    Malformed,
}

/// Counts the segments of a message.
pub fn count(body: &Body<'_>, default_coding: DefaultCoding) -> Result<SegmentCount, SegmentError> {
    let header =
        if body.udhi { Header::read(body.octets).ok_or(SegmentError::Malformed)? } else { Header::default() };
    let content = Content::new(alphabet(body.data_coding, default_coding), &body.octets[header.len..]);
    let room_behind = |header_len| content.coding.capacity(OCTETS.saturating_sub(header_len));
    let whole = room_behind(header.len);
    // A header that is there has its length octet already; one that is to come needs it.
    let part = room_behind(header.len.max(1) + CONCATENATION_OCTETS);
    let (rule, capacity) = if header.concatenated {
        (Rule::Header, whole)
    } else if body.sar.is_some_and(Sar::is_part) {
        (Rule::Sar, part)
    } else if body.udhi && !body.in_payload {
        (Rule::Header, whole)
    } else if content.units <= whole {
        (Rule::Fits, whole)
    } else {
        (Rule::Cut, part)
    };
    let segments = if rule == Rule::Cut && capacity >= PAIR_UNITS {
        content.parts(capacity)
    } else if content.units <= capacity {
        1
    } else {
        return Err(SegmentError::Malformed);
    };
    Ok(SegmentCount {
        segments: u8::try_from(segments).map_err(|_| SegmentError::TooLong)?,
        coding: content.coding,
        units: u32::try_from(content.units).map_err(|_| SegmentError::TooLong)?,
        per_segment: u16::try_from(capacity).map_err(|_| SegmentError::TooLong)?,
        rule,
    })
}
