//! Segments: how many short messages a message is sent as, which is what is charged.
//!
//! A short message carries 140 octets: 160 septets, 70 UTF-16 units, or 140 octets. A part of a longer one
//! gives six of them to the concatenation header and carries 153, 67 or 134; a pair that makes one character,
//! the escape with its septet or two surrogates, is never cut in two, so a long text may need more parts than
//! division says.
//!
//! What is counted is what the network sends, not what a receiver makes of it:
//! - A PDU with a user data header in `short_message`, or with the `sar_*` parameters, is one part already.
//! - A header in `message_payload` goes into every part, unless it says that this is one part of several.
//! - Octets above 0x7F under a 7-bit coding count as one septet each: the network replaces each by one character.
//! - Latin-1 counts as GSM 7-bit where every character has septets, and as UCS-2 where one has none, because no
//!   network carries Latin-1 itself.
//! - An odd octet at the end of UTF-16 counts as a whole unit, because it takes the room of one.

mod body;
mod coding;
mod count;
mod data_coding;
mod header;
mod parts;
#[cfg(test)]
mod tests;
mod text;
mod whole_text;

pub use body::{Body, Sar};
pub use coding::Coding;
pub use count::{Rule, SegmentCount, SegmentError, count};
pub use data_coding::DefaultCoding;
pub use header::part_of_header;
pub use text::{EncodedText, encode_text};
pub use whole_text::{shown_text, whole_text};
