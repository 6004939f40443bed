//! Our side of the operators: the links that are bound to them, what goes out over a link, and what comes in.

pub mod durable;
pub mod link;
pub mod link_status;
pub mod links;
pub mod metrics;
pub mod outgoing;
pub mod receipts_in;
