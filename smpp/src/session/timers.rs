//! The timers of one session: a few instants and one table that names what is due.
//!
//! The clock is an argument. While a session takes no input (its window is full, the handler is busy), the
//! peer cannot be held to anything, so the timers that judge the peer stand still and go on where they were.

use std::time::{Duration, Instant};

use super::config::TimerConfig;

/// The timers of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Timer {
    /// No bind yet.
    SessionInit,
    /// Silent: time to ask.
    EnquireLink,
    /// Asked, no answer.
    Enquiry,
    /// Silent for too long.
    Inactivity,
    /// A PDU began and did not end.
    PartialPdu,
    /// The peer takes nothing of what it is owed.
    WriteStall,
    /// A bind, an unbind or the last answers take too long.
    Transition,
    /// The oldest delivery is not answered.
    Delivery,
}

#[derive(Debug)]
pub(super) struct Timers {
    config: TimerConfig,
    begun_at: Instant,
    opened_at: Option<Instant>,
    /// The time at which the last whole PDU came in, once bound.
    received_at: Option<Instant>,
    enquired_at: Option<Instant>,
    partial_at: Option<Instant>,
    stalled_at: Option<Instant>,
    transition_at: Option<Instant>,
    paused_at: Option<Instant>,
    /// The time for which the timers that judge the peer have been paused, without a pause that still
    /// lasts.
    paused_for: Duration,
    /// The time at which the oldest delivery that is not answered was sent, as [`Self::listened`] says it.
    delivery_at: Option<Duration>,
}

impl Timers {
    pub(super) fn new(config: TimerConfig, now: Instant) -> Self {
        Self {
            config,
            begun_at: now,
            opened_at: Some(now),
            received_at: None,
            enquired_at: None,
            partial_at: None,
            stalled_at: None,
            transition_at: None,
            paused_at: None,
            paused_for: Duration::ZERO,
            delivery_at: None,
        }
    }

    /// The earliest that runs, and when it is due.
    pub(super) fn next(&self) -> Option<(Instant, Timer)> {
        let config = &self.config;
        let always = [
            (Timer::WriteStall, self.stalled_at, config.write_stall),
            (Timer::Transition, self.transition_at, config.response),
        ];
        let silent_since = self.received_at.filter(|_| self.enquired_at.is_none());
        let of_the_peer = [
            (Timer::SessionInit, self.opened_at, config.session_init),
            (Timer::EnquireLink, silent_since, config.enquire_link),
            (Timer::Enquiry, self.enquired_at, config.response),
            (Timer::Inactivity, self.received_at, config.inactivity),
            (Timer::PartialPdu, self.partial_at, config.partial_pdu),
            (Timer::Delivery, self.delivery_at.and_then(|at| self.when_listened(at)), config.response),
        ];
        let of_the_peer = of_the_peer.into_iter().filter(|_| self.paused_at.is_none());
        always
            .into_iter()
            .chain(of_the_peer)
            .filter_map(|(timer, since, duration)| Some((since?.checked_add(duration)?, timer)))
            .min_by_key(|(due, _)| *due)
    }

    pub(super) fn bound(&mut self, now: Instant) {
        self.opened_at = None;
        self.received_at = Some(now);
    }

    /// A whole PDU came in.
    pub(super) fn received(&mut self, now: Instant) {
        if let Some(received_at) = &mut self.received_at {
            *received_at = now;
        }
    }

    pub(super) fn enquired(&mut self, now: Instant) {
        self.enquired_at = Some(now);
    }

    pub(super) fn enquiry_answered(&mut self) {
        self.enquired_at = None;
    }

    /// After a chunk: whether a PDU is unfinished, and whether it is another than before.
    pub(super) fn partial(&mut self, now: Instant, unfinished: bool, another: bool) {
        let since = self.partial_at.filter(|_| !another).unwrap_or(now);
        self.partial_at = unfinished.then_some(since);
    }

    /// After a write: whether octets are left, and whether some went out.
    pub(super) fn written(&mut self, now: Instant, left: bool, some_went: bool) {
        let since = self.stalled_at.filter(|_| !some_went).unwrap_or(now);
        self.stalled_at = left.then_some(since);
    }

    /// The time for which the peer has been listened to.
    pub(super) fn listened(&self, now: Instant) -> Duration {
        self.paused_at.unwrap_or(now).saturating_duration_since(self.begun_at).saturating_sub(self.paused_for)
    }

    /// The inverse of [`Self::listened`], if there is no further pause.
    fn when_listened(&self, listened: Duration) -> Option<Instant> {
        self.begun_at.checked_add(self.paused_for)?.checked_add(listened)
    }

    /// The time at which the oldest delivery that is not answered was sent.
    pub(super) fn delivery_waits(&mut self, since: Option<Duration>) {
        self.delivery_at = since;
    }

    /// From here on the session is held to this one alone, and no longer to its silence.
    pub(super) fn transition_begins(&mut self, now: Instant) {
        self.transition_at = Some(now);
        self.received_at = None;
        self.enquired_at = None;
    }

    pub(super) fn transition_ends(&mut self) {
        self.transition_at = None;
    }

    /// The session is over; only what it still owes the peer is timed.
    pub(super) fn closed(&mut self) {
        self.opened_at = None;
        self.received_at = None;
        self.enquired_at = None;
        self.partial_at = None;
        self.transition_at = None;
    }

    /// Stops or goes on with the timers that judge the peer. Whether that is a change.
    pub(super) fn pause(&mut self, now: Instant, pause: bool) -> bool {
        match (self.paused_at, pause) {
            (None, true) => self.paused_at = Some(now),
            (Some(since), false) => {
                self.paused_at = None;
                let pause = now.saturating_duration_since(since);
                self.paused_for = self.paused_for.saturating_add(pause);
                self.shift(pause);
            }
            _ => return false,
        }
        true
    }

    fn shift(&mut self, by: Duration) {
        for since in [&mut self.opened_at, &mut self.received_at, &mut self.enquired_at, &mut self.partial_at]
        {
            *since = since.and_then(|since| since.checked_add(by));
        }
    }
}
