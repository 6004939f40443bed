//! Tariffs edited, rolled back and explained, on copies of shipped and small configurations.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod deck;
mod editing;
mod exchange;
mod explain;
mod explain_cases;
mod import;
mod plans;
mod rates;
pub mod support;
mod versions;
