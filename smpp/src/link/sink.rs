//! The place that a handler puts its messages into.

use std::time::Instant;

use super::session::LinkSession;
use super::submit::{CannotSend, OutboundSubmit};

/// Takes the messages that a handler sends.
#[derive(Debug)]
pub struct SubmitSink<'a> {
    session: &'a mut LinkSession,
    now: Instant,
}

impl SubmitSink<'_> {
    /// Messages that are taken now. It falls by at least one with each, and to 0 when much waits to be
    /// written.
    pub fn room(&self) -> usize {
        self.session.room()
    }

    /// Messages that are not answered, those that the sink has just taken included.
    pub fn in_flight(&self) -> u32 {
        self.session.in_flight()
    }

    /// Writes a message behind the others. `token` comes back with its answer.
    pub fn submit(&mut self, token: u64, message: &OutboundSubmit<'_>) -> Result<(), CannotSend> {
        self.session.submit(self.now, token, message)
    }
}

impl LinkSession {
    /// The sink for messages that are written at `now`.
    pub fn sink(&mut self, now: Instant) -> SubmitSink<'_> {
        SubmitSink { session: self, now }
    }
}
