//! The settings of a run, and of each bind in it.

use std::net::SocketAddr;
use std::time::Duration;

use super::bind::{Credentials, Mode};

/// One connection and what it sends.
#[derive(Clone)]
pub struct Bind {
    /// The account that it binds as.
    pub credentials: Credentials,
    /// The kind of bind.
    pub mode: Mode,
    /// Number of messages that it sends; `None` for no limit.
    pub messages: Option<u64>,
}

/// The settings that all binds of a run share.
#[derive(Clone)]
pub struct Limits {
    /// The address of the server.
    pub target: SocketAddr,
    /// Messages that one bind may have unanswered.
    pub window: usize,
    /// Messages per second of all binds together; `None` for as fast as possible.
    pub messages_per_second: Option<u32>,
    /// Time for which messages are sent; `None` for until all are.
    pub duration: Option<Duration>,
    /// Time for which a lost connection is tried again; zero for not at all.
    pub reconnect_for: Duration,
    /// Time for which the server may be silent while messages are unanswered.
    pub response_timeout: Duration,
    /// Seed of the messages: equal seeds make equal messages.
    pub seed: u64,
    /// True if the messages carry idempotency keys, and so may be sent again after their answer was lost.
    pub keyed: bool,
    /// Number that makes the keys of this run differ from those of others; only the lowest 32 bits count.
    pub key_run: u64,
    /// Time for which the last receipts are waited for while none comes; `None` if receipts are not counted.
    pub receipts_wait: Option<Duration>,
}

impl Limits {
    /// Limits that send one message at a time until all are answered, and none twice.
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
