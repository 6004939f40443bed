//! The price of a segment before its tier, with its source.

use tollgate_engine::money::Amount;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::tables::PriceSource;
use tollgate_engine::tariff::{RowOrigin, UnitPrice};

use super::wording;

/// The price of a segment before its tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedRate {
    /// The price per segment.
    pub price: Amount,
    /// `account_rate`, `price_list_rate`, `mark_up`, `plan_rate` or `base_price`.
    pub kind: &'static str,
    /// The network that the rate names; `None` for a mark-up and the base price.
    pub network: Option<NetworkCode>,
    /// The place of the rate in the archived files; `None` for a mark-up and the base price.
    pub origin: Option<RowOrigin>,
    /// The source in words.
    pub source: String,
}

impl ExplainedRate {
    pub(crate) fn of(unit: UnitPrice, source: &PriceSource<'_>) -> Self {
        let (kind, found) = match source {
            PriceSource::AccountRate(found) => ("account_rate", Some(found)),
            PriceSource::ListRate(found) => ("price_list_rate", Some(found)),
            PriceSource::MarkUp(_) => ("mark_up", None),
            PriceSource::PlanRate(found) => ("plan_rate", Some(found)),
            PriceSource::BasePrice => ("base_price", None),
        };
        Self {
            price: unit.price,
            kind,
            network: found.map(|found| found.network),
            origin: found.map(|found| found.origin.clone()),
            source: wording::price_source(Some(source)),
        }
    }
}
