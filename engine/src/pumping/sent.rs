//! A message as far as a detector looks at it.

use crate::network::NetworkCode;

/// A message that was charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The number that it goes to.
    pub number: u64,
    /// The network that the number belongs to.
    pub network: NetworkCode,
    /// The price of a segment, in millionths.
    pub price: u64,
}
