//! The services of charges, CDRs and dispatches.

pub mod cdrs;
pub mod charges;
pub mod dispatches;
pub mod lookup;
mod names;
pub mod paging;
