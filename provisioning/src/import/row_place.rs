//! The networks that a row of a price list is about.

use tollgate_engine::network::NetworkCode;

/// The networks that a row is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowPlace {
    /// Networks by their codes.
    Networks(Vec<NetworkCode>),
    /// Whatever has numbers behind these prefixes.
    Prefixes(Vec<String>),
}
