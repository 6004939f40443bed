//! Helpers of the tests: a peer's side of SMPP, written and read by rusmpp, and a handler without
//! money.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub mod client;
pub mod operator;
pub mod pair;
pub mod peer;
pub mod toy_bind_handler;
pub mod toy_link_handler;
