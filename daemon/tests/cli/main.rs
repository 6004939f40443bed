//! The commands of the binary, and what the daemon shows those who operate it: logs, metrics, alerts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod backup;
mod commands;
mod credentials;
mod demo;
mod doctor;
mod errors;
mod foreign_folder;
mod help;
mod import;
mod logs;
mod operations;
mod output;
mod quote;
mod receipts;
mod secrets;
mod sim;

#[path = "../support/mod.rs"]
mod support;
