//! Exports of CDRs: with names in place of numbers, in columns, as CSV, Parquet and .xlsx. `tollgate export` and the API share
//! them.

mod columns;
mod names;
mod network;
mod own_side;
pub mod pages;
pub mod parquet;
mod texts;

pub use columns::{COLUMNS, Cells, KINDS, TABLE, with_text, without_costs};
pub use names::{NamedAccount, Names};
pub use network::network_of;
pub use texts::Texts;
