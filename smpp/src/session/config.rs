//! The settings of a session, with the usual values.

use std::time::Duration;

/// The same for every session of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// Our system_id in a bind_resp; the first 15 characters are sent.
    pub system_id: String,
    /// The time-outs of a session.
    pub timers: TimerConfig,
    /// The longest PDU, in octets. A longer one ends the session before its body is read.
    pub pdu_length_max: usize,
    /// Octets of answers that may wait for a peer that does not read; from there on its requests are
    /// not read either.
    pub output_length_max: usize,
}

/// The timers of a session (SMPP 3.4 §7.2). [`Duration::MAX`] switches one off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerConfig {
    /// From the connection to a bind that succeeds. Time that the handler takes does not count.
    pub session_init: Duration,
    /// Silence after which we send an enquire_link.
    pub enquire_link: Duration,
    /// Silence after which we unbind. Longer than `enquire_link`, it comes to bear where that one is off.
    pub inactivity: Duration,
    /// For an answer to our enquire_link, deliver_sm or unbind, for the handler's answer to a bind, and for
    /// the answers still owed to a peer that leaves.
    pub response: Duration,
    /// From the first octet of a PDU to its last.
    pub partial_pdu: Duration,
    /// Without one octet taken by a peer that is owed answers.
    pub write_stall: Duration,
}

/// A message_payload of 64 KiB and all the other fields.
const PDU_LENGTH_MAX: usize = 70_000;
const OUTPUT_LENGTH_MAX: usize = 256 * 1024;

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            system_id: "tollgate".to_owned(),
            timers: TimerConfig::default(),
            pdu_length_max: PDU_LENGTH_MAX,
            output_length_max: OUTPUT_LENGTH_MAX,
        }
    }
}

impl Default for TimerConfig {
    fn default() -> Self {
        Self {
            session_init: Duration::from_secs(10),
            enquire_link: Duration::from_secs(30),
            inactivity: Duration::from_mins(2),
            response: Duration::from_secs(30),
            partial_pdu: Duration::from_secs(10),
            write_stall: Duration::from_secs(30),
        }
    }
}
