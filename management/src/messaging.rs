//! The services of charges, CDRs, dispatches, and the search for messages.

pub mod cdrs;
pub mod charges;
pub mod dispatches;
pub mod lookup;
mod names;
pub mod paging;
mod parents;
mod sale_view;
pub mod search;
