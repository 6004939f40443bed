//! The load generator: SMPP gateways made for measuring.
//!
//! Client and server usually share a machine here, so a message must cost the client next to nothing: every
//! PDU is encoded once and only patched, many are written and read with one system call, and each bind is one
//! plain thread that sleeps in `poll` while it has nothing to do. What is measured is the time from the
//! moment a message is put into the buffer until its answer is read.
//!
//! It never opens anything but TCP connections to its target and the record file, and it keeps no message
//! text.

mod bind;
mod command;
mod connection;
mod destinations;
mod exchange;
pub mod figures;
mod gateway;
mod limits;
mod messages;
mod pace;
mod receipt;
mod receipt_tracker;
mod record;
mod report;
mod run;
mod source;
mod template;
mod traffic;
mod window;
mod wire;

#[cfg(test)]
mod tests;

pub use bind::{BindError, Credentials, Mode};
pub use command::LoadCommand;
pub use destinations::{Destinations, DestinationsError};
pub use limits::{Bind, Limits};
pub use record::Record;
pub use report::{Receipts, Report, Tally};
pub use run::{LoadError, Running, start};
pub use traffic::{MessageOptions, Mix, Traffic, TrafficError};
