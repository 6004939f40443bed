//! The process around charging and delivery: gateways' sessions, operators' links, and what is in force.

pub mod additions;
pub mod changed_accounts;
pub mod clients;
pub mod core;
pub mod delivery;
pub mod fnv;
pub mod metrics;
pub mod operators;
pub mod reload_order;
pub mod snapshot;
