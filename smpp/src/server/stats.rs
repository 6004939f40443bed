//! The counts of a server, for metrics. It is a fixed set of counters that does not grow with the
//! peers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::handler::BindMode;
use crate::session::{CloseReason, SessionCounts};

/// A number that many tasks add to.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The number now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, count: u64) {
        // Most counts of a chunk are zero; a load is cheaper than a locked addition.
        if count > 0 {
            self.0.fetch_add(count, Ordering::Relaxed);
        }
    }
}

/// Everything a server counts. All but the `_open` numbers only grow.
#[derive(Debug, Default)]
pub struct ServerStats {
    /// Connections that exist now.
    pub connections_open: Counter,
    /// The number of connections accepted.
    pub connections_accepted: Counter,
    /// TLS handshakes that failed or took too long.
    pub handshakes_failed: Counter,
    /// Octets read, after decryption.
    pub received_bytes: Counter,
    /// Octets written, before encryption.
    pub sent_bytes: Counter,
    /// Whole PDUs received.
    pub frames: Counter,
    /// Requests answered with an error because a field of theirs is bad.
    pub malformed: Counter,
    /// Requests with optional parameters or stray octets that were left out.
    pub tlvs_dropped: Counter,
    /// Requests of a `command_id` that is not known.
    pub unknown_commands: Counter,
    /// Responses to nothing that was asked.
    pub unknown_responses: Counter,
    /// Requests that came in the wrong state.
    pub wrong_state: Counter,
    /// The number of binds refused.
    pub binds_refused: Counter,
    /// Times that reading stopped because a window was full.
    pub window_full: Counter,
    /// The number of enquire_links sent.
    pub enquiries: Counter,
    /// The number of deliver_sms sent.
    pub deliveries: Counter,
    /// Deliveries that the peer refused, and those too long for the peer's version.
    pub deliveries_refused: Counter,
    /// Deliveries without an answer in time, or before the session ended.
    pub deliveries_unanswered: Counter,
    transmitters_open: Counter,
    receivers_open: Counter,
    transceivers_open: Counter,
    sessions_closed: [Counter; CloseReason::ALL.len()],
}

impl ServerStats {
    /// Sessions bound now in this mode.
    pub fn binds_open(&self, mode: BindMode) -> &Counter {
        match mode {
            BindMode::Transmitter => &self.transmitters_open,
            BindMode::Receiver => &self.receivers_open,
            BindMode::Transceiver => &self.transceivers_open,
        }
    }

    /// Connections that ended for this reason.
    pub fn sessions_closed(&self, reason: CloseReason) -> u64 {
        self.sessions_closed.get(reason as usize).map_or(0, Counter::get)
    }

    pub(super) fn session_closed(&self, reason: CloseReason) {
        if let Some(counter) = self.sessions_closed.get(reason as usize) {
            counter.add(1);
        }
    }

    pub(super) fn absorb(&self, counts: SessionCounts) {
        self.frames.add(counts.frames);
        self.malformed.add(counts.malformed);
        self.tlvs_dropped.add(counts.tlvs_dropped);
        self.unknown_commands.add(counts.unknown_commands);
        self.unknown_responses.add(counts.unknown_responses);
        self.wrong_state.add(counts.wrong_state);
        self.binds_refused.add(counts.binds_refused);
        self.window_full.add(counts.window_full);
        self.enquiries.add(counts.enquiries);
        self.deliveries.add(counts.deliveries);
        self.deliveries_refused.add(counts.deliveries_refused);
        self.deliveries_unanswered.add(counts.deliveries_unanswered);
    }
}

/// A number that goes down again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Gauge {
    Connections,
    Binds(BindMode),
}

/// Counts as open until it is dropped, however its task ends.
#[derive(Debug)]
pub(super) struct Open {
    stats: Arc<ServerStats>,
    gauge: Gauge,
}

impl Open {
    pub(super) fn new(stats: &Arc<ServerStats>, gauge: Gauge) -> Self {
        let open = Self { stats: stats.clone(), gauge };
        open.counter().0.fetch_add(1, Ordering::Relaxed);
        open
    }

    fn counter(&self) -> &Counter {
        match self.gauge {
            Gauge::Connections => &self.stats.connections_open,
            Gauge::Binds(mode) => self.stats.binds_open(mode),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.counter().0.fetch_sub(1, Ordering::Relaxed);
    }
}
