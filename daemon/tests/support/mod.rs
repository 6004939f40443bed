//! Support for tests of the real process: a sandbox with its own copy of the shipped config, the daemon in it, plain
//! SMPP clients, gateways that record every answer, operators of other makers and of our own hand, and judges that hold
//! what gateways and operators saw against the books.
//!
//! Nothing here is taken from the product's own code: clients, operators and judges would otherwise share its mistakes.

#![allow(dead_code, reason = "every test binary uses its own part of this module")]

pub mod api;
pub mod books;
pub mod chain;
pub mod daemon;
pub mod esme;
pub mod foreign;
pub mod gateway;
pub mod http;
pub mod judge;
pub mod kannel;
pub mod mail;
pub mod metrics;
pub mod namespace;
pub mod operator;
pub mod outcomes;
pub mod pair;
pub mod paypal;
pub mod peer;
pub mod ports;
pub mod receipts;
pub mod sandbox;
pub mod sim;
pub mod sm;
pub mod smpp;
pub mod smsc;
pub mod standin;
pub mod stripe;
pub mod tls;
pub mod wait;
pub mod wall_clock;
pub mod webhook;
