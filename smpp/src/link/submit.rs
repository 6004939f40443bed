//! A message on its way to an operator, and why it may not be sent.

use std::fmt;

use crate::pdu::{Address, Tlvs};

/// A submit_sm to be written (SMPP 3.4 §4.4.1), borrowed from wherever the message lies.
#[derive(Clone, Copy, Default)]
pub struct OutboundSubmit<'a> {
    /// At most 5 octets.
    pub service_type: &'a [u8],
    /// The sender; at most 20 octets.
    pub source: Address<'a>,
    /// The recipient; at most 20 octets.
    pub destination: Address<'a>,
    /// SMPP 3.4 §5.2.12.
    pub esm_class: u8,
    /// SMPP 3.4 §5.2.13.
    pub protocol_id: u8,
    /// SMPP 3.4 §5.2.14.
    pub priority_flag: u8,
    /// Empty, or 16 characters.
    pub schedule: &'a [u8],
    /// Empty, or 16 characters.
    pub validity: &'a [u8],
    /// SMPP 3.4 §5.2.17.
    pub registered_delivery: u8,
    /// SMPP 3.4 §5.2.18.
    pub replace_if_present: u8,
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// SMPP 3.4 §5.2.20.
    pub default_message_id: u8,
    /// The text, at most 65,535 octets.
    pub payload: &'a [u8],
    /// True if the text goes as a message_payload parameter. One of more than 254 octets does so anyway;
    /// none does to an operator that knows no optional parameters.
    pub in_payload: bool,
    /// Passed on as they are, in order; a message_payload among them is left out, and all are to an
    /// operator that knows none.
    pub tlvs: Tlvs<'a>,
}

/// The text is left out, so that a message can be logged.
impl fmt::Debug for OutboundSubmit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboundSubmit")
            .field("esm_class", &self.esm_class)
            .field("data_coding", &self.data_coding)
            .field("payload_length", &self.payload.len())
            .field("in_payload", &self.in_payload)
            .field("tlvs", &self.tlvs)
            .finish_non_exhaustive()
    }
}

/// The reason for which a message was not written. Nothing was done, and its token is not in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSend {
    /// [`super::SubmitSink::room`] was 0. Later there is room.
    #[error("no room")]
    NoRoom,
    /// The text is longer than this operator can be sent it: more than 254 octets without optional
    /// parameters, or more than 65,535 with them. This message can never go over this link.
    #[error("the text has {0} octets, too many for this operator")]
    PayloadTooLong(usize),
    /// A field is longer than the standard allows, or has a NUL in it. This message can never go over any
    /// link.
    #[error("{0} has no form that can be sent")]
    Field(&'static str),
}
