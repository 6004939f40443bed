//! Configuration files: what loads, what changes between two of them, and every problem that a reader names.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "tests stop at a surprise"
)]

mod changes;
mod errors;
mod fuzz;
mod resale;
mod resellers_page;
mod shipped;
