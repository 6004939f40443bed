//! Requests as gateways send them, read from one isolated frame.
//!
//! rusmpp reads the rare ones (query_sm, cancel_sm, replace_sm). submit_sm, data_sm, submit_multi and the
//! binds have lenient readers of ours: real clients send Latin-1 senders, TLVs of odd lengths, stray octets
//! and TLVs behind a bind, which rusmpp refuses without saying for which field. Every reader answers a bad
//! field with the `command_status` that names it (SMPP 3.4 §5.1.3). Nothing here keeps state.

mod bind;
mod deliver;
mod destinations;
mod manage;
pub mod message_id;
mod reader;
mod submit;
pub mod time;
mod tlv;

pub use deliver::Deliver;
pub use destinations::{DestinationList, Destinations, DestinationsIter};
pub use submit::{Submit, SubmitKind};
pub use time::{InvalidTime, SmppTime};
pub use tlv::{TLV_OCTETS_MAX, Tlv, Tlvs, TlvsIter};

pub(crate) use manage::ManageRequest;
pub(crate) use message_id::WireId;

/// The most characters of an address: 20 and the NUL (SMPP 3.4 §4.4.1).
pub const ADDRESS_LENGTH_MAX: usize = 20;

/// An address as sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Address<'a> {
    /// Type of number (SMPP 3.4 §5.2.5).
    pub ton: u8,
    /// Numbering plan indicator (SMPP 3.4 §5.2.6).
    pub npi: u8,
    /// At most 20 octets, as sent and without the NUL; a sender may be letters.
    pub digits: &'a [u8],
}
