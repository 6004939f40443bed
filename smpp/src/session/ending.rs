//! The ways in which a session ends.

use std::time::Instant;

use rusmpp::{CommandId, CommandStatus};

use super::{CloseReason, ServerSession, State};
use crate::encode;
use crate::frame::BrokenFrame;

impl ServerSession {
    /// A length that no PDU has: the stream cannot be cut any more. What came before it is still answered.
    pub fn handle_broken_frame(&mut self, now: Instant, broken: BrokenFrame) {
        self.respond(CommandId::GenericNack, CommandStatus::EsmeRinvcmdlen, broken.sequence);
        self.finish(now, None, CloseReason::BrokenFrame);
    }

    /// The peer sends no more. It is still given what it is owed, as it may still read.
    pub fn handle_end_of_stream(&mut self, now: Instant) {
        match self.state {
            State::Bound(_) | State::Draining(_) => self.finish(now, None, CloseReason::PeerClosed),
            State::UnbindSent { reason, .. } => self.close(reason),
            State::Open | State::Binding { .. } => self.close(CloseReason::PeerClosed),
            State::Finishing { .. } | State::Closed(_) => {}
        }
        self.review_input(now);
    }

    /// The connection failed: nothing can be written any more.
    pub fn handle_connection_lost(&mut self) {
        self.cut_off(CloseReason::ConnectionLost);
    }

    /// Ends the session as it is.
    pub fn stop(&mut self) {
        self.cut_off(CloseReason::Stopped);
    }

    /// Ends the session well: answers what it owes, unbinds, waits for the answer, closes.
    pub fn drain(&mut self, now: Instant) {
        self.leave(now, CloseReason::Drained);
    }

    /// Ends a bound session well, as the handler wants it. False where it is about to end already.
    pub fn disconnect(&mut self, now: Instant) -> bool {
        let is_bound = matches!(self.state, State::Bound(_));
        if is_bound {
            self.leave(now, CloseReason::Disconnected);
        }
        is_bound
    }

    /// Nothing more is taken from the peer; `unbind` is the sequence number of the unbind it waits
    /// to see answered.
    pub(super) fn finish(&mut self, now: Instant, unbind: Option<u32>, reason: CloseReason) {
        self.state = State::Finishing { unbind, reason };
        self.give_up_deliveries();
        self.timers.transition_begins(now);
        self.go_on_when_answered(now);
    }

    /// We are done.
    pub(super) fn leave(&mut self, now: Instant, reason: CloseReason) {
        match self.state {
            State::Open => self.close(reason),
            State::Binding { mode, sequence } => {
                self.refuse_bind(mode, CommandStatus::EsmeRbindfail, sequence);
                self.close(reason);
            }
            State::Bound(_) => {
                self.state = State::Draining(reason);
                self.timers.transition_begins(now);
                self.go_on_when_answered(now);
            }
            State::Finishing { .. } | State::Draining(_) | State::UnbindSent { .. } | State::Closed(_) => {}
        }
        self.review_input(now);
    }

    /// Goes on to the end once the last answer owed is out, and the last one due to us is in.
    pub(super) fn go_on_when_answered(&mut self, now: Instant) {
        if self.in_flight() > 0 || !self.deliveries.are_answered() {
            return;
        }
        match self.state {
            State::Finishing { .. } => self.give_up_transition(),
            State::Draining(reason) => {
                let sequence = self.next_sequence();
                encode::put_header_only(&mut self.output, CommandId::Unbind, 0, sequence);
                self.state = State::UnbindSent { sequence, reason };
                self.timers.transition_begins(now);
            }
            _ => {}
        }
    }

    /// Ends a transition without waiting any longer.
    pub(super) fn give_up_transition(&mut self) {
        match self.state {
            State::Binding { mode, sequence } => {
                self.refuse_bind(mode, CommandStatus::EsmeRsyserr, sequence);
                self.close(CloseReason::BindTimedOut);
            }
            State::Finishing { unbind, reason } => {
                if let Some(sequence) = unbind {
                    self.respond(CommandId::UnbindResp, CommandStatus::EsmeRok, sequence);
                }
                self.close(reason);
            }
            State::Draining(reason) | State::UnbindSent { reason, .. } => self.close(reason),
            State::Open | State::Bound(_) | State::Closed(_) => {}
        }
    }

    /// Ends even a session that waits for its last octets to be written.
    pub(super) fn cut_off(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.timers.closed();
        self.give_up_deliveries();
    }

    pub(super) fn close(&mut self, reason: CloseReason) {
        if !matches!(self.state, State::Closed(_)) {
            self.cut_off(reason);
        }
    }
}
