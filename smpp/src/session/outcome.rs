//! The reasons for which a session ends, and its counts.

/// The reason for which a session is over. A closed list, so that it can label a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// The peer unbound.
    PeerUnbound,
    /// The peer closed its side of the connection.
    PeerClosed,
    /// We unbound, because the server drains.
    Drained,
    /// We unbound, because the handler wanted it.
    Disconnected,
    /// We unbound, because the peer was silent for too long.
    Inactive,
    /// No bind succeeded in time.
    NotBound,
    /// The handler took too long over a bind.
    BindTimedOut,
    /// Our enquire_link was not answered in time.
    Unanswered,
    /// A PDU began and did not end in time.
    PartialPdu,
    /// A length that no PDU can have.
    BrokenFrame,
    /// The peer took none of its answers for too long.
    WriteStalled,
    /// The connection failed.
    ConnectionLost,
    /// The server stopped without waiting any longer.
    Stopped,
    /// It had not bound, and another needed its place.
    SentAway,
}

impl CloseReason {
    /// All of them, in the order of the variants.
    pub const ALL: [Self; 14] = [
        Self::PeerUnbound,
        Self::PeerClosed,
        Self::Drained,
        Self::Disconnected,
        Self::Inactive,
        Self::NotBound,
        Self::BindTimedOut,
        Self::Unanswered,
        Self::PartialPdu,
        Self::BrokenFrame,
        Self::WriteStalled,
        Self::ConnectionLost,
        Self::Stopped,
        Self::SentAway,
    ];

    /// For a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::PeerUnbound => "peer_unbound",
            Self::PeerClosed => "peer_closed",
            Self::Drained => "drained",
            Self::Disconnected => "disconnected",
            Self::Inactive => "inactive",
            Self::NotBound => "not_bound",
            Self::BindTimedOut => "bind_timed_out",
            Self::Unanswered => "unanswered",
            Self::PartialPdu => "partial_pdu",
            Self::BrokenFrame => "broken_frame",
            Self::WriteStalled => "write_stalled",
            Self::ConnectionLost => "connection_lost",
            Self::Stopped => "stopped",
            Self::SentAway => "sent_away",
        }
    }

    /// True if the connection is of no use any more, so that waiting for the peer to read is in vain.
    pub(crate) fn is_abrupt(self) -> bool {
        matches!(self, Self::WriteStalled | Self::ConnectionLost | Self::Stopped | Self::SentAway)
    }
}

/// The events of a session since the counts were last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionCounts {
    /// Whole PDUs received.
    pub frames: u64,
    /// Requests answered with an error because a field of theirs is bad.
    pub malformed: u64,
    /// Requests with optional parameters or stray octets that were left out.
    pub tlvs_dropped: u64,
    /// Requests of a `command_id` that we do not know.
    pub unknown_commands: u64,
    /// Responses to nothing that we asked.
    pub unknown_responses: u64,
    /// Requests that came in the wrong state.
    pub wrong_state: u64,
    /// Binds refused, by us or by the handler.
    pub binds_refused: u64,
    /// Times that reading stopped because the window was full.
    pub window_full: u64,
    /// enquire_links that we sent.
    pub enquiries: u64,
    /// deliver_sms that we sent.
    pub deliveries: u64,
    /// Deliveries that the peer refused, and those too long for the peer's version.
    pub deliveries_refused: u64,
    /// Deliveries that the peer did not answer in time, or not before the session ended.
    pub deliveries_unanswered: u64,
}
