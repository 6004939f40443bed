//! CDRs as they leave the books: with names in place of numbers, in columns, as CSV and as Parquet. What `tollgate export`
//! and the management API share.

mod cells;
mod columns;
mod names;
pub mod pages;
pub mod parquet;

pub use cells::{Cell, Kind};
pub use columns::{COLUMNS, Cells, KINDS, without_costs};
pub use names::{NamedAccount, Names};
