//! The state of a message, which CDRs, charges and dispatches show.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The state of a message, by the names of SMPP 3.4 §5.2.28.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CdrState {
    /// Charged, and not at its end.
    Enroute,
    /// It reached its destination.
    Delivered,
    /// Its validity ended.
    Expired,
    /// Cancelled before delivery.
    Deleted,
    /// It could not be delivered.
    Undeliverable,
    /// An operator that sends no receipts has it: nothing more will be heard.
    Accepted,
    /// Nobody can say.
    Unknown,
    /// No operator took it, or the one that did rejected it.
    Rejected,
}
