//! The handling of timers: enquiries, and the ends of all waits.

use std::time::Instant;

use rusmpp::CommandId;

use super::{LinkSession, State};
use crate::encode::put_header_only;
use crate::link::down::LinkDown;
use crate::link::handler::LinkHandler;
use crate::link::messages::SubmitAnswer;
use crate::link::timers::Timer;

impl LinkSession {
    /// Does what is due at `now`, if anything.
    pub fn handle_tick(&mut self, now: Instant, handler: &mut impl LinkHandler) {
        let due = self.next_timer().filter(|(due, _)| *due <= now);
        match due.map(|(_, timer)| timer) {
            Some(Timer::EnquireLink) => self.enquire(now),
            Some(Timer::Response) => self.time_out(now, handler),
            Some(Timer::Transition) if self.state == State::Binding => self.close(LinkDown::BindTimedOut),
            Some(Timer::Transition) => self.close(LinkDown::Stopped),
            Some(Timer::Enquiry) => self.close(LinkDown::Unanswered),
            Some(Timer::PartialPdu) => self.close(LinkDown::PartialPdu),
            Some(Timer::WriteStall) => self.close(LinkDown::WriteStalled),
            Some(Timer::Leave) => self.leave_now(),
            None => {}
        }
        self.review_input(now);
    }

    /// Reports every message whose time is over; all have the same, so those are the oldest.
    fn time_out(&mut self, now: Instant, handler: &mut impl LinkHandler) {
        let listening = self.timers.listening(now);
        while let Some((sequence, waiting)) = self.submits.oldest() {
            if listening.saturating_duration_since(waiting.at) < self.config.response {
                break;
            }
            let token = waiting.token;
            self.submits.remove(sequence);
            self.counts.timed_out += 1;
            handler.responded(token, SubmitAnswer::TimedOut);
        }
        handler.flush();
        self.go_on_when_answered(now);
    }

    fn enquire(&mut self, now: Instant) {
        let sequence = self.submits.next_number();
        put_header_only(&mut self.output, CommandId::EnquireLink, 0, sequence);
        self.enquiry = Some(sequence);
        self.counts.enquiries += 1;
        self.timers.enquired(now);
    }
}
