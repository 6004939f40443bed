//! Hostile clients against a daemon on this machine, and what a gateway notices of them.
//!
//! Each attack runs for some seconds while a witness, a gateway with the right password, binds again and again and keeps
//! one bind. `command` is the command line, `attacks` names the attacks, `clients` are their clients, `witness` measures,
//! and `report` holds the figures against the bounds.

pub mod attacks;
mod clients;
pub mod command;
mod pdus;
mod report;
mod witness;

pub use command::AttackCommand;
