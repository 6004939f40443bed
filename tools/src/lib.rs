//! Programs around Tollgate that are not part of the process that keeps the money: a load generator, an
//! operator simulator and the demo.

#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod attack;
pub mod cli;
pub mod demo;
pub mod load;
pub mod sim;
