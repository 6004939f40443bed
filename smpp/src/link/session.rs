//! One bind to a message centre as a state machine: no sockets, no tasks, no clock.
//!
//! - `handle_*` and [`work_through`] take in what happened, and tell the handler;
//! - [`LinkSession::output`] and [`LinkSession::next_deadline`] say what is to be done: octets to write,
//!   and when to call [`LinkSession::handle_tick`];
//! - [`LinkSession::drain`] asks the session to end well, [`LinkSession::stop`] to end at once.
//!
//! ```text
//! Binding ──welcome──► Bound ──drain──► Draining ──all answered──► UnbindSent ──► Closed
//!    │                   └──the operator unbinds──► Left ──all answered, or half a second──► Closed
//!    └──refused, silence──► Closed ◄──its stream ends, silence, a broken frame── any
//! ```
//!
//! Whatever the operator sends, no message is answered twice and none is forgotten: each is answered, timed
//! out, or handed back by [`LinkSession::take_unanswered`].

mod counts;
mod ending;
mod incoming;
mod ticks;
mod work;

use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use rusmpp::CommandId;

pub use counts::LinkCounts;
pub use work::work_through;

use super::config::LinkConfig;
use super::down::LinkDown;
use super::encode;
use super::in_flight::InFlight;
use super::messages::DeliverAck;
use super::submit::{CannotSend, OutboundSubmit};
use super::timers::{Timer, Timers};
use crate::encode::put_header_only;
use crate::handler::BindMode;
use crate::refused::put_delivered;

/// From here on no more messages are taken, so that one write is not too much and there is room for answers.
const SUBMIT_OUTPUT_MAX: usize = 64 * 1024;
/// From here on nothing is read either, as the operator does not read its answers.
const OUTPUT_LENGTH_MAX: usize = 256 * 1024;
/// The number of unacknowledged messages from the operator at which reading stops.
const DELIVERS_MAX: u32 = 4096;
/// The largest window that memory is reserved for.
const WINDOW_MAX: u32 = 65_536;
/// The first version that knows optional parameters.
const VERSION_WITH_TLVS: u8 = 0x34;

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// Our bind is out.
    Binding,
    Bound,
    /// The operator has unbound, and may still send answers.
    Left,
    /// We want no more: what is in flight is waited for.
    Draining,
    /// Our unbind is out.
    UnbindSent {
        sequence: u32,
    },
    Closed(LinkDown),
}

/// A message that is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    token: u64,
    /// The time at which it was written, by the clock of [`Timers::listening`].
    at: Instant,
}

/// A deliver_sm or data_sm that is not acknowledged yet.
#[derive(Clone, Copy, Debug)]
struct Delivered {
    /// The operator's sequence number.
    sequence: u32,
    command: CommandId,
}

/// One connection to a message centre.
#[derive(Debug)]
pub struct LinkSession {
    config: Arc<LinkConfig>,
    state: State,
    was_bound: bool,
    window: u32,
    knows_tlvs: bool,
    submits: InFlight<Waiting>,
    delivers: InFlight<Delivered>,
    enquiry: Option<u32>,
    timers: Timers,
    output: BytesMut,
    counts: LinkCounts,
}

impl LinkSession {
    /// A connection is made; the bind is in the output. `delivers_before` is what
    /// [`Self::delivers_before`] said of the link's last session, 0 for its first.
    pub fn new(config: Arc<LinkConfig>, now: Instant, delivers_before: u32) -> Self {
        let window = config.window.clamp(1, WINDOW_MAX);
        let mut submits = InFlight::new(window, 0);
        let mut output = BytesMut::new();
        encode::put_bind(&mut output, submits.next_number(), &config);
        Self {
            state: State::Binding,
            was_bound: false,
            window,
            knows_tlvs: config.interface_version >= VERSION_WITH_TLVS,
            submits,
            delivers: InFlight::new(DELIVERS_MAX, delivers_before),
            enquiry: None,
            timers: Timers::new(config.enquire_link, config.response, now),
            output,
            counts: LinkCounts::default(),
            config,
        }
    }

    /// For the link's next session, so that it does not give numbers out again that this one gave to
    /// what it delivered.
    pub fn delivers_before(&self) -> u32 {
        self.delivers.last()
    }

