//! The settings of a run, and of each bind in it.

use std::net::SocketAddr;
use std::time::Duration;

use super::bind::{Credentials, Mode};

/// One connection and what it sends.
#[derive(Clone)]
pub struct Bind {
    /// As whom it binds.
    pub credentials: Credentials,
    /// As what.
    pub mode: Mode,
    /// How many messages it sends; `None` for any number.
    pub messages: Option<u64>,
}

/// What holds for every bind of a run.
#[derive(Clone)]
pub struct Limits {
    /// The server.
    pub target: SocketAddr,
    /// Messages that one bind may have unanswered.
    pub window: usize,
    /// Messages per second of all binds together; `None` for as fast as possible.
    pub messages_per_second: Option<u32>,
    /// How long messages are sent; `None` for until all are.
    pub duration: Option<Duration>,
    /// How long a lost connection is tried again; zero for not at all.
    pub reconnect_for: Duration,
    /// How long the server may be silent while messages are unanswered.
    pub response_timeout: Duration,
    /// Makes the messages: equal seeds make equal ones.
    pub seed: u64,
    /// Whether the messages carry idempotency keys, and may therefore be sent again when their answer was lost.
    pub keyed: bool,
    /// Makes the keys of this run differ from those of others; only the lowest 32 bits count.
    pub key_run: u64,
    /// Whether receipts are counted and, at the end, waited for: as long as one comes within this time.
    pub receipts_wait: Option<Duration>,
}

impl Limits {
    /// One message at a time until all are answered, and no second attempt.
    pub fn new(target: SocketAddr) -> Self {
        Self {
            target,
            window: 1,
            messages_per_second: None,
            duration: None,
            reconnect_for: Duration::ZERO,
            response_timeout: Duration::from_secs(30),
            seed: 1,
            keyed: false,
            key_run: 0,
            receipts_wait: None,
        }
    }
}
