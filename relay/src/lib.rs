//! The process around charging and delivery: gateways' sessions, operators' links, and what is in force.

pub mod account_notices;
pub mod account_runtime;
pub mod account_runtimes;
pub mod active_account;
pub mod additions;
pub mod blocking;
pub mod books;
pub mod changed_accounts;
pub mod clients;
pub mod configuration;
pub mod core;
pub mod currencies;
pub mod default_delivery;
pub mod delivery;
pub mod expected_reload;
pub mod fnv;
pub mod held_octets;
pub mod metrics;
pub mod number_countries;
pub mod operators;
pub mod passwords;
pub mod reload_order;
pub mod removed_accounts;
pub mod snapshot;
pub mod snapshot_builder;
pub mod unrouted;
