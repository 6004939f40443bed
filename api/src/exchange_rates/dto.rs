//! The bodies and parameters of exchange rates.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::time::Time;

/// The rate of a pair of currencies from a time on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExchangeRate {
    /// The currency of which one unit is worth `rate`.
    pub base: CurrencyCode,
    /// The currency of `rate`.
    pub quote: CurrencyCode,
    /// The worth of one unit.
    pub rate: Money,
    /// The time from which it holds, until the next one of the pair does; null for always.
    pub effective_from: Option<Time>,
    /// True for the rate of the pair that holds now.
    pub is_in_force: bool,
    /// A text for people.
    pub note: String,
    /// The file that has it.
    #[schema(example = "exchange_rates.csv")]
    pub file: String,
    /// Its line there.
    pub line: u32,
}

list_query! {
    /// The filters of a list of exchange rates.
    pub struct ExchangeRatesQuery {
        /// Only pairs with this currency.
        pub currency: Option<CurrencyCode>,
        /// Only pairs of which this is the base.
        pub base: Option<CurrencyCode>,
        /// Only pairs of which this is the quote.
        pub quote: Option<CurrencyCode>,
        /// Only the rates that hold at this time, one for each pair.
        pub at: Option<Time>,
    }
}

/// Rates to add, or to put in the place of those of the same pair and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRateRows {
    /// The rows: all of them or none.
    #[schema(min_items = 1, max_items = 1000)]
    pub rows: Vec<ExchangeRateRow>,
    /// The reason of the change, for the audit log.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub reason: Option<String>,
}

/// A rate as it is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExchangeRateRow {
    /// The currency of which one unit is worth `rate`.
    pub base: CurrencyCode,
    /// The currency of `rate`, another than the base.
    pub quote: CurrencyCode,
    /// The worth of one unit, above zero.
    pub rate: Money,
    /// The time from which it holds; null for always.
    #[serde(default)]
    pub effective_from: Option<Time>,
    /// For people, in one line; what is there stays if it is not given.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: Option<String>,
}

/// The rate that is to go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExchangeRatePlaceQuery {
    /// The base of its pair.
    pub base: CurrencyCode,
    /// The quote of its pair.
    pub quote: CurrencyCode,
    /// The time from which it holds; left out for always.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub effective_from: Option<Time>,
    /// The reason of the change, for the audit log.
    #[serde(default)]
    #[param(max_length = 200)]
    pub reason: Option<String>,
}
