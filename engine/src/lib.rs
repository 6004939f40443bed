//! Rating and charging of SMS, as a function of its inputs.
//!
//! **Architecture invariant:** nothing here does I/O. There is no tokio, socket, file, clock, randomness or
//! environment; `now` is an argument, and a test (`tests/purity.rs`) reads the sources and the manifest to keep it so.
//!
//! A message goes through in this order: [`number`] normalises the destination, [`numbering`] finds its
//! [`network`], [`segments`] counts what is charged, [`tariff`] prices a segment, [`wallet`] debits, and
//! [`charging`] puts these together into a charge or a [`refusal`]. [`quote`] runs the same code without the debit.

pub mod account;
pub mod charging;
pub mod gsm7;
pub mod money;
pub mod network;
pub mod number;
pub mod numbering;
pub mod prices;
pub mod quote;
pub mod refusal;
pub mod segments;
pub mod tables;
pub mod tariff;
pub mod throttle;
pub mod time;
pub mod wallet;
