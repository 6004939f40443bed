//! Messages on their way to operators and their receipts on the way back, through the real process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod clock;
mod failover;
mod failover_country;
mod margin;
mod messages;
mod money;
mod operator_reload;
mod receipt_states;
mod receipts;
mod receipts_corpus;
mod routes;
mod unknown_outcome;

#[path = "../support/mod.rs"]
mod support;
