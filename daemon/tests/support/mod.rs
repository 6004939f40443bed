//! What the tests of the real process share: a sandbox with its own copy of the shipped config, the daemon in it, a
//! plain SMPP client, gateways that record every answer, and a judge that holds their records against the books.
//!
//! Nothing here is taken from the product's own code: the client and the judge would otherwise share its mistakes.

#![allow(dead_code, reason = "every test binary uses its own part of this module")]

pub mod books;
pub mod daemon;
pub mod gateway;
pub mod judge;
pub mod metrics;
pub mod namespace;
pub mod peer;
pub mod sandbox;
pub mod smpp;
pub mod wait;
