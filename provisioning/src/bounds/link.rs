//! Bounds and defaults of the links to one operator.

use super::number::{Bounds, Number};

/// The longest time that any timer of a link may have, in seconds.
const HOUR_SECONDS: u32 = 3_600;

/// The longest time that any timer of a link may have, in milliseconds.
const HOUR_MS: u32 = 3_600_000;

const fn seconds(key: &'static str) -> Bounds {
    Bounds::new(key, 1, HOUR_SECONDS)
}

const fn milliseconds(key: &'static str) -> Bounds {
    Bounds::new(key, 10, HOUR_MS)
}

/// The TCP port.
pub const PORT: Number<u16> = Bounds::new("port", 1, u16::MAX).with_default(2775);

/// Simultaneous binds that carry messages.
pub const BINDS: Number = Bounds::new("binds", 1, 64).with_default(1);

/// Unanswered messages of one bind. The default is what operators commonly allow.
pub const WINDOW: Number = Bounds::new("window", 1, 65_535).with_default(100);

/// Messages per second over all binds; no limit where none is set.
pub const THROUGHPUT: Bounds = Bounds::new("throughput_per_second", 1, 1_000_000);

/// Silence after which the link is tested.
pub const ENQUIRE_LINK_SECONDS: Number = seconds("enquire_link_seconds").with_default(30);

/// Time that the operator has to answer a request.
pub const RESPONSE_SECONDS: Number = seconds("response_seconds").with_default(30);

/// Time that connecting, TLS and binding have together.
pub const CONNECT_SECONDS: Number = seconds("connect_seconds").with_default(10);

/// The first pause between two attempts to bind.
pub const RECONNECT_MIN_MS: Number = milliseconds("reconnect_min_ms").with_default(500);

/// The longest pause between two attempts to bind.
pub const RECONNECT_MAX_MS: Number = milliseconds("reconnect_max_ms").with_default(30_000);

/// Times that a message which was refused for the moment is offered again.
pub const RETRIES: Number = Bounds::new("retries", 0, 100).with_default(2);

/// Words that an operator may have of its own for the states of messages.
pub const RECEIPT_WORDS: usize = 64;

/// Octets of such a word.
pub const RECEIPT_WORD: usize = 32;

/// All numbers of a link that have a default, the port aside.
pub const NUMBERS: [Number; 8] = [
    BINDS,
    WINDOW,
    ENQUIRE_LINK_SECONDS,
    RESPONSE_SECONDS,
    CONNECT_SECONDS,
    RECONNECT_MIN_MS,
    RECONNECT_MAX_MS,
    RETRIES,
];

/// Default of `receipts`: every message asks for a receipt.
pub const RECEIPTS_DEFAULT: bool = true;
