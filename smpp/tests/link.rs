//! Stories of one link, told with a virtual clock: no sockets, no waiting.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests may stop at the first surprise"
)]
#![allow(clippy::doc_markdown, reason = "names of PDUs are words here")]

#[path = "link/against_server.rs"]
mod against_server;
#[path = "link/binding.rs"]
mod binding;
#[path = "link/delivering.rs"]
mod delivering;
#[path = "link/encoding.rs"]
mod encoding;
#[path = "link/ending.rs"]
mod ending;
#[path = "link/submitting.rs"]
mod submitting;
mod support;
#[path = "link/timers.rs"]
mod timers;
