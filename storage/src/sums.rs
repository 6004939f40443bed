//! Running sums of the rows that stand, and the chain of commits over them.
//!
//! RocksDB keeps rows, not commits: a hash over the octets of a commit finds no row that is altered later. So each
//! commit carries, for every column family that it changes, a **set hash** of the rows that stand after it: the hash of
//! a new row is added, that of the row it replaces is taken away. The sums of all families, the commit's number and the
//! hash of the commit before make the **chain hash**, whose last value is the anchor (`anchor.rs`), kept outside the
//! database. `tollgate verify` sums the rows at rest again: a row that was changed, added or removed by anything but a
//! commit is found, whether or not a rule of the books covers it.
//!
//! Refused messages and filters of messages are not summed: they are no part of the books.
//!
//! Each family is summed in **places** as well, such as an account's day, so that a fault can be named.
//!
//! Rows that expire (`keys`, `requests`, `upstream`, `health`) are summed by the hour of their end. A commit of its own
//! kind forgets an hour: its places leave the sums, and only then may compaction drop its rows.

mod before;
mod build;
mod commit;
mod place;
mod running;
mod set_hash;

pub use build::{build, recount};
pub use commit::CommitRow;
pub use place::{Place, hour_of};
pub use running::{RunningSums, SumChanges, forgotten_hour};
pub use set_hash::SetHash;

use crate::schema::Family;

/// Key of the last commit's row in `sums`, which no family begins with.
pub const COMMIT_KEY: &[u8] = &[0xFF];

/// Key of the last hour that is forgotten, in `meta`.
pub const FORGOTTEN_KEY: &[u8] = b"forgotten_hour";

/// The sums of all families, in their order.
pub type Totals = [SetHash; Family::ALL.len()];

/// The sums where no row stands.
pub const NO_ROWS: Totals = [SetHash::EMPTY; Family::ALL.len()];

/// Key of a family's sum in `sums`.
pub fn total_key(family: Family) -> [u8; 1] {
    [family as u8]
}

/// False for the rows that are sums themselves, and for those that are no part of the books: what was refused moved nothing,
/// filters are made of the rows of CDRs, and texts move nothing and are forgotten.
pub fn is_summed(family: Family) -> bool {
    !matches!(family, Family::Sums | Family::Refusals | Family::MessageFilters | Family::MessageTexts)
}

/// True for the families whose sums make the chain hash. The place of the sums themselves is among them, and always empty.
pub fn is_chained(family: Family) -> bool {
    is_summed(family) || family == Family::Sums
}
