//! Deliveries from the handler to the peer: one deliver_sm, and its outcome.

use std::fmt;

/// A deliver_sm to be sent (SMPP 3.4 §4.6), under a sequence number of the session's own.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Chosen by the handler, given back with the outcome.
    pub token: u64,
    /// The sender; of a receipt, the message's destination.
    pub source: OwnedAddress,
    /// The recipient; of a receipt, the message's sender.
    pub destination: OwnedAddress,
    /// SMPP 3.4 §5.2.12, such as 0x04 for a receipt.
    pub esm_class: u8,
    /// SMPP 3.4 §5.2.19.
    pub data_coding: u8,
    /// Above 254 octets it is sent as a message_payload parameter; a text that the peer's version cannot be
    /// given is not sent and counts as refused with ESME_RINVMSGLEN (0x01).
    pub short_message: Vec<u8>,
    /// Tag and value of each further optional parameter, of at most 65,535 octets. Left out for SMPP 3.3.
    pub tlvs: Vec<(u16, Vec<u8>)>,
}

/// Without the text and without the parameters' values, so that a delivery can be logged.
impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("token", &self.token)
            .field("esm_class", &self.esm_class)
            .field("data_coding", &self.data_coding)
            .field("length", &self.short_message.len())
            .finish_non_exhaustive()
    }
}

/// An address that outlives the PDU it came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedAddress {
    /// Type of number (SMPP 3.4 §5.2.5).
    pub ton: u8,
    /// Numbering plan indicator (SMPP 3.4 §5.2.6).
    pub npi: u8,
    /// The first 20 octets are sent, and none from a NUL on.
    pub digits: Vec<u8>,
}

/// The outcome of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The peer has it.
    Accepted,
    /// The peer answered with this `command_status`.
    Refused(u32),
    /// No answer in time, or none before the session ended: the peer may have it.
    Unanswered,
}
