//! The bodies and parameters of requests about rate cards: rows, changes of them, and what a whole deck
//! would change.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::list_query;
use crate::money::{CurrencyCode, Money};
use crate::percent::Percent;
use crate::tariffs::ChangeResult;
use crate::time::Time;

/// A rate: the price of a segment for a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RateCard {
    /// The plan that it holds for; `*` for every plan that has none of its own for the network.
    #[schema(example = "starter")]
    pub plan: String,
    /// Mobile country code.
    #[schema(example = "639")]
    pub mcc: String,
    /// Mobile network code; null for the whole MCC.
    #[schema(example = "02")]
    pub mnc: Option<String>,
    /// ISO 3166-1 alpha-2; empty for international networks.
    #[schema(example = "KE")]
    pub country_code: String,
    /// The name of the country for people; empty for international networks.
    pub country_name: String,
    /// Operator or brand; empty for a whole MCC.
    pub operator: String,
    /// Of one segment.
    pub price_per_sms: Money,
    /// The plan's currency.
    pub currency: Option<CurrencyCode>,
    /// First instant at which it holds; null for always.
    pub effective_from: Option<Time>,
    /// First instant at which it no longer holds; null for an open end.
    pub effective_to: Option<Time>,
    /// A text for people.
    pub note: String,
    /// The file that has it.
    #[schema(example = "rates/samples.csv")]
    pub file: String,
    /// Its line there.
    pub line: u32,
}

/// The order in which rates are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RateSort {
    /// By network, then by plan and time.
    #[default]
    Network,
    /// By plan, then by network and time.
    Plan,
    /// By price, then by network, plan and time.
    Price,
}

list_query! {
    /// The filters of a list of rates.
    pub struct RateCardsQuery {
        /// Only those that hold for this plan: its own, and those of every plan for networks that it has none
        /// of its own for. `*` for those of every plan alone.
        pub plan: Option<String>,
        /// Only those of this MCC.
        pub mcc: Option<String>,
        /// Only those of this MNC; an empty one for those of a whole MCC.
        pub mnc: Option<String>,
        /// Only those in this country: ISO 3166-1 alpha-2.
        pub country: Option<String>,
        /// The order of the list; by network if it is not given.
        #[param(inline)]
        pub sort: Option<RateSort>,
    }
}

/// Rates to add, or to put in the place of those of the same plan, network and time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRows {
    /// The file that new rows go into; not needed if there is only one rate file.
    #[serde(default)]
    pub file: Option<String>,
    /// The rows: all of them or none.
    #[schema(min_items = 1, max_items = 5000)]
    pub rows: Vec<RateRow>,
}

/// The new price of one rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateRow {
    /// The plan; `*` for every plan.
    #[schema(example = "starter")]
    pub plan: String,
    /// Mobile country code.
    #[schema(pattern = "^[0-9]{3}$", example = "639")]
    pub mcc: String,
    /// Mobile network code; null for the whole MCC.
    #[serde(default)]
    #[schema(pattern = "^[0-9]{2,3}$", example = "02")]
    pub mnc: Option<String>,
    /// Of one segment, in the plan's currency.
    pub price_per_sms: Money,
    /// First instant at which it holds; null for always.
    #[serde(default)]
    pub effective_from: Option<Time>,
    /// First instant at which it no longer holds; null for an open end.
    #[serde(default)]
    pub effective_to: Option<Time>,
    /// For people, in one line; what is there stays if it is not given.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: Option<String>,
}

/// The filters of a list of rate is to go.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RatePlaceQuery {
    /// The plan; `*` for every plan.
    pub plan: String,
    /// Mobile country code.
    #[param(pattern = "^[0-9]{3}$")]
    pub mcc: String,
    /// Mobile network code; left out for the whole MCC.
    #[serde(default)]
    #[param(pattern = "^[0-9]{2,3}$")]
    pub mnc: Option<String>,
    /// First instant at which it holds; left out for always.
    #[serde(default)]
    #[param(value_type = Option<Time>)]
    pub effective_from: Option<Time>,
}

