//! Segments: how many short messages a message is sent as, which is what is charged.
//!
//! A short message carries 140 octets: 160 septets, 70 UTF-16 units, or 140 octets. A part of a longer one gives six of
//! them to the concatenation header and carries 153, 67 or 134; a pair that makes one character, the escape with its
//! septet or two surrogates, is never cut in two, so a long text may need more parts than division says.
//!
//! What is counted is what the network sends, not what a receiver makes of it:
//! - A PDU with a user data header in `short_message`, or with the `sar_*` parameters, is one part already.
//! - A header in `message_payload` goes into every part, unless it says that this is one part of several.
//! - Octets above 0x7F under a 7-bit coding count as one septet each: the network replaces each by one character.
//! - Latin-1 counts as GSM 7-bit where every character has septets, and as UCS-2 where one has none, because no
//!   network carries Latin-1 itself.
//! - An odd octet at the end of UTF-16 counts as a whole unit, because it takes the room of one.

use std::fmt;

use thiserror::Error;

use crate::account::DefaultCoding;

mod data_coding;
mod header;
mod parts;
#[cfg(test)]
mod tests;
mod text;
mod whole_text;

use data_coding::alphabet;
use header::Header;
use parts::Content;
pub use text::{EncodedText, encode_text};
pub use whole_text::whole_text;

/// Octets of user data in one short message (3GPP TS 23.040 §9.2.3.16).
const OCTETS: usize = 140;

/// Octets that concatenation adds to a header: an element with an 8-bit reference (3GPP TS 23.040 §9.2.3.24.1).
const CONCATENATION_OCTETS: usize = 5;

/// Units of the longest character.
const PAIR_UNITS: usize = 2;

/// What is sent, as the PDU carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The data coding scheme (SMPP 3.4 §5.2.19).
    pub data_coding: u8,
    /// Whether `esm_class` says that a user data header comes first (SMPP 3.4 §5.2.12).
    pub udhi: bool,
    /// The three `sar_*` parameters, where the PDU has all of them.
    pub sar: Option<Sar>,
    /// Header and text.
    pub octets: &'a [u8],
    /// Whether they were in `message_payload` rather than in `short_message`.
    pub in_payload: bool,
}

impl Body<'_> {
    /// The most that `short_message` holds (SMPP 3.4 §5.2.22).
    pub const SHORT_MESSAGE_OCTETS_MAX: usize = 254;
}

/// Which part of a longer message a PDU is (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sar {
    /// The same in every part.
    pub reference: u16,
    /// How many parts there are.
    pub total: u8,
    /// Which of them this is, from one.
    pub sequence: u8,
}

impl Sar {
    /// Values that contradict one another are to be ignored, and the only part of one is no part.
    fn is_part(self) -> bool {
        self.total > 1 && (1..=self.total).contains(&self.sequence)
    }
}

/// What the network sends a message as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Septets of the GSM 7-bit alphabet.
    Gsm7,
    /// UTF-16 units.
    Ucs2,
    /// Octets of anything else.
    Octets,
}

impl Coding {
    /// How many units fit into so many octets.
    const fn capacity(self, octets: usize) -> usize {
        match self {
            Self::Gsm7 => octets * 8 / 7,
            Self::Ucs2 => octets / 2,
            Self::Octets => octets,
        }
    }

    /// The name for people and in files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
            Self::Octets => "8-bit",
        }
    }
}

impl fmt::Display for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Why a message has the segments that it has.
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

/// How a message was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentCount {
    /// What is charged: 1 to 255.
    pub segments: u8,
    /// What the units are.
    pub coding: Coding,
    /// Septets, UTF-16 units or octets of the text, its header left out.
    pub units: u32,
    /// The most units that each segment could hold.
    pub per_segment: u16,
    /// Why.
    pub rule: Rule,
}

/// Why a message cannot be counted.
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
