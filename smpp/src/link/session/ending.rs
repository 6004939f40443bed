//! The ways in which a session ends.

use std::io;
use std::time::{Duration, Instant};

use rusmpp::{CommandId, CommandStatus};

use super::{LinkSession, State};
use crate::encode::put_header_only;
use crate::frame::BrokenFrame;
use crate::link::LinkDown;

/// For the answers that are on their way when the operator unbinds. Most send them before; what is still
/// unanswered waits for this long before it can go elsewhere.
const LEFT_WAIT: Duration = Duration::from_millis(500);

impl LinkSession {
    /// A length that no PDU has: the stream cannot be cut any more.
    pub(super) fn handle_broken_frame(&mut self, broken: BrokenFrame) {
        self.respond(CommandId::GenericNack, CommandStatus::EsmeRinvcmdlen, broken.sequence);
        self.close(LinkDown::BrokenFrame);
    }

    /// The operator sends no more, so there will be no more answers.
    pub fn handle_end_of_stream(&mut self) {
        self.close_after_loss(LinkDown::PeerClosed);
    }

    /// The connection failed.
    pub fn handle_connection_lost(&mut self, kind: io::ErrorKind) {
        self.close_after_loss(LinkDown::ConnectionLost(kind));
    }

    /// Ends the session as it is.
    pub fn stop(&mut self) {
        self.close(LinkDown::Stopped);
    }

    /// Ends the session well: takes no more messages, waits for answers and acknowledgements, unbinds, waits
    /// for the answer; all of that until `until` at the latest.
    pub fn drain(&mut self, now: Instant, until: Instant) {
        self.timers.leave(until);
        match self.state {
            State::Binding => self.close(LinkDown::Stopped),
            State::Bound => self.state = State::Draining,
            State::Left | State::Draining | State::UnbindSent { .. } | State::Closed(_) => {}
        }
        self.go_on_when_answered(now);
        self.review_input(now);
    }

    pub(super) fn peer_unbinds(&mut self, now: Instant, sequence: u32) {
        self.respond(CommandId::UnbindResp, CommandStatus::EsmeRok, sequence);
        match self.state {
            State::Bound | State::Draining => {
                self.state = State::Left;
                self.timers.leave(now.checked_add(LEFT_WAIT).unwrap_or(now));
            }
            State::UnbindSent { .. } => self.close(LinkDown::Stopped),
            State::Binding => self.close(LinkDown::PeerUnbound),
            State::Left | State::Closed(_) => {}
        }
    }

    /// Goes on to the end once nothing is waited for any more.
    pub(super) fn go_on_when_answered(&mut self, now: Instant) {
        if self.in_flight() > 0 {
            return;
        }
        match self.state {
            State::Left => self.close(LinkDown::PeerUnbound),
            State::Draining if self.delivers.count() == 0 => {
                let sequence = self.put_unbind();
                self.state = State::UnbindSent { sequence };
                self.timers.unbinding(now);
            }
            _ => {}
        }
    }

    /// The time to end well is over.
    pub(super) fn leave_now(&mut self) {
        match self.state {
            State::Left => self.close(LinkDown::PeerUnbound),
            State::Draining => {
                self.put_unbind();
                self.close(LinkDown::Stopped);
            }
            _ => self.close(LinkDown::Stopped),
        }
    }

    /// The first reason counts.
    pub(super) fn close(&mut self, reason: LinkDown) {
        if !matches!(self.state, State::Closed(_)) {
            self.state = State::Closed(reason);
            self.timers.closed();
        }
    }

    /// Many close the connection instead of answering an unbind, or right behind their own.
    fn close_after_loss(&mut self, reason: LinkDown) {
        match self.state {
            State::UnbindSent { .. } => self.close(LinkDown::Stopped),
            State::Left => self.close(LinkDown::PeerUnbound),
            _ => self.close(reason),
        }
    }

    fn put_unbind(&mut self) -> u32 {
        let sequence = self.submits.next_number();
        put_header_only(&mut self.output, CommandId::Unbind, 0, sequence);
        sequence
    }
}
