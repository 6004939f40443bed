//! The words by which a caller is told of a price below cost.

use tollgate_api::caller::Caller;
use tollgate_provisioning::BelowCostFault;

use crate::identity::visibility::sees_sales_of;

/// The words for a caller. Both prices are the business of the one that sells, and of the house, and of nobody else: neither
/// of an agent below the one that sells, nor of the levels above it.
pub fn below_cost_words(fault: &BelowCostFault, caller: &Caller) -> String {
    if sees_sales_of(caller, &fault.seller) { fault.to_string() } else { fault.without_prices() }
}
