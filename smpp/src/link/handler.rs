//! What stands behind a link: the trait that the daemon implements.
//!
//! The contract of one link, as the shell keeps it:
//! 1. `connecting`, then `failed`, or `bound` and later `unbound`; and so on until the link is stopped;
//! 2. while it is bound: `responded` and `deliver` for what a read brought, then one `flush`;
//! 3. `poll_acks` and `poll_submit` whenever the task wakes and there is room for what they give;
//! 4. every message given to the sink gets exactly one `responded`, or is among those of `unbound`.
//!
//! All of it is called from the link's own task, and none of it may block.

use std::fmt;
use std::io;
use std::task::{Context, Poll};

use rusmpp::CommandId;

use super::SubmitSink;
use crate::pdu::Deliver;

/// One link's side of the router.
pub trait LinkHandler: Send + 'static {
    /// A try to connect and bind begins.
    fn connecting(&mut self) {}

    /// The try failed; another follows later.
    fn failed(&mut self, reason: &LinkDown) {
        let _ = reason;
    }

    /// From now on messages are taken.
    fn bound(&mut self);

    /// Writes messages into the sink while [`SubmitSink::room`] is not 0. Ready when at least one was written;
    /// Pending when there is none to send now: the waker is called when there is, from any thread.
    fn poll_submit(&mut self, cx: &mut Context<'_>, sink: &mut SubmitSink<'_>) -> Poll<()>;

    /// What the operator said to a message.
    fn responded(&mut self, token: u64, answer: SubmitAnswer<'_>);

    /// A deliver_sm or data_sm. It is acknowledged when its [`DeliverAck`] comes out of `poll_acks`, and the
    /// operator keeps it until then. One that is unacknowledged when the link goes down will come again; its
    /// acknowledgement is then left out, should it still be given.
    fn deliver(&mut self, deliver: &Deliver<'_>);

    /// What one read brought has been worked through.
    fn flush(&mut self);

    /// Moves the acknowledgements that are due to the end of `acks`. Ready when at least one was moved; else the
    /// waker is called when there is one.
    fn poll_acks(&mut self, cx: &mut Context<'_>, acks: &mut Vec<DeliverAck>) -> Poll<()>;

    /// The link is down. `unanswered` are the messages that were written, or were about to be, and of which
    /// nothing was heard, oldest first: whether the operator has them is not known.
    fn unbound(&mut self, reason: &LinkDown, unanswered: &mut Vec<u64>);
}

/// What became of a message that was written.
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
    /// [`Deliver::sequence`].
    pub sequence: u32,
    /// [`Deliver::command`].
    pub command: CommandId,
    /// ESME_ROK (0), or why it is to come again or is refused for good.
    pub status: u32,
}

/// Why a link is down, or did not come up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkDown {
    /// The name does not resolve, or nobody listens there.
    #[error("cannot connect: {0}")]
    Connect(io::ErrorKind),
    /// The connection was not made in time.
    #[error("no connection in time")]
    ConnectTimedOut,
    /// The operator's certificate is not to be trusted, or it speaks no TLS, or there is a fault on our side.
    #[error("TLS: {0}")]
    Tls(String),
    /// The bind_resp's `command_status`.
    #[error("bind refused with {0:#06x}")]
    BindRefused(u32),
    /// No bind_resp in time.
    #[error("no answer to the bind")]
    BindTimedOut,
    /// The operator unbound.
    #[error("the operator unbound")]
    PeerUnbound,
    /// The operator closed the connection.
    #[error("the operator closed the connection")]
    PeerClosed,
    /// The connection failed.
    #[error("connection lost: {0}")]
    ConnectionLost(io::ErrorKind),
    /// An enquire_link was not answered in time.
    #[error("no answer to enquire_link")]
    Unanswered,
    /// A PDU began and did not end in time.
    #[error("a PDU did not end")]
    PartialPdu,
    /// A length that no PDU can have.
    #[error("a PDU of an impossible length")]
    BrokenFrame,
    /// The operator took nothing of what it was sent for too long.
    #[error("the operator does not read")]
    WriteStalled,
    /// We unbound.
    #[error("stopped")]
    Stopped,
}

impl LinkDown {
    /// For a metric's label: a closed list.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Connect(_) => "connect",
            Self::ConnectTimedOut => "connect_timed_out",
            Self::Tls(_) => "tls",
            Self::BindRefused(_) => "bind_refused",
            Self::BindTimedOut => "bind_timed_out",
            Self::PeerUnbound => "peer_unbound",
            Self::PeerClosed => "peer_closed",
            Self::ConnectionLost(_) => "connection_lost",
            Self::Unanswered => "unanswered",
            Self::PartialPdu => "partial_pdu",
            Self::BrokenFrame => "broken_frame",
            Self::WriteStalled => "write_stalled",
            Self::Stopped => "stopped",
        }
    }

    /// Whether the connection is of no use any more, so that waiting for the peer to read is in vain.
    pub(super) fn is_abrupt(&self) -> bool {
        matches!(self, Self::ConnectionLost(_) | Self::PeerClosed | Self::Unanswered | Self::WriteStalled)
    }
}
