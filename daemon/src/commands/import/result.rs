//! The result of reading a price list, before anything is written.

use tollgate_engine::network::Networks;
use tollgate_management::tariff_files::{ImportDifference, ImportTarget};
use tollgate_provisioning::import::PriceList;

use super::arguments::ImportArguments;

/// A list that was read, with the changes that it would make.
pub struct Import<'a> {
    /// The arguments of the command.
    pub arguments: &'a ImportArguments,
    /// The owner of the prices.
    pub target: &'a ImportTarget,
    /// The name of the list.
    pub name: String,
    /// The list as it was read.
    pub list: PriceList,
    /// The changes that it would make.
    pub difference: ImportDifference,
    /// The networks, for the names of those in the difference.
    pub networks: &'a Networks,
}
