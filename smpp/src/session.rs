//! One gateway's session as a state machine: no sockets, no tasks, no clock.
//!
//! Four kinds of method, besides getters:
//! - `handle_*` takes in what happened: a frame, an answer of the handler, octets written, time passed,
//!   the peer gone;
//! - [`ServerSession::output`] and [`ServerSession::next_deadline`] say what is to be done: octets to write,
//!   and when to call [`ServerSession::handle_tick`];
//! - [`ServerSession::take_outcomes`] says what became of deliveries;
//! - [`ServerSession::drain`] asks the session to end well, [`ServerSession::stop`] to end at once.
//!
//! ```text
//! Open ──bind──► Binding ──welcome──► Bound ──the peer unbinds, or its stream ends──► Finishing ──► Closed
//!   ▲               │                    └────drain, silence──► Draining ──► UnbindSent ────────────► Closed
//!   └────refused────┘
//! ```
//!
//! Every request is answered by its own `_resp`, or by generic_nack where it has none, under its own sequence
//! number. A bad body costs that request only; a bad length ends the session. Input is taken in order and one
//! request at a time: while the window is full, all that lies behind it waits, an enquire_link too.
//!
//! Deliveries go the other way, in a window of their own, and each has an outcome: the peer's answer, or none.
//! A session that drains hands out no more and waits for the answers to those that are out.

mod answers;
mod config;
mod deliveries;
mod delivering;
mod ending;
mod in_flight;
mod outcome;
mod requests;
mod timers;
mod work;

use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use rusmpp::CommandId;

pub use config::{SessionConfig, TimerConfig};
pub use outcome::{CloseReason, SessionCounts};
pub use work::work_through;

use crate::encode;
use crate::handler::{BindMode, BindRequest};
use crate::pdu::{ManageRequest, Submit};
use crate::refused::put_refused;
use crate::version::Version;
use deliveries::{Deliveries, OwnRequests};
use in_flight::InFlight;
use timers::{Timer, Timers};

/// The action that a frame asks of the handler; the session does everything else itself.
#[derive(Debug)]
enum Action<'a> {
    Nothing,
    Bind(BindRequest),
    Submit(Submit<'a>),
    Manage { command: CommandId, sequence: u32, request: ManageRequest },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Connected and not bound.
    Open,
    /// The handler looks at a bind; nothing more is read until it has.
    Binding {
        mode: BindMode,
        sequence: u32,
    },
    Bound(BindMode),
    /// The peer sends no more, or nothing that can be read: it gets the answers it is owed, and its
    /// unbind_resp if it asked for one.
    Finishing {
        unbind: Option<u32>,
        reason: CloseReason,
    },
    /// We want no more: new requests are refused for another try elsewhere, the answers still owed go out.
    Draining(CloseReason),
    /// All is answered and our unbind is out.
    UnbindSent {
        sequence: u32,
        reason: CloseReason,
    },
    Closed(CloseReason),
}

/// One connection of a gateway.
#[derive(Debug)]
pub struct ServerSession {
    config: Arc<SessionConfig>,
    state: State,
    version: Version,
    window: u32,
    in_flight: InFlight,
    handler_full: bool,
    timers: Timers,
    own_requests: OwnRequests,
    deliveries: Deliveries,
    enquiry: Option<u32>,
    output: BytesMut,
    counts: SessionCounts,
}

impl ServerSession {
    /// A peer has connected.
    pub fn new(config: Arc<SessionConfig>, now: Instant) -> Self {
        let timers = Timers::new(config.timers, now);
        Self {
            config,
            state: State::Open,
            version: Version::V3_4,
            window: 1,
            in_flight: InFlight::default(),
            handler_full: false,
            timers,
            own_requests: OwnRequests::default(),
            deliveries: Deliveries::default(),
            enquiry: None,
            output: BytesMut::new(),
            counts: SessionCounts::default(),
        }
    }

    /// True if more frames may be given; while not, the connection is not read.
    pub fn wants_input(&self) -> bool {
        let listens = matches!(
            self.state,
            State::Open | State::Bound(_) | State::Draining(_) | State::UnbindSent { .. }
        );
        listens
            && !self.handler_full
            && !self.window_is_full()
            && self.output.len() < self.config.output_length_max
    }

