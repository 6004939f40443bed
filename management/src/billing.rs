//! Wallets, usage and invoices.

pub mod bundles;
pub mod caps;
pub mod invoices;
pub mod period;
pub mod resales;
pub mod schedule;
pub mod usage;
pub mod wallet_told;
pub mod wallets;
