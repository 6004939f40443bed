//! Stories of one session, told with a virtual clock: no sockets, no waiting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

#[path = "session/binding.rs"]
mod binding;
#[path = "session/deliveries.rs"]
mod deliveries;
#[path = "session/ending.rs"]
mod ending;
#[path = "session/odd_pdus.rs"]
mod odd_pdus;
#[path = "session/requests.rs"]
mod requests;
mod support;
#[path = "session/timers.rs"]
mod timers;
#[path = "session/window.rs"]
mod window;
