//! The account that sells to another one in its chain, and what follows for bundles: units that a buyer's messages take have to be
//! sold by whoever those messages are bought from.

use std::sync::Arc;

use tollgate_engine::bundle::BundleUnit;
use tollgate_engine::reselling::Earning;
use tollgate_engine::tables::{Tables, Terms};
use tollgate_provisioning::BundleProduct;

/// The first level above an account that pays for its messages, rather than earn a commission on them. `None` for the house.
pub fn seller_of<'t>(tables: &'t Tables, terms: &'t Terms) -> Option<&'t Arc<Terms>> {
    let mut earning = terms.account.reselling.earning;
    tables.above(terms).into_iter().find(|level| {
        let pays = earning == Earning::Wholesale;
        earning = level.account.reselling.earning;
        pays
    })
}

/// Refuses units for messages that the house would be paid for and a reseller would pay. The words follow the field.
pub fn check_sold_by_house(tables: &Tables, terms: &Terms, product: &BundleProduct) -> Result<(), String> {
    match seller_of(tables, terms) {
        // Messages never take tokens, and the house's services do.
        Some(_) if product.unit != BundleUnit::Tokens => Err(format!(
            "`{}` is sold by the house, and the account buys its messages from a reseller, who would pay for the messages that take \
             from it",
            product.name
        )),
        _ => Ok(()),
    }
}