    /// Octets to write to the peer.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// The time at which [`Self::handle_tick`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next().map(|(due, _)| due)
    }

    /// Requests that wait for an answer of the handler.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.count()
    }

    /// True if answers of the handler are due and may be given; while not, they stay with the handler.
    pub fn wants_answers(&self) -> bool {
        self.in_flight() > 0 && self.output.len() < self.config.output_length_max
    }

    /// The mode of the bind, while there is one.
    pub fn bound_as(&self) -> Option<BindMode> {
        match self.state {
            State::Bound(mode) => Some(mode),
            _ => None,
        }
    }

    /// Set once the connection is to be closed: all that the peer is to get has been written, or cannot be.
    pub fn finished(&self) -> Option<CloseReason> {
        match self.state {
            State::Closed(reason) if self.output.is_empty() || reason.is_abrupt() => Some(reason),
            _ => None,
        }
    }

    /// The counts since the last call.
    pub fn take_counts(&mut self) -> SessionCounts {
        std::mem::take(&mut self.counts)
    }

    /// The handler welcomes the bind. False where the session has gone on without it: the handler's side is
    /// to be dropped.
    pub fn handle_bound(&mut self, now: Instant, window: u32, delivery_window: u32) -> bool {
        let State::Binding { mode, sequence } = self.state else {
            return false;
        };
        let version = self.version.sc_interface_version();
        encode::put_bound(&mut self.output, mode, sequence, &self.config.system_id, version);
        self.window = window.max(1);
        self.deliveries.open(delivery_window);
        self.state = State::Bound(mode);
        self.timers.transition_ends();
        self.timers.bound(now);
        self.review_input(now);
        true
    }

    /// The handler refuses the bind; the peer may try again.
    pub fn handle_bind_refused(&mut self, now: Instant, status: u32) {
        if let State::Binding { mode, sequence } = self.state {
            self.state = State::Open;
            self.timers.transition_ends();
            self.refuse_bind(mode, status, sequence);
            self.review_input(now);
        }
    }

    /// True if the handler takes no more for now.
    pub fn handle_handler_full(&mut self, now: Instant, full: bool) {
        self.handler_full = full;
        self.review_input(now);
    }

    /// The first `count` octets of the output were written. Call it after every try to write, also
    /// when none were.
    pub fn handle_written(&mut self, now: Instant, count: usize) {
        self.output.advance(count.min(self.output.len()));
        self.timers.written(now, !self.output.is_empty(), count > 0);
        self.review_input(now);
    }

    /// Does the one thing that is due at `now`, if any.
    pub fn handle_tick(&mut self, now: Instant) {
        let due = self.timers.next().filter(|(due, _)| *due <= now);
        match due.map(|(_, timer)| timer) {
            Some(Timer::EnquireLink) => self.enquire(now),
            Some(Timer::Inactivity) => self.leave(now, CloseReason::Inactive),
            Some(Timer::Transition) => self.give_up_transition(),
            Some(Timer::SessionInit) => self.close(CloseReason::NotBound),
            Some(Timer::Enquiry) => self.close(CloseReason::Unanswered),
            Some(Timer::PartialPdu) => self.finish(now, None, CloseReason::PartialPdu),
            Some(Timer::WriteStall) => self.cut_off(CloseReason::WriteStalled),
            Some(Timer::Delivery) => {
                self.give_up_late_deliveries(now);
                self.go_on_when_answered(now);
            }
            None => {}
        }
        self.review_input(now);
    }

    fn window_is_full(&self) -> bool {
        self.in_flight() >= self.window
    }

    /// Lets the peer's timers run exactly while its input is taken. To be called after every change.
    fn review_input(&mut self, now: Instant) {
        let pause = !self.wants_input();
        if self.timers.pause(now, pause) && pause && self.window_is_full() {
            self.counts.window_full += 1;
        }
    }

    /// An answer that is a header and nothing else.
    fn respond(&mut self, resp: CommandId, status: impl Into<u32>, sequence: u32) {
        encode::put_header_only(&mut self.output, resp, status.into(), sequence);
    }

    /// The answer to a request that is refused, with the body that the version wants it to have.
    fn refuse(&mut self, request: CommandId, status: impl Into<u32>, sequence: u32) {
        put_refused(&mut self.output, self.version, request.matching_response(), status.into(), sequence);
    }

    fn refuse_bind(&mut self, mode: BindMode, status: impl Into<u32>, sequence: u32) {
        self.counts.binds_refused += 1;
        self.refuse(mode.command(), status, sequence);
    }

    fn enquire(&mut self, now: Instant) {
        let sequence = self.next_sequence();
        encode::put_header_only(&mut self.output, CommandId::EnquireLink, 0, sequence);
        self.enquiry = Some(sequence);
        self.counts.enquiries += 1;
        self.timers.enquired(now);
    }

    fn next_sequence(&mut self) -> u32 {
        let (_, sequence) = self.own_requests.next();
        sequence
    }
}