    /// True if more input may be given; while not, the connection is not read.
    pub fn wants_input(&self) -> bool {
        let open = !matches!(self.state, State::Closed(_));
        open && self.delivers.count() < DELIVERS_MAX && self.output.len() < OUTPUT_LENGTH_MAX
    }

    /// True if acknowledgements are due and may be given.
    pub fn wants_acks(&self) -> bool {
        let open = !matches!(self.state, State::Closed(_));
        open && self.delivers.count() > 0 && self.output.len() < OUTPUT_LENGTH_MAX
    }

    /// Octets to write to the operator.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// The time at which [`Self::handle_tick`] is due.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.next_timer().map(|(due, _)| due)
    }

    /// Messages that are not answered.
    pub fn in_flight(&self) -> u32 {
        self.submits.count()
    }

    /// True if messages are taken.
    pub fn is_bound(&self) -> bool {
        self.state == State::Bound
    }

    /// True if the bind succeeded, however the session stands now.
    pub fn was_bound(&self) -> bool {
        self.was_bound
    }

    /// Set once the connection is to be closed. The output then holds only last answers.
    pub fn finished(&self) -> Option<&LinkDown> {
        match &self.state {
            State::Closed(reason) => Some(reason),
            _ => None,
        }
    }

    /// The counts since the last call.
    pub fn take_counts(&mut self) -> LinkCounts {
        std::mem::take(&mut self.counts)
    }

    /// Moves the messages that are not answered to the end of `tokens`, oldest first.
    pub fn take_unanswered(&mut self, tokens: &mut Vec<u64>) {
        tokens.extend(self.submits.drain().map(|waiting| waiting.token));
    }

    /// Messages that are taken now.
    pub fn room(&self) -> usize {
        let takes = self.is_bound() && self.config.mode != BindMode::Receiver;
        if !takes || self.output.len() >= SUBMIT_OUTPUT_MAX {
            return 0;
        }
        self.window.saturating_sub(self.in_flight()) as usize
    }

    /// Writes a message into the output.
    pub(super) fn submit(
        &mut self,
        now: Instant,
        token: u64,
        message: &OutboundSubmit<'_>,
    ) -> Result<(), CannotSend> {
        if self.room() == 0 {
            return Err(CannotSend::NoRoom);
        }
        let sequence = self.submits.add(Waiting { token, at: self.timers.listening(now) });
        let written = encode::put_submit(&mut self.output, sequence, message, self.knows_tlvs);
        match written {
            Ok(()) => self.counts.submits += 1,
            Err(_) => drop(self.submits.remove(sequence)),
        }
        written
    }

    /// Acknowledgements from the handler; takes them all. Those of an earlier connection are left out.
    pub fn handle_acks(&mut self, now: Instant, acks: &mut Vec<DeliverAck>) {
        let takes = matches!(self.state, State::Bound | State::Draining);
        for ack in acks.drain(..) {
            match self.delivers.remove(ack.sequence).filter(|_| takes) {
                Some(Delivered { sequence, command }) => {
                    put_delivered(&mut self.output, command.matching_response(), ack.status, sequence);
                }
                None => self.counts.stale_acks += 1,
            }
        }
        self.go_on_when_answered(now);
        self.review_input(now);
    }

    /// The first `count` octets of the output were written. Call it after every try to write, also
    /// when none were.
    pub fn handle_written(&mut self, now: Instant, count: usize) {
        self.output.advance(count.min(self.output.len()));
        self.timers.written(now, !self.output.is_empty(), count > 0);
        self.review_input(now);
    }

    fn next_timer(&self) -> Option<(Instant, Timer)> {
        self.timers.next(self.submits.oldest().map(|(_, waiting)| waiting.at))
    }

    /// Lets the operator's timers run exactly while its input is taken. To be called after every change.
    fn review_input(&mut self, now: Instant) {
        let pause = !self.wants_input();
        self.timers.pause(now, pause);
    }

    /// An answer that is a header and nothing else.
    fn respond(&mut self, response: CommandId, status: impl Into<u32>, sequence: u32) {
        put_header_only(&mut self.output, response, status.into(), sequence);
    }
}
