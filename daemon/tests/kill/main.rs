//! `kill -9` at random moments, under load, and the books held against what gateways and operators recorded.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod bundles;
mod chain;
mod chain_judge;
mod charging;
mod charging_judge;
mod dips;
mod payments;
mod payments_returned;

#[path = "../support/mod.rs"]
mod support;
