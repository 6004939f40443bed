//! Gateways' sessions with the real process: charging, idempotency, reload, drain, a full disk.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod chains;
mod drain;
mod idempotency;
mod numbers;
mod reload;
mod storage_full;
mod strangers;
mod submit_multi;

#[path = "../support/mod.rs"]
mod support;
