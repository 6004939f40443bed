//! SMPP 3.3, 3.4 and 5.0: as a message centre speaks it to gateways (ESMEs), and as a gateway speaks it to
//! the message centres of operators.
//!
//! In three layers, each usable without the one above it:
//! - [`frame`] and [`pdu`] turn bytes into borrowed requests; nothing is copied or allocated. [`receipt`]
//!   reads and writes what receipts say;
//! - [`session`] and [`link::session`] are the two sides of the protocol as state machines: frames and the
//!   time go in, answers and deadlines come out. They do no I/O and never look at a clock, so that tests
//!   drive them with a virtual one;
//! - [`server`] and [`link`] are the tokio shells: sockets, TLS, one task per connection or link.
//!
//! What stands behind the server is a [`BindHandler`], and behind each link a [`link::LinkHandler`]. This
//! crate knows messages, not money: it never rates, charges or stores, and never logs.

#![cfg_attr(not(test), deny(clippy::indexing_slicing))]

pub mod encode;
pub mod frame;
mod handler;
pub mod link;
pub mod pdu;
pub mod penalty;
pub mod places;
pub mod proxy;
pub mod receipt;
mod refused;
pub mod server;
pub mod session;
mod version;

pub use handler::{
    Answer, BindHandler, BindMode, BindOutcome, BindRequest, Delivery, DeliveryOutcome, MessageRef,
    OwnedAddress, Replacement, Reply, ReplyTlvs, RequestOutcome, SessionHandler, UnsuccessfulDestination,
};
pub use rusmpp::{CommandId, CommandStatus};
