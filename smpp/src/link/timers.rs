//! The timers of a link: since when each thing waits, and which is due next.
//!
//! While a link takes no input (too much waits to be acknowledged or written), the operator cannot be held to
//! anything, so what judges the operator goes by a clock that stands still meanwhile.

use std::time::{Duration, Instant};

/// The timers of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// A bind or an unbind is not answered.
    Transition,
    /// Silent: time to ask.
    EnquireLink,
    /// Asked, no answer.
    Enquiry,
    /// The oldest message is not answered.
    Response,
    /// A PDU began and did not end.
    PartialPdu,
    /// The operator takes nothing of what it is sent.
    WriteStall,
    /// The time to end well is over.
    Leave,
}

#[derive(Debug)]
pub(super) struct Timers {
    enquire_link: Duration,
    response: Duration,
    // By the clock that stands still:
    transition_at: Option<Instant>,
    received_at: Option<Instant>,
    enquired_at: Option<Instant>,
    partial_at: Option<Instant>,
    // By the time itself:
    stalled_at: Option<Instant>,
    leave_until: Option<Instant>,
    paused_at: Option<Instant>,
    /// The time that pauses have taken from the clock.
    lag: Duration,
}

impl Timers {
    /// A bind is out.
    pub(super) fn new(enquire_link: Duration, response: Duration, now: Instant) -> Self {
        Self {
            enquire_link,
            response,
            transition_at: Some(now),
            received_at: None,
            enquired_at: None,
            partial_at: None,
            stalled_at: None,
            leave_until: None,
            paused_at: None,
            lag: Duration::ZERO,
        }
    }

    /// The clock that stands still while no input is taken.
    pub(super) fn listening(&self, now: Instant) -> Instant {
        let now = self.paused_at.unwrap_or(now);
        now.checked_sub(self.lag).unwrap_or(now)
    }

    /// The earliest that runs, and when it is due. `oldest_at` is when the oldest message was written, by
    /// [`Self::listening`].
    pub(super) fn next(&self, oldest_at: Option<Instant>) -> Option<(Instant, Timer)> {
        let silent_since = self.received_at.filter(|_| self.enquired_at.is_none());
        let of_the_peer = [
            (Timer::Transition, self.transition_at, self.response),
            (Timer::EnquireLink, silent_since, self.enquire_link),
            (Timer::Enquiry, self.enquired_at, self.response),
            (Timer::Response, oldest_at, self.response),
            (Timer::PartialPdu, self.partial_at, self.response),
        ];
        let listens = self.paused_at.is_none();
        let of_the_peer =
            of_the_peer.into_iter().filter(|_| listens).filter_map(|(timer, since, duration)| {
                Some((since?.checked_add(duration)?.checked_add(self.lag)?, timer))
            });
        let stalled = self.stalled_at.and_then(|since| since.checked_add(self.response));
        let always = [(stalled, Timer::WriteStall), (self.leave_until, Timer::Leave)];
        let always = always.into_iter().filter_map(|(due, timer)| Some((due?, timer)));
        of_the_peer.chain(always).min_by_key(|(due, _)| *due)
    }

    /// The bind is answered.
    pub(super) fn bound(&mut self, now: Instant) {
        self.transition_at = None;
        self.received_at = Some(self.listening(now));
    }

    /// An unbind is out; nothing else is held against the operator.
    pub(super) fn unbinding(&mut self, now: Instant) {
        self.transition_at = Some(self.listening(now));
        self.received_at = None;
        self.enquired_at = None;
    }

    /// The link is to end by `until` at the latest; an earlier time counts.
    pub(super) fn leave(&mut self, until: Instant) {
        self.leave_until = Some(self.leave_until.map_or(until, |earlier| earlier.min(until)));
    }

    /// A whole PDU came in.
    pub(super) fn received(&mut self, now: Instant) {
        if self.received_at.is_some() {
            self.received_at = Some(self.listening(now));
        }
    }

    pub(super) fn enquired(&mut self, now: Instant) {
        self.enquired_at = Some(self.listening(now));
    }

    pub(super) fn enquiry_answered(&mut self) {
        self.enquired_at = None;
    }

    /// After a read: whether a PDU is unfinished, and whether it is another than before.
    pub(super) fn partial(&mut self, now: Instant, unfinished: bool, another: bool) {
        let since = self.partial_at.filter(|_| !another).unwrap_or(self.listening(now));
        self.partial_at = unfinished.then_some(since);
    }

    /// After a write: whether octets are left, and whether some went out.
    pub(super) fn written(&mut self, now: Instant, left: bool, some_went: bool) {
        let since = self.stalled_at.filter(|_| !some_went).unwrap_or(now);
        self.stalled_at = left.then_some(since);
    }

    /// Stops the clock, or lets it go on.
    pub(super) fn pause(&mut self, now: Instant, pause: bool) {
        match (self.paused_at, pause) {
            (None, true) => self.paused_at = Some(now),
            (Some(since), false) => {
                self.lag = self.lag.saturating_add(now.saturating_duration_since(since));
                self.paused_at = None;
            }
            _ => {}
        }
    }

    /// Nothing is waited for any more.
    pub(super) fn closed(&mut self) {
        self.transition_at = None;
        self.received_at = None;
        self.enquired_at = None;
        self.partial_at = None;
        self.leave_until = None;
    }
}
