//! Bundles whose units cost less than the segments that they stand for.

use std::fmt;

use tollgate_engine::bundle::BundleUnit;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::{NetworkCode, NetworkId};
use tollgate_engine::number::{DIGITS_MAX, Number};
use tollgate_engine::tables::{Tables, Terms};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::{Destination, TrafficScope};

use super::{destination_of, unit_prices};
use crate::bundle_products::BundleProduct;

/// A unit of a bundle that costs less than its seller pays for a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleBelowCost {
    /// The first network.
    pub network: NetworkCode,
    /// The price that the seller pays for a segment, in the product's currency.
    pub cost: Amount,
    /// The currency of the product.
    pub currency: Currency,
}

/// The words that follow the key.
impl fmt::Display for BundleBelowCost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, cost, currency } = self;
        write!(
            f,
            "comes to less for a unit than the {cost} {currency} that its seller pays for a segment to {network}"
        )
    }
}

/// The first network of a product's traffic for which a unit costs less than `seller` pays for a segment now. A unit of messages
/// covers one segment at least. Of prefixes the first number of each is looked at.
pub fn bundle_below_cost(
    tables: &Tables,
    product: &BundleProduct,
    seller: &Terms,
    now: UnixMicros,
) -> Option<BundleBelowCost> {
    if product.unit == BundleUnit::Tokens {
        return None;
    }
    let levels: Vec<&Terms> =
        std::iter::once(seller).chain(tables.above(seller).into_iter().map(AsRef::as_ref)).collect();
    let below = |network: NetworkId| {
        let unit = (*unit_prices(tables, &levels, network, now).first()?)?;
        let cost = seller.plan.plan.price(unit, 0, 1)?;
        let cost = tables.exchange.convert(cost, seller.account.currency, product.currency, now)?;
        let whole = i128::from(cost.micros()) * i128::from(product.units);
        (i128::from(product.price.micros()) < whole).then(|| BundleBelowCost {
            network: tables.networks.get(network).code,
            cost,
            currency: product.currency,
        })
    };
    if let TrafficScope::Prefixes(prefixes) = &product.scope {
        return prefixes.iter().filter_map(|prefix| network_of_prefix(tables, prefix)).find_map(below);
    }
    let mut networks = tables.networks.iter().map(|(id, _)| id);
    networks.find_map(|network| {
        let is_in =
            destination_of(tables, network).is_some_and(|to: Destination| product.scope.contains(&to));
        if is_in { below(network) } else { None }
    })
}

/// The network of the first number that begins with these digits.
fn network_of_prefix(tables: &Tables, prefix: &str) -> Option<NetworkId> {
    let mut digits = prefix.as_bytes().to_vec();
    digits.resize(digits.len().clamp(12, DIGITS_MAX), b'0');
    tables.network_of(&Number::from_digits(&digits)?).map(|(network, _)| network)
}
