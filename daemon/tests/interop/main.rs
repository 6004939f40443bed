//! SMPP programs that are not ours, as gateways and as operators. Their scripts lie beside the tests.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod kannel;
mod node;
mod operators;
mod smpplib;
mod tls;

#[path = "../support/mod.rs"]
mod support;
