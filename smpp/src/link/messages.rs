//! The answers to messages, in either direction.

use std::fmt;

use rusmpp::CommandId;

/// The outcome of a message that was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SubmitAnswer<'a> {
    /// A submit_sm_resp, or a generic_nack in its place.
    Response {
        /// ESME_ROK (0) only where the operator has the message.
        status: u32,
        /// The operator's id of it as sent, at most 255 octets; empty with an error, and some leave it
        /// empty always.
        message_id: &'a [u8],
    },
    /// Nothing was heard inside the response timer. A later response is left out.
    TimedOut,
}

/// The id is the operator's word, so it is shown as text.
impl fmt::Debug for SubmitAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, message_id } => {
                write!(f, "Response {{ status: {status:#x}, message_id: {} }}", message_id.escape_ascii())
            }
            Self::TimedOut => f.write_str("TimedOut"),
        }
    }
}

/// The answer to one deliver_sm or data_sm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliverAck {
    /// The sequence number, [`crate::pdu::Deliver::sequence`].
    pub sequence: u32,
    /// The command, [`crate::pdu::Deliver::command`].
    pub command: CommandId,
    /// ESME_ROK (0), or why it is to come again or is refused for good.
    pub status: u32,
}
