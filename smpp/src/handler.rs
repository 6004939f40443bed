//! The two traits that handle binds and sessions of the server; `relay` implements them.
//!
//! This crate knows sessions and messages, not money. It asks a [`BindHandler`] whether a bind is welcome and
//! hands each request to the [`SessionHandler`] it got for it. Requests go in by plain calls while a chunk of
//! bytes is worked through; answers come out later and many at a time, in any order, from
//! [`SessionHandler::poll_answers`].
//!
//! The contract of one session, as the shell keeps it:
//! 1. for every complete request in the bytes just read: `submit`, `query`, `cancel` or `replace`;
//! 2. then `poll_flush` until it is ready; while it is not, nothing more is read from that socket;
//! 3. `poll_answers` whenever the task wakes; every [`RequestOutcome::Pending`] gives exactly one [`Answer`];
//! 4. `poll_deliveries` whenever the task wakes and the peer can take some; every [`Delivery`] taken out
//!    gives exactly one `delivered`, at the latest when the session ends;
//! 5. `poll_leave` whenever the task wakes: once it is ready, the session unbinds.

mod delivery;

use std::fmt;
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::SystemTime;

use rusmpp::CommandId;

use crate::pdu::{Address, Submit};

pub use delivery::{Delivery, DeliveryOutcome, OwnedAddress};

/// Admits binds. One for the whole server.
pub trait BindHandler: Send + Sync + 'static {
    /// The handler of one bound session.
    type Session: SessionHandler;

    /// The time of day in microseconds since 1970, which requests are handed over with.
    fn now(&self) -> u64 {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since_1970.as_micros()).unwrap_or(u64::MAX)
    }

    /// Checks the credentials and the limits of an account. It may take its time: nobody else waits.
    fn bind(
        &self,
        request: BindRequest,
        peer: IpAddr,
    ) -> impl Future<Output = BindOutcome<Self::Session>> + Send;
}

/// One bound session's side of the handler. Dropping it ends the session for the handler.
pub trait SessionHandler: Send + 'static {
    /// A submit_sm, data_sm or submit_multi. `now` is in microseconds since 1970, the same for a chunk.
    fn submit(&mut self, now: u64, submit: &Submit<'_>) -> RequestOutcome;

    /// A query_sm. `source` is checked against the message's.
    fn query(&mut self, sequence: u32, message: MessageRef<'_>) -> RequestOutcome;

    /// A cancel_sm for one message (an empty `message_id`: by service type and addresses, SMPP 3.4 §4.9.1).
    fn cancel(&mut self, now: u64, sequence: u32, message: MessageRef<'_>) -> RequestOutcome;

    /// A replace_sm with its new text.
    fn replace(
        &mut self,
        now: u64,
        sequence: u32,
        message: MessageRef<'_>,
        body: Replacement<'_>,
    ) -> RequestOutcome;

    /// Hands on what was accepted since the last flush. Pending means that the queue behind is full: the
    /// shell stops reading until the waker is called.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Moves the answers that are ready to the end of `answers`. Ready when at least one was moved.
    fn poll_answers(&mut self, cx: &mut Context<'_>, answers: &mut Vec<Answer>) -> Poll<()>;

    /// Moves at most `room` deliveries to the end of `deliveries`. Asked of receivers and transceivers only,
    /// while fewer than the delivery window wait for their deliver_sm_resp. Ready when at least one was
    /// moved.
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        room: usize,
        deliveries: &mut Vec<Delivery>,
    ) -> Poll<()> {
        let _ = (cx, room, deliveries);
        Poll::Pending
    }

    /// The outcome of a delivery.
    fn delivered(&mut self, token: u64, outcome: DeliveryOutcome) {
        let _ = (token, outcome);
    }

    /// After a round of [`Self::delivered`].
    fn flush_delivered(&mut self) {}

    /// True if others with little traffic wait for sessions with much more: each session then takes less in each turn.
    /// Asked before each read.
    fn is_uneven(&self) -> bool {
        false
    }

    /// Ready once the session is to end well: what it owes is answered, then it unbinds. Asked whenever the task wakes.
    fn poll_leave(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Pending
    }

    /// True if the connection is to be closed as it is, without a goodbye. Looked at whenever the task
    /// wakes.
    fn hangs_up(&self) -> bool {
        false
    }
}

/// The immediate outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// Answered now, with this `command_status` and no body.
    Refused(u32),
    /// An [`Answer`] with the request's sequence number follows.
    Pending,
}

/// The answer to one pending request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Of the request; echoed.
    pub sequence: u32,
    /// The reply to send.
    pub reply: Reply,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The request's `_resp` with this status and no body.
    Refused(u32),
    /// The `_resp` of a submit_sm, data_sm or submit_multi with an error, an empty message_id and these TLVs.
    Explained {
        /// Of the request.
        command: CommandId,
        /// The status, which is not ESME_ROK.
        status: u32,
        /// For accounts that asked for them; a peer that knows no TLVs gets the bare status.
        tlvs: ReplyTlvs,
    },
    /// submit_sm_resp with ESME_ROK.
    Submitted {
        /// Our id of the message, of at most 18 digits. A bind of SMPP 3.3 is sent the low 32 bits only.
        message_id: u64,
        /// Vendor TLVs for accounts that asked for them.
        tlvs: ReplyTlvs,
    },
    /// The `_resp` of a submit_sm, data_sm or submit_multi with ESME_ROK and an id that is not a number of
    /// ours.
    SubmittedAs {
        /// Of the request.
        command: CommandId,
        /// The first 64 octets are sent.
        message_id: Box<[u8]>,
    },
    /// data_sm_resp with ESME_ROK.
    DataAccepted {
        /// Our id of the message.
        message_id: u64,
        /// Vendor TLVs for accounts that asked for them.
        tlvs: ReplyTlvs,
    },
    /// submit_multi_resp with ESME_ROK.
    MultiSubmitted {
        /// Our id of the first message charged.
        message_id: u64,
        /// The destinations that were refused.
        unsuccessful: Vec<UnsuccessfulDestination>,
    },
    /// query_sm_resp with ESME_ROK.
    Queried {
        /// As the request gave it.
        message_id: u64,
        /// The time at which the message reached a final state, as `YYMMDDhhmmsstnnp`; empty before.
        final_date: Vec<u8>,
        /// SMPP 3.4 §5.2.28.
        message_state: u8,
        /// The network's error, or zero.
        error_code: u8,
    },
    /// cancel_sm_resp with ESME_ROK.
    Cancelled,
    /// replace_sm_resp with ESME_ROK.
    Replaced,
    /// Nothing is sent, as if the answer were lost on its way; for simulators.
    Withheld {
        /// Of the request.
        command: CommandId,
    },
}

