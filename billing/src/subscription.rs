//! Subscriptions: their states, what is due at an instant, and the price of a change.
//!
//! A subscription is bought for the periods of a calendar ([`crate::period`]). Each period is charged once; one that nobody
//! could be charged for while it lasted is passed over, and never charged later.

mod change;
mod due;
mod proration;
mod state;
#[cfg(test)]
mod tests;

pub use change::{ChangeLine, LineKind, PlanChange};
pub use due::{Due, Failure, Position, Retries, Unpaid};
pub use proration::{Basis, Unused, Use};
pub use state::{Event, State, TRANSITIONS};
