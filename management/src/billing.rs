//! Wallets, usage and invoices.

pub mod invoices;
pub mod period;
pub mod ratio;
pub mod schedule;
pub mod usage;
pub mod wallets;
