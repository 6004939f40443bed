//! SMPP 3.3, 3.4 and 5.0 as a message centre speaks it to gateways (ESMEs).
//!
//! In three layers, each usable without the one above it:
//! - [`frame`] and [`pdu`] turn bytes into borrowed requests; nothing is copied or allocated;
//! - [`session`] is the protocol as a state machine: frames and the time go in, answers and deadlines come
//!   out. It does no I/O and never looks at a clock, so that tests drive it with a virtual one;
//! - [`server`] is the tokio shell: sockets, TLS, one task per connection.
//!
//! What stands behind the server is a [`Gate`]. This crate knows messages, not money: it never rates, charges
//! or stores, and never logs.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

mod encode;
pub mod frame;
mod gate;
pub mod pdu;
pub mod penalty;
pub mod server;
pub mod session;

pub use gate::{
    Answer, BindMode, BindOutcome, BindRequest, Gate, GateSession, MessageRef, Replacement, Reply, ReplyTlvs,
    UnsuccessfulDestination, Verdict,
};
pub use rusmpp::{CommandId, CommandStatus};