/// The treatment of an uploaded deck.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DeckQuery {
    /// Only says what it would do.
    #[serde(default)]
    pub dry_run: bool,
    /// The rate file that it takes the place of; not needed if there is only one.
    #[serde(default)]
    pub file: Option<String>,
    /// Takes the place of this plan's rows alone; then the deck needs no column `plan`.
    #[serde(default)]
    pub plan: Option<String>,
    /// A price that moves by more percent than this, up or down, is flagged; 20 if it is not given.
    #[serde(default)]
    #[param(pattern = r"^[0-9]{1,6}(\.[0-9]{1,4})?$")]
    pub move_limit_percent: Option<String>,
    /// Takes the deck although prices are flagged.
    #[serde(default)]
    pub accept_flagged: bool,
    /// Rows of each kind that the answer shows at most; 100 if it is not given.
    #[serde(default)]
    #[param(maximum = 1000)]
    pub show: Option<u32>,
}

/// The changes that a deck would make, or has made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeckDifference {
    /// The result, which says if anything is different now.
    pub result: ChangeResult,
    /// The tariff version in force now.
    #[schema(example = "5f3a9c0d1e2b4a67")]
    pub version: String,
    /// The rate file that it goes into.
    pub file: String,
    /// Rows that the file had not.
    pub added: u64,
    /// Rows that the deck has not.
    pub removed: u64,
    /// Rows with something else in them.
    pub changed: u64,
    /// Rows that are the same.
    pub unchanged: u64,
    /// Added and changed rows whose price moves by more than the limit.
    pub flagged: u64,
    /// The first of the rows that the file had not.
    pub added_rows: Vec<AddedRow>,
    /// The first of the rows that the deck has not.
    pub removed_rows: Vec<DeckRow>,
    /// The first of the rows with something else in them.
    pub changed_rows: Vec<ChangedRow>,
    /// The first of the price moves over the limit, the largest first.
    pub flagged_rows: Vec<FlaggedRow>,
}

/// A row of a deck or of a rate file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeckRow {
    /// The plan; `*` for every plan.
    pub plan: String,
    /// Mobile country code.
    pub mcc: String,
    /// Mobile network code; null for the whole MCC.
    pub mnc: Option<String>,
    /// Of one segment.
    pub price_per_sms: Money,
    /// First instant at which it holds; null for always.
    pub effective_from: Option<Time>,
    /// First instant at which it no longer holds; null for an open end.
    pub effective_to: Option<Time>,
    /// The country of the network; empty for networks of no country.
    #[schema(example = "Kenya")]
    pub country_name: String,
    /// The operator; empty for a whole MCC.
    #[schema(example = "Safaricom")]
    pub operator: String,
    /// A text for people.
    pub note: String,
    /// Its line in the deck; of a removed row in the file.
    pub line: u32,
}

/// A row that the file had not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct AddedRow {
    /// The row of the deck.
    pub row: DeckRow,
    /// The change of the price for the same plan and network; null if that was the base price or a wider
    /// rate before.
    pub price: Option<PriceMove>,
}

/// A row with something else in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChangedRow {
    /// As it was.
    pub before: DeckRow,
    /// As it is to be.
    pub after: DeckRow,
    /// The change of the price.
    pub price: PriceMove,
}

/// A row whose price moves by more than the limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FlaggedRow {
    /// As it is to be.
    pub row: DeckRow,
    /// The change of the price.
    pub price: PriceMove,
}

/// The change of a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PriceMove {
    /// The price before.
    pub old: Money,
    /// The price after.
    pub new: Money,
    /// In percent of what held before, rounded half-even to four decimals; null from nothing to something.
    pub percent: Option<Percent>,
    /// True if that is more than the limit.
    pub is_flagged: bool,
}
