//! The reasons for which a link is down.

use std::io;

/// The reason for which a link is down, or did not come up.
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
    /// The link was stopped and has unbound.
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

    /// True if the connection is of no use any more, so that waiting for the peer to read is in vain.
    pub(super) fn is_abrupt(&self) -> bool {
        matches!(self, Self::ConnectionLost(_) | Self::PeerClosed | Self::Unanswered | Self::WriteStalled)
    }
}