/// Vendor TLVs of a response: `None` where the account did not ask, so that the usual answer costs nothing.
pub type ReplyTlvs = Option<Box<Vec<(u16, Vec<u8>)>>>;

/// One refused destination of a submit_multi (SMPP 3.4 §4.5.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsuccessfulDestination {
    /// Type of number.
    pub ton: u8,
    /// Numbering plan indicator.
    pub npi: u8,
    /// The address as submitted.
    pub address: Vec<u8>,
    /// The reason, as a `command_status`.
    pub status: u32,
}

/// The message that a query_sm, cancel_sm or replace_sm refers to.
#[derive(Clone, Copy, Debug)]
pub struct MessageRef<'a> {
    /// Our id; `None` where the field is empty or not an id that we could have issued.
    pub message_id: Option<u64>,
    /// True if the message_id field was empty.
    pub id_empty: bool,
    /// As in the request.
    pub service_type: &'a [u8],
    /// Source address of the request.
    pub source: Address<'a>,
    /// Destination, in cancel_sm only.
    pub destination: Option<Address<'a>>,
}

/// The new values of a replace_sm.
#[derive(Clone, Copy, Debug)]
pub struct Replacement<'a> {
    /// Empty to keep.
    pub schedule: &'a [u8],
    /// Empty to keep.
    pub validity: &'a [u8],
    /// The new setting.
    pub registered_delivery: u8,
    /// The new text, in the coding of the old.
    pub body: &'a [u8],
}

/// A bind as it was asked for.
#[derive(Clone, PartialEq, Eq)]
pub struct BindRequest {
    /// Receiver, transmitter or transceiver.
    pub mode: BindMode,
    /// The system_id of the peer.
    pub system_id: Vec<u8>,
    /// The secret. Never logged: `Debug` leaves it out.
    pub password: Vec<u8>,
    /// The system_type as sent.
    pub system_type: Vec<u8>,
    /// As sent, such as 0x34.
    pub interface_version: u8,
}

/// Everything but the password.
impl fmt::Debug for BindRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BindRequest")
            .field("mode", &self.mode)
            .field("system_id", &self.system_id.escape_ascii().to_string())
            .field("system_type", &self.system_type.escape_ascii().to_string())
            .field("interface_version", &self.interface_version)
            .finish_non_exhaustive()
    }
}

/// The kind of a bind (SMPP 3.4 §2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindMode {
    /// It submits messages.
    Transmitter,
    /// It gets deliver_sm.
    Receiver,
    /// It submits messages and gets deliver_sm.
    Transceiver,
}

impl BindMode {
    /// The `command_id` of the request.
    pub fn command(self) -> CommandId {
        match self {
            Self::Transmitter => CommandId::BindTransmitter,
            Self::Receiver => CommandId::BindReceiver,
            Self::Transceiver => CommandId::BindTransceiver,
        }
    }
}

/// The handler's answer to a bind.
pub enum BindOutcome<S> {
    /// The bind is accepted.
    Bound {
        /// The session's side of the handler.
        session: S,
        /// Requests that may be unanswered at one time on this bind; beyond it the socket is not read.
        window: u32,
        /// Deliveries that may be unanswered at one time on this bind; 0 for a bind that gets none.
        delivery_window: u32,
    },
    /// The bind_resp's `command_status`. `slow_down` marks failures that someone guessing passwords would
    /// see, which are answered later and later.
    Refused {
        /// Such as ESME_RBINDFAIL (0x0D) or ESME_RINVPASWD (0x0E).
        status: u32,
        /// True if to count it against the address and the system_id.
        slow_down: bool,
    },
}
