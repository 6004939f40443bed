//! Our side of the operators: the links that are bound to them, what goes out over a link, and what comes in.

pub mod driver;
pub mod durable;
pub mod link;
pub mod links;
pub mod outgoing;
pub mod receipts_in;
