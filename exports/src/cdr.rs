//! Exports of CDRs: with names in place of numbers, in columns, as CSV, Parquet and .xlsx. `tollgate export` and the API share
//! them.

mod columns;
mod names;
mod network;
pub mod pages;
pub mod parquet;

pub use columns::{COLUMNS, Cells, KINDS, TABLE, without_costs};
pub use names::{NamedAccount, Names};
pub use network::network_of;
